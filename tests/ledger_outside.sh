#!/bin/bash
# ledger_outside — a ledger of more than a file of blocks, seen from outside: every node prunes, and
# still proves what it kept; a wiped one begins from those that have pruned; archives go out and in.
# The binary is $CARNET, else $DIR/carnet, else build/carnet.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tests/outside.sh
. tests/processes.sh
FILE=1024 # blocks of one file of the log
# A file goes when no block of it is in the window any more: 4 s are 200 blocks of 20 ms at most.
PRUNES=$((FILE + 400))
ALL=$PLACE/all.carnet KEPT=$PLACE/kept.carnet PART=$PLACE/part.carnet

# ask WANT WORD COMMAND...: the exit code, and what it says.
ask() {
    local want=$1 word=$2 got
    shift 2
    "$CARNET" "$@" >"$PLACE/answer" 2>&1
    got=$?
    [ $got -eq "$want" ] && grep -q -- "$word" "$PLACE/answer" && return
    echo "exit code $got, and not $want with: $word"
    cat "$PLACE/answer"
    return 1
}
tx_of_now() {
    TX='' && pay 1 && [ -n "$TX" ]
}
proof() {
    rm -f "$3"
    "$CARNET" tx proof "$2" --out "$3" --node "https://$(address "$1" api)" --as exporter
}
proved() {
    "$CARNET" tx verify "$1" --genesis "$S/genesis"
}
# kept_from_a_file: whole files have gone, one at least; two where commands are slow and blocks not.
kept_from_a_file() {
    local first
    first=$(sed -n 's/.*keeps blocks \([0-9]*\) to .*/\1/p' "$PLACE/answer")
    [ "${first:-0}" -ge $FILE ] && [ $((first % FILE)) -eq 0 ]
}
prune_all() {
    local i
    for ((i = 0; i < NODES; i++)); do
        end "$i" -TERM
        ask 0 'keeps blocks' ledger prune --index "$i" --keep 1 && kept_from_a_file || return 1
        start "$i"
        within 30 up "$i" || return 1
    done
}
# Blocks never rest here, so two nodes are never asked at the same height.
joined() {
    within 40 above "$1" "$(of 0 height)"
}
# flips FILE: no byte of it may be another one; a few hundred places, the same in every run.
flips() {
    python3 - "$CARNET" "$1" "$S/genesis" "$PLACE/flipped" <<'PY'
import subprocess, sys
carnet, path, genesis, flipped = sys.argv[1:]
whole = bytearray(open(path, "rb").read())
step, wrong = max(1, len(whole) // 40), []
for at in list(range(0, len(whole), step)) + [len(whole) - 1]:
    whole[at] ^= 1
    open(flipped, "wb").write(whole)
    whole[at] ^= 1
    done = subprocess.run([carnet, "ledger", "import", flipped, "--check", "--genesis", genesis],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 4 or b"refused" not in done.stdout:
        wrong.append((at, done.returncode, done.stdout, done.stderr))
print(wrong[:3])
sys.exit(1 if wrong else 0)
PY
}
wipe() {
    rm -rf -- "$S/node-$1/spaces"
}

check 'a space is made that commits empty blocks without rest' \
    "$CARNET" net init --nodes 4 --idle-ms 20 --window-seconds 4
for ((i = 0; i < NODES; i++)); do start $i; done
for ((i = 0; i < NODES; i++)); do check "node $i runs" within 20 up $i; done
check 'a payment is made' pay 1
OLD=$TX
check 'and proved' proof 0 "$OLD" "$PLACE/old.proof"
check 'a ledger of more than one file of blocks grows' within 120 above 0 $((FILE + 6))
check 'and a little more, at the node that is asked for it' within 30 above 4 1110

end 4 -TERM
check 'an archive of more than a file of blocks is written' \
    ask 0 'blocks 1 to 11' ledger export "$ALL" --index 4 --to 1100
check 'it verifies with the genesis file alone' \
    ask 0 'verified: blocks 1 to' ledger import "$ALL" --check --genesis "$S/genesis"
check 'but with no file that is no genesis file' \
    ask 4 'not one that this release knows' ledger import "$ALL" --check --genesis "$ALL"
check 'a node that is none leaves nothing' ask 5 'no such node' ledger export "$PART" --index 99
check 'not even its directory' [ ! -e "$S/node-99" ]
check 'and a directory is no archive' ask 1 'is a directory' ledger import "$PLACE" --check
check 'no byte of it may be another' flips "$ALL"
check 'a node that runs is left alone' ask 6 'another process' ledger export "$PART" --index 0
check 'an archive of the first blocks is written' \
    ask 0 'blocks 1 to 5' ledger export "$PART" --index 4 --to 500
wipe 4
check 'an empty node takes the first blocks' ask 0 'blocks 1 to 5' ledger import "$PART" --index 4
check 'then the rest' ask 0 'imported: blocks 1 to' ledger import "$ALL" --index 4
check 'and all of it once more' ask 0 'imported: blocks 1 to' ledger import "$ALL" --index 4
start 4
check 'it starts from them' within 30 up 4
check 'and joins the others' joined 4
check 'with the same answer about the first payment' proof 4 "$OLD" "$PLACE/again.proof"
check 'which proves it' proved "$PLACE/again.proof"

check 'a payment above the first file' tx_of_now
NEW=$TX
check 'the first file is older than the window' within 60 above 4 $PRUNES
check 'every node prunes its first files' prune_all
check 'all go on' joined 3
check 'what was proved before stays proved' proved "$PLACE/old.proof"
check 'its blocks are gone' ask 5 'no longer kept' tx proof "$OLD" --out "$PLACE/none" \
    --node "https://$(address 0 api)" --as exporter
check 'a payment in what was kept is proved' proof 0 "$NEW" "$PLACE/new.proof"
check 'by a proof that verifies' proved "$PLACE/new.proof"
check 'payments go on' pay 2

end 3
wipe 3
start 3
check 'a wiped validator takes a snapshot where all have pruned' \
    within 40 log_says 3 snapshot_installed
check 'it stands where the others stand' joined 3
check 'and votes' within 40 votes 3
check 'its index says where it begins' [ "$(of 3 index_base)" -gt $FILE ]
check 'and that of the others that it has all' [ "$(of 0 index_base)" = 0 ]
check 'what happened before is not denied but not known' \
    ask 5 'begins above height' tx proof "$OLD" --out "$PLACE/none" \
    --node "https://$(address 3 api)" --as exporter

end 4 -TERM
check 'an archive of a pruned node has its state with it' \
    ask 0 'and the state after block' ledger export "$KEPT" --index 4
check 'it verifies with the genesis file alone' \
    ask 0 'verified: blocks' ledger import "$KEPT" --check --genesis "$S/genesis"
check 'no byte of it may be another' flips "$KEPT"
wipe 4
check 'an empty node begins from it' \
    ask 0 'and the state after block' ledger import "$KEPT" --index 4
start 4
check 'it starts from it' within 30 up 4
check 'and joins the others' joined 4
end 4 -TERM
check 'an index that cannot be made again is not dropped' ask 5 'does not keep them all' \
    node reindex --index 4
check 'unless one says so' ask 0 'begins above block' node reindex --index 4 --forget
start 4
check 'the node starts' within 30 up 4
check 'all hold one chain' within 30 "$CARNET" net status --check --as exporter
close_cases
