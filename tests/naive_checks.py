#!/usr/bin/python3 -B
"""Random checks of the law, answered by carnet and by tests/naive_law.py, and compared.

`tests/naive_checks.py DIR [SEED [COUNT]]`: DIR/carnet answers 100,000 checks (COUNT) drawn from
SEED; in size long a million from a new one. Each check aims at one rule of one pack, so that all of
them hold often enough, and is then spoilt a little; counts, ages and days stand below, at and above
each number and day that the packs name. A rule that seldom held fails, and so does each member of
the answer that the two do not say alike, with the check and what they said. `would_change` is
compared for one check in 25.
"""
import collections
import copy
import datetime
import json
import multiprocessing
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import naive_law

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from cases import Cases  # noqa: E402

COUNTS = {"quick": 10_000, "default": 100_000, "long": 1_000_000}
SEED = 20261121
CHUNK = 2_500
SHOWN = 3
TRIES = 8          # to draw a check in which the rule aimed at holds
HELD_LEAST = 20    # of 100,000 checks: below it a rule is not tested by this
WOULD_EVERY = 25   # would_change judges a check some thirty times: of one check in so many
WOULD_MAX = 64     # judgements, after which carnet says no more (docs/policy.md)

# What the vocabulary lets a fact say; the packs type them as words.
SAYS = {
    "negative_list": ["outside", "contract", "assessment"],
    "recipient_role": ["controller", "processor", "subprocessor"],
    "requester": ["business", "foreign_judicial", "regulator"],
    "onward_mechanism": ["none", "contract"], "mcc_module": ["c2c", "c2p"],
    "tia": ["pass", "fail", "none"], "collection_database": ["RU", "foreign"],
    "exemption": ["official_business", "financial_services", "corporate_group", "federal_law",
                  "telecom", "drug_approval", "clinical_investigation", "personal_communications",
                  "information_materials", "ordinary_travel", "investment_review", "none"],
    "activity": ["business", "research", "data_brokerage", "vendor_agreement",
                 "employment_agreement", "investment_agreement"],
}


