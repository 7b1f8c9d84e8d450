#!/bin/bash
# scrub_outside — a flipped byte in the provider's store, seen from outside: found, frozen, not
# served; put back, verified, thawed.
# The binary is $CARNET, else $DIR/carnet, else build/carnet.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tests/outside.sh
S=$PLACE/space CHUNKS=6

end_everything() {
    "$CARNET" net stop --dir "$S" >/dev/null 2>&1
}
printf 'right horse' >"$PLACE/pass"
export CARNET_PASSPHRASE_FILE=$PLACE/pass CARNET_DIR=$S

# exits CODE WORDS ARGS...: the exit code, and WORDS (a regular expression) in what is said.
exits() {
    local want=$1 words=$2 got
    shift 2
    timeout 50 "$CARNET" "$@" >"$PLACE/out" 2>&1 </dev/null
    got=$?
    cat "$PLACE/out"
    [ $got -eq "$want" ] || {
        echo "exit code $got, not $want"
        return 1
    }
    grep -aqE -- "$words" "$PLACE/out" || {
        echo "nothing says $words"
        return 1
    }
}

# stays WORDS ARGS...: it comes as far as to say WORDS, and does not end.
stays() {
    local words=$1 pid said=1
    shift
    rm -f "$PLACE/out"
    "$CARNET" "$@" >"$PLACE/out" 2>&1 </dev/null &
    pid=$!
    within 30 grep -aqs -- "$words" "$PLACE/out" && sleep 2 && kill -0 "$pid" && said=0
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    cat "$PLACE/out"
    return $said
}

# member PATH: a member of the last JSON answer, by its path of names.
member() {
    python3 -c 'import json,sys
x = json.load(open(sys.argv[1]))
for name in sys.argv[2].split("."):
    x = x[int(name)] if isinstance(x, list) else x[name]
print(json.dumps(x) if isinstance(x, (list, bool)) else x)' "$PLACE/out" "$1"
}
is() {
    [ "$(member "$1")" = "$2" ] || {
        echo "$1 is $(member "$1"), not $2"
        return 1
    }
}

