#!/bin/bash
# The demo under the sanitizers, timers four times as slow: every step is a case, and so is the
# silence of AddressSanitizer and UBSan in the logs of all processes. usage: demo_sanitized.sh DIR
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
carnet=$PWD/${1:-build-asan}/carnet
place=$(mktemp -d)
space=$place/space
end() {
    "$carnet" net stop --dir "$space" >"$place/stop.log" 2>&1
    pkill -f -- "--dir $space" || true
    rm -rf "$place"
}
trap end EXIT
"$carnet" demo --json --keep --dir "$space" --timer-scale 4 >"$place/demo.json" 2>"$place/demo.err"
code=$?
cat "$space"/node-*/node.log "$space"/supervisor.log "$place/demo.err" >"$place/all.log" 2>/dev/null
python3 - "$place/demo.json" "$place/all.log" "$code" <<'PY'
import json
import re
import sys

passed = failed = 0


def case(title, good, why=""):
    global passed, failed
    passed, failed = passed + good, failed + (not good)
    print(("ok - " if good else "not ok - ") + title + ("" if good else ": " + why))


try:
    with open(sys.argv[1], encoding="utf-8") as f:
        steps = json.load(f)["steps"]
except (ValueError, KeyError) as e:
    steps = []
    case("the demo answers with JSON", False, str(e))
for s in steps:
    case(f"sanitized demo: {s['name']} ({s['ms']} ms)", s["ok"], json.dumps(s["evidence"])[:500])
with open(sys.argv[2], encoding="utf-8", errors="replace") as f:
    found = re.findall(r".*(?:ERROR: AddressSanitizer|LeakSanitizer|runtime error:).*", f.read())
case("no process of it was reported by a sanitizer", not found, "; ".join(found[:5]))
case("sanitized demo: ends well", sys.argv[3] == "0", f"exit code {sys.argv[3]}")
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
PY
