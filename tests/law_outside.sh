#!/bin/bash
# law_outside — a space whose rule packs are replaced after genesis, seen from outside: the set is
# put into state, proposed, approved by founders who compiled it themselves, and judges from its
# height on. Version sets are decided on in the same way.
# The binary is $CARNET, else $DIR/carnet, else build/carnet.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tests/outside.sh
S=$PLACE/space RULES=$PLACE/rules

end_everything() {
    "$CARNET" net stop --dir "$S" >/dev/null 2>&1
}
printf 'right horse' >"$PLACE/pass"
export CARNET_PASSPHRASE_FILE=$PLACE/pass CARNET_DIR=$S

# member NAME FILE: of the one JSON document in a file, as text.
member() {
    python3 -c 'import json, sys
x = json.load(open(sys.argv[2]))
for key in sys.argv[1].split("."):
    x = x[int(key)] if isinstance(x, list) else x.get(key)
print(x if isinstance(x, str) else json.dumps(x))' "$1" "$2"
}
# is WANT NAME FILE
is() {
    local got
    got=$(member "$2" "$3")
    [ "$got" = "$1" ] || {
        echo "$2 is $got, not $1"
        return 1
    }
}
# answers FILE COMMAND...: exit 0, and the JSON of it in a file.
answers() {
    local file=$1
    shift
    timeout 60 "$CARNET" "$@" --json >"$file" 2>"$PLACE/stderr" </dev/null || {
        cat "$PLACE/stderr"
        return 1
    }
}
# refuses CODE WORDS COMMAND...: the exit code, and words of what is said.
refuses() {
    local want=$1 words=$2 got
    shift 2
    timeout 60 "$CARNET" "$@" >"$PLACE/stdout" 2>&1 </dev/null
    got=$?
    cat "$PLACE/stdout"
    [ $got -eq "$want" ] || {
        echo "exit code $got, not $want"
        return 1
    }
    grep -aqF -- "$words" "$PLACE/stdout"
}
# pay COUNT: so many transactions, a block each at most.
pay() {
    local i
    for ((i = 0; i < $1; i++)); do
        timeout 30 "$CARNET" money issue --to exporter --amount 1.00 --as bank >/dev/null ||
            return 1
    done
}
cp -r rules "$RULES"
# A lawyer's change: the exemption for small volumes ends at 1,000 persons.
sed -i 's/count persons \(<\|>=\) 100000\(, rule\|$\)/count persons \1 1000\2/' "$RULES/CN.yaml"
mkdir "$PLACE/broken" "$PLACE/empty"
cp -r rules "$PLACE/rules-other"
sed -i 's/count persons < 100000/count persons < 10/' "$PLACE/rules-other/CN.yaml"
cp -r rules/. "$PLACE/broken"
echo 'rules: [' >>"$PLACE/broken/CN.yaml"
printf 'name,age\nAnn,30\n' >"$PLACE/people.csv"
printf '{"classes":["personal"],"subjects":5000,"sector":"ecommerce"}' >"$PLACE/check.json"


