#!/usr/bin/python3 -B
"""The rules of the packs as Rego: OPA gives the same verdicts, and how long it takes beside carnet.

`tests/opa_law.py DIR [COUNT]`: translates rules/*.yaml to one Rego module, draws COUNT checks
(1,500) as tests/naive_checks.py draws them, and compares the verdict of `opa eval` with that of
DIR/carnet comply batch for each. The binary is $OPA, else opa of PATH, else of Go's bin folder:
    go install github.com/open-policy-agent/opa@v1.4.2
Without it, or with another version, the case is skipped, and says so.

What is translated: every rule of every pack, with its days, side and tests; lists with the days of
their members; defaults of facts; counts; ranks, permits and mechanisms in place; review of what is
not full; and the clash of places that keep a copy with those that let none go, the only clash that
the shipped packs can have. What is not: citations, requirements in words, obligations, assumptions,
would_change. Prepared outside and given as input: the legs of the route, days as numbers, and of a
day how many whole months have passed since.
"""
import datetime
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import naive_checks
import naive_law

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from cases import Cases  # noqa: E402

VERSION = "1.4.2"
SEED = 20261122
# What a threshold that is one too high would let pass: not exempt, and no route asked for.
EXEMPT = {"date": "2026-11-20", "from": "CN", "to": "SG", "classes": ["personal"],
          "subjects": 100_000}
CODES = naive_law.CODES
RANKS = {"none": 0, "filing": 10, "contract": 20, "assessment": 30, "all": 255}

# The judgement itself, by hand: what docs/policy.md says under "A check".
JUDGEMENT = """
package law

import rego.v1

in_list(value, name) if {
    some member in data.lists[name]
    member.is == value
    member.from <= input.day
    input.day <= member.to
}

has_one(values, name) if {
    some value in values
    in_list(value, name)
}

outside(values, name) if {
    some value in values
    not in_list(value, name)
}

declared(name) if input.facts[name] == input.facts[name]

on(n) if {
    data.rules[n].from <= input.day
    input.day <= data.rules[n].to
}

holds_one(words) if {
    some word in words
    word in input.mechanism
}

held(n) if {
    not data.rules[n].never
    holds_one(data.rules[n].words)
}

lift(fired, regime) := max([0] ++ [r.rank |
    some n in fired
    r := data.rules[n]
    r.effect == "permit"
    r.regime == regime
])

strongest(fired, regime) := max([0] ++ [r.rank |
    some n in fired
    r := data.rules[n]
    r.effect == "require"
    r.regime == regime
    r.rank > lift(fired, regime)
])

stands(fired, n) if data.rules[n].rank == 0

stands(fired, n) if {
    r := data.rules[n]
    r.rank > lift(fired, r.regime)
    r.rank >= strongest(fired, r.regime)
}

legs := [fired_on(leg.pack, leg.side, leg) | some leg in input.legs]

deny if {
    some fired in legs
    some n in fired
    data.rules[n].effect == "deny"
}

spoken contains n if {
    some fired in legs
    some n in fired
    data.rules[n].effect in {"note", "oblige", "permit"}
}

deny if {
    some a in spoken
    some b in spoken
    home := data.rules[a].stays_in
    some kind in ["stays_in", "copy_in"]
    data.rules[b][kind] != home
}

missing if {
    some fired in legs
    some n in fired
    data.rules[n].effect == "require"
    stands(fired, n)
    not held(n)
}

duty if {
    some fired in legs
    some n in fired
    data.rules[n].duties
    data.rules[n].effect in {"oblige", "permit"}
}

duty if {
    some fired in legs
    some n in fired
    data.rules[n].duties
    data.rules[n].effect == "require"
    stands(fired, n)
    held(n)
}

duty if {
    some place in input.exporters
    not place in data.full
}

default verdict := "allow"

verdict := "deny" if {
    deny
} else := "needs_mechanism" if {
    missing
} else := "allow_with_obligations" if duty
""".replace("[0] ++ [", "array.concat([0], [").replace("\n])\n", "\n]))\n")


def day(text):
    return datetime.date.fromisoformat(text).toordinal()


def name_of(rule_id):
    return "r_" + rule_id.replace(".", "_").replace("-", "_")


