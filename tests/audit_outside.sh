#!/bin/bash
# audit_outside — the audit report and a transaction's proof of a kept space, seen from outside.
#
# Verified with nothing but the file and the genesis: no network, an empty home, no environment.
# Usage: tests/audit_outside.sh DIR TX, with DIR a running space that `carnet demo --keep` left.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tests/outside.sh
export PYTHONDONTWRITEBYTECODE=1
D=${1:?a space that the demo kept} TX=${2:?the id of a committed transaction}
REPORT=$PLACE/audit.json PAGE=$PLACE/audit.html
PROOF=$PLACE/tx.proof GENESIS=$PLACE/genesis OTHER=$PLACE/other
cp -- "$D/demo/audit.json" "$REPORT"
cp -- "$D/genesis" "$GENESIS"
TOKEN=$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["body"]["tokens"][0]["id"])' "$REPORT")

# alone ARGS...: the program with no network, no environment and an empty home.
alone() {
    local home
    home=$(mktemp -d "$PLACE/home-XXXXXX")
    (cd "$home" && unshare -rn env -i HOME="$home" "$CARNET" "$@")
}

# exits CODE COMMAND...
exits() {
    local want=$1 got
    shift
    "$@"
    got=$?
    [ $got -eq "$want" ] || {
        echo "exit code $got, not $want"
        return 1
    }
}

make_proof() {
    "$CARNET" tx proof "$TX" --out "$PROOF" --as exporter --dir "$D" \
        --passphrase-file "$D/passphrase"
}

other_genesis() {
    echo outside >"$PLACE/pass"
    "$CARNET" net init --nodes 4 --dir "$OTHER" --passphrase-file "$PLACE/pass" &&
        ! cmp -s "$OTHER/genesis" "$GENESIS"
}

make_page() {
    "$CARNET" audit report --token "$TOKEN" --format html --out "$PAGE" --as regulator --dir "$D" \
        --passphrase-file "$D/passphrase"
}

# All of today's and yesterday's tokens: midnight may pass while this runs.
report_days() {
    "$CARNET" audit report --from "$1" --to "$2" --out "$PLACE/days.json" --as regulator \
        --dir "$D" --passphrase-file "$D/passphrase"
}

days_list() {
    report_days "$(date -u -d yesterday +%F)" "$(date -u +%F)" &&
        "$CARNET" audit verify "$PLACE/days.json" --genesis "$GENESIS" &&
        python3 - "$PLACE/days.json" "$TOKEN" <<'EOF'
import json, sys
body = json.load(open(sys.argv[1]))["body"]
assert sys.argv[2] in [t["id"] for t in body["tokens"]], "the token is not listed"
assert body["range"]["from"] < body["range"]["to"]
EOF
}

# What stands in the page's data script, and nothing else.
take_out() {
    python3 - "$PAGE" "$PLACE/taken.json" <<'EOF'
import re, sys
page = open(sys.argv[1], "rb").read()
found = re.findall(rb'<script type="application/json" id="report">(.*?)</script>', page, re.S)
assert len(found) == 1
open(sys.argv[2], "wb").write(found[0])
EOF
}

bend_page() {
    sed 's|</body>|<p>All is well.</p></body>|' "$PAGE" >"$PLACE/bent.html" &&
        ! cmp -s "$PAGE" "$PLACE/bent.html"
}

check 'a proof of the mint can be had' make_proof
check 'the report can be had as a page' make_page
check 'the page holds one report' take_out
check 'the page can be changed' bend_page
check 'another space can be made' other_genesis
if unshare -rn true 2>/dev/null; then
    check 'audit: the report verifies with the genesis alone, without network or home' \
        exits 0 alone audit verify "$REPORT" --genesis "$GENESIS"
    check 'audit: so does the page' exits 0 alone audit verify "$PAGE" --genesis "$GENESIS"
    check 'tx: the proof verifies with the genesis alone, without network or home' \
        exits 0 alone tx verify "$PROOF" --genesis "$GENESIS"
else
    tell skip 'audit, tx: verification without network: this user may not unshare the network'
    check 'audit: the report verifies' exits 0 "$CARNET" audit verify "$REPORT" --genesis "$GENESIS"
    check 'audit: so does the page' exits 0 "$CARNET" audit verify "$PAGE" --genesis "$GENESIS"
    check 'tx: the proof verifies' exits 0 "$CARNET" tx verify "$PROOF" --genesis "$GENESIS"
fi
check 'audit: a report of two days lists the token and verifies' days_list
rm -f "$PLACE/days.json"
check 'audit: days without an event are 5' exits 5 report_days 2020-01-01 2020-12-31
check 'audit: days in the wrong order are 2' exits 2 report_days 2026-02-02 2026-02-01
check 'audit: a day that no calendar has is 2' exits 2 report_days 2026-02-01 2026-02-30
check 'audit: of these three nothing was written' [ ! -e "$PLACE/days.json" ]
check "audit: the report does not verify on another run's genesis" \
    exits 4 "$CARNET" audit verify "$REPORT" --genesis "$OTHER/genesis"
check "tx: the proof does not verify on another run's genesis" \
    exits 4 "$CARNET" tx verify "$PROOF" --genesis "$OTHER/genesis"
check 'audit: what the page holds verifies as the report that it is' \
    exits 0 "$CARNET" audit verify "$PLACE/taken.json" --genesis "$GENESIS"
check 'audit: a page that shows something else does not verify' \
    exits 4 "$CARNET" audit verify "$PLACE/bent.html" --genesis "$GENESIS"
check "audit: the page does not verify on another run's genesis" \
    exits 4 "$CARNET" audit verify "$PAGE" --genesis "$OTHER/genesis"
counted tests/audit_flips.py "$CARNET" audit "$REPORT" "$GENESIS" "$PLACE" 100 100
counted tests/audit_flips.py "$CARNET" tx "$PROOF" "$GENESIS" "$PLACE" 40 0
close_cases
