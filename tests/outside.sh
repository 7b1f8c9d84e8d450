# outside — what the black-box tests of the binary share: cases, and a place of their own.
# They are sourced by bash; they know the command line and the formats on disk, and no code.

CARNET=$(realpath "${CARNET:-${DIR:-build}/carnet}")
PLACE=$(mktemp -d "${TMPDIR:-/tmp}/carnet-outside-XXXXXX")
LOG=$PLACE/cases.log
: >"$LOG"

# A test that starts something defines this again: it ends what was started. It runs before the
# place is removed, whether the cases were closed or the test broke off.
end_everything() {
    :
}

# A word that is no command is a mistake of the test, and would pass for a step that was taken.
command_not_found_handle() {
    tell 'not ok' "$1 is a command"
    return 127
}

# What was started here names the place, or a path in it, in its command line.
left_running() {
    pgrep -f -- "$PLACE/" | grep -vx "$$"
}
nothing_runs() {
    local i pid
    for ((i = 0; i < 100; i++)); do
        [ -n "$(left_running)" ] || return 0
        sleep 0.1
    done
    for pid in $(left_running); do
        tr '\0' ' ' <"/proc/$pid/cmdline"
        echo
    done
    return 1
}
leave() {
    local pid
    end_everything
    for pid in $(left_running); do
        kill -CONT "$pid" 2>/dev/null
        kill -9 "$pid" 2>/dev/null
    done
    rm -rf -- "$PLACE"
}
trap leave EXIT

# tell KIND TITLE: one line, told and counted.
tell() {
    echo "$1 - $2" | tee -a "$LOG"
}

# check TITLE COMMAND...: a case that passes when the command does.
check() {
    local title=$1
    shift
    if "$@" >"$PLACE/said" 2>&1; then
        tell ok "$title"
    else
        sed 's/^/# /' "$PLACE/said" | tail -n 20
        tell 'not ok' "$title"
    fi
}

# within SECONDS COMMAND...: until the command succeeds. What another node, or a log, says a moment
# later is asked for so; where the command itself takes long, it has longer.
within() {
    local seconds=$1 i
    shift
    for ((i = 0; i < seconds * 4; i++)); do
        "$@" && return 0
        sleep 0.25
    done
    return 1
}

# counted COMMAND...: a program that tells its own cases; one that tells none has failed, and so has
# one that broke off without telling of a failure.
counted() {
    local before after broke
    before=$(wc -l <"$LOG")
    "$@" 2>&1 | tee -a "$LOG.part"
    broke=${PIPESTATUS[0]}
    [ "$broke" -eq 0 ] || grep -q '^not ok - ' "$LOG.part" ||
        tell 'not ok' "$1 ${2:-}: it broke off with $broke"
    grep -aE '^(ok|not ok|skip) - ' "$LOG.part" >>"$LOG"
    rm -f "$LOG.part"
    after=$(wc -l <"$LOG")
    [ "$after" -gt "$before" ] || tell 'not ok' "$1 ${2:-}: it told no case"
}

# The closing line that tools/stages reads. What a test leaves running is a failed case of it.
close_cases() {
    local passed failed skipped
    end_everything
    check 'nothing is left running' nothing_runs
    passed=$(grep -c '^ok - ' "$LOG")
    failed=$(grep -c '^not ok - ' "$LOG")
    skipped=$(grep -c '^skip - ' "$LOG")
    trap - EXIT
    leave
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