class Translator:
    """One pack after another; a test becomes a Rego expression that is true or undefined."""

    def __init__(self, law):
        self.law, self.out, self.help = law, [JUDGEMENT], 0

    def value(self, fact):
        """An expression that is the fact's value, undefined where nobody knows it."""
        return f"f_{fact}(leg)"

    def scalar(self, fact, text):
        kind = self.law["facts"][fact]["type"]
        if kind in ("bool", "u64"):
            return text
        return "input.from" if kind == "place" and text == "exporter" else json.dumps(text)

    def member(self, values, test):
        if test["how"] in ("has", "is"):
            return f'{json.dumps(test["value"])} in {values}'
        return f'{"outside" if test["how"] == "outside" else "has_one"}' \
               f'({values}, {json.dumps(test["value"])})'

    def plain(self, pack, test):
        what, how, value = test["what"], test["how"], test["value"]
        if what == "rule":
            return f'{name_of(test["which"])}(leg)'
        if what == "count":
            return f'c_{pack}_{test["which"]}(leg) {how} {value}'
        if what in ("from", "to"):
            return self.member(f"[leg.{what}]", test)
        if what in ("role", "sector", "purpose"):
            return self.member(f"[input.{what}]", test)
        if what in ("class", "mechanism", "onward", "via"):
            return self.member(f"input.{what}", test)
        if how == "":
            return self.value(what) + " == true"
        if how == "given":
            return f"declared({json.dumps(what)})"
        if how == "older_than":
            return f"input.months[{json.dumps(what)}] >= {value}"
        if how in ("is", "in", "outside"):
            return self.member(f"[{self.value(what)}]", test)
        return f'{self.value(what)} {how} {value if value.isdigit() else self.value(value)}'

    def literal(self, pack, test):
        if "any" in test:
            self.help += 1
            name = f"any_{self.help}"
            for one in test["any"]:
                self.out.append(f"{name}(leg) if {self.literal(pack, one)}\n")
            return f"{name}(leg)"
        plain = self.plain(pack, test)
        if not test["not"]:
            return plain
        self.help += 1
        self.out.append(f"not_{self.help}(leg) if {plain}\n")
        return f"not not_{self.help}(leg)"

    def body(self, pack, tests, more=()):
        lines = list(more) + [self.literal(pack, test) for test in tests]
        return "{\n" + "".join(f"    {line}\n" for line in lines or ["true"]) + "}\n"

    def facts(self):
        for name, fact in self.law["facts"].items():
            key = json.dumps(name)
            if name in naive_law.NUMBERS or name == "important_data":
                self.out.append(f"f_{name}(leg) := input[{key}]\n")
                continue
            choices = list(fact.get("defaults", []))
            if "default" in fact:
                choices.append({"when": [], "value": fact["default"]})
            self.out.append(f"f_{name}(leg) := input.facts[{key}]\n")
            before = [f"not declared({key})"]
            for choice in choices:
                text = self.scalar(name, choice["value"])
                self.out.append(f"f_{name}(leg) := {text} if "
                                + self.body("", choice["when"], before))
                if choice["when"]:
                    self.help += 1
                    held = f"chosen_{self.help}(leg)"
                    self.out.append(f"{held} if " + self.body("", choice["when"]))
                    before.append(f"not {held}")

    def counter(self, pack, c):
        sums = [f"{self.value(c['adds'])}" + (f" - {self.value(c['less'])}" if "less" in c else "")]
        if "prior" in c:
            sums.append(self.value(c["prior"])
                        + (f" - {self.value(c['prior_less'])}" if "prior_less" in c else ""))
        if "prior_also" in c:
            sums.append(self.value(c["prior_also"]))
        name, total = f"c_{pack}_{c['kind']}", " + ".join(f"({part})" for part in sums)
        floor = f"{name}_floor(leg)"
        self.out.append(f"{name}_sum(leg) := {total}\n")
        if "at_least" not in c:
            self.out.append(f"{name}(leg) := {name}_sum(leg)\n")
            return
        self.out.append(f"{floor} := {self.value(c['at_least'])} if "
                        + self.body(pack, c["at_least_when"]))
        self.out.append(f"{floor[:-5]}_there(leg) if {floor} == {floor}\n")
        self.out.append(f"{name}(leg) := max([{name}_sum(leg), {floor}])\n")
        self.out.append(f"{name}(leg) := {name}_sum(leg) if not {floor[:-5]}_there(leg)\n")

    def pack(self, pack):
        name = pack["pack"]
        for counter in pack.get("counters", []):
            self.counter(name, counter)
        for rule in pack["rules"]:
            sides = {"both": '{"export", "import"}'}.get(rule["side"], f'{{"{rule["side"]}"}}')
            head = [f"leg.side in {sides}", f'on("{rule["number"]}")']
            self.out.append(f"{name_of(rule['id'])}(leg) if "
                            + self.body(name, rule["when"], head))
        for side in ("export", "import", "reach"):
            hits = [f'{{"{r["number"]}" | {name_of(r["id"])}(leg)}}' for r in pack["rules"]
                    if r["effect"] != "define"
                    and (r["side"] == side or r["side"] == "both" and side != "reach")]
            if hits:
                self.out.append(f'fired_on("{name}", "{side}", leg) := union({{\n    '
                                + ",\n    ".join(hits) + ",\n})\n")

    def module(self):
        self.facts()
        for pack in self.law["packs"]:
            self.pack(pack)
        return "\n".join(self.out)

    def tables(self):
        def days(x):
            return {"from": day(x["from"]) if "from" in x else 0,
                    "to": day(x["to"]) if "to" in x else 9999999}
        rules = {}
        for rule in [r for pack in self.law["packs"] for r in pack["rules"]]:
            terms = {k: v for k, v in rule.get("terms", {}).items() if k in naive_law.PLACES}
            rules[str(rule["number"])] = {
                "effect": rule["effect"], "regime": rule["regime"],
                "rank": RANKS[rule.get("rank", rule.get("lifts", "none"))],
                "words": rule.get("any_of", []) + rule.get("also", []),
                "never": rule.get("held") == "never", "duties": bool(rule.get("duties")),
                **days(rule.get("in_force", {})), **terms}
        full = [place for pack in self.law["packs"] if pack["coverage"] == "full"
                for place in pack["places"]]
        return {"rules": rules, "full": full,
                "lists": {name: [{"is": m["is"], **days(m)} for m in members]
                          for name, members in self.law["lists"].items()}}