# What is asked before anything runs.
lints() {
    timeout 60 "$CARNET" rules lint rules >"$PLACE/lint-old" 2>&1 &&
        timeout 60 "$CARNET" rules lint "$1" >"$PLACE/lint" 2>&1 &&
        diff "$PLACE/lint-old" "$PLACE/lint"
}
differs_in_two() {
    answers "$PLACE/diff" rules diff rules "$RULES" &&
        is '["cn.cbdf.5.1.4", "cn.cbdf.8"]' names <(python3 -c 'import json, sys
print(json.dumps({"names": [r["name"] for r in json.load(open(sys.argv[1]))["rules"]]}))' \
            "$PLACE/diff")
}
check 'the changed packs have nothing new that looks wrong' lints "$RULES"
check 'they differ from those of the release in two rules' differs_in_two
OLD=$("$CARNET" rules compile rules --json | sed -n 's/.*"packs_hash": "\([0-9a-f]*\)".*/\1/p')
NEW=$("$CARNET" rules compile "$RULES" --json | sed -n 's/.*"packs_hash": "\([0-9a-f]*\)".*/\1/p')

# Heights are those of what is sent here: no empty block comes in between, however long it takes.
check 'a space is made' "$CARNET" net init --nodes 4 --idle-ms 3600000
check 'no node answers yet' refuses 6 'carnet:' rules status --as exporter
check 'the space runs' "$CARNET" net start
in_force() {
    answers "$PLACE/status" rules status --as regulator && is "$1" packs_hash "$PLACE/status"
}
check 'the law of genesis is in force' in_force "$OLD"

# Wrong things, each refused before anything is sent.
check 'a proposal needs a folder' refuses 2 'takes' rules propose --at 50 --as exporter
check 'one that is there' refuses 5 "$PLACE/nowhere" \
    rules propose "$PLACE/nowhere" --at 50 --as exporter
check 'with packs in it' refuses 5 "$PLACE/empty" rules propose "$PLACE/empty" --at 50 --as exporter
check 'that compile' refuses 1 'CN.yaml:' rules propose "$PLACE/broken" --at 50 --as exporter
check 'it needs a height' refuses 2 '--at' rules propose "$RULES" --as exporter
check 'that is a number' refuses 2 '--at' rules propose "$RULES" --at soon --as exporter
check 'and far enough away' refuses 2 'at least' rules propose "$RULES" --at 2 --as exporter
check 'it is not what is in force' refuses 1 'is the law in force' \
    rules propose rules --at 50 --as exporter
check 'and made by a founder' refuses 3 'founded' rules propose "$RULES" --at 50 --as regulator
check 'a wrong passphrase is refused' env CARNET_PASSPHRASE_FILE="$PLACE/check.json" \
    bash -c '"$0" rules propose "$1" --at 50 --as exporter; [ $? -eq 3 ]' "$CARNET" "$RULES"
nothing_sent() {
    answers "$PLACE/status" rules status --as exporter && is 0 height "$PLACE/status" &&
        is '[]' proposals "$PLACE/status"
}
check 'nothing of it was sent' nothing_sent

check 'a founder proposes the set' answers "$PLACE/proposed" \
    rules propose "$RULES" --at 16 --as exporter
ID=$(member proposal "$PLACE/proposed")
check 'it is named by its hash' is "$NEW" packs_hash "$PLACE/proposed"
check 'its pieces went into state' is 1 pieces_put "$PLACE/proposed"
check 'again, they are there already' answers "$PLACE/again" \
    rules propose "$RULES" --at 17 --as bank
check 'and are not put twice' is 0 pieces_put "$PLACE/again"

check 'an approval needs an id' refuses 2 'proposal' \
    rules approve nonsense --rules "$RULES" --as importer
check 'of a proposal that is there' refuses 5 'no such proposal' \
    rules approve "${OLD}" --rules "$RULES" --as importer
check 'the folder that was read' refuses 2 '--rules' rules approve "$ID" --as importer
check 'which is the set proposed' refuses 4 'not the set proposed' \
    rules approve "$ID" --rules rules --as importer
check 'and a founder' refuses 3 'founded' rules approve "$ID" --rules "$RULES" --as regulator
check 'the first approves' answers "$PLACE/one" rules approve "$ID" --rules "$RULES" --as exporter
check 'nobody approves twice' refuses 1 'exists' rules approve "$ID" --rules "$RULES" --as exporter
check 'the second approves' answers "$PLACE/two" rules approve "$ID" --rules "$RULES" --as importer
check 'two of four decide nothing' is open state "$PLACE/two"
check 'the third approves' answers "$PLACE/three" rules approve "$ID" --rules "$RULES" --as carrier
check 'three of four decide' is decided state "$PLACE/three"
decided_for() {
    answers "$PLACE/status" rules status --as regulator && is "$1" next.at "$PLACE/status"
}
check 'what is decided takes no fourth' refuses 3 'state' \
    rules approve "$ID" --rules "$RULES" --as bank
check 'the change to come is told' within 10 decided_for 16
check 'until its height the old law holds' in_force "$OLD"
check 'one change at a time' refuses 1 'one change at a time' \
    rules propose "$PLACE/rules-other" --at 60 --as exporter

mint() {
    local asset
    asset=$("$CARNET" asset put "$PLACE/people.csv" --as exporter --json |
        sed -n 's/.*"asset": "\([0-9a-f]*\)".*/\1/p') &&
        answers "$PLACE/mint" token mint --asset "$asset" --template ecommerce --places DE \
            --as exporter && TOKEN=$(member token.id "$PLACE/mint")
}
says() {
    answers "$PLACE/preview" right preview "$TOKEN" --to importer --check "$PLACE/check.json" \
        --as exporter && is "$1" compliance.verdict "$PLACE/preview"
}
check 'a token is minted under the old law' mint
check 'which it pins' is "$OLD" token.pack_set "$PLACE/mint"
check 'it is sealed' answers "$PLACE/seal" token seal "$TOKEN" --as exporter
check '5,000 persons need no contract yet' says allow_with_obligations

to_height() {
    local at
    answers "$PLACE/status" rules status --as exporter || return 1
    at=$(member height "$PLACE/status")
    pay $(($1 - at))
}
check 'blocks are made up to the height' to_height 16
check 'from it on the new law is in force' within 10 in_force "$NEW"
check '5,000 persons need a contract now' says needs_mechanism
check 'validators say the same' \
    refuses 3 'refused by the validators: needs_mechanism by CN-CBDF:8' \
    right grant "$TOKEN" --to importer --check "$PLACE/check.json" --insist --as exporter
check 'with a contract they grant' answers "$PLACE/grant" right grant "$TOKEN" --to importer \
    --check "$PLACE/check.json" --mechanisms cn_standard_contract --as exporter
check 'a new token pins the new law' mint
check 'by its hash' is "$NEW" token.pack_set "$PLACE/mint"

rm -f "$S"/prose-*.json
check 'without its words the law is asked for them' refuses 5 'rules words' \
    right preview "$TOKEN" --to importer --check "$PLACE/check.json" --as exporter
check 'not those of another set' refuses 4 'not the law of this space' \
    rules words "$PLACE/rules-other" --as exporter
check 'the folder gives them back' answers "$PLACE/words" rules words "$RULES" --as exporter
check 'and the law speaks again' says needs_mechanism

check 'a validator dies and comes back' "$CARNET" net kill 1
check 'and judges by the new law' pay 2
# A version set that a later release brings: decided here, far away.
versions() {
    answers "$PLACE/versions" versions show --as regulator
}
comes() {
    versions && is "$1" next.number "$PLACE/versions"
}
two_of_law() {
    answers "$PLACE/status" rules status --as exporter &&
        is "$NEW" proposals.1.packs_hash "$PLACE/status" &&
        ! member proposals.2 "$PLACE/status" 2>/dev/null
}
check 'the version set of genesis is in force' versions
check 'which is the first' is 1 in_force.number "$PLACE/versions"
check 'and no other is decided' is null next "$PLACE/versions"
check 'a set needs a number' refuses 2 'number of a version set' \
    versions propose two --release 7.5 --at 900 --as exporter
check 'the release that brings it' refuses 2 '--release' versions propose 2 --at 900 --as exporter
check 'which is one' refuses 2 'not a release' \
    versions propose 2 --release 7 --at 900 --as exporter
check 'a height' refuses 2 '--at' versions propose 2 --release 7.5 --as exporter
check 'that is far enough away' refuses 2 'at least' \
    versions propose 2 --release 7.5 --at 20 --as exporter
check 'and comes after what is in force' refuses 1 'later ones only' \
    versions propose 1 --release 7.5 --at 900 --as exporter
check 'by a founder' refuses 3 'founded' \
    versions propose 2 --release 7.5 --at 900 --as regulator
check 'who proposes it' answers "$PLACE/proposed" \
    versions propose 2 --release 7.5 --at 900 --as exporter
ID=$(member proposal "$PLACE/proposed")
check 'it is no law to be approved' refuses 1 'carnet versions approve' \
    rules approve "$ID" --rules "$RULES" --as exporter
check 'and no seat' refuses 1 'carnet versions approve' committee approve "$ID" --as exporter
check 'a law is no version set' refuses 1 'carnet rules approve' \
    versions approve "$(member proposal "$PLACE/again")" --as exporter
for who in exporter importer bank; do
    check "the $who approves" answers "$PLACE/$who" versions approve "$ID" --as "$who"
done
check 'two of four decided nothing' is open state "$PLACE/importer"
check 'three did' is decided state "$PLACE/bank"
check 'what comes is told, by number' within 10 comes 2
check 'by release' is 7.5 next.release "$PLACE/versions"
check 'by height' is 900 next.at "$PLACE/versions"
check 'with what was proposed' is "$ID" proposals.0.proposal "$PLACE/versions"
check 'one set at a time' refuses 1 'one change at a time' \
    versions propose 3 --release 8.0 --at 901 --as exporter
check 'a node says that it ends before it' \
    within 10 grep -aq 'this release stops before that height' "$S/node-0/node.log"
check 'of law there are two proposals still' two_of_law

check 'all nodes hold one chain' within 20 timeout 30 "$CARNET" net status --check --as exporter
close_cases
