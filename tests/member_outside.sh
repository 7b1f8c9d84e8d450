#!/bin/bash
# member_outside — a committee that changes, seen from outside: four validators gain a fifth by
# transaction, lose one, give one new keys, go on; and what is proved afterwards verifies from the
# genesis file.
# The binary is $CARNET, else $DIR/carnet, else build/carnet.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tests/outside.sh
. tests/processes.sh
EPOCH_S=5

plays() {
    [ "$(of "$1" role)" = "\"$2\"" ] && [ "$(of "$1" voting)" = "$3" ]
}
# member FILE NAME: of a JSON answer.
member() {
    python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"
}
as() {
    local who=$1
    shift
    timeout 40 "$CARNET" "$@" --as "$who" --json >"$PLACE/answer" 2>"$PLACE/why" || {
        cat "$PLACE/why" "$PLACE/answer"
        return 1
    }
}
pay() {
    as bank money issue --to exporter --amount 1.00 || return 1
    [ -n "$TX" ] || TX=$(member "$PLACE/answer" tx)
}
pay_and_votes() {
    pay && plays "$1" validator true
}
# decide CHANGE: proposed by one founder, approved by three.
decide() {
    local height proposal who
    height=$(of 0 height)
    as exporter committee propose "$1" --height $((height + 6)) || return 1
    proposal=$(member "$PLACE/answer" proposal)
    for who in exporter importer bank; do
        as $who committee approve "$proposal" || return 1
    done
    pay && pay
}
# sits NUMBER: committee NUMBER has made a block; a payment closes the epoch, and one begins it.
sits() {
    pay && as exporter committee show && [ "$(member "$PLACE/answer" number)" = "$1" ]
}
# seat_has NAME ROOT: as the newest `committee show` has it.
seat_has() {
    python3 - "$PLACE/answer" "$S/keys/$1.did" "$2" <<'PY'
import json
import sys
answer, did, root = sys.argv[1:]
did = open(did).read().strip()
seats = {x["participant"]: x["root"] for x in json.load(open(answer))["seats"]}
sys.exit(seats[did] != root)
PY
}
gone() {
    [ ! -e "$1" ]
}
check 'a space is made' "$CARNET" net init --nodes 4 --epoch-seconds $EPOCH_S
for ((i = 0; i < NODES; i++)); do start $i; done
for ((i = 0; i < NODES; i++)); do check "node $i runs" within 20 up $i; done
check 'a payment is made' pay
python3 tests/make_shop.py 40 >"$PLACE/table.csv" 2>/dev/null ||
    printf 'item,price\nbook,3\nlamp,5\n' >"$PLACE/table.csv"
check 'an asset is put' as exporter asset put "$PLACE/table.csv"
ASSET=$(member "$PLACE/answer" asset)
# A backup that took all of node 2, its secrets too, as an operator should not make one.
end 2 -TERM
cp -a "$S/node-2/spaces" "$PLACE/old-2"
cp -a "$S/keys/node-2.key" "$PLACE/old-key"
start 2
check 'a node whose disk was copied votes again' within 25 votes 2
check 'a token is minted' as exporter token mint --asset "$ASSET" --template ecommerce
TOKEN=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["token"]["id"])' \
    "$PLACE/answer")

