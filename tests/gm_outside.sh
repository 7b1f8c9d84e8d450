#!/bin/bash
# gm_outside — a space of suite gm, SM2 and SM3, seen from outside: it commits, proves offline,
# loses nodes and has them back, and says of each thing that it lacks that it is not implemented.
# The binary is $CARNET, else $DIR/carnet, else build/carnet.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tests/outside.sh
. tests/processes.sh

# refused WORD COMMAND...: exit code 1, and why.
refused() {
    local word=$1 got
    shift
    "$CARNET" "$@" >"$PLACE/answer" 2>&1
    got=$?
    [ $got -eq 1 ] && grep -q -- "$word" "$PLACE/answer" && return
    echo "exit code $got, and not 1 with: $word"
    cat "$PLACE/answer"
    return 1
}
proof() {
    rm -f "$3"
    "$CARNET" tx proof "$2" --out "$3" --node "https://$(address "$1" api)" --as exporter
}
proved() {
    "$CARNET" tx verify "$1" --genesis "$S/genesis"
}
# Each change of one byte, at a hundred places, is refused.
flips() {
    python3 - "$CARNET" "$1" "$S/genesis" "$PLACE/flipped" <<'PY'
import subprocess, sys
carnet, path, genesis, flipped = sys.argv[1:]
whole = bytearray(open(path, "rb").read())
wrong = []
for at in list(range(0, len(whole), max(1, len(whole) // 100))) + [len(whole) - 1]:
    whole[at] ^= 1
    open(flipped, "wb").write(whole)
    whole[at] ^= 1
    done = subprocess.run([carnet, "tx", "verify", flipped, "--genesis", genesis],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode == 0:
        wrong.append(at)
print(wrong[:3])
sys.exit(1 if wrong else 0)
PY
}
balanced() {
    "$CARNET" money balance --as importer | grep -q '2.50'
}

check 'a suite that is none is refused' \
    bash -c '! "$0" net init --suite sim >"$1" 2>&1 && grep -q "neither intl nor gm" "$1"' \
    "$CARNET" "$PLACE/answer"
check 'a space of suite gm is made' "$CARNET" net init --nodes 4 --suite gm
for ((i = 0; i < NODES; i++)); do start $i; done
for ((i = 0; i < NODES; i++)); do check "node $i runs" within 40 up $i; done
check 'money is issued' pay 3
check 'money is paid' "$CARNET" money pay --to importer --amount 2.50 --as exporter
check 'and has arrived' within 10 balanced
check 'a payment is proved' proof 0 "$TX" "$PLACE/tx.proof"
check 'the proof verifies with the genesis file alone' proved "$PLACE/tx.proof"
check 'no byte of it may be another' flips "$PLACE/tx.proof"

end 3
check 'without one of four validators money is issued' pay 2
start 3
check 'the killed one starts' within 40 up 3
check 'and stands where the others stand' within 40 level 3
check 'and votes' within 40 votes 3
end_nodes
for ((i = 0; i < NODES; i++)); do start $i; done
for ((i = 0; i < NODES; i++)); do check "node $i runs after all were killed" within 40 up $i; done
check 'what was paid is there' balanced
check 'the same payment is proved by another node' proof 3 "$TX" "$PLACE/again.proof"
check 'by a proof that verifies' proved "$PLACE/again.proof"
check 'money goes on' pay 1

printf 'a,b\n1,2\n' >"$PLACE/data.csv"
"$CARNET" asset put "$PLACE/data.csv" --as exporter >"$PLACE/asset" 2>&1
ASSET=$(grep -aoE '[0-9a-f]{64}' "$PLACE/asset" | head -n 1)
check 'a token needs an attachment, which is not implemented' \
    refused 'not implemented in a space of suite gm' token mint --asset "$ASSET" \
    --template ecommerce --title data --as exporter
check 'a document of a participant is not rendered' \
    refused 'not implemented in a space of suite gm' did show exporter --as exporter
check 'what was refused changed nothing' proved "$PLACE/again.proof"
close_cases
