#!/bin/bash
# demo_outside — `carnet demo` seen from outside, by tools that share no code with it.
#
# One run of a scenario with --keep is watched from /proc and from the loopback, held at the moment
# of use while the importer's memory is looked at, and taken apart when it has ended: what left is
# counted and derived again, and the sums of its money done again. The report is verified alone; of
# the first scenario tests/audit_outside.sh flips its bits. The network is stopped, nothing is left.
# Usage: tests/demo_outside.sh [ecommerce|medical|finance [INPUT.csv]]; the binary is $CARNET, else
# $DIR/carnet, else build/carnet.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tests/outside.sh
export PYTHONDONTWRITEBYTECODE=1

D=$PLACE/space
INPUT=$PLACE/input.csv
SCENARIO=${1:-ecommerce}
WAIT_S=${CARNET_OUTSIDE_WAIT_S:-240}

# FILE of the public data, the columns that must be derived again, and a table of its shape.
case $SCENARIO in
ecommerce) FILE=online_retail.csv DERIVED=0 MADE=(make_table.py 10000) ;;
medical) FILE=heart_disease.csv DERIVED=3 MADE=(make_people.py medical 600 20261121) ;;
finance) FILE=credit_default.csv DERIVED=3 MADE=(make_people.py finance 10000 20261121) ;;
*)
    echo "demo_outside: no such scenario: $SCENARIO" >&2
    exit 2
    ;;
esac

# The real table where it lies beside the checkout, else a table of its shape that is made here.
find_input() {
    local real=${1:-${CARNET_SHARED:-../shared}/data/$FILE}
    if [ -r "$real" ]; then
        cp -- "$real" "$INPUT"
    else
        "tests/${MADE[0]}" "${MADE[@]:1}" >"$INPUT"
    fi
}

end_everything() {
    touch "$PLACE/watched.stop" "$PLACE/go"
    "$CARNET" net stop --dir "$D" >/dev/null 2>&1
    wait
}

# What the process that uses the data holds in memory is kept until the key is known. It is asked
# for a row of the table first: it may still be opening.
hold_at_use() {
    local pid='' i
    for ((i = 0; i < WAIT_S * 5; i++)); do
        if [ -e "$PLACE/demo.ended" ]; then
            return 1
        fi
        pid=$(pgrep -f -- "open $D/demo/received.sealed" | head -n 1)
        [ -z "$pid" ] || break
        sleep 0.2
    done
    tests/demo_outside.py rows "$D/demo/lawful.csv" "$PLACE/rows.json" 3
    for ((i = 0; i < 40; i++)); do
        if tests/scan_memory.py scan "$PLACE/rows.json" find "pid:$pid" >/dev/null 2>&1; then
            tests/scan_memory.py dump "$pid" "$PLACE/importer.memory"
            tests/scan_memory.py dump "$(cat "$D/node-4/pid")" "$PLACE/observer.memory"
            break
        fi
        sleep 0.3
    done
    touch "$PLACE/go"
    [ -s "$PLACE/importer.memory" ]
}

demo_ended_well() {
    [ "$(cat "$PLACE/demo.ended")" = 0 ] || {
        echo "exit code $(cat "$PLACE/demo.ended")"
        tail -n 20 "$PLACE/demo.err" "$D"/node-*/node.log
        return 1
    }
}

step_member() {
    python3 - "$PLACE/answer.json" "$1" "$2" <<'PY'
import json, sys
steps = {s["name"]: s["evidence"] for s in json.load(open(sys.argv[1]))["steps"]}
value = steps[sys.argv[2]]
for name in sys.argv[3].split("."):
    value = value[name]
print(value)
PY
}

# What the step said of the table is what two scripts count and derive again. The run drew a key for
# its pseudonyms and told nobody.
counted_again() {
    python3 - "$PLACE/answer.json" "$PLACE/deid.json" <<'PY' || return 1
import json, sys
steps = {s["name"]: s["evidence"] for s in json.load(open(sys.argv[1]))["steps"]}
json.dump(steps["de-identify"], open(sys.argv[2], "w"))
PY
    python3 tests/k_check.py "$INPUT" "$D/demo/lawful.csv" "$PLACE/deid.json" &&
        python3 tests/mask_check.py "$INPUT" "$D/demo/lawful.csv" "templates/$SCENARIO.json" \
            "$PLACE/deid.json" - "$DERIVED"
}