check 'the regulator only observes' plays 4 observer false
check 'it asks for a seat' as regulator committee add
CHANGE=$(member "$PLACE/answer" change)
check 'the founders decide' decide "$CHANGE"
check 'the seat is there when the epoch is over' within 20 sits 1
check 'and its node votes' within 20 plays 4 validator true
seats() {
    [ "$(of "$1" seats)" = "$2" ]
}
check 'a client is told of five seats, not of the four in the genesis file' within 10 seats 0 5
check 'a founder asks that the carrier goes' as exporter committee remove carrier
CHANGE=$(member "$PLACE/answer" change)
check 'the founders decide' decide "$CHANGE"
check 'it is gone when the epoch is over' within 20 sits 2
check 'and only observes' within 10 plays 3 observer false
check 'the importer asks for new keys' as importer committee keys
CHANGE=$(member "$PLACE/answer" change)
cp "$PLACE/answer" "$PLACE/keys"
check 'they wait beside the old ones' test -f "$S/keys/node-1-next.key"
cp "$S/keys/node-1-next.key" "$PLACE/waiting"
check 'asked again, they are the same' as importer committee keys
check 'and so is the change' test "$(member "$PLACE/answer" change)" = "$CHANGE"
check 'and the file' cmp "$S/keys/node-1-next.key" "$PLACE/waiting"
end 1
start 1
check 'its node starts with both, and signs with the old ones' within 20 votes 1
check 'the founders decide' decide "$CHANGE"
check 'its seat has them when the epoch is over' within 20 sits 3
check 'which are those it asked for' seat_has importer "$(member "$PLACE/keys" root)"
check 'its node votes' within 20 plays 1 validator true
check 'and keeps them in the place of the old ones' within 10 gone "$S/keys/node-1-next.key"
end 4
check 'nothing is decided without it now, and it decides' pay
end 1
start 1
check 'it starts with the new ones alone' within 20 votes 1
check 'and signs with them again' pay
start 4
check 'the fourth is back' within 20 up 4
check 'who has no seat asks for no keys' exits 1 committee keys --as carrier
check 'and is given none' test ! -e "$S/keys/node-3-next.key"
end 3
check 'the four go on without it' pay
start 3
check 'it comes back' within 20 up 3
check 'all hold one chain' within 20 "$CARNET" net status --check --as exporter

# Meanwhile it has voted on, in later epochs: the old seed is overwritten.
another_key() {
    ! cmp -s "$PLACE/old-key" "$S/keys/node-2.key"
}
put_back() {
    rm -rf -- "$S/node-2/spaces" && cp -a "$PLACE/old-2" "$S/node-2/spaces" &&
        cp -a "$PLACE/old-key" "$S/keys/node-2.key"
}
stays_silent() {
    local i
    for ((i = 0; i < 8; i++)); do
        plays "$1" validator false || {
            "$CARNET" net status
            return 1
        }
        sleep 0.25
    done
}
pays() {
    local i
    for ((i = 0; i < $1; i++)); do pay || return 1; done
}
# The others speak of the votes that they have heard since they began themselves.
linked() {
    local i
    for i in 0 1 2 3 4; do
        python3 -c 'import json, ssl, sys, urllib.request as u
answer = u.urlopen(sys.argv[1] + "/v1/status", context=ssl._create_unverified_context())
sys.exit(json.load(answer)["peers"] != 4)' "https://$(address "$i" api)" || return 1
    done
}
check 'each is linked with each' within 20 linked
check 'and all have heard all vote' pays 3
end 2
check 'its key file is another by now' another_key
check 'the old disk and the old key file are put back' put_back
start 2
check 'it comes back' within 25 level 2
check 'a validator by its seat, and silent' stays_silent 2
check 'while the others go on' pays 12
check 'it votes when it cannot contradict itself' within 30 votes 2
check 'and its key file has moved on again' another_key

G=$S/genesis
check 'the first payment is proved' \
    within 10 "$CARNET" tx proof "$TX" --out "$PLACE/first" --as exporter
TX=
check 'one more is made' pay
check 'the last payment is proved' \
    within 20 "$CARNET" tx proof "$TX" --out "$PLACE/last" --as exporter
check 'both verify from the genesis file' "$CARNET" tx verify "$PLACE/first" --genesis "$G"
check 'over the hand-overs' "$CARNET" tx verify "$PLACE/last" --genesis "$G"
check 'past the trust period it is not believed' \
    exits 4 tx verify "$PLACE/last" --genesis "$G" --now 2200-01-01T00:00:00Z
