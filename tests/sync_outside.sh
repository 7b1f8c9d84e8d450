#!/bin/bash
# sync_outside — nodes that lose their disk, stand still, or come back with an old disk, seen from
# outside: real processes, killed, stopped and wiped while the others go on.
# The binary is $CARNET, else $DIR/carnet, else build/carnet.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tests/outside.sh
RUN='--snapshot-gap 6'
. tests/processes.sh

check 'a space is made' "$CARNET" net init --nodes 4
for ((i = 0; i < NODES; i++)); do start $i; done
for ((i = 0; i < NODES; i++)); do check "node $i runs" within 20 up $i; done
check 'blocks are made' pay 4
end 3
cp -a "$S/node-3/spaces" "$PLACE/old-3"
start 3
check 'a killed node votes again' within 20 votes 3
check 'more blocks are made' pay 12

end 1
rm -rf -- "$S/node-1/spaces"
check 'the others go on without a wiped validator' pay 2
start 1
check 'the wiped validator installs a snapshot' within 25 log_says 1 snapshot_installed
check 'and stands where the others stand' within 20 level 1
check 'while blocks are made' pay 12
check 'then it votes again' within 25 votes 1

kill -STOP "${PID[2]}"
check 'the others go on without one that stands still' pay 8
kill -CONT "${PID[2]}"
check 'it comes back' within 25 level 2
check 'and votes' within 25 votes 2

end 3
rm -rf -- "$S/node-3/spaces"
cp -a "$PLACE/old-3" "$S/node-3/spaces"
start 3
check 'a node with an old disk comes back' within 25 level 3
check 'with the same blocks as the others' pay 12
check 'and votes when it cannot contradict itself' within 25 votes 3
# proof FILE: of one of the first payments, made by node 0 from its index and its log.
proof() {
    rm -f "$1"
    "$CARNET" tx proof "$TX" --out "$1" --node "https://$API" --as exporter
}
same_proof() {
    proof "$PLACE/after" && cmp "$PLACE/before" "$PLACE/after"
}
# answers FILE: what node 0 says of the whole history, asked by party, author, kind, method, time.
answers() {
    local node=(--node "https://$API" --as exporter --json)
    "$CARNET" trace space "${node[@]}" >"$1" &&
        "$CARNET" trace participant exporter --since 2020-01-01 "${node[@]}" >>"$1" &&
        "$CARNET" trace space --type money.issued --author bank "${node[@]}" >>"$1" &&
        "$CARNET" tx list "${node[@]}" >>"$1" &&
        "$CARNET" tx list --author bank --method money.issue --until 2100-01-01T00:00:00Z \
            "${node[@]}" >>"$1"
}
same_answers() {
    answers "$PLACE/said-after" && cmp "$PLACE/said-before" "$PLACE/said-after"
}
check 'a node that runs is not pruned' exits 6 ledger prune --index 0 --keep 1
API=$(address 0 api)
check 'a payment is proved' proof "$PLACE/before"
check 'its history is told by party, author, kind, method and time' answers "$PLACE/said-before"
check 'nothing is of a kind before the space began' \
    exits 5 trace space --type token.minted --until 2020-01-01 --as exporter
check 'a kind that is none is refused' exits 2 trace space --type token.eaten --as exporter
check 'a time that is none is wrong usage' exits 2 tx list --since yesterday --as exporter
end 0
check 'a stopped node drops its index' "$CARNET" node reindex --index 0
check 'and is pruned of nothing while all fits one file' \
    "$CARNET" ledger prune --index 0 --keep 1
start 0
check 'it makes the index again' within 25 up 0
check 'with equal answers' within 10 same_proof
check 'to every question, byte for byte' within 10 same_answers
check 'all hold one chain' within 20 "$CARNET" net status --check --as exporter
close_cases
