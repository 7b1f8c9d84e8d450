#!/usr/bin/python3 -B
"""Cases of the law from outside: `carnet comply batch` against what lawyers would expect.

`tests/law_cases.py DIR`: the worked scenarios (../shared/refs/compliance-scenarios.jsonl) and those
of tests/fixtures/policy_scenarios.jsonl, compared as the vocabulary says; each worked scenario with
one thing changed, and the direction in which its verdict must move (tests/mutations.jsonl), so that
no table of answers passes; batches of 10,000 lines; and what `rules diff --checks` says of a rule
that was changed. tests/overanswer, an engine that says everything, must fail the same comparison.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from cases import Cases  # noqa: E402

CODES = ["allow", "allow_with_obligations", "needs_mechanism", "deny"]
CONJUNCTS_MORE, CITES_MAX = 4, 12
SHARED = pathlib.Path(os.environ.get("CARNET_SHARED") or ROOT.parent / "shared")
WORKED = SHARED / "refs" / "compliance-scenarios.jsonl"
BATCH = 10_000


# ---- the comparison, as the vocabulary has it ----------------------------------------------------

def article_of(cite):
    """(instrument, article) without spaces, `Art.` and a leading s of a section."""
    instrument, _, article = cite.partition(":")
    article = article.replace(" ", "").removeprefix("Art.")
    if article[:1] == "s" and article[1:2].isdigit():
        article = article[1:]
    return instrument, article


def cite_met(expected, cites):
    instrument, article = article_of(expected)
    for given, below in map(article_of, cites):
        if given == instrument and (article in ("*", below) or below.startswith(article + "(")):
            return True
    return False


def sets_of(required):
    return [set(c["any_of"]) if isinstance(c, dict) else {c} for c in required]


def wrong_with(answer, expect):
    """What is not as expected; an answer may say a little more, and no more than that."""
    if "error" in answer:
        return [f"an error: {answer['error']}"]
    given, wanted = sets_of(answer["required"]), sets_of(expect["required"])
    verdict = answer["verdict"]
    lines = [] if verdict == expect["verdict"] else [f"the verdict is {verdict}"]
    lines += [f"nothing asks for {sorted(w)}" for w in wanted if not any(w <= g for g in given)]
    lines += [f"no article meets {c}" for c in expect["cites"] if not cite_met(c, answer["cites"])]
    if len(given) > len(wanted) + CONJUNCTS_MORE or len(answer["cites"]) > CITES_MAX:
        lines.append(f"{len(given)} conjuncts and {len(answer['cites'])} citations are too many")
    return lines


# ---- engines -------------------------------------------------------------------------------------

def lines_of(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text("utf-8").splitlines() if line]


def answers(command, checks, place):
    """One answer a check, and the exit code."""
    path = place / "checks.jsonl"
    path.write_text("".join(json.dumps(check) + "\n" for check in checks), encoding="utf-8")
    done = subprocess.run([*command, path], capture_output=True, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


def compared(cases, title, carnet, checks, place):
    found, code = answers([carnet, "comply", "batch"], checks, place)
    lines = [f"{check['id']}: {line}" for check, answer in zip(checks, found)
             for line in wrong_with(answer, check["expect"])]
    if code != 0 or len(found) != len(checks):
        lines.append(f"{len(found)} answers, exit {code}")
    cases.check(f"{len(checks)} {title} are answered as they should be", lines)


def overanswered(cases, checks, place):
    found, _ = answers([ROOT / "tests" / "overanswer"], checks, place)
    passed = [check["id"] for check, answer in zip(checks, found)
              if not wrong_with(answer, check["expect"])]
    cases.check(f"canary: tests/overanswer fails all {len(checks)} comparisons",
                passed + ([] if len(found) == len(checks) else ["it gave no answers"]))


# ---- one thing changed ---------------------------------------------------------------------------

def mutated(scenario, change):
    after = dict(scenario, **{key: value for key, value in change.items() if key != "facts"})
    after["facts"] = {**scenario["facts"], **change.get("facts", {})}
    return after


def direction(before, after):
    step = CODES.index(after) - CODES.index(before)
    return "stricter" if step > 0 else "laxer" if step < 0 else "same"


def mutations(cases, carnet, checks, place):
    """Every worked scenario has a row; the expected verdict is the one that was compared above."""
    by_id = {check["id"]: check for check in checks}
    rows = lines_of(ROOT / "tests" / "mutations.jsonl")
    found, _ = answers([carnet, "comply", "batch"],
                       [mutated(by_id[row["scenario"]], row["with"]) for row in rows], place)
    lines = []
    for row, answer in zip(rows, found):
        before = by_id[row["scenario"]]["expect"]["verdict"]
        went = direction(before, answer["verdict"]) if "error" not in answer else "an error"
        if went != row["is"]:
            lines.append(f"{json.dumps(row)}: from {before} it went {went}")
    lines += [f"{name} has no row" for name in by_id if name not in {r["scenario"] for r in rows}]
    cases.check(f"{len(rows)} scenarios with one thing changed move as their article says", lines)
    cases.check("canary: answers looked up by the name of the scenario do not",
                [] if any(row["is"] != "same" for row in rows) else ["every row stays the same"])


# ---- batches and changes of the law --------------------------------------------------------------

def batches(cases, carnet, place):
    """Of 10,000 lines one is bad: it has the error that `check` gives, the rest are answered."""
    good = {"date": "2026-11-20", "from": "CN", "to": "DE", "classes": ["personal"],
            "subjects": 500}
    kinds = [("an unknown class", dict(good, classes=["telepathy"])),
             ("a day that is none", dict(good, date="2026-02-30")),
             ("a count below zero", dict(good, subjects=-1)),
             ("a count beyond all limits", dict(good, subjects=100_000_001)),
             ("more sensitive persons than persons", dict(good, sensitive_subjects=501))]
    for at, (title, bad) in enumerate(kinds):
        place_of_it = at * 2_499
        checks = [dict(good, id=f"n{i}") for i in range(BATCH)]
        checks[place_of_it] = bad
        found, code = answers([carnet, "comply", "batch"], checks, place)
        one = place / "one.json"
        one.write_text(json.dumps(bad), encoding="utf-8")
        alone = subprocess.run([carnet, "comply", "check", "--check", one, "--json"],
                               capture_output=True, text=True, check=False)
        lines = [] if code == 1 and len(found) == BATCH else [f"{len(found)} answers, exit {code}"]
        wrong = [i for i, answer in enumerate(found) if "error" in answer]
        lines += [] if wrong == [place_of_it] else [f"errors in the lines {wrong[:5]}"]
        want = json.loads(alone.stderr or alone.stdout)["error"]["code"]
        lines += [] if not wrong or found[wrong[0]]["error"]["code"] == want else [
            f"the batch says {found[wrong[0]]['error']['code']}, check {want}"]
        lines += [] if all(a.get("id") == f"n{i}" for i, a in enumerate(found)
                           if "error" not in a) else ["answers are not in the order of the checks"]
        cases.check(f"a batch of {BATCH} with {title} in it", lines)


def diffs(cases, carnet, checks, place):
    """A threshold that is lowered changes the answers of those checks that are above it."""
    rules = place / "rules"
    shutil.copytree(ROOT / "rules", rules)
    pack = rules / "CN.yaml"
    text = pack.read_text(encoding="utf-8")
    text = text.replace("count persons < 100000", "count persons < 1000")
    pack.write_text(text.replace("count persons >= 100000, rule", "count persons >= 1000, rule"),
                    encoding="utf-8")
    path = place / "real.jsonl"
    path.write_text("".join(json.dumps(check) + "\n" for check in checks), encoding="utf-8")
    before, _ = answers([carnet, "comply", "batch"], checks, place)
    after, _ = answers([carnet, "comply", "batch", "--rules", rules], checks, place)
    changed = [check["id"] for check, a, b in zip(checks, before, after)
               if any(a[key] != b[key] for key in ("verdict", "required", "cites"))]
    done = subprocess.run([carnet, "rules", "diff", ROOT / "rules", rules, "--checks", path,
                           "--json"],
                          capture_output=True, text=True, check=False)
    told = json.dumps(json.loads(done.stdout)) if done.returncode == 0 else done.stderr
    lines = [f"{name} is not told" for name in changed if f'"{name}"' not in told]
    lines += [f"{check['id']} is told" for check in checks
              if check["id"] not in changed and f'"{check["id"]}"' in told]
    cases.check(f"rules diff --checks names the {len(changed)} checks whose answer changes",
                lines if changed else ["none changes"])


def main():
    cases = Cases()
    carnet = os.path.abspath(os.path.join(sys.argv[1], "carnet"))
    own = lines_of(ROOT / "tests" / "fixtures" / "policy_scenarios.jsonl")
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        compared(cases, "cases of the fixtures", carnet, own, place)
        overanswered(cases, own, place)
        batches(cases, carnet, place)
        diffs(cases, carnet, own, place)
        if not WORKED.exists():
            cases.skip("the worked scenarios, whole and changed", f"no {WORKED}")
            return cases.close()
        worked = lines_of(WORKED)
        compared(cases, "worked scenarios", carnet, worked, place)
        overanswered(cases, worked, place)
        mutations(cases, carnet, worked, place)
    return cases.close()


if __name__ == "__main__":
    sys.exit(main())