# The report and its page, with the genesis file and nothing else; not with their ends cut off.
reports_hold() {
    local file
    mkdir -p "$PLACE/alone"
    cp "$D/genesis" "$D/demo/audit.json" "$D/demo/audit.html" "$PLACE/alone" || return 1
    for file in audit.json audit.html; do
        (cd "$PLACE/alone" && env -i "$CARNET" audit verify $file --genesis genesis) || return 1
        head -c -9 "$PLACE/alone/$file" >"$PLACE/alone/short"
        (cd "$PLACE/alone" && ! env -i "$CARNET" audit verify short --genesis genesis) || return 1
    done
}

# The owner's key, and the three rows: what is secret of this run.
know_secrets() {
    "$CARNET" token key "$TOKEN" --as exporter --dir "$D" --passphrase-file "$D/passphrase" \
        --json >"$PLACE/key.json" || return 1
    python3 - "$PLACE" <<'PY'
import json, sys
place = sys.argv[1]
secrets = json.load(open(place + "/rows.json"))
key = json.load(open(place + "/key.json"))["key"]
assert len(bytes.fromhex(key)) == 32
secrets["content key"] = key
json.dump(secrets, open(place + "/secrets.json", "w"))
PY
}

# Files of a network that has been stopped: every node's lock can be had.
locks_are_free() {
    local i
    for i in 0 1 2 3 4; do
        flock --nonblock "$D/node-$i/lock" true || {
            echo "node $i still holds its lock"
            return 1
        }
    done
}

ports_are_free() {
    python3 - "$D/nodes.json" <<'PY'
import json, socket, sys
bad = 0
for node in json.load(open(sys.argv[1]))["nodes"]:
    for kind in ("peer", "api", "bulk"):
        if kind not in node:
            continue
        host, port = node[kind].rsplit(":", 1)
        with socket.socket() as s:
            s.settimeout(2)
            if s.connect_ex((host, int(port))) == 0:
                print(f"something still listens at {kind} {node[kind]}")
                bad = 1
sys.exit(bad)
PY
}

find_input "${2:-}"
tests/demo_outside.py watch "$D" "$PLACE/watched" &
WATCH=$!
{
    "$CARNET" demo --scenario "$SCENARIO" --json --keep --dir "$D" --input "$INPUT" \
        --hold-at-use "$PLACE/go" >"$PLACE/answer.json" 2>"$PLACE/demo.err" </dev/null
    echo $? >"$PLACE/demo.ended.new"
    mv "$PLACE/demo.ended.new" "$PLACE/demo.ended"
} &
DEMO=$!

check 'the importer can be looked at while it uses the data' hold_at_use
touch "$PLACE/go"
wait $DEMO
touch "$PLACE/watched.stop"
wait $WATCH
check 'the demo ends with exit code 0' demo_ended_well

if [ "$(cat "$PLACE/demo.ended")" = 0 ]; then
    TOKEN=$(step_member mint token.id)
    counted tests/demo_outside.py check "$D" "$PLACE/answer.json" "$INPUT" "$PLACE/watched"
    counted tests/story_check.py "$CARNET" "$D" "$PLACE/answer.json" "$PLACE/watched" "$SCENARIO"
    check 'what was said of the table is what is counted and derived again' counted_again
    check 'the audit report and its page verify with the genesis alone' reports_hold
    check 'the owner can print the content key' know_secrets
    # The first of these is the proof that the scanner can see what the others must not show.
    check 'the importer held the content key and three rows when it used them' \
        tests/scan_memory.py scan "$PLACE/secrets.json" find "$PLACE/importer.memory"
    check "none of them is in the observer's memory at that moment, or in its directory" \
        tests/scan_memory.py scan "$PLACE/secrets.json" absent "$PLACE/observer.memory" "$D/node-4"
    for i in 2 3 4; do
        check "none of them is in the memory of node $i, or in its directory" \
            tests/scan_memory.py scan "$PLACE/secrets.json" absent \
            "pid:$(cat "$D/node-$i/pid")" "$D/node-$i"
    done
    check 'none of them is in the directories of node 0 and node 1, which keep sealed chunks' \
        tests/scan_memory.py scan "$PLACE/secrets.json" absent "$D/node-0" "$D/node-1"
    [ "$SCENARIO" != ecommerce ] ||
        counted tests/audit_outside.sh "$D" "$(step_member mint tx)"
fi

check 'carnet net stop stops it' "$CARNET" net stop --dir "$D"
check 'no process of it is left' nothing_runs
check 'no port of it listens' ports_are_free
check 'no lock of it is held' locks_are_free
close_cases