def months_since(since, until):
    """Whole months that have passed; -1 when the day is still to come."""
    months = -1
    while naive_law.add_months(since, months + 1) <= until:
        months += 1
    return months


def input_of(law, raw):
    check = naive_law.read_check(law, raw)
    legs, origins = [], naive_law.crossings(check)

    def leg(place, side, sender, receiver):
        pack = naive_law.pack_of(law, place)
        if pack and any(r["side"] == side or r["side"] == "both" for r in pack["rules"]
                        if r["effect"] != "define"):
            legs.append({"pack": pack["pack"], "side": side, "from": sender, "to": receiver})
    for sender, receiver, _ in origins:
        leg(sender, "export", sender, receiver)
    for sender, receiver in naive_law.arrivals(check):
        leg(receiver, "import", sender, receiver)
    for sender, receiver, _ in origins:
        for pack in law["packs"]:
            if any(rule["side"] == "reach" for rule in pack["rules"]):
                legs.append({"pack": pack["pack"], "side": "reach", "from": sender,
                             "to": receiver})
    months = {name: months_since(value, check["date"]) for name, value in check["facts"].items()
              if law["facts"][name]["type"] == "day"}
    return {**{k: check[k] for k in ("from", "via", "class", "mechanism", "role", "sector",
                                     "purpose", "facts", "onward", "important_data",
                                     *naive_law.NUMBERS)},
            "day": day(check["date"]), "months": months, "legs": legs,
            "exporters": [sender for sender, _, _ in origins]}


def find_opa():
    go_bin = pathlib.Path(os.environ.get("GOBIN") or pathlib.Path.home() / "go" / "bin") / "opa"
    found = os.environ.get("OPA") or shutil.which("opa") or (str(go_bin) if go_bin.exists() else "")
    if not found:
        return None, f"no opa here: go install github.com/open-policy-agent/opa@v{VERSION}"
    told = subprocess.run([found, "version"], capture_output=True, text=True, check=False).stdout
    said = told.splitlines()[0].removeprefix("Version: ") if told else "nothing"
    return (found, "") if said == VERSION else (None, f"opa says {said}, not {VERSION}")


