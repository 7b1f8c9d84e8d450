#!/usr/bin/python3 -B
"""What a change of a check may do to its answer, over random checks.

`tests/law_changes.py DIR [SEED [COUNT]]`: DIR/carnet answers COUNT checks (10,000; in size long
100,000 from a new seed) drawn as tests/naive_checks.py draws them, and each again with one thing
changed. More persons, one more class, one mechanism less, or one fact at its worse value
(tests/worse.csv) never gives a laxer verdict, but for the rows of tests/laxer.csv: the change, the
rule that speaks on one side of it only and so lets it, and its article. Order, repetitions, and
facts that are neither said nor assumed, change nothing. What `would_change` promises comes true,
and what it is silent of changes nothing.
"""
import collections
import csv
import json
import sys

import naive_checks
import naive_law
from naive_checks import LAW, ROOT, Cases

COUNTS = {"quick": 1_000, "default": 10_000, "long": 100_000}
CHUNK = 500
ROW_TRIES, ROW_ROUNDS = 100, 20   # checks near the rule of a row, until one needs it
SHOWN = 3
# What an assumption may bear on; `counted` rests on facts of its own (docs/policy.md).
SAME = ["verdict", "required", "obligations", "cites", "rules", "conflicts", "coverage"]


def table(name):
    with open(ROOT / "tests" / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


WORSE, LAXER = table("worse.csv"), table("laxer.csv")


def copy_of(check):
    return json.loads(json.dumps(check))


def typed(text):
    return {"true": True, "false": False}.get(text, int(text) if text.isdigit() else text)


# ---- the changes: (kind, value, the check after it) --------------------------------------------

def persons(draw, check, _):
    more = draw.one_of([1, 100, 1_000, 10_000, 100_000, 1_000_000])
    said = naive_law.read_check(LAW, check)
    for grows in (["subjects"], ["prior_subjects"], ["subjects", "sensitive_subjects"],
                  ["prior_subjects", "prior_sensitive_subjects"]):
        after = copy_of(check)
        for name in grows:
            after[name] = said[name] + more
        if max(after[name] for name in grows) <= naive_law.COUNT_MAX:
            yield grows[-1], "", after


def one_class_more(draw, check, _):
    """The one that was left out, where some class is named: without any it is personal already."""
    if check["classes"]:
        after = copy_of(check)
        after["classes"].append(check["id"] or draw.one_of(draw.words["class"]))
        yield "class", after["classes"][-1], after


def one_mechanism_less(draw, check, _):
    if check["mechanisms"]:
        after = copy_of(check)
        gone = after["mechanisms"].pop(draw.random.randrange(len(after["mechanisms"])))
        yield "mechanism", gone, after


def a_worse_fact(draw, check, answer):
    """One that the check says or the answer assumed, and one that may be anything."""
    near = [row for row in WORSE if row["member"] in list(check["facts"]) + answer["assumed"]]
    for rows in (near or WORSE, WORSE):
        row, after = draw.one_of(rows), copy_of(check)
        after["facts"][row["member"]] = typed(row["value"])
        yield row["member"], row["value"], after


def another_order(draw, check, _):
    after = copy_of(check)
    for key in ("classes", "mechanisms"):
        after[key] = draw.random.sample(after[key], len(after[key])) + after[key][:1]
    onward = after["facts"].get("onward", [])
    if onward:
        after["facts"]["onward"] = draw.random.sample(onward, len(onward))
    after["facts"] = dict(draw.random.sample(sorted(after["facts"].items()), len(after["facts"])))
    yield "order", "", dict(draw.random.sample(sorted(after.items()), len(after)))


def an_irrelevant_fact(draw, check, answer):
    silent = [name for name in LAW["facts"] if name not in answer["assumed"]
              and name not in check["facts"] and name not in naive_law.NUMBERS + ["important_data"]]
    for name in draw.random.sample(silent, min(2, len(silent))):
        after = copy_of(check)
        draw.set_fact(after, name)
        yield "irrelevant", name, after


def what_would_change(_, check, answer):
    for entry in answer["would_change"]:
        after = copy_of(check)
        if "mechanism" in entry:
            after["mechanisms"].append(entry["mechanism"])
        elif "fact" in entry:
            after["facts"][entry["fact"]] = entry["value"]
        elif "sensitive_subjects" in entry:
            many = int(entry["sensitive_subjects"])
            more = many - after.get("sensitive_subjects", 0)
            after["sensitive_subjects"] = many
            after["subjects"] = max(after.get("subjects", 0), many - more) + more
        else:
            after["subjects"] = int(entry["subjects"])
        yield "would_change", entry["verdict"], after


def what_was_not_promised(draw, check, answer):
    """A missing mechanism, an assumed fact said either way, of which `would_change` is silent."""
    listed = [(entry.get("mechanism"), entry.get("fact"), entry.get("value"))
              for entry in answer["would_change"]]
    alone = [(word, None, None) for entry in answer["required"] for word in words_of(entry)
             if answer["verdict"] == "needs_mechanism" and word in draw.words["mechanism"]]
    alone += [(None, name, value) for name in answer["assumed"] for value in (False, True)
              if LAW["facts"][name]["type"] == "bool"]
    for word, name, value in draw.random.sample(alone, min(2, len(alone))):
        after = copy_of(check)
        if (word, name, value) in listed or word in check["mechanisms"]:
            continue
        if word:
            after["mechanisms"].append(word)
        else:
            after["facts"][name] = value
        yield "silent", "mechanism" if word else "fact", after


def words_of(conjunct):
    return conjunct["any_of"] if isinstance(conjunct, dict) else [conjunct]


CHANGES = [persons, one_class_more, one_mechanism_less, a_worse_fact, another_order,
           an_irrelevant_fact, what_would_change, what_was_not_promised]


# ---- what each may do --------------------------------------------------------------------------

def excuse(kind, value, before, after):
    """The row that lets this be laxer: the rule it names spoke on one side only."""
    for number, row in enumerate(LAXER):
        changed = (row["rule"] in before["rules"]) != (row["rule"] in after["rules"])
        if row["change"] == kind and row["value"] in (value, "*") and changed:
            return number
    return None


def broken(kind, value, before, after):
    """None when the change did what it may; a row's number when that lets it; else what it did."""
    if "error" in after:
        return f"an error: {after['error']['message']}"
    if kind == "order":
        return None if after == before else "the answer differs"
    if kind == "irrelevant":
        wrong = [key for key in SAME if after[key] != before[key]]
        wrong += ["assumed"] if set(after["assumed"]) - set(before["assumed"]) else []
        return f"{wrong} differ" if wrong else None
    if kind == "would_change":
        return None if after["verdict"] == value else f"{after['verdict']}, not {value}"
    levels = [naive_law.CODES.index(answer["verdict"]) for answer in (before, after)]
    if kind == "silent":
        fine = levels[1] >= levels[0] if value == "mechanism" else levels[1] == levels[0]
        return None if fine else f"{before['verdict']} became {after['verdict']}"
    if kind == "mechanism":  # one that brings a duty of its own takes it away again
        levels = [max(level, 1) for level in levels]
    if levels[1] >= levels[0]:
        return None
    row = excuse(kind, value, before, after)
    return row if row is not None else f"{before['verdict']} became {after['verdict']}"


def aimed_at(draw, row):
    """A check near the rule of a row, and the change of the row made to it."""
    rule = next((p, r) for p, r in draw.rules if r["id"] == row["rule"])
    before = draw.aim(rule)
    if row["change"] == "class":
        before["classes"] = [name for name in before["classes"] if name != row["value"]]
    after = copy_of(before)
    if row["change"] == "class":
        after["classes"].append(row["value"])
    elif row["change"] == "mechanism":
        after["mechanisms"] = [name for name in after["mechanisms"] if name != row["value"]]
    else:
        after["facts"][row["change"]] = typed(row["value"])
    return before, after


def is_needed(carnet, number, row):
    """Whether some check near its rule becomes laxer by the change of a row."""
    draw = naive_checks.Draw(LAW, f"{naive_checks.SEED}/row/{number}")
    for _ in range(ROW_ROUNDS):
        pairs = [aimed_at(draw, row) for _ in range(ROW_TRIES)]
        befores, afters = (naive_checks.batch(carnet, [pair[i] for pair in pairs]) for i in (0, 1))
        if any(broken(row["change"], row["value"], before, after) == number
               for before, after in zip(befores, afters) if "error" not in before):
            return True
    return False


def without_a_class(draw, check):
    """The check, or one that lacks a class which the rule it aims at may ask for; `id` has it."""
    check["id"] = ""
    if len(check["classes"]) > 1 and draw.chance(60):
        check["id"] = check["classes"].pop(draw.random.randrange(len(check["classes"])))
    return check


def work(job):
    """One chunk: how often each change was made, and what went wrong."""
    carnet, seed, chunk, count = job
    draw = naive_checks.Draw(LAW, f"{seed}/change/{chunk}")
    made, wrong = collections.Counter(), []
    checks = [without_a_class(draw, draw.aim()) for _ in range(count)]
    answered = [(check, answer) for check, answer in zip(checks, naive_checks.batch(carnet, checks))
                if "error" not in answer]
    changed = [(check, answer, change.__name__, *one) for check, answer in answered
               for change in CHANGES for one in change(draw, check, answer)]
    after = naive_checks.batch(carnet, [row[-1] for row in changed])
    for (check, answer, name, kind, value, with_it), its in zip(changed, after):
        made[name] += 1
        told = broken(kind, value, answer, its)
        if isinstance(told, str):
            wrong.append((name, kind, value, told, check, with_it, answer, its))
    return made, wrong


def problems_of(wrong, seed):
    """The first of one kind of change, and how many there are."""
    lines = []
    for _, kind, value, told, check, with_it, before, after in wrong[:SHOWN]:
        lost = sorted(set(before["rules"]) ^ set(after.get("rules", [])))
        lines += [f"{kind} {value}: {told}; spoke on one side only: {lost}",
                  f"  before {json.dumps(check)}", f"  after  {json.dumps(with_it)}"]
    return lines + [f"{len(wrong)} in all, seed {seed}"] if wrong else []


def canaries(cases):
    """Answers that no change may bring about."""
    one = {"verdict": "needs_mechanism", "rules": ["eu.46"], "assumed": []}
    laxer = dict(one, verdict="allow")
    for title, kind, value, before, after, word in [
            ("a laxer verdict", "class", "health", one, laxer, "became allow"),
            ("a laxer verdict under a row whose rule is silent", "class", "anonymised", one, laxer,
             "became allow"),
            ("an answer that depends on order", "order", "", one, laxer, "differs"),
            ("a promise that is not kept", "would_change", "allow", one, one, "not allow"),
            ("a change that was not promised", "silent", "fact", one, laxer, "became allow")]:
        cases.canary(title, [str(broken(kind, value, before, after))], word)


def main(arguments):
    cases = Cases()
    carnet, seed, count = naive_checks.size_of(arguments, COUNTS)
    canaries(cases)
    made, wrong = collections.Counter(), []
    for some_made, some_wrong in naive_checks.in_chunks(work, carnet, seed, count, CHUNK):
        made.update(some_made)
        wrong += some_wrong
    print(f"# seed {seed}: {count} checks")
    for name in [change.__name__ for change in CHANGES]:
        cases.check(f"{name.replace('_', ' ')}, {made[name]} times: no more than it may",
                    problems_of([row for row in wrong if row[0] == name], seed))
    cases.check(f"each of {len(LAXER)} rows of laxer.csv is needed by some check",
                [",".join(row.values()) for number, row in enumerate(LAXER)
                 if not is_needed(carnet, number, row)])
    return cases.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
