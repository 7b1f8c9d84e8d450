#!/bin/bash
# bench_outside — the bench of a cluster, as small as it gets: every figure is told, a space that is
# kept is used again, nothing is left behind. How fast it is, is no matter for a test.
# The binary is $CARNET, else $DIR/carnet, else build/carnet.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tests/outside.sh
K=$PLACE/kept

end_everything() {
    "$CARNET" net stop --dir "$K/space" --passphrase-file "$K/pass" >/dev/null 2>&1
}
bench() {
    timeout 150 "$CARNET" bench cluster --dir "$PLACE" --json "$@" >"$PLACE/out" 2>"$PLACE/errors"
}
# figures NAME...: a decimal string above zero for each.
figures() {
    python3 - "$PLACE/out" "$@" <<'PY'
import json
import sys
answer = json.load(open(sys.argv[1], encoding="utf-8"))
missing = [x for x in sys.argv[2:] if not float(answer.get(x, "0")) > 0]
sys.exit("not there: " + " ".join(missing) if missing else 0)
PY
}
member_is() {
    python3 -c 'import json, sys
x = json.load(open(sys.argv[1]))[sys.argv[2]]
sys.exit(0 if x == sys.argv[3] else f"{sys.argv[2]} is {x}")' "$PLACE/out" "$1" "$2"
}
# none_of NAME...: each is there, and is zero.
none_of() {
    python3 - "$PLACE/out" "$@" <<'PY'
import json
import sys
answer = json.load(open(sys.argv[1], encoding="utf-8"))
wrong = [f"{x} is {answer.get(x)}" for x in sys.argv[2:] if answer.get(x) != "0.000"]
sys.exit(", ".join(wrong) or 0)
PY
}
nothing_kept() {
    [ -z "$(ls -d "$PLACE"/carnet-bench-* 2>/dev/null)" ]
}
# error_alone WORD COMMAND...: a word that is wrong is answered by the error alone.
error_alone() {
    local word=$1
    shift
    "$CARNET" bench "$@" >"$PLACE/out" 2>"$PLACE/errors"
    [ $? -eq 2 ] && [ ! -s "$PLACE/out" ] && grep -q -- "$word" "$PLACE/errors"
}
nobody_left() {
    nothing_kept && ! pgrep -f "$PLACE/carnet-bench-" >"$PLACE/left"
}
# ended SIGNAL: a bench whose nodes run is ended so, as a terminal does it: with its children.
ended() {
    local pid
    rm -f "$PLACE/out" # or what the last one said is read, before this one has begun
    python3 - "$1" "$CARNET" bench cluster --dir "$PLACE" --quick --seconds 60 \
        >"$PLACE/out" 2>&1 <<'PY' &
import os
import signal
import sys
os.setpgid(0, 0)
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[2], sys.argv[2:])
PY
    pid=$!
    within 120 grep -qs flood "$PLACE/out" || return 1
    kill -"$1" -- -"$pid" || return 1
    wait "$pid" 2>/dev/null
    within 20 nobody_left && return
    cat "$PLACE/out" "$PLACE/left"
    return 1
}

check 'a wrong number is answered by the error alone' error_alone participants \
    cluster --participants 0
check 'a rate of nothing, too' error_alone rate cluster --rate 0
check 'more tokens than all, too' error_alone tokens cluster --tokens 101
check 'and tokens in a suite that has none' error_alone gm cluster --suite gm --tokens 1
check 'and a suite that is none' error_alone suite ledger --suite sim
check 'and a time of nothing' error_alone seconds comply --seconds 0
for bad in 0 129 many; do
    check "a document of $bad keys, too" error_alone keys ledger --keys $bad
done
check 'a quick bench runs' bench --quick --seconds 1
check 'it tells every figure' figures ceiling_tps lone_ms tps validator_us_per_tx loop_us_per_tx \
    client_us_per_tx wire_bytes_per_tx sync_p50_ms sync_p99_ms load_tps p50_ms p99_ms p99_9_ms \
    p50_after_kill_ms p99_9_after_kill_ms back_after_kill_ms slower_tps sync_s sync_blocks \
    verified_by_0 verified_by_3
check 'and which validator was killed' grep -q '"killed": "[0-3].000"' "$PLACE/out"
check 'and where a validator is busy, of which each has something' figures network_us_per_tx \
    consensus_us_per_tx execute_us_per_tx hash_us_per_tx disk_us_per_tx requests_us_per_tx
check 'money and tokens have receipts, under every load' figures money_receipts token_receipts \
    money_bytes token_bytes load_money_receipts load_token_receipts slower_money_receipts \
    slower_token_receipts sync_tokens
check 'and none says that its transaction failed' none_of failed load_failed slower_failed
check 'a hundred keys each' member_is keys 2000.000
check 'what it made is gone' nothing_kept
check 'and of which suite the space is' grep -q '"suite": "intl"' "$PLACE/out"
check 'an interrupted bench leaves nothing and nobody' ended INT
check 'nor does one that is killed' ended KILL
check 'a space is kept with its state' bench --quick --seconds 1 --keep "$K" --state 300
check 'the state counts' member_is sync_records 300.000
# What the release before wrote knew of no tokens.
before_tokens() { sed -i 's/"minted":[0-9]*,//' "$K/bench" && ! grep -q minted "$K/bench"; }
check 'a space that was kept when there were no tokens in it' before_tokens
check 'is used again' bench --quick --seconds 1 --keep "$K" --tokens 0
check 'and holds what it held' member_is sync_records 300.000
check 'nobody mints where none is asked for' none_of token_receipts load_token_receipts \
    slower_token_receipts sync_tokens
check 'a space that is kept is of one suite' error_alone 'of suite intl' \
    cluster --quick --keep "$K" --suite gm
close_cases
