#!/bin/bash
# console_outside — the console in a real browser: a session opens it, what happens on the ledger
# afterwards appears by itself, and without a session nothing is told.
# The binary is $CARNET, else $DIR/carnet, else build/carnet. $PICTURES keeps the screenshots.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. tests/outside.sh
S=$PLACE/space

end_everything() {
    "$CARNET" net stop --dir "$S" >/dev/null 2>&1
}

printf 'right horse' >"$PLACE/pass"
export CARNET_PASSPHRASE_FILE=$PLACE/pass
check 'a space can be made for these' "$CARNET" net init --dir "$S" --nodes 4
check 'its nodes can be started' "$CARNET" net start --dir "$S"
counted python3 -B tests/console_outside.py "$CARNET" "$S" "$PLACE"
close_cases
