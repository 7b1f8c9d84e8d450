#!/bin/bash
# deid_outside — de-identification seen from outside: what `asset deidentify` says of real tables,
# of tables no template has seen and of one of 50 MB is counted and derived again by two scripts
# that share no code with it (tests/k_check.py, tests/mask_check.py).
# The binary is $CARNET, else $DIR/carnet, else build/carnet.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tests/outside.sh
end_everything() {
    "$CARNET" net stop --dir "$PLACE/space" >/dev/null 2>&1
}
SHARED=${CARNET_SHARED:-../shared}
SEED=${CARNET_SEED:-20261121}
KEY=$PLACE/key
printf '%s' "carnet deid $SEED" | sha256sum | cut -c 1-64 >"$KEY"
echo "# seed $SEED"

# lets_out FILE TEMPLATE LEAST: out, counted again, and at least LEAST columns derived again.
lets_out() {
    "$CARNET" asset deidentify "$1" --template "$2" --out "$PLACE/lawful.csv" --key-file "$KEY" \
        --json >"$PLACE/answer.json" &&
        python3 tests/k_check.py "$1" "$PLACE/lawful.csv" "$PLACE/answer.json" &&
        python3 tests/mask_check.py "$1" "$PLACE/lawful.csv" "templates/$2.json" \
            "$PLACE/answer.json" "$(cat "$KEY")" "$3" &&
        ! grep -aqF "$(cat "$KEY")" "$PLACE/lawful.csv" "$PLACE/answer.json"
}

# The scripts must see one value that is changed in what was written, and one row that is gone.
sees_a_change() {
    lets_out "$1" "$2" 3 || return 1
    sed '2s/[0-9]\.\.</7..</' "$PLACE/lawful.csv" >"$PLACE/changed.csv"
    cmp -s "$PLACE/lawful.csv" "$PLACE/changed.csv" && return 1
    python3 tests/mask_check.py "$1" "$PLACE/changed.csv" "templates/$2.json" \
        "$PLACE/answer.json" "$(cat "$KEY")" 3 && return 1
    sed '2d' "$PLACE/lawful.csv" >"$PLACE/changed.csv"
    ! python3 tests/k_check.py "$1" "$PLACE/changed.csv" "$PLACE/answer.json"
}

# refuses CODE WORDS FILE OPTIONS...: the code, the words in its line, and no file.
refuses() {
    local want=$1 words=$2 got
    shift 2
    "$CARNET" asset deidentify "$@" --out "$PLACE/none.csv" >"$PLACE/line" 2>&1
    got=$?
    cat "$PLACE/line"
    [ $got -eq "$want" ] && grep -qF -- "$words" "$PLACE/line" &&
        [ -z "$(find "$PLACE" -name 'none.csv*')" ]
}

pseudonyms() {
    "$CARNET" asset deidentify "$PLACE/cards.csv" --template finance --out "$PLACE/$1.csv" \
        "${@:2}" >/dev/null
}

same_key_same_names() {
    local other=$PLACE/other
    pseudonyms one --key-file "$KEY" && pseudonyms two --key-file "$KEY" || return 1
    cmp "$PLACE/one.csv" "$PLACE/two.csv" || return 1
    tr 0-9a-f 1-9a-f0 <"$KEY" >"$other"
    pseudonyms two --key-file "$other" && ! cmp -s "$PLACE/one.csv" "$PLACE/two.csv" || return 1
    pseudonyms one && pseudonyms two && ! cmp -s "$PLACE/one.csv" "$PLACE/two.csv"
}

says_why() {
    "$CARNET" asset classify "$PLACE/cards.csv" --template finance --json >"$PLACE/answer.json" &&
        python3 - "$PLACE/answer.json" <<'PY'
import json, sys
columns = {c["name"]: c for c in json.load(open(sys.argv[1], encoding="utf-8"))["columns"]}
assert all(c["reasons"] and c["type"] and c["grade"] in (1, 2) for c in columns.values())
assert any("bank account" in r for r in columns["IBAN"]["reasons"]), columns["IBAN"]
assert columns["年龄"]["quasi"] and columns["年龄"]["action"] == "generalise"
assert columns["E-Mail"]["class"] == "personal" and columns["E-Mail"]["dropped"]
PY
}

while read -r file template least; do
    if [ -f "$SHARED/data/$file" ]; then
        check "$file leaves under $template as counted and derived again" \
            lets_out "$SHARED/data/$file" "$template" "$least"
    else
        tell skip "$file: SKIPPED, $SHARED/data is not there"
    fi
