#!/bin/bash
# scenarios_outside — the demo's three stories with tables that are not theirs: of other columns, of
# 50 MB, and with what is no table at all.
#
# What goes well is counted again by tests/k_check.py and tests/mask_check.py; what does not is said
# in one line with the exit code of the command line's contract, and leaves nothing: no process, no
# port, no file. Usage: tests/scenarios_outside.sh [seen|large|bad]...; the binary is $CARNET, else
# $DIR/carnet, else build/carnet.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# Small file systems are mounted where nobody else sees them and nothing of them is left.
if [ -z "${CARNET_OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
    CARNET_OWN_MOUNTS=1 exec unshare -m bash tests/scenarios_outside.sh "$@"
fi
. tests/outside.sh
export PYTHONDONTWRITEBYTECODE=1
SEED=${CARNET_SEED:-20261121} LARGE=50000000
SCENARIOS=(ecommerce medical finance)
B=$PLACE/bad T=$PLACE/tmp TINY=$PLACE/tiny
mkdir -p "$B/directory" "$T" "$TINY"
export TMPDIR=$T
echo "# seed $SEED"

end_everything() {
    umount "$TINY" 2>/dev/null
}

# How many rows of a scenario's table are more than so many bytes.
make_table() {
    case $1 in
    ecommerce) tests/make_shop.py "$2" "$SEED" ;;
    *) tests/make_people.py "$1" "$2" "$SEED" ;;
    esac
}

# plays SCENARIO TABLE LEAST PATIENCE_S: a run of the demo on it, LEAST columns derived again.
plays() {
    local space=$PLACE/space
    rm -rf "$space"
    timeout "$4" "$CARNET" demo --scenario "$1" --input "$2" --dir "$space" --json \
        >"$PLACE/answer.json" 2>"$PLACE/said.err" </dev/null || {
        tail -n 5 "$PLACE/answer.json" "$PLACE/said.err"
        return 1
    }
    python3 - "$PLACE/answer.json" "$PLACE/deid.json" <<'PY' || return 1
import json, sys
answer = json.load(open(sys.argv[1]))
steps = {s["name"]: s for s in answer["steps"]}
assert answer["ok"] and all(s["ok"] for s in answer["steps"]) and len(steps) >= 20
assert steps["open and use"]["evidence"]["sha256"] == steps["put"]["evidence"]["sha256"]
json.dump(steps["de-identify"]["evidence"], open(sys.argv[2], "w"))
PY
    python3 tests/k_check.py "$2" "$space/demo/lawful.csv" "$PLACE/deid.json" || return 1
    [ "$3" -eq 0 ] || python3 tests/mask_check.py "$2" "$space/demo/lawful.csv" \
        "templates/$1.json" "$PLACE/deid.json" - "$3" || return 1
    cmp "$space/demo/lawful.csv" "$space/demo/opened.csv" && (cd "$PLACE" && env -i "$CARNET" \
        audit verify "$space/demo/audit.json" --genesis "$space/genesis") && nothing_runs
}

# No person of the shop's table is in what crossed.
no_person_crossed() {
    ! grep -aqE '@|[0-9]{3} [0-9]{7}|Kundin|KD-' "$PLACE/space/demo/opened.csv" &&
        grep -aqE '@' "$1" && grep -aq 'KD-' "$1"
}

seen() {
    local s rows=3000
    for s in "${SCENARIOS[@]}"; do
        make_table "$s" $rows >"$PLACE/table.csv"
        check "$s: a table of other columns, order, separator and quoting crosses" \
            plays "$s" "$PLACE/table.csv" $([ "$s" = ecommerce ] && echo 0 || echo 3) 200
        [ "$s" != ecommerce ] ||
            check "$s: no name, number or address of a customer did" \
                no_person_crossed "$PLACE/table.csv"
        rm -rf "$PLACE/space" "$PLACE/table.csv"
    done
}

large() {
    local s rows
    for s in "${SCENARIOS[@]}"; do
        # As many rows as it takes, measured on a thousand.
        rows=$((LARGE * 1000 / $(make_table "$s" 1000 | wc -c) * 51 / 50))
        make_table "$s" $rows >"$PLACE/table.csv"
        check "$s: the table made for it is of 50 MB" \
            [ "$(stat -c %s "$PLACE/table.csv")" -ge $LARGE ]
        check "$s: a table of 50 MB crosses" plays "$s" "$PLACE/table.csv" 0 400
        rm -rf "$PLACE/space" "$PLACE/table.csv"
    done
}