class Draw:
    """Draws checks from a seed."""

    def __init__(self, law, seed):
        self.law, self.random = law, random.Random(seed)
        self.places = [place["code"] for place in law["places"]] + ["UK"]
        self.words = {kind: [w["word"] for w in law["words"] if kind in w["as"]]
                      for kind in ("class", "mechanism", "role", "sector", "purpose")}
        self.words["sector"].append("gardening")   # a word that no rule names
        self.words["purpose"].append("gardening")
        self.rules = [(pack, rule) for pack in law["packs"] for rule in pack["rules"]]
        self.packed = [place for pack in law["packs"] for place in pack["places"]]
        self.days = sorted({edge for day in days_of(law) for edge in around(day)})
        self.numbers = sorted({n + d for n in numbers_of(law) for d in (-1, 0, 1) if n + d >= 0})

    def one_of(self, values):
        return values[self.random.randrange(len(values))]

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def place(self):
        return self.one_of(self.packed if self.chance(70) else self.places)

    def day(self):
        if self.chance(40):
            return self.one_of(self.days)
        first = datetime.date(2023, 1, 1)
        return (first + datetime.timedelta(self.random.randrange(1900))).isoformat()

    def number(self):
        return self.one_of(self.numbers) if self.chance(80) else self.random.randrange(3_000_000)

    # -- a check that nobody aimed

    def check(self):
        subjects, prior = self.number(), self.number() if self.chance(40) else 0
        check = {"date": self.day(), "from": self.place(), "to": self.place(),
                 "classes": self.some(self.words["class"], 3),
                 "mechanisms": self.some(self.words["mechanism"], 2),
                 "subjects": subjects, "prior_subjects": prior, "facts": {}}
        if self.chance(40):
            check["sensitive_subjects"] = self.one_of([subjects, 0, min(subjects, self.number())])
            check["prior_sensitive_subjects"] = min(prior, self.number())
        for kind, percent in (("role", 25), ("sector", 50), ("purpose", 40)):
            if self.chance(percent):
                check[kind] = self.one_of(self.words[kind])
        if self.chance(5):
            check["important_data"] = self.chance(50)
        for name in self.some(list(self.law["facts"]), 4):
            self.set_fact(check, name)
        if self.chance(20):
            check["via"] = [self.place() for _ in range(self.random.randrange(1, 5))]
        if self.chance(20):
            check["facts"]["onward"] = [self.place() for _ in range(self.random.randrange(1, 4))]
        return check

    def some(self, values, most):
        return self.random.sample(values, self.random.randrange(most + 1))

    def set_fact(self, check, name):
        kind = self.law["facts"][name]["type"]
        if name in naive_law.NUMBERS or name == "important_data":
            return
        if kind == "bool":
            check["facts"][name] = self.chance(50)
        elif kind == "u64":
            small = {"youngest_age": 20, "scc_module": 5}.get(name)
            check["facts"][name] = self.random.randrange(small) if small else self.number()
        elif kind == "day":
            check["facts"][name] = self.one_of([self.day(), self.years_before(check["date"], 3)])
        elif kind == "place":
            check["facts"][name] = self.place()
        else:
            check["facts"][name] = self.one_of(SAYS[name])

    def years_before(self, day, years):
        """A day or two around the one so many years before, or the day itself."""
        back = naive_law.add_months(day, -12 * self.one_of([0, years]))
        return (datetime.date.fromisoformat(back)
                + datetime.timedelta(self.random.randrange(-2, 3))).isoformat()

    # -- a check in which one rule should hold

    def aim(self, at=None):
        pack, rule = at or self.one_of(self.rules)
        for _ in range(TRIES):
            check = self.aimed(pack, rule)
            if rule["effect"] == "define" or self.hits(check, pack, rule):
                break
        for _ in range(self.one_of([0, 0, 0, 1, 1, 2, 3])):
            self.spoil(check)
        return self.sane(check)

    def aimed(self, pack, rule):
        check = self.check()
        if pack["places"]:
            check["to" if rule["side"] == "import" else "from"] = self.one_of(pack["places"])
        check["date"] = self.day_for(rule)
        if self.chance(40):  # beside another of the same law
            self.make_all(check, pack, self.one_of(pack["rules"])["when"], True, 0)
        self.make_all(check, pack, rule["when"], True, 0)
        return check

    def hits(self, check, pack, rule):
        """Whether the rule holds, by the naive reading, between exporter and recipient."""
        try:
            read = naive_law.read_check(self.law, check)
        except naive_law.Refused:
            return False
        fired, _, _ = naive_law.judge_pack(self.law, read, pack, read["from"], read["to"],
                                           rule["side"])
        return any(item["rule"] is rule for item in fired)

    def day_for(self, rule):
        dates = rule.get("in_force")
        if dates is None or self.chance(20):
            return self.day()
        edges = [edge for edge in (dates.get("from"), dates.get("to")) if edge]
        if self.chance(40):
            return self.one_of(around(self.one_of(edges)))
        first = datetime.date.fromisoformat(dates["from"])
        last = datetime.date.fromisoformat(dates.get("to", "2028-01-01"))
        days = self.random.randrange((last - first).days + 1)
        return (first + datetime.timedelta(days)).isoformat()

    def make_all(self, check, pack, tests, want, depth):
        if not want:
            self.make(check, pack, self.one_of(tests), False, depth)
            return
        for test in sorted(tests, key=lambda test: not test.get("not", False)):
            self.make(check, pack, test, True, depth)

    def make(self, check, pack, test, want, depth):
        """Change the check so that the test has this value, mostly; later tests may undo it."""
        if depth > 8:
            return
        if "any" in test:
            if want:
                self.make(check, pack, self.one_of(test["any"]), True, depth + 1)
            else:
                self.make_all_false(check, pack, test["any"], depth + 1)
            return
        want = want != test["not"]
        what = test["what"]
        if what == "rule":
            rule = next(r for r in pack["rules"] if r["id"] == test["which"])
            self.make_all(check, pack, rule["when"], want, depth + 1)
        elif what == "count":
            self.make_count(check, pack, test, want)
        elif what in ("from", "to", "role", "sector", "purpose"):
            value = self.value_for(test, want, check["date"], what)
            if value is not None:
                check[what] = value
        elif what in ("class", "mechanism"):
            self.make_list(check, "classes" if what == "class" else "mechanisms", test, want)
        elif what == "onward":
            self.make_onward(check, test, want)
        else:
            self.make_fact(check, test, want)

    def make_all_false(self, check, pack, tests, depth):
        for test in tests:
            self.make(check, pack, test, False, depth)

    def value_for(self, test, want, day, kind):
        """A place or word with which the test has this value."""
        every = self.places if kind in ("from", "to") else self.words[kind]
        good = ([test["value"]] if test["how"] == "is"
                else naive_law.members_on(self.law, test["value"], day))
        if want != (test["how"] != "outside"):
            good = [value for value in every if value not in good]
        good = [value for value in good if value in every]
        return self.one_of(good) if good else None

    def make_list(self, check, key, test, want):
        listed = ([test["value"]] if test["how"] == "has"
                  else naive_law.members_on(self.law, test["value"], check["date"]))
        held = set(check[key])
        if want:
            every = self.words["class" if key == "classes" else "mechanism"]
            known = [word for word in listed if word in every]
            if known and not held & set(known):
                check[key].append(self.one_of(known))
        else:
            check[key] = [word for word in check[key] if word not in listed]

    def make_onward(self, check, test, want):
        listed = naive_law.members_on(self.law, test["value"], check["date"])
        inside = want == (test["how"] == "in")
        pool = listed if inside else [place for place in self.places if place not in listed]
        if want:
            check["facts"].setdefault("onward", []).append(self.one_of(pool))
        else:
            check["facts"]["onward"] = [place for place in check["facts"].get("onward", [])
                                        if place in pool]

    def make_count(self, check, pack, test, want):
        """A total one below, at or above the number, part of it sent before or told as a split."""
        counter = next(c for c in pack["counters"] if c["kind"] == test["which"])
        bound = int(test["value"])
        near = [n for n in (bound - 1, bound, bound + 1, bound * 3)
                if n >= 0 and naive_law.compare(n, test["how"], bound) == want]
        total = self.one_of(near or [bound])
        before = self.one_of([0, 0, 0, total // 2, total])
        if counter["adds"] == "sensitive_subjects":
            check["sensitive_subjects"], check["prior_sensitive_subjects"] = total - before, before
            check["subjects"] = total - before + self.one_of([0, 0, 1, 99_999, 1_000_000])
            check["prior_subjects"] = before
        elif "less" in counter:
            check["subjects"] = total - before + check.get("sensitive_subjects", 0)
            check["prior_subjects"] = before + check.get("prior_sensitive_subjects", 0)
        else:
            check["subjects"], check["prior_subjects"] = total - before, before
        if "prior_also" in counter:
            also = self.one_of([0, check["subjects"] // 3])
            check["facts"][counter["prior_also"]] = also
            check["subjects"] -= also
        if self.chance(10):
            check["facts"]["split_total_subjects"] = total
            check["subjects"] = min(check["subjects"], self.number())
        elif self.chance(60):
            check["facts"].pop("split_total_subjects", None)

    def make_fact(self, check, test, want):
        name, how = test["what"], test["how"]
        fact = self.law["facts"][name]
        if name == "important_data":
            check[name] = want
        elif how == "":
            check["facts"][name] = want
        elif how == "given":
            if want:
                self.set_fact(check, name)
            else:
                check["facts"].pop(name, None)
        elif how == "older_than":
            months = int(test["value"]) if want else int(test["value"]) - 1
            base = datetime.date.fromisoformat(naive_law.add_months(check["date"], -months))
            off = self.one_of([0, 0, 1, 40]) if want else self.one_of([0, -20])
            check["facts"][name] = (base - datetime.timedelta(off)).isoformat()
        elif how in ("is", "in"):
            listed = ([test["value"]] if how == "is"
                      else naive_law.members_on(self.law, test["value"], check["date"]))
            pool = SAYS[name] if fact["type"] == "word" else self.packed
            pool = [value for value in pool if (value in listed) == want]
            check["facts"][name] = self.one_of(pool)
        elif test["value"].isdigit():
            bound = int(test["value"])
            fits = [n for n in (bound - 1, bound, bound + 1)
                    if n >= 0 and naive_law.compare(n, how, bound) == want]
            place = check if name in naive_law.NUMBERS else check["facts"]
            place[name] = self.one_of(fits)
        else:
            step = self.one_of([1, 9] if want else [0, -1])
            check["facts"][name] = max(0, check.get(test["value"], 0) + step)

    # -- a little wrong

    def spoil(self, check):
        """Another value, or none, of one member."""
        other = self.check()
        key = self.one_of(["date", "from", "to", "via", "classes", "mechanisms", "subjects", "role",
                           "sector", "purpose", "sensitive_subjects", "facts", "facts", "facts",
                           "prior_subjects", "prior_sensitive_subjects", "important_data"])
        if key == "facts":
            if check["facts"] and self.chance(50):
                check["facts"].pop(self.one_of(sorted(check["facts"])))
            else:
                check["facts"].update(other["facts"])
        elif key in ("classes", "mechanisms") and self.chance(70):
            check[key] = self.one_of([check[key][1:], check[key] + other[key][:1]])
        elif key in other:
            check[key] = other[key]
        elif key not in ("date", "from", "to"):
            check.pop(key, None)

    def sane(self, check):
        """What must hold for the check to be answered at all, save in one of 500."""
        for key in ("classes", "mechanisms"):
            check[key] = naive_law.unique(check.get(key, []))
        if "onward" in check["facts"]:
            check["facts"]["onward"] = naive_law.unique(check["facts"]["onward"])[:16]
        if self.chance(3):
            check["to"] = check["from"]
            if self.chance(70):
                check["via"] = [check["from"]] * self.random.randrange(3)
        if self.chance(2):
            for name in ("subjects", "prior_subjects"):
                check.pop(name, None)
            return check
        if self.chance(1) and self.chance(20):
            key = self.one_of(["from", "to", "sensitive_subjects", "prior_subjects"])
            much = naive_law.COUNT_MAX + self.one_of([0, 1])
            check[key] = "QQ" if key in ("from", "to") else much
            return check
        for name in naive_law.NUMBERS:
            if name in check:
                check[name] = min(check[name], naive_law.COUNT_MAX)
        for part, whole in (("sensitive_subjects", "subjects"),
                            ("prior_sensitive_subjects", "prior_subjects")):
            check[part] = min(check.get(part, 0), check.get(whole, 0))
        return check


def around(day):
    date = datetime.date.fromisoformat(day)
    return [(date + datetime.timedelta(d)).isoformat() for d in (-1, 0, 1)]


def days_of(law):
    """Every day on which a rule or a member of a list begins or ends."""
    dated = [rule.get("in_force", {}) for pack in law["packs"] for rule in pack["rules"]]
    dated += [member for members in law["lists"].values() for member in members]
    return {dates[key] for dates in dated for key in ("from", "to") if key in dates}


def numbers_of(law):
    """Every number that a test compares with."""
    tests, found = [t for p in law["packs"] for r in p["rules"] for t in r["when"]], set()
    while tests:
        test = tests.pop()
        tests += test.get("any", [])
        if test.get("how") in ("<", "<=", ">", ">=") and test["value"].isdigit():
            found.add(int(test["value"]))
    return found


# ---- comparing ---------------------------------------------------------------------------------

def words_of(engine):
    """carnet's answer in the form of the naive one."""
    if "error" in engine:
        return {"error": True}
    sets = [c["any_of"] if isinstance(c, dict) else [c] for c in engine["required"]]
    duties = {(o["duty"], o.get("days", 0), o.get("working_days", 0), o.get("every_months", 0),
               o.get("rule")) for o in engine["obligations"]}
    counts = [{**c, "adds": int(c["adds"]), "total": int(c["total"])} for c in engine["counted"]]
    return {"verdict": engine["verdict"], "required": {frozenset(s) for s in sets},
            "obligations": duties, "cites": engine["cites"], "rules": engine["rules"],
            "assumed": engine["assumed"],
            "counted": {tuple(sorted(count.items())) for count in counts},
            "conflicts": {frozenset([c["rule"], c["against_rule"]]) if "against_rule" in c
                          else (c["rule"], tuple(c["law"]), c["against"])
                          for c in engine["conflicts"]},
            "terms": {(t["term"], value_of(t), frozenset(t["rules"]))
                      for t in engine.get("terms", [])},
            "no_border": "note" in engine, "coverage": engine["coverage"],
            "would_change": {promise_of(entry) for entry in engine["would_change"]}}


def promise_of(entry):
    """(what, value, verdict) of an entry of would_change."""
    if "fact" in entry:
        return entry["fact"], entry["value"], entry["verdict"]
    what = next(key for key in entry if key != "verdict")
    return what, entry[what] if what == "mechanism" else int(entry[what]), entry["verdict"]


def value_of(term):
    """Places and words as a set, else the one value."""
    several = term.get("places", term.get("words"))
    return term["value"] if several is None else frozenset(several)


def naively(law, check):
    try:
        return naive_law.judge(law, check)
    except naive_law.Refused:
        return {"error": True}


def batch(carnet, checks):
    """carnet's answers, one a line, by the set that it carries."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps(check) + "\n" for check in checks)
        file.flush()
        done = subprocess.run([carnet, "comply", "batch", file.name], capture_output=True,
                              text=True, check=False)
    lines = done.stdout.splitlines()
    if len(lines) != len(checks):
        raise SystemExit(f"{len(lines)} answers to {len(checks)} checks: {done.stderr}")
    return [json.loads(line) for line in lines]


def naive_promises(law, check, mine, its):
    """What the naive one says would change the answer; of more than carnet tries, what both say."""
    found, tried = naive_law.would_change(law, check, mine)
    return found if tried <= WOULD_MAX else found & its if its <= found else found


def differences(law, check, engine, promises=True):
    """Members that the two do not say alike; with `promises` would_change too."""
    mine, its = naively(law, check), words_of(engine)
    if promises and "error" not in mine and "error" not in its:
        mine["would_change"] = naive_promises(law, check, mine, its["would_change"])
    if "error" in mine or "error" in its:
        keys = [] if mine == its else ["error"]
    else:
        keys = [key for key in mine if mine[key] != its[key]]
    return [(key, mine.get(key), its.get(key)) for key in keys]


def drawn(seed, chunk, count):
    """The checks of one chunk; each chunk is drawn anew, so that it can be had alone."""
    draw = Draw(LAW, f"{seed}/{chunk}")
    return [dict(draw.aim(), id=f"{chunk}/{i}") for i in range(count)]


def work(job):
    """One chunk, answered twice: how often each rule held, and the disagreements."""
    carnet, seed, chunk, count = job
    held, verdicts, wrong = collections.Counter(), collections.Counter(), []
    checks = drawn(seed, chunk, count)
    for i, (check, engine) in enumerate(zip(checks, batch(carnet, checks))):
        held.update(engine.get("rules", []))
        verdicts[engine.get("verdict", "error")] += 1
        wrong += [(check, *one)
                  for one in differences(LAW, check, engine, i % WOULD_EVERY == 0)]
    return held, verdicts, wrong


LAW = naive_law.read_law(ROOT / "rules")


# ---- canaries: a word of the law that is read wrongly must be seen -------------------------------

SEEN = {"date": "2026-11-20", "from": "CN", "to": "SG", "classes": ["personal"], "subjects": 99_999}
FEWER = {**SEEN, "subjects": 50_000}
KOREA = {**SEEN, "from": "KR", "to": "DE", "date": "2025-09-16"}


def wrong_number(rules):
    tests = rules["cn.cbdf.5.1.4"]["when"]
    next(test for test in tests if test.get("which") == "persons")["value"] = "99999"


def wrong_bound(rules):
    tests = next(test["any"] for test in rules["cn.cbdf.8"]["when"] if "any" in test)
    next(test for test in tests if test.get("which") == "persons")["value"] = "100001"


def wrong_day(rules):
    rules["kr.28-8.5"]["in_force"]["from"] = "2025-09-17"


def wrong_permit(rules):
    rules["cn.cbdf.5.1.4"]["lifts"] = "none"
    rules["kr.28-8.5"]["lifts"] = "none"


def wrong_article(rules):
    rules["cn.pipl.39"]["cites"] = ["CN-PIPL:38"]


def wrong_default(rules):
    rules["facts"]["origin_overseas"]["default"] = "true"


CANARIES = [("a number that is one too low", wrong_number, SEEN, "rules"),
            ("a number that is one too high, far from it", wrong_bound, FEWER, "would_change"),
            ("a rule that begins a day late", wrong_day, KOREA, "verdict"),
            ("a permit that lifts nothing", wrong_permit, KOREA, "required"),
            ("another article", wrong_article, SEEN, "cites"),
            ("a fact that is assumed to be so", wrong_default, SEEN, "rules")]


def canaries(cases, carnet):
    for title, change, check, member in CANARIES:
        law = copy.deepcopy(LAW)
        change({rule["id"]: rule for pack in law["packs"] for rule in pack["rules"]}
               | {"facts": law["facts"]})
        engine = batch(carnet, [check])[0]
        fine = differences(LAW, check, engine)
        cases.canary(title, [] if fine else [key for key, _, _ in differences(law, check, engine)],
                     member)


# ---- the run -----------------------------------------------------------------------------------

def size_of(arguments, counts):
    """(carnet, seed, count): those of the arguments, else those of the size of the tests."""
    size = os.environ.get("CARNET_TEST_SIZE", "default")
    new = int.from_bytes(os.urandom(4), "big")
    seed = int(arguments[1]) if len(arguments) > 1 else new if size == "long" else SEED
    count = int(arguments[2]) if len(arguments) > 2 else counts[size]
    return pathlib.Path(arguments[0]).resolve() / "carnet", seed, count


def in_chunks(worker, carnet, seed, count, chunk):
    """worker((carnet, seed, number, how many)) for each chunk, on two cores."""
    jobs = [(carnet, seed, i, min(chunk, count - i * chunk)) for i in range(-(-count // chunk))]
    with multiprocessing.Pool(min(2, os.cpu_count() or 1)) as pool:
        yield from pool.imap_unordered(worker, jobs)


def worked(carnet):
    """The disagreements on the worked scenarios."""
    text = (ROOT / "tests/fixtures/policy_scenarios.jsonl").read_text(encoding="utf-8")
    checks = [json.loads(line) for line in text.splitlines() if line]
    return len(checks), [(check, *one) for check, engine in zip(checks, batch(carnet, checks))
                         for one in differences(LAW, check, engine)]


def told(wrong, member, seed):
    """The first disagreements on one member of the answer, and how many there are."""
    mine = [row for row in wrong if row[1] == member]
    lines = [line for check, _, naive, its in mine[:SHOWN]
             for line in (json.dumps(check), f"  naive  {naive}", f"  carnet {its}")]
    return lines + [f"{len(mine)} in all, seed {seed}"] if mine else []


def main(arguments):
    cases = Cases()
    carnet, seed, count = size_of(arguments, COUNTS)
    canaries(cases, carnet)
    count_worked, wrong = worked(carnet)
    cases.check(f"{count_worked} worked scenarios are answered alike twice",
                [f"{key}: naive {mine}, carnet {its}: {json.dumps(check)}"
                 for check, key, mine, its in wrong[:SHOWN]])
    held, verdicts, wrong = collections.Counter(), collections.Counter(), []
    for some_held, some_verdicts, some_wrong in in_chunks(work, carnet, seed, count, CHUNK):
        held.update(some_held)
        verdicts.update(some_verdicts)
        wrong += some_wrong
    print(f"# seed {seed}: {count} checks, {dict(sorted(verdicts.items()))}")
    for member in ["error", "would_change"] + list(naively(LAW, SEEN)):
        cases.check(f"{count} checks are answered alike twice: {member}", told(wrong, member, seed))
    rules = [r["id"] for p in LAW["packs"] for r in p["rules"] if r["effect"] != "define"]
    rare = sorted(rules, key=lambda rule: held[rule])
    print("# heard least: " + ", ".join(f"{rule} {held[rule]}" for rule in rare[:6]))
    least = max(1, HELD_LEAST * count // COUNTS["default"])
    cases.check(f"each of {len(rules)} rules held at least {least} times",
                [f"{rule}: {held[rule]}" for rule in rare if held[rule] < least])
    return cases.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
