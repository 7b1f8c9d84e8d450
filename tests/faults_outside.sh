#!/bin/bash
# faults_outside — what goes wrong around a node, seen from outside: a line that is cut or swallows
# all, a disk that is full, too few validators. Real processes, relays and a small file system.
# The binary is $CARNET, else $DIR/carnet, else build/carnet.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tests/outside.sh
. tests/processes.sh
FAR=$PLACE/far SMALL=$PLACE/small
declare -a RELAY

end_everything() {
    kill -CONT "${RELAY[@]}" 2>/dev/null
    kill "${RELAY[@]}" 2>/dev/null
    end_nodes
    umount "$SMALL" 2>/dev/null
}

# relay NUMBER TO: what listens in the middle; its address is in ADDRESS.
listens() {
    ADDRESS=$(sed -n 's/.*"event":"listen".*"address":"\([^"]*\)".*/\1/p' "$PLACE/relay-$1")
    [ -n "$ADDRESS" ]
}
relay() {
    "$CARNET" net relay --listen 127.0.0.1:0 --to "$2" >"$PLACE/relay-$1" 2>&1 </dev/null &
    RELAY[$1]=$!
    within 20 listens "$1"
}
# rewrite FILE INDEX ADDRESS: another peer address for a node.
rewrite() {
    python3 -c 'import json,sys
path, index, address = sys.argv[1:]
j = json.load(open(path))
j["nodes"][int(index)]["peer"] = address
json.dump(j, open(path, "w"))' "$@"
}
# Node 3 sees the others through relays, and they see it through one: it runs in a directory that is
# this one but for its addresses.
put_relays() {
    local i
    mkdir "$FAR" && cp "$S/nodes.json" "$FAR/" || return 1
    for i in "$S"/*; do
        [ -e "$FAR/$(basename "$i")" ] || ln -s "$i" "$FAR/"
    done
    for i in 0 1 2 4; do
        relay "$i" "$(address "$i" peer)" && rewrite "$FAR/nodes.json" "$i" "$ADDRESS" || return 1
    done
    relay 3 "$(address 3 peer)" && rewrite "$S/nodes.json" 3 "$ADDRESS"
}

check 'a space is made' "$CARNET" net init --nodes 4
check 'node 3 is put behind relays' put_relays
for i in 0 1 2 4; do start $i; done
start 3 "$FAR"
for ((i = 0; i < NODES; i++)); do check "node $i runs" within 20 up $i; done
check 'blocks are made' pay 3
check 'node 3 has them, through the relays' within 20 level 3
check 'and votes' within 20 votes 3

kill -USR1 "${RELAY[@]}"
check 'the others go on when its lines are cut' pay 3
kill -USR2 "${RELAY[@]}"
check 'it is level again when they are joined' within 25 level 3
kill -STOP "${RELAY[@]}"
check 'the others go on when its lines swallow all' pay 3
kill -CONT "${RELAY[@]}"
check 'it is level again when they let through' within 25 level 3
check 'and votes' within 25 votes 3

# A disk of its own for node 2, which somebody else fills.
full() {
    head -c 64M /dev/zero >"$SMALL/filler" 2>/dev/null
    [ "$(df --output=avail "$SMALL" | tail -1)" -lt 8 ]
}
move_to_small() {
    cp -a "$S/node-2/spaces" "$SMALL/" && rm -rf -- "$S/node-2/spaces" &&
        ln -s "$SMALL/spaces" "$S/node-2/spaces"
}
mkdir "$SMALL"
# Only a file system that counts can be full for one node alone.
if mount -t tmpfs -o size=32m tmpfs "$SMALL" 2>"$PLACE/mount"; then
    end 2 -TERM
    check 'node 2 moves to a small disk' move_to_small
    start 2
    check 'and votes from there' within 25 votes 2
    check 'the disk is full' full
    check 'the others go on without a validator whose disk is full' pay 4
    check 'it says so in its log' within 15 log_says 2 '"event":"disk_failed"'
    check 'and in its status: it does not vote' within 15 silent 2
    check 'it does not crash' runs 2
else
    tell skip 'a full disk: no file system can be mounted here'
    end 2
fi

# One more is one too many: two of four vote.
end 1
timeout 100 "$CARNET" money issue --to exporter --amount 1.00 --as bank >"$PLACE/few" 2>&1
code=$?
says() {
    grep -qs "$1" "$PLACE/few" || { cat "$PLACE/few"; return 1; }
}
check 'without a quorum a client hears exit code 6' [ $code -eq 6 ]
check 'and what is missing' says 'of 4 validators 2 vote where 3 are needed'
rm -f "$SMALL/filler"
runs 2 || start 2
check 'with room on the disk there is a quorum again' pay 2
check 'and it votes' within 25 votes 2
start 1
check 'all vote' within 25 votes 1
check 'all hold one chain' within 20 "$CARNET" net status --check --as exporter

# A log that has grown long, of a space under its supervisor.
ONE=$PLACE/one
turned() {
    [ "$(stat -c %s "$ONE/node-0/node.log.1" 2>/dev/null || echo 0)" -ge 68000000 ] &&
        [ "$(stat -c %s "$ONE/node-0/node.log")" -lt 1000000 ]
}
check 'a space of one node is made' "$CARNET" net init --nodes 1 --observers 0 --dir "$ONE"
truncate -s 68000000 "$ONE/node-0/node.log"
check 'it starts under a supervisor' "$CARNET" net start --dir "$ONE"
check 'a log that is too long makes room for a new one' within 15 turned
check 'it stops' "$CARNET" net stop --dir "$ONE"
close_cases
