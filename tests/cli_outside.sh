#!/bin/bash
# cli_outside — bad input, seen from outside: each is refused in one line that says what and why, with
# the exit code of the command line's contract, and leaves nothing half-written.
# The binary is $CARNET, else $DIR/carnet, else build/carnet.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# Small file systems are mounted where nobody else sees them and nothing of them is left.
if [ -z "${CARNET_OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
    CARNET_OWN_MOUNTS=1 exec unshare -m bash tests/cli_outside.sh "$@"
fi
. tests/outside.sh
S=$PLACE/space B=$PLACE/bad
TINY=''

end_everything() {
    [ -z "$TINY" ] || umount "$TINY" 2>/dev/null
    "$CARNET" net stop --dir "$S" >/dev/null 2>&1
}

# What lies in the place, with sizes: what a refused command must not have changed.
listing() {
    find "$S" "$PLACE/out" -path "$S/node-*" -prune -o -printf '%P %y %s\n' 2>/dev/null | sort
}

# refuses CODE COMMAND...: the code, one line `carnet: what: why` (a hint may follow), no change.
refuses() {
    local want=$1 got before after
    shift
    before=$(listing)
    timeout 60 "$CARNET" "$@" >"$PLACE/stdout" 2>"$PLACE/stderr" </dev/null
    got=$?
    after=$(listing)
    # Progress is drawn over its own line and ends with a return: it is not a line that is said.
    sed 's/.*\r//' "$PLACE/stderr" | grep -av '^$' >"$PLACE/lines"
    cat "$PLACE/lines"
    [ $got -eq "$want" ] || {
        echo "exit code $got, not $want"
        return 1
    }
    head -n 1 "$PLACE/lines" | grep -aqE '^carnet: [^:]+.*: .+' || {
        echo 'the first line is not `carnet: what: why`'
        return 1
    }
    ! tail -n +2 "$PLACE/lines" | grep -avqE '^  hint: .+' || {
        echo 'more than a line and a hint'
        return 1
    }
    [ "$(tail -n +2 "$PLACE/lines" | wc -l)" -le 1 ] || {
        echo 'more than one hint'
        return 1
    }
    [ "$before" = "$after" ] || {
        echo 'something was left behind:'
        diff <(echo "$before") <(echo "$after")
        return 1
    }
}

# refuses_json CODE COMMAND...: the same with --json, which says {"error":{code,message,hint}}.
refuses_json() {
    local want=$1 got
    shift
    timeout 60 "$CARNET" "$@" --json >"$PLACE/stdout" 2>"$PLACE/stderr" </dev/null
    got=$?
    cat "$PLACE/stderr"
    [ $got -eq "$want" ] || {
        echo "exit code $got, not $want"
        return 1
    }
    python3 - "$PLACE/stderr" "$PLACE/stdout" <<'PY'
import json, sys
lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
assert len(lines) == 1, lines
error = json.loads(lines[0])
assert list(error) == ["error"] and sorted(error["error"]) == ["code", "hint", "message"], error
assert all(isinstance(x, str) for x in error["error"].values()), error
assert error["error"]["code"] and ": " in error["error"]["message"], error
assert open(sys.argv[2]).read() == "", "standard output is not empty"
PY
}

mkdir -p "$B/directory" "$PLACE/out"
printf 'right horse' >"$PLACE/pass"
printf 'wrong horse' >"$PLACE/wrong"
export CARNET_PASSPHRASE_FILE=$PLACE/pass
printf 'a;b;c\n1;2;3\n4;5;6\n' >"$B/good.csv"
: >"$B/empty.csv"
head -c 65536 "$CARNET" >"$B/binary.csv"
{
    echo 'a;b'
    head -c 10485760 /dev/zero | tr '\0' x
    echo ';1'
} >"$B/long.csv"
printf 'a;b;c\n1;2;3\n4;5\n' >"$B/unequal.csv"
printf 'a;b\n1;caf\xe9\n' >"$B/latin.csv"
printf 'a;b\n1;\xc0\xaf\n' >"$B/overlong.csv"
FACTS=(--from CN --sector ecommerce --classes personal --subjects 10)

check 'a space can be made for these' "$CARNET" net init --dir "$S" --nodes 4

# bad_file COMMAND...: what no command may take, whatever the template.
bad_file() {
    local title="$1 $2" more=("${@:3}")
    [ "$2" != deidentify ] || title+=" (${more[1]})"
    check "$title: a missing file is 5" refuses 5 asset "$2" "$B/missing.csv" "${more[@]}"
    check "$title: a directory is 1" refuses 1 asset "$2" "$B/directory" "${more[@]}"
    check "$title: an empty file is 1" refuses 1 asset "$2" "$B/empty.csv" "${more[@]}"
    check "$title: a path through a file is not found" refuses 5 asset "$2" "$B/good.csv/x" "${more[@]}"
    # Any bytes can be put as an asset; a table must be one.
    [ "$2" != put ] || return 0
    check "$title: binary as CSV is 1" refuses 1 asset "$2" "$B/binary.csv" "${more[@]}"
    check "$title: a line of 10 MB is 1" refuses 1 asset "$2" "$B/long.csv" "${more[@]}"
    check "$title: rows of unequal width are 1" refuses 1 asset "$2" "$B/unequal.csv" "${more[@]}"
    check "$title: bytes that are not UTF-8 are 1" refuses 1 asset "$2" "$B/latin.csv" "${more[@]}"
    check "$title: an overlong UTF-8 form is 1" refuses 1 asset "$2" "$B/overlong.csv" "${more[@]}"
}
bad_file asset classify
bad_file asset put --as exporter --dir "$S"
for file in templates/*.json; do
    bad_file asset deidentify --template "$(basename "$file" .json)" --out "$PLACE/out/lawful.csv"
done
check 'the same file, sound, is accepted' "$CARNET" asset classify "$B/good.csv"

check 'comply batch: a missing file is 5' refuses 5 comply batch "$B/missing.jsonl"
check 'comply batch: a directory is 1' refuses 1 comply batch "$B/directory"
check 'comply batch: an empty file is 1' refuses 1 comply batch "$B/empty.csv"
check 'comply batch: binary is 1' refuses 1 comply batch "$B/binary.csv"
check 'comply batch: a line of 10 MB is 1' refuses 1 comply batch "$B/long.csv"
check 'comply batch: a table is 1' refuses 1 comply batch "$B/good.csv"
check 'comply batch: bytes that are not UTF-8 are 1' refuses 1 comply batch "$B/latin.csv"
check 'comply check: an unknown country is 2' refuses 2 comply check "${FACTS[@]}" --to QQ
check 'comply check: an unknown country to leave from is 2' \
    refuses 2 comply check --from QQ --to DE --sector ecommerce --classes personal --subjects 10
check 'comply check: an unknown class is 2' \
    refuses 2 comply check --from CN --to DE --sector ecommerce --classes weather --subjects 10

mkdir "$PLACE/strange"
for left in empty.csv good.csv; do
    cp "$B/$left" "$PLACE/strange/genesis"
    check "a space whose genesis is $left is 1" refuses 1 net status --dir "$PLACE/strange"
    check "and says what is wrong" grep -q 'is not the genesis file of a space' "$PLACE/stderr"
    check "a node of it is 1" refuses 1 node run --index 0 --dir "$PLACE/strange"
done

check 'an empty name of a directory is 2' refuses 2 net status --dir ''
check 'net stop: a directory that is not there is 5' refuses 5 net stop --dir "$PLACE/missing"
check 'net relay: what is no address is 2' refuses 2 net relay --listen here --to 127.0.0.1:7000
check 'sim: more byzantine seats than can be borne are 2' \
    refuses 2 sim --nodes 4 --faults byzantine:2 --steps 10
check 'sim: and so are faults that take one of them' \
    refuses 2 sim --nodes 4 --faults byzantine:1,wipe --steps 10

check 'no such command is 2' refuses 2 teleport
check 'bench: no such topic is 2' refuses 2 bench teleport
check 'bench: a time that is none is 2' refuses 2 bench comply --seconds 0
check 'bench cluster: receipts are proved, a primary dies, nothing is left' bash -c '"$0" bench cluster \
    --seconds 2 --rate 60 --clients 1 --dir "$1" --json | python3 -c "
import json, sys
j = json.load(sys.stdin)
for key in (\"tps\", \"ceiling_tps\", \"validator_us_per_tx\", \"client_us_per_tx\", \"wire_bytes_per_tx\",
            \"p50_ms\", \"p99_ms\", \"p99_9_ms\", \"back_after_kill_ms\", \"verified_by_3\"):
    assert float(j[key]) > 0, key
assert float(j[\"refused\"]) == 0 and float(j[\"lost\"]) == 0, j
" && ! ls "$1" | grep carnet-bench' "$CARNET" "$PLACE"
check 'bench answers with the machine and rows' bash -c '"$0" bench comply --seconds 1 --json | python3 -c "
import json, sys
x = json.load(sys.stdin)
assert x[\"ok\"] and x[\"machine\"][\"cpu\"] and len(x[\"rows\"]) == 3, x
assert all(float(r[\"per_s\"]) > 0 for r in x[\"rows\"]), x"' "$CARNET"
check 'no such verb is 2' refuses 2 asset teleport
check 'no such option is 2' refuses 2 asset cid "$B/good.csv" --teleport
check 'an option without its value is 2' refuses 2 asset put "$B/good.csv" --chunk-size
check 'a number that is none is 2' refuses 2 asset put "$B/good.csv" --chunk-size ten --as exporter --dir "$S"
check 'a number out of range is 2' refuses 2 asset put "$B/good.csv" --chunk-size 1 --as exporter --dir "$S"
check 'an option given twice is 2' refuses 2 comply check "${FACTS[@]}" --to DE --to QQ
check 'an option given twice with the same value is 2' refuses 2 comply check "${FACTS[@]}" --to DE --to DE
check 'an option for every command given twice is 2' refuses 2 comply check "${FACTS[@]}" --to DE --dir a --dir b
check 'one fact given twice is 2' \
    refuses 2 comply check "${FACTS[@]}" --to DE --fact necessary=true --fact necessary=false
check 'several facts may be given' \
    "$CARNET" comply check "${FACTS[@]}" --to DE --fact necessary=true --fact origin_overseas=false
check 'a check without a place to go to is 2' refuses 2 comply check --from CN
check 'comply check: a day to end with before the first is 2' \
    refuses 2 comply check "${FACTS[@]}" --to DE --date 2026-11-20 --until 2026-11-19
check 'comply check: a day to end with that is none is 2' refuses 2 comply check "${FACTS[@]}" --to DE --until soon
check 'comply check: the days on which the answer changes' bash -c '"$0" comply check --from IN --to US \
    --classes personal --subjects 1 --date 2026-11-20 --until 2027-12-31 --json | grep -q "2027-05-14"' "$CARNET"
check 'comply check: strict asks for facts' bash -c '"$0" comply check --from CN --to DE --classes personal \
    --subjects 1 --strict --json | grep -q needs_facts' "$CARNET"
check 'comply wizard: nobody who answers is 2' refuses 2 comply wizard
check 'comply wizard: answers, then the law' bash -c 'printf "CN\nDE\npersonal\n500\n" | "$0" comply wizard \
    --json | grep -q CN-CBDF' "$CARNET"
check 'comply wizard: answers in Chinese, to questions in Chinese' bash -c 'printf "CN\nDE\n个人信息、健康医疗\n500\n" | "$0" \
    comply wizard --lang zh --date 2026-11-20 | grep -q "订立个人信息出境标准合同;或者"' "$CARNET"
check 'comply wizard: a question in Chinese' bash -c 'printf "CN\nDE\n" | "$0" comply wizard --lang zh |
    grep -q "数据的种类"' "$CARNET"
for verb in check explain; do
    check "comply $verb: a language that there is no text in is 2, and nothing is answered" \
        refuses 2 comply $verb "${FACTS[@]}" --to DE --lang fr
done
check 'comply wizard: a language that there is no text in is 2, and nothing is asked' bash -c \
    'printf "CN\nDE\n" | "$0" comply wizard --lang fr 2>&1 | tr "\n" "|" | grep -qx "carnet: --lang: [^|]*en or zh|"' "$CARNET"
check 'rules diff: a folder that is not there is 5' refuses 5 rules diff "$B/missing" "$B/missing"
check 'a last day that is none is 2, and nothing is answered before' bash -c \
    '[ -z "$("$0" comply check --from CN --to DE --until never 2>/dev/null)" ]' "$CARNET"
check 'help of no command is 2' refuses 2 help teleport
check 'help of no verb is 2' refuses 2 help right teleport
check 'help of a noun lists its verbs' bash -c '"$0" help right | grep -q "right grant TOKEN"' "$CARNET"
check 'help of a command shows its options' \
    bash -c '"$0" help right grant | grep -q -- "--custody"' "$CARNET"
check 'the version is told' bash -c '"$0" --version | grep -qE "^carnet [0-9]+\.[0-9]+\.[0-9]+$"' "$CARNET"
check 'a start without a space is 5' refuses 5 net start --dir "$B/missing"
check 'too few arguments are 2' refuses 2 asset cid
check 'too many arguments are 2' refuses 2 asset cid "$B/good.csv" "$B/good.csv"
check 'an unknown scenario is 2' refuses 2 demo --scenario teleport
check 'an unknown template is 2' \
    refuses 2 asset deidentify "$B/good.csv" --template teleport --out "$PLACE/out/x"

check 'a wrong passphrase is 3' \
    refuses 3 asset put "$B/good.csv" --as exporter --dir "$S" --passphrase-file "$PLACE/wrong"
check 'a missing passphrase file is 5' \
    refuses 5 asset put "$B/good.csv" --as exporter --dir "$S" --passphrase-file "$B/missing"
check 'an unknown participant is 5' refuses 5 asset put "$B/good.csv" --as nobody --dir "$S"
check 'a missing space is 5' refuses 5 asset put "$B/good.csv" --as exporter --dir "$B/missing"
check 'a space where one is already is 1' refuses 1 net init --dir "$S" --nodes 4

check '--json: a missing file' refuses_json 5 asset cid "$B/missing.csv"
check '--json: a directory' refuses_json 1 asset cid "$B/directory"
check '--json: wrong usage' refuses_json 2 asset teleport
check '--json: a wrong passphrase' \
    refuses_json 3 asset put "$B/good.csv" --as exporter --dir "$S" --passphrase-file "$PLACE/wrong"
check '--json: an unknown country' refuses_json 2 comply check "${FACTS[@]}" --to QQ

# A network of its own: an unknown token, and a node that runs already.
UNKNOWN=$(printf '%064d' 7)
check 'a network can be started for these' "$CARNET" net start --dir "$S"
# What is asked of what happened: of nothing yet, and by words and times that are none.
says() {
    "$CARNET" "${@:2}" --as exporter --dir "$S" >"$PLACE/stdout" && cat "$PLACE/stdout" &&
        grep -qx -- "$1" "$PLACE/stdout"
}
check 'tx list: nothing is said to be nothing' says 'no transaction on this ledger' tx list
check 'and in JSON it is an empty list' says '  "txs": \[\],\?' tx list --json
check 'trace --type: a word that is none is 2' \
    refuses 2 trace space --type nope --as exporter --dir "$S"
check 'and is named' grep -qx "carnet: --type: no such word: 'nope'" "$PLACE/lines"
check 'with those that there are' grep -q 'hint: there are: .* token.minted .*anchored' "$PLACE/lines"
check 'tx list --method: a word that is none is 2' \
    refuses 2 tx list --method zz.y --as exporter --dir "$S"
check 'and is named' grep -qx "carnet: --method: no such word: 'zz.y'" "$PLACE/lines"
check 'with those that there are' grep -q 'hint: there are: .* token.mint .*anchor' "$PLACE/lines"
check 'a word of nothing is 2' refuses 2 trace space --type '' --as exporter --dir "$S"
check '--json: a word that is none' refuses_json 2 tx list --method zz.y --as exporter --dir "$S"
check '--author: nobody is 5' refuses 5 tx list --author nobody --as exporter --dir "$S"
check 'and is named' grep -q "^carnet: --author: 'nobody': " "$PLACE/lines"
check '--author: a DID of another space is 2' \
    refuses 2 tx list --author "did:carnet:$UNKNOWN:$UNKNOWN" --as exporter --dir "$S"
for bad in yesterday 2026-13-01 2026-01-31T25:00:00Z ''; do
    check "--since '$bad' is 2" refuses 2 trace space --since "$bad" --as exporter --dir "$S"
    check 'and an example is given' \
        grep -q 'hint: .* 2026-01-31T12:00:00Z, .* 2026-01-31, ' "$PLACE/lines"
done
check '--until yesterday is 2' refuses 2 tx list --until yesterday --as exporter --dir "$S"
value() { python3 -c 'import json,sys
x = json.load(sys.stdin)
for k in sys.argv[1].split("."): x = x[k]
print(x)' "$1"; }
ASSET=$("$CARNET" asset put "$B/good.csv" --as exporter --dir "$S" --json | value asset)
minted=$("$CARNET" token mint --asset "$ASSET" --template ecommerce --as exporter --dir "$S" --json)
TOKEN=$(value token.id <<<"$minted") TX=$(value tx <<<"$minted")
check 'tx list: that nothing is of a method is said' \
    says 'no transaction on this ledger is of that author, method and time' \
    tx list --method money.pay
check 'an unknown token is 5' refuses 5 token show "$UNKNOWN" --as exporter --dir "$S"
for command in 'token freeze' 'token thaw' 'token revoke' 'token archive' 'token seal' 'token trace' \
    'token key' 'trace token' 'trace asset' 'trace right' 'right show' 'right use' 'right revoke'; do
    check "$command: an unknown id is 5" refuses 5 $command "$UNKNOWN" --as exporter --dir "$S"
done
check 'right grant: an unknown token is 5' refuses 5 right grant "$UNKNOWN" --to importer --sector ecommerce \
    --classes personal --subjects 10 --as exporter --dir "$S"
check 'fetch: an unknown token is 5' refuses 5 fetch "$UNKNOWN" --right "$UNKNOWN" --as importer --dir "$S" \
    --out "$PLACE/out/x.sealed"
check 'audit report: an unknown token is 5' refuses 5 audit report --token "$UNKNOWN" --as regulator --dir "$S" \
    --out "$PLACE/out/report.json"
check 'money settle: an unknown lock is 5' refuses 5 money settle "$UNKNOWN" --as exporter --dir "$S"
check 'attachment get: an unknown transaction is 5' refuses 5 attachment get "$UNKNOWN" 0 --as exporter --dir "$S"
check 'and is named' grep -q "attachment 0 of transaction $UNKNOWN: not found" "$PLACE/lines"
check 'did show: an unknown DID is 5' refuses 5 did show "$UNKNOWN" --as exporter --dir "$S"
check 'open: what is no sealed file is 4' \
    refuses 4 open "$B/good.csv" --right "$UNKNOWN" --out "$PLACE/out/x" --as importer --dir "$S"
check 'open: a missing file is 5' \
    refuses 5 open "$B/missing" --right "$UNKNOWN" --out "$PLACE/out/x" --as importer --dir "$S"
check 'token mint: an unknown asset is 5' \
    refuses 5 token mint --asset "$UNKNOWN" --template ecommerce --as exporter --dir "$S"
check 'token mint: an unknown template is 2' \
    refuses 2 token mint --asset "$ASSET" --template teleport --as exporter --dir "$S"
check 'an unknown transaction is 5' \
    refuses 5 tx proof "$UNKNOWN" --as exporter --dir "$S" --out "$PLACE/out/x.proof"
check 'and is named' grep -q "carnet: transaction $UNKNOWN: not found" "$PLACE/lines"
check 'a currency without its places is 2' \
    refuses 2 money issue --to exporter --amount 1.00 --currency CNY --as bank --dir "$S"
check 'and those that there are are told' grep -q "'CNY' is not .* which has .*CNY/2, EUR/2" "$PLACE/lines"
# Quotes: what is asked for, what the file says, who signed it, how long it counts.
quote() { "$CARNET" money quote --from EUR/2 --to CNY/2 --rate 7.8125 --dir "$S" --as bank --json "$@"; }
lock() { echo money lock --dir "$S" --as importer --to exporter --token "$UNKNOWN" --quote "$@"; }
check 'a quote is written' quote --max 50 --out "$PLACE/quote.json"
check 'a quote of one second is written' quote --valid 1s --out "$PLACE/short.json"
for bad in '--rate 0' '--rate 7,8' '--rate 1/0' '--rate 7.' '--rate 99999999999999999999' \
    '--valid 25h' '--valid 10' '--valid 0m' '--max 0' '--max 1.001' '--to EUR/2' '--to QQQ/2'; do
    # shellcheck disable=SC2086
    check "money quote $bad is 2" refuses 2 money quote $bad --from EUR/2 --to CNY/2 \
        --rate 7.8125 --dir "$S" --as bank --out "$PLACE/out/q.json"
done
sed 's/"7.8125"/"8.8125"/' "$PLACE/quote.json" >"$B/says.json"
python3 - "$PLACE/quote.json" "$B/signed.json" <<'EOF'
import json, sys
q = json.load(open(sys.argv[1]))
q["signature"] = ("B" if q["signature"][0] == "A" else "A") + q["signature"][1:]
json.dump(q, open(sys.argv[2], "w"))
EOF
check 'a quote that says another rate than it signs is 4' refuses 4 $(lock "$B/says.json" --amount 1.00)
check 'a quote with a wrong signature is 4' refuses 4 $(lock "$B/signed.json" --amount 1.00)
check 'a quote that is missing is 5' refuses 5 $(lock "$B/missing.json" --amount 1.00)
check 'a table as a quote is 1' refuses 1 $(lock "$B/good.csv" --amount 1.00)
check 'more than the quote allows is 2' refuses 2 $(lock "$PLACE/quote.json" --amount 50.01)
check 'the other currency than the quote is 2' refuses 2 $(lock "$PLACE/quote.json" --currency CNY/2 --amount 1.00)
check 'longer than the oracle holds its money is 2' refuses 2 $(lock "$PLACE/quote.json" --minutes 1500 --amount 1.00)
check 'a quote for an unknown token is 5' refuses 5 $(lock "$PLACE/quote.json" --amount 1.00)
check 'an expired quote is 3' within 10 refuses 3 $(lock "$PLACE/short.json" --amount 1.00)
check 'a token that is no id is 2' refuses 2 token show 0123 --as exporter --dir "$S"
check '--json: an unknown token' refuses_json 5 token show "$UNKNOWN" --as exporter --dir "$S"
check 'a node that runs already is 6' refuses 6 node run --dir "$S" --index 0
check 'a node that is not listed is 5' refuses 5 node run --dir "$S" --index 9
check 'and says which are' grep -q 'index 9: not found; nodes.json lists 0 to [0-9]*, in ' "$PLACE/lines"

# Ports in use: those of the running network, asked for by another space.
port=$(python3 -c 'import json,sys
print(min(int(n[k].rsplit(":",1)[1]) for n in json.load(open(sys.argv[1]))["nodes"]
          for k in ("peer","api")))' "$S/nodes.json")
check 'net init at a port in use is 6' \
    refuses 6 net init --dir "$PLACE/out/other" --nodes 4 --port "$port"
check 'net relay at a port in use is 6' \
    refuses 6 net relay --listen "127.0.0.1:$port" --to 127.0.0.1:1

# ends_with CODE OK COMMAND...: an answer that has an exit code of its own.
ends_with() {
    local want=$1 ok=$2 got
    shift 2
    timeout 60 "$CARNET" "$@" --json >"$PLACE/stdout" 2>"$PLACE/stderr" </dev/null
    got=$?
    cat "$PLACE/stdout" "$PLACE/stderr"
    [ $got -eq "$want" ] || {
        echo "exit code $got, not $want"
        return 1
    }
    [ "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["ok"])' "$PLACE/stdout")" = "$ok" ]
}

# One node is killed while the supervisor sleeps, so that it stays down.
check 'net status --check of a space that is well is 0' ends_with 0 True net status --check --as bank --dir "$S"
supervisor=$(cat "$S/supervisor.pid")
kill -STOP "$supervisor"
"$CARNET" net kill 3 --dir "$S" >/dev/null
check 'net status with a node down is 0 and not ok' ends_with 0 False net status --dir "$S"
check 'net status --check with a node down is 6' ends_with 6 False net status --check --as bank --dir "$S"
kill -CONT "$supervisor"
# A full disk: a file system too small for what is asked, of sizes in between, and one that is full
# to the last byte.
full_disk() {
    local what=$1 size=$2
    shift 2
    TINY=$PLACE/tiny
    mkdir -p "$TINY"
    mount -t tmpfs -o "size=${size/full/64k}" none "$TINY" || return 1
    [ "$size" != full ] || cat /dev/zero >"$TINY/filler" 2>/dev/null
    before=$(find "$TINY" | sort)
    refuses 6 "$@"
    local result=$?
    [ "$(find "$TINY" | sort)" = "$before" ] || {
        echo "half-written ($what, $size):"
        find "$TINY" | head -n 20
        result=1
    }
    umount "$TINY"
    return $result
}

# A space on a small disk, full but for BYTES: an asset is put, or nothing of it is left.
full_space() {
    local left=$1
    TINY=$PLACE/tiny
    mkdir -p "$TINY"
    mount -t tmpfs -o size=4m none "$TINY" || return 1
    cp -a "$S/." "$TINY/" && rm -rf "$TINY/local"
    head -c "$left" /dev/zero >"$TINY/room"
    cat /dev/zero >"$TINY/filler" 2>/dev/null
    rm "$TINY/room"
    before=$(find "$TINY" | sort)
    refuses 6 asset put "$B/large.csv" --as exporter --dir "$TINY"
    local result=$?
    [ "$(find "$TINY" | sort)" = "$before" ] || {
        echo 'half-written:'
        diff <(echo "$before") <(find "$TINY" | sort)
        result=1
    }
    umount "$TINY"
    return $result
}

for command in 'asset classify' 'rules show' 'help'; do
    words=($command)
    [ "${words[0]}" != asset ] || words+=("$B/good.csv")
    check "carnet $command to a full standard output is 6" \
        bash -c '"$@" >/dev/full 2>"$0"; [ $? -eq 6 ] && grep -q "^carnet: standard output: " "$0"' \
        "$PLACE/stderr" "$CARNET" "${words[@]}"
done
check 'rules compile to /dev/full is 6' refuses 6 rules compile rules --out /dev/full
check 'what is written to /dev/null leaves it what it is' \
    bash -c '"$0" rules compile rules --out /dev/null && [ -c /dev/null ]' "$CARNET"

seq 1 40000 | sed 's/$/;2;3/' >"$B/large.csv"
sed -i '1i a;b;c' "$B/large.csv"
mkdir -p "$PLACE/tiny"
if mount -t tmpfs -o size=64k none "$PLACE/tiny" 2>/dev/null && umount "$PLACE/tiny"; then
    for size in 4k 16k 48k 64k full; do
        check "net init on a full disk ($size) is 6 and leaves nothing" \
            full_disk 'net init' $size net init --nodes 4 --dir "$PLACE/tiny/space"
    done
    for size in 4k 64k 256k full; do
        check "asset deidentify to a full disk ($size) is 6 and leaves nothing" \
            full_disk deidentify $size asset deidentify "$B/large.csv" --template ecommerce \
            --out "$PLACE/tiny/lawful.csv"
    done
    check 'rules compile to a full disk is 6 and leaves nothing' \
        full_disk 'rules compile' full rules compile rules --out "$PLACE/tiny/set.bin"
    check 'tx proof to a full disk is 6 and leaves nothing' \
        full_disk 'tx proof' full tx proof "$TX" --as exporter --dir "$S" --out "$PLACE/tiny/x.proof"
    check 'audit report to a full disk is 6 and leaves nothing' \
        full_disk 'audit report' full audit report --token "$TOKEN" --as regulator --dir "$S" \
        --out "$PLACE/tiny/report.json"
    check 'attachment get to a full disk is 6 and leaves nothing' \
        full_disk 'attachment get' full attachment get "$TX" 0 --as regulator --dir "$S" \
        --out "$PLACE/tiny/metadata.json"
    for left in 0 4096 65536 200000; do
        check "asset put into a space whose disk has $left bytes left is 6 and leaves nothing" \
            full_space $left
    done
else
    tell skip 'a full disk: SKIPPED, this user may not mount a tmpfs'
fi

check 'the network can be stopped' "$CARNET" net stop --dir "$S"
check 'net status --check with all nodes down is 6' ends_with 6 False net status --check --as bank --dir "$S"

close_cases