# refuses CODE WORDS ARGS...: the code, one line `carnet: what: why` with the words in it (a hint
# may follow); no process, and so no port, no file.
refuses() {
    local want=$1 words=$2 got
    shift 2
    timeout 120 "$CARNET" demo "$@" >"$PLACE/out.txt" 2>"$PLACE/err.txt" </dev/null
    got=$?
    sed 's/.*\r//' "$PLACE/err.txt" | grep -av '^$' >"$PLACE/lines"
    cat "$PLACE/lines"
    [ $got -eq "$want" ] || {
        echo "exit code $got, not $want"
        return 1
    }
    head -n 1 "$PLACE/lines" | grep -aqE '^carnet: [^:]+.*: .+' &&
        head -n 1 "$PLACE/lines" | grep -aqF -- "$words" || {
        echo "the line does not say what and why ($words)"
        return 1
    }
    [ "$(tail -n +2 "$PLACE/lines" | grep -avcE '^  hint: .+')" = 0 ] &&
        [ "$(wc -l <"$PLACE/lines")" -le 2 ] || {
        echo 'more than a line and a hint'
        return 1
    }
    nothing_runs || return 1
    [ -z "$(ls -A "$T")" ] || {
        echo "left: $(find "$T" | head -n 5)"
        return 1
    }
    [ -z "$(find "$PLACE" -maxdepth 1 -name 'space*')" ] || {
        find "$PLACE" -maxdepth 2 -path '*/space*'
        rm -rf "$PLACE"/space*
        return 1
    }
}

# Fewer rows than k of either template.
unreachable() {
    tests/make_people.py "$1" 4 "$SEED"
}

without_quasi() {
    tests/make_people.py "$1" 50 "$SEED" | python3 -c '
import csv, sys
rows = list(csv.reader(sys.stdin, delimiter=sys.argv[1]))
keep = [i for i, n in enumerate(rows[0]) if n in ("remarks", "诊断", "verzug_1", "Ausfall")]
csv.writer(sys.stdout).writerows([[r[i] for i in keep] for r in rows])' \
        "$([ "$1" = medical ] && echo '|' || echo ';')"
}

full_disk() {
    local size=$1 result
    mount -t tmpfs -o "size=${size/full/64k}" none "$TINY" || return 1
    [ "$size" != full ] || cat /dev/zero >"$TINY/filler" 2>/dev/null
    refuses 6 '' --scenario "$2" --input "$B/good.csv" --dir "$TINY/space"
    result=$?
    [ -z "$(find "$TINY" -mindepth 1 ! -name filler)" ] || {
        echo 'half-written:'
        find "$TINY" | head -n 10
        result=1
    }
    umount "$TINY"
    return $result
}

bad() {
    local s
    : >"$B/empty.csv"
    head -c 100000 /dev/urandom >"$B/binary.csv"
    { echo 'a,b' && head -c 10000000 /dev/zero | tr '\0' x && echo ',1'; } >"$B/long.csv"
    printf 'a,b,c\n1,2,3\n4,5\n6,7,8\n' >"$B/unequal.csv"
    printf 'Alter,Name\n41,M\xfcller\n' >"$B/latin.csv"
    for s in "${SCENARIOS[@]}"; do
        make_table "$s" 400 >"$B/good.csv"
        set -- --scenario "$s" --dir "$PLACE/space" --input
        check "$s: a missing file is 5" refuses 5 missing.csv "$@" "$B/missing.csv"
        check "$s: a directory is 1" refuses 1 'is a directory' "$@" "$B/directory"
        check "$s: an empty file is 1" refuses 1 'is empty' "$@" "$B/empty.csv"
        check "$s: binary as CSV is 1" refuses 1 binary.csv "$@" "$B/binary.csv"
        check "$s: a line of 10 MB is 1" refuses 1 long.csv "$@" "$B/long.csv"
        check "$s: rows of unequal width are 1" refuses 1 unequal.csv "$@" "$B/unequal.csv"
        check "$s: bytes that are not UTF-8 are 1" refuses 1 latin.csv "$@" "$B/latin.csv"
        if [ "$s" != ecommerce ]; then
            without_quasi "$s" >"$B/narrow.csv"
            unreachable "$s" >"$B/few.csv"
            check "$s: a table without the template's quasi-identifier is 1" refuses 1 \
                'no column answers to the quasi-identifier' "$@" "$B/narrow.csv"
            check "$s: k that no rows reach is 3" refuses 3 'rows would have to go' "$@" \
                "$B/few.csv"
            check "$s: the same in a directory of its own leaves none" refuses 3 \
                'rows would have to go' --scenario "$s" --input "$B/few.csv"
        fi
        check "$s: a directory that is there already is 1" refuses 1 'something is there already' \
            --scenario "$s" --input "$B/good.csv" --dir "$B"
        if mount -t tmpfs -o size=64k none "$TINY" 2>/dev/null && umount "$TINY"; then
            check "$s: a full disk is 6" full_disk full "$s"
            check "$s: a disk that fills up in between is 6" full_disk 48k "$s"
        else
            tell skip "$s: a full disk: SKIPPED, this user may not mount a tmpfs"
        fi
    done
    check 'no such scenario is 2' refuses 2 'no such scenario' --scenario travel
}

for part in "${@:-all}"; do
    case $part in
    all) seen && bad && large ;;
    *) $part ;;
    esac
done
check 'nothing is left in TMPDIR' [ -z "$(ls -A "$T")" ]
close_cases