done <<'ROWS'
online_retail.csv ecommerce 0
heart_disease.csv medical 3
credit_default.csv finance 3
ROWS

python3 tests/make_people.py medical 3000 "$SEED" >"$PLACE/patients.csv"
python3 tests/make_people.py finance 5000 "$SEED" >"$PLACE/cards.csv"
check 'patients in columns of other names, order, separator and quoting leave as derived again' \
    lets_out "$PLACE/patients.csv" medical 3
check 'card holders in columns of other names, order and separator leave as derived again' \
    lets_out "$PLACE/cards.csv" finance 3
check 'canary: a changed value and a row that is gone are seen' \
    sees_a_change "$PLACE/cards.csv" finance
check 'one key gives the same pseudonyms, another or none gives others' same_key_same_names
check 'classify gives every reason, and what the template would do' says_why

cut -d';' -f1,2 "$PLACE/cards.csv" >"$PLACE/narrow.csv"
check 'a table without a quasi-identifier of the template is refused' \
    refuses 1 'no column answers to the quasi-identifier' "$PLACE/narrow.csv" --template finance
head -n 9 "$PLACE/cards.csv" >"$PLACE/few.csv"
check 'a table of fewer rows than k is refused' \
    refuses 3 'rows would have to go' "$PLACE/few.csv" --template finance
echo 'not a key' >"$PLACE/bad-key"
check 'a key of another length is refused' \
    refuses 1 'a key is 32 bytes' "$PLACE/cards.csv" --template finance --key-file "$PLACE/bad-key"
check 'a key that is not there is refused' \
    refuses 5 'no-key' "$PLACE/cards.csv" --template finance --key-file "$PLACE/no-key"

# A token says k as measured on its bytes, and a table as it was has no token.
says_k() {
    local raw lawful tx
    export CARNET_DIR=$PLACE/space CARNET_PASSPHRASE_FILE=$PLACE/pass
    printf 'a passphrase' >"$CARNET_PASSPHRASE_FILE"
    "$CARNET" net init --nodes 4 >/dev/null && "$CARNET" net start >/dev/null || return 1
    "$CARNET" asset deidentify "$PLACE/patients.csv" --template medical --out "$PLACE/out.csv" \
        --json >"$PLACE/answer.json" || return 1
    raw=$("$CARNET" asset put "$PLACE/patients.csv" --as exporter --json | member asset)
    lawful=$("$CARNET" asset put "$PLACE/out.csv" --as exporter --json | member asset)
    "$CARNET" token mint --asset "$raw" --template medical --as exporter
    [ $? -eq 3 ] || return 1
    tx=$("$CARNET" token mint --asset "$lawful" --template medical --as exporter --json |
        member tx)
    "$CARNET" attachment get "$tx" 0 --as regulator >"$PLACE/metadata.json" || return 1
    python3 - "$PLACE/metadata.json" "$PLACE/answer.json" <<'PY'
import json, sys
said, done = (json.load(open(p, encoding="utf-8")) for p in sys.argv[1:])
facts = said["deidentification"]
assert facts["k"] == done["k_after"] >= facts["k_min"] == done["k_min"], facts
assert facts["quasi_identifiers"] == done["quasi_identifiers"] and facts["rows"] == done["rows_out"]
left = [(c["name"], c["class"], c["action"]) for c in done["columns"] if not c["dropped"]]
assert [(c["name"], c["class"], c["action"]) for c in facts["columns"]] == left, facts
PY
}
member() {
    python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}
check 'a token says k and what was done, and a table as it was is refused one' says_k
"$CARNET" net stop --dir "$PLACE/space" >/dev/null 2>&1

python3 tests/make_people.py finance 560000 "$SEED" >"$PLACE/large.csv"
large() {
    [ "$(stat -c %s "$PLACE/large.csv")" -ge 50000000 ] || return 1
    bash -c 'ulimit -v 700000; exec "$@"' - "$CARNET" asset deidentify "$PLACE/large.csv" \
        --template finance --out "$PLACE/lawful.csv" --key-file "$KEY" --json \
        >"$PLACE/answer.json" &&
        python3 tests/k_check.py "$PLACE/large.csv" "$PLACE/lawful.csv" "$PLACE/answer.json"
}
check 'a table of 50 MB leaves in bounded memory, its k counted again' large

close_cases
