#!/bin/bash
# broker_outside — brokered rights with real processes that are killed at the worst moments.
#
# A network of its own, a token, and brokered rights. The broker is down, killed before it sends,
# killed between RELEASE and the hand-over; the holder is killed while it waits; the right is
# revoked and the token frozen while a use is pending. What is left of the right is asked for after
# each, and whether the wrap lies at any node before its RELEASE has committed.
# Usage: tests/broker_outside.sh; the binary is $CARNET, else $DIR/carnet, else build/carnet.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tests/outside.sh

D=$PLACE/space
DEADLINE_S=20
printf 'right horse' >"$PLACE/pass"
export CARNET_PASSPHRASE_FILE=$PLACE/pass CARNET_DIR=$D

end_everything() {
    local pid
    for pid in $(jobs -p); do
        kill -9 "$pid" 2>/dev/null
    done
    "$CARNET" net stop --dir "$D" >/dev/null 2>&1
    wait
}

# member FILE NAME...: a member of a JSON document, by its path.
member() {
    python3 -c 'import json, sys
value = json.load(open(sys.argv[1]))
for name in sys.argv[2:]:
    value = value[int(name)] if isinstance(value, list) else value[name]
print(value)' "$@"
}

# as NAME COMMAND...: one JSON answer in $PLACE/answer.json.
as() {
    local who=$1
    shift
    timeout 90 "$CARNET" "$@" --as "$who" --json >"$PLACE/answer.json" 2>"$PLACE/error.json"
}

# right_is MEMBER VALUE: what the ledger says of $RIGHT.
right_is() {
    as importer right show "$RIGHT" || return 1
    local got
    got=$(member "$PLACE/answer.json" right "$1")
    [ "$got" = "$2" ] || {
        echo "$1 is $got, not $2"
        return 1
    }
}

# ends CODE COMMAND...: the command ends with that exit code.
ends() {
    local want=$1 got
    shift
    "$@"
    got=$?
    cat "$PLACE/error.json" 2>/dev/null
    [ $got -eq "$want" ] || {
        echo "exit code $got, not $want"
        return 1
    }
}