check 'a node gives an anchor' "$CARNET" audit anchor --out "$PLACE/anchor" --as exporter
check 'with which it is' "$CARNET" tx verify "$PLACE/last" --genesis "$G" \
    --anchor "$PLACE/anchor" --now 2200-01-01T00:00:00Z
check 'a report is made' within 20 "$CARNET" audit report --token "$TOKEN" --out "$PLACE/report" \
    --as regulator
check 'it verifies from the genesis file' "$CARNET" audit verify "$PLACE/report" --genesis "$G"
check 'and is as old as its hand-overs' \
    exits 4 audit verify "$PLACE/report" --genesis "$G" --now 2200-01-01T00:00:00Z
check 'an anchor that is none is refused' \
    exits 4 audit verify "$PLACE/report" --genesis "$G" --anchor "$G"
check 'a time that is none is wrong usage' \
    exits 2 tx verify "$PLACE/last" --genesis "$G" --now yesterday
kill "${PID[3]}"
wait "${PID[3]}"
ALL=$PLACE/all
imports() {
    local want=$1
    shift
    "$CARNET" ledger import "$ALL" "$@" >"$PLACE/imported" 2>&1
    [ $? -eq "$want" ] || { cat "$PLACE/imported"; return 1; }
}
# Every third byte of the hand-overs, which follow the head, is another: none is believed.
flips_are_refused() {
    python3 - "$CARNET" "$ALL" "$G" "$PLACE/flipped" <<'PY'
import struct
import subprocess
import sys
carnet, whole, genesis, flipped = sys.argv[1:]
data = bytearray(open(whole, "rb").read())
at, spans = len("carnet-ledger/1"), []
while at < len(data):
    kind, size = struct.unpack_from(">BI", data, at)
    if kind == 5:
        spans.append((at + 5, size))
    at += 5 + size + 4
assert len(spans) == 3, spans
def crc32c(x):
    crc = 0xffffffff
    for byte in x:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff
for start, size in spans:
    for i in range(start, start + size, size // 12):
        copy = bytearray(data)
        copy[i] ^= 1
        struct.pack_into(">I", copy, start + size, crc32c(copy[start - 5:start + size]))
        open(flipped, "wb").write(copy)
        check = [carnet, "ledger", "import", flipped, "--check", "--genesis", genesis]
        done = subprocess.run(check, capture_output=True, text=True, check=False)
        if done.returncode != 4:
            sys.exit(f"byte {i}: {done.returncode} {done.stdout}{done.stderr}")
PY
}
check 'an archive is made across the changes' \
    "$CARNET" ledger export "$ALL" --index 3 --from 1
check 'it verifies from the genesis file' imports 0 --check --genesis "$G"
check 'past the trust period it is not believed' \
    imports 4 --check --genesis "$G" --now 2200-01-01T00:00:00Z
check 'and says what is wanted' grep -q 'newer anchor' "$PLACE/imported"
check 'with which it is' \
    imports 0 --check --genesis "$G" --anchor "$PLACE/anchor" --now 2200-01-01T00:00:00Z
check 'hand-overs that were changed are refused' flips_are_refused
rm -rf -- "$S/node-3/spaces"
check 'a node that lost everything takes it' imports 0 --index 3
start 3
check 'it starts, and watches: its seat is gone' within 20 plays 3 observer false
check 'and all hold one chain again' within 20 "$CARNET" net status --check --as exporter
check 'it asks for a seat with new keys' as carrier committee add --new-keys
check 'which its node takes up as it runs' within 10 log_says 3 new_keys_ready
end 1
rm -rf -- "$S/node-1/spaces"
start 1
check 'a validator that lost everything after the first epochs' within 20 up 1
check 'sits again while payments are made: its leaves lie beside its key' within 30 pay_and_votes 1
kill "${PID[3]}"
wait "${PID[3]}"
check 'it can give what it took' "$CARNET" ledger export "$ALL" --index 3 --state
check 'with its state, too' imports 0 --check --genesis "$G"
close_cases