# flip INDEX: one bit of one chunk in the provider's store.
flip() {
    python3 - "$1" "$S"/node-0/spaces/*/seals/"$SEAL/$1" <<'PY'
import sys
with open(sys.argv[2], "r+b") as f:
    f.seek(1000 + int(sys.argv[1]))
    x = f.read(1)[0]
    f.seek(-1, 1)
    f.write(bytes([x ^ 1]))
PY
}
node_log_says() {
    grep -aqs "$1" "$S"/node-0/node.log
}
GRANT=(--to importer --uses 9 --sector ecommerce --classes personal --subjects 500)

python3 -c '
import random
random.seed(5)
print("order;sku;qty")
for i in range(9000):
    print("%d;%s;%d" % (i, random.randbytes(16).hex(), random.randrange(9)))' >"$PLACE/orders.csv"
check 'a space runs' exits 0 '' net init --nodes 4
check 'its nodes start' exits 0 '' net start
check 'an asset is put' \
    exits 0 '' asset put "$PLACE/orders.csv" --chunk-size 65536 --as exporter --json
ASSET=$(member asset)
check 'it is minted' exits 0 '' \
    token mint --asset "$ASSET" --template ecommerce --places DE --as exporter --json
TOKEN=$(member token.id)
check 'it is sealed' exits 0 '' token seal "$TOKEN" --as exporter --json
SEAL=$(member seal)
check "in $CHUNKS chunks" is chunks $CHUNKS
check 'a right is granted' exits 0 '' right grant "$TOKEN" "${GRANT[@]}" --as exporter --json
RIGHT=$(member right.id)
check 'whole bytes verify' exits 0 '"ok": true' token verify "$TOKEN" --as exporter --json
check 'who has no bytes is told so' exits 5 'not here' token verify "$TOKEN" --as bank
check 'a use is allowed' exits 0 '' right use "$RIGHT" --as importer

flip 3
check 'a flipped bit is found, without a freeze if asked so' \
    exits 4 '"frozen": false' token verify "$TOKEN" --no-freeze --as exporter --json
check 'and its chunk is named' is seals.0.bad '[3]'
# It waits for the chunk that does not come, as it would for a provider that is away.
check 'the other chunks are fetched, the bad one is not served' \
    stays "chunks $((CHUNKS - 1))/$CHUNKS" \
        fetch "$TOKEN" --right "$RIGHT" --out "$PLACE/half" --as importer
check "the provider's log says which" within 10 node_log_says 'scrub_wrong_chunk.*"index":3'
check 'the status of the node counts it' exits 0 '"wrong_chunks": 1' net status --json
check 'the fetch has all the others' \
    exits 0 "\"durable\": $((CHUNKS - 1))" \
        fetch "$TOKEN" --right "$RIGHT" --status --as importer --json
check 'the owner verifies, and the token is frozen' \
    exits 4 'frozen' token verify "$TOKEN" --as exporter
check 'a use is refused by name' exits 3 'frozen' right use "$RIGHT" --as importer
check 'a grant is refused by name' exits 3 'frozen' right grant "$TOKEN" "${GRANT[@]}" --as exporter
check 'it is not thawed while it is damaged' \
    exits 4 'still not whole' token thaw "$TOKEN" --as exporter

cp -- "$S/local/exporter/assets/$ASSET.bin" "$PLACE/aside"
python3 -c 'import sys
f = open(sys.argv[1], "r+b")
f.seek(3 * 65536 + 7)
f.write(b"#")' "$S/local/exporter/assets/$ASSET.bin"
check 'other bytes than the sealed ones put nothing back' \
    exits 4 'is not what the manifest vouches for' token restore "$TOKEN" --as exporter
cp -- "$PLACE/aside" "$S/local/exporter/assets/$ASSET.bin"
check 'the asset, sealed again with its key, puts it back' \
    exits 0 '"restored": 1' token restore "$TOKEN" --as exporter --json
check 'whole bytes verify again' exits 0 'whole' token verify "$TOKEN" --as exporter
check 'the status counts nothing' exits 0 '"wrong_chunks": 0' net status --json
check 'it is still frozen' exits 3 'frozen' right use "$RIGHT" --as importer
check 'the owner thaws it' exits 0 'active' token thaw "$TOKEN" --as exporter
check 'a use is allowed again' exits 0 '' right use "$RIGHT" --as importer
check 'the fetch goes on and ends' \
    exits 0 '' fetch "$TOKEN" --right "$RIGHT" --out "$PLACE/sealed" --as importer

check "the holder's copy verifies as well" exits 0 'whole' token verify "$TOKEN" --as importer

flip 0
flip 5
check 'two more are found' exits 4 '2 not whole: 0 5' token verify "$TOKEN" --as exporter
printf 'carnet-seal/1nonsense' >"$PLACE/nonsense"
check 'nonsense puts nothing back' \
    exits 1 'not a file of sealed bytes' \
        token restore "$TOKEN" --from "$PLACE/nonsense" --as exporter
check "the holder's copy puts them back" \
    exits 0 '2 put back' token restore "$TOKEN" --from "$PLACE/sealed" --as exporter
rm -f "$S"/node-0/spaces/*/seals/"$SEAL"/manifest "$S"/node-0/spaces/*/seals/"$SEAL"/2
check 'a missing manifest is found' exits 4 'no whole manifest' token verify "$TOKEN" --as exporter
check 'and put back, with the chunk behind it' \
    exits 0 '2 put back' token restore "$TOKEN" --from "$PLACE/sealed" --as exporter
check 'all is whole' exits 0 'whole' token verify "$TOKEN" --as exporter
check 'and thawed' exits 0 'active' token thaw "$TOKEN" --as exporter

close_cases