# Until the command succeeds, at most so many tenths of a second.
until_true() {
    local i tenths=$1
    shift
    for ((i = 0; i < tenths; i++)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    echo "never: $*"
    return 1
}

has_ended() {
    ! kill -0 "$1" 2>/dev/null
}

grant() {
    as exporter right grant "$TOKEN" --to importer --uses "$1" --custody brokered \
        --sector ecommerce --classes personal --subjects 500 --purpose cross_border_shopping \
        --mechanisms cn_standard_contract && RIGHT=$(member "$PLACE/answer.json" right id)
}

# A broker or a holder in the background; its pid is in $BROKER, $HOLDER.
broker() {
    "$CARNET" broker run --as exporter --json "$@" >>"$PLACE/broker.jsonl" 2>>"$PLACE/broker.err" &
    BROKER=$!
}
holder() {
    timeout 90 "$CARNET" right use "$RIGHT" --as importer --json \
        >"$PLACE/holder.json" 2>"$PLACE/holder.err" &
    HOLDER=$!
}
is_pending() {
    right_is pending "$1"
}
ended_with() {
    local want=$1 got
    wait "$2"
    got=$?
    [ $got -eq "$want" ] || {
        echo "it ended with $got, not $want"
        cat "$PLACE/holder.err" "$PLACE/broker.err"
        return 1
    }
}
# The broker ends once it has heard the holder's last word, so that the next one begins afresh.
nothing_is_kept() {
    ! ls "$D"/local/exporter/broker/*.use 2>/dev/null | grep .
}
stop_broker() {
    check 'the broker forgets what was answered' until_true 100 nothing_is_kept
    kill -TERM $BROKER
    wait $BROKER
}
# The newest wrap lies in the attachments of no node.
no_node_holds_the_wrap() {
    local wrap
    as importer right show "$RIGHT" || return 1
    wrap=$(python3 - "$D/local/exporter/broker/$RIGHT.use" <<'PY'
import struct, sys
data = open(sys.argv[1], "rb").read()
at = 16 + 64 + 4 + 8 + 8
size, = struct.unpack_from(">I", data, at)
sealed = data[at + 4 + size:]
# SealedAttachment{suite = 1, commitment = 2}: the commitment is the first field of 32 bytes.
print(sealed[sealed.index(b"\x12\x20") + 2:][:32].hex())
PY
    ) || return 1
    [ ${#wrap} -eq 64 ] || return 1
    ! find "$D" -path '*attachments*' -name "*$wrap*" | grep .
}

set_up() {
    tests/make_table.py 200 >"$PLACE/table.csv"
    "$CARNET" net init --dir "$D" --nodes 4 --release-seconds $DEADLINE_S &&
        "$CARNET" net start --dir "$D" &&
        as exporter asset put "$PLACE/table.csv" &&
        as exporter token mint --asset "$(member "$PLACE/answer.json" asset)" --template ecommerce \
            --places DE &&
        TOKEN=$(member "$PLACE/answer.json" token id) &&
        as exporter token seal "$TOKEN" && grant 9 &&
        as importer fetch "$TOKEN" --right "$RIGHT" --out "$PLACE/table.sealed"
}

check 'a network, a token and a brokered right' set_up
check 'the right says what custody answers for' \
    right_is custody_answer 'one seal for all uses; open --use keeps the key in memory only'

check 'broker down: a use ends with 6 when its deadline has passed' ends 6 \
    as importer right use "$RIGHT"
check 'broker down: the answer says that it costs nothing' grep -q 'it costs nothing, left 9' \
    "$PLACE/error.json"
check 'broker down: nothing is used' right_is left 9
check 'opening without --use is refused' ends 2 \
    as importer open "$PLACE/table.sealed" --right "$RIGHT" --out "$PLACE/none.csv"

broker
FIRST=$BROKER
check 'broker up: it says so' until_true 200 grep -q '"started"' "$PLACE/broker.jsonl"
check 'a second broker of the same participant is 6' ends 6 as exporter broker run --once
check 'broker up: open --use receives the key of one use' \
    as importer open "$PLACE/table.sealed" --right "$RIGHT" --use --out "$PLACE/opened.csv"
check 'broker up: the bytes are those that were sealed' cmp "$PLACE/table.csv" "$PLACE/opened.csv"
check 'broker up: exactly one use is counted' right_is left 8
check 'broker up: it forgets what was answered' until_true 100 nothing_is_kept
kill -TERM $FIRST
check 'SIGTERM ends the broker with 0' ended_with 0 $FIRST

broker --stop-at stored
holder
check 'killed before it sends: the broker dies' ended_with 137 $BROKER
check 'killed before it sends: nothing is used' right_is left 8
broker
check 'killed before it sends: the next broker sends it, and the holder has its key' \
    ended_with 0 $HOLDER
check 'killed before it sends: exactly one use is counted' right_is left 7
stop_broker

broker --stop-at sent
holder
check 'killed after it sent: the broker dies' ended_with 137 $BROKER
check 'killed after it sent: exactly one use is counted' until_true 80 right_is left 6
broker
check 'killed after it sent: the holder has its key' ended_with 0 $HOLDER
check 'killed after it sent: still one' right_is left 6
stop_broker

broker --stop-at committed
holder
check 'killed before it delivers: the broker dies' ended_with 137 $BROKER
check 'killed before it delivers: exactly one use is counted' until_true 80 right_is left 5
check 'killed before it delivers: no node holds the wrap' no_node_holds_the_wrap
broker
check 'killed before it delivers: the next broker hands over the same' ended_with 0 $HOLDER
check 'killed before it delivers: still one' right_is left 5
stop_broker

holder
check 'holder killed: its use is pending' until_true 80 is_pending 5
pkill -9 -P "$HOLDER" >/dev/null 2>&1
wait "$HOLDER" 2>/dev/null
check 'holder killed: broker run --once releases it' as exporter broker run --once
check 'holder killed: exactly one use is counted' until_true 80 right_is left 4
check 'holder killed: asking again takes up the same use' as importer right use "$RIGHT"
check 'holder killed: still one' right_is left 4

holder
check 'frozen while pending: the use is pending' until_true 80 is_pending 6
check 'frozen while pending: the freeze' as exporter token freeze "$TOKEN"
check 'frozen while pending: the broker releases nothing' as exporter broker run --once
check 'frozen while pending: the holder is told, with 3' ended_with 3 "$HOLDER"
check 'frozen while pending: nothing is used' right_is left 4
check 'frozen while pending: the thaw' as exporter token thaw "$TOKEN"

FIRST_RIGHT=$RIGHT
check 'revoked while pending: another right' grant 2
holder
check 'revoked while pending: the use is pending' until_true 80 is_pending 1
check 'revoked while pending: the revocation' as exporter right revoke "$RIGHT"
check 'revoked while pending: the broker releases nothing' as exporter broker run --once
check 'revoked while pending: the holder is told, with 3' ended_with 3 "$HOLDER"
check 'revoked while pending: nothing is used' right_is left 2

trace_counts() {
    local used
    RIGHT=$FIRST_RIGHT
    as importer right show "$RIGHT" || return 1
    used=$(member "$PLACE/answer.json" right used)
    as importer trace token "$TOKEN" || return 1
    python3 - "$PLACE/answer.json" "$used" <<'PY'
import collections, json, sys
seen = collections.Counter(e["type"] for e in json.load(open(sys.argv[1]))["events"])
# A use that was pending when the token thawed may be released then: it is counted, too.
assert seen["right.released"] == int(sys.argv[2]) >= 5 and seen["right.used"] == 0, seen
assert seen["right.pending"] >= 8, seen
PY
}
lines_are_json() {
    python3 - "$PLACE/broker.jsonl" <<'PY'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
names = [e.get("event") for e in events]
for name in ("pending", "sent", "released", "delivered", "answered"):
    assert name in names, (name, names)
PY
}
report_holds() {
    as exporter audit report --token "$TOKEN" --out "$PLACE/report.json" &&
        "$CARNET" audit verify "$PLACE/report.json" --genesis "$D/genesis" &&
        grep -q '"released"' "$PLACE/report.json"
}
check 'the trace has a release for each use that is counted, and no declared one' trace_counts
check 'an audit report with them is verified' report_holds
check 'every line of the broker is a JSON document' lines_are_json

"$CARNET" net stop --dir "$D" >/dev/null 2>&1
check 'nodes down: broker run --once is 6' ends 6 as exporter broker run --once
close_cases