def processor_s(*command):
    """(standard output, seconds of processor time): others are at work on the machine."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return run.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ask_opa(opa, place, law, checks, spoil=("", "")):
    """(verdicts, processor time): one process reads the law, and evaluates all checks."""
    translator = Translator(law)
    (place / "law.rego").write_text(translator.module().replace(*spoil))
    (place / "data.json").write_text(json.dumps({**translator.tables(),
                                                 "checks": [input_of(law, c) for c in checks]}))
    query = "[v | some c in data.checks; v := data.law.verdict with input as c]"
    out, seconds = processor_s(opa, "eval", "--format", "json", "-d", place / "law.rego",
                               "-d", place / "data.json", query)
    answer = json.loads(out)
    if "result" not in answer:
        raise SystemExit(json.dumps(answer.get("errors"))[:2000])
    return answer["result"][0]["expressions"][0]["value"], seconds


def ask_carnet(carnet, path):
    """(verdicts, processor time)"""
    out, seconds = processor_s(carnet, "comply", "batch", path)
    return [json.loads(line).get("verdict", "error") for line in out.splitlines()], seconds


def one_verdict_us(carnet):
    run = subprocess.run([carnet, "bench", "comply", "--seconds", "2", "--json"],
                         capture_output=True, text=True, check=True)
    return float(json.loads(run.stdout)["rows"][0]["cpu_us"])


def main():
    carnet = os.path.abspath(os.path.join(sys.argv[1], "carnet"))
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1500
    cases = Cases()
    opa, why = find_opa()
    if opa is None:
        cases.skip("OPA gives the same verdicts", why)
        return cases.close()
    law = naive_checks.LAW
    checks = [c for c in naive_checks.drawn(SEED, 0, count)
              if "error" not in naive_checks.naively(law, c)]
    count = len(checks)
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        path, one = place / "checks.jsonl", place / "one.jsonl"
        path.write_text("".join(json.dumps(c) + "\n" for c in checks))
        one.write_text(json.dumps(checks[0]) + "\n")
        ours, seconds = ask_carnet(carnet, path)
        _, start = ask_carnet(carnet, one)
        theirs, opa_seconds = ask_opa(opa, place, law, checks)
        _, opa_start = ask_opa(opa, place, law, checks[:1])
        blind, _ = ask_opa(opa, place, law, [EXEMPT], (">= 100000\n", ">= 100001\n"))
    wrong = [(c, a, b) for c, a, b in zip(checks, ours, theirs) if a != b]
    cases.check(f"OPA {VERSION} gives the verdicts of {count} checks as carnet does",
                [f"carnet says {a}, OPA {b}: {json.dumps(c)}" for c, a, b in wrong[:3]]
                + [f"{len(ours)} and {len(theirs)} verdicts of {count}"]
                * (len(wrong) > 3 or not len(ours) == len(theirs) == count))
    cases.check("canary: a threshold translated one too high is seen",
                [] if blind == ["allow_with_obligations"] else [f"OPA said {blind}"])
    cases.check("each verdict is among them", [] if set(ours) == set(CODES) else [str(set(ours))])
    us, answer_us = one_verdict_us(carnet), (seconds - start) * 1e6 / count
    opa_us = (opa_seconds - opa_start) * 1e6 / count
    print("# processor time, without starting and reading the law; one run, one after the other")
    print(f"# a verdict: OPA {opa_us:.0f} us, carnet {us:.1f} us (bench comply): "
          f"{opa_us / us:.0f} to 1")
    began = time.process_time()
    for check in checks:
        naive_law.judge(law, check)
    naive_us = (time.process_time() - began) * 1e6 / count
    print(f"# the naive evaluator, in Python, with all members of an answer: {naive_us:.0f} us: "
          f"{naive_us / us:.0f} to 1")
    print(f"# carnet's whole answer, JSON to JSON with would_change: {answer_us:.0f} us: "
          f"{opa_us / answer_us:.0f} to 1")
    return cases.close()


if __name__ == "__main__":
    sys.exit(main())
