"""A deliberately naive second evaluator of the rule packs.

It reads rules/*.yaml itself, scalars as strings, and answers one check as docs/policy.md and the
vocabulary say, sharing no code with carnet: one function per idea, nothing indexed, nothing kept
from one check to the next but the text of the law. tests/naive_checks.py compares the two.
"""
import datetime
import pathlib
import sys

try:
    import yaml
except ImportError:  # whoever asks for this reader has then nothing to compare: it says so, loudly
    print("skip - the law, read a second time: no python3-yaml here (apt install python3-yaml)")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

CODES = ["allow", "allow_with_obligations", "needs_mechanism", "deny"]
RANKS = ["none", "filing", "contract", "assessment"]
NUMBERS = ["subjects", "prior_subjects", "sensitive_subjects", "prior_sensitive_subjects"]
COUNT_MAX = 100_000_000
CITES_MAX = 12
NOTHING = frozenset()


class Refused(Exception):
    """The check is an error: nobody may answer it."""


# ---- reading the law ---------------------------------------------------------------------------

def read_law(folder):
    """The whole folder as lists and dictionaries of strings, with every test taken apart."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    files = {path.stem: yaml.load(path.read_text(encoding="utf-8"), loader)
             for path in sorted(pathlib.Path(folder).glob("*.yaml"))}
    law = {"words": files["words"]["words"], "places": files["places"]["places"],
           "facts": {fact["fact"]: fact for fact in files["words"]["facts"]},
           "lists": {}, "packs": [files[name] for name in sorted(files) if "pack" in files[name]]}
    for source in files.values():
        for entry in source.get("lists", []):
            law["lists"][entry["list"]] = [read_member(member) for member in entry["members"]]
    for fact in law["facts"].values():
        for choice in fact.get("defaults", []):
            choice["when"] = [read_test(test) for test in choice.get("when", [])]
    number = 0
    for pack in law["packs"]:
        for rule in pack["rules"]:
            number += 1
            rule["number"] = number
            rule["when"] = [read_test(test) for test in rule["when"]]
            rule["side"] = rule.get("side", "export")
        for counter in pack.get("counters", []):
            counter["counted_when"] = [read_test(t) for t in counter.get("counted_when", [])]
            counter["at_least_when"] = [read_test(t) for t in counter.get("at_least_when", [])]
    return law


def read_member(member):
    """A member of a list: a bare word or place, or one with days and a citation of its own."""
    if isinstance(member, str):
        return {"is": member}
    return member


def read_test(text):
    """`[not] WHAT [HOW VALUE]`, or {any: [...]}, as a dictionary."""
    if isinstance(text, dict):
        return {"any": [read_test(test) for test in text["any"]]}
    parts = text.split()
    test = {"not": parts[0] == "not"}
    if test["not"]:
        parts = parts[1:]
    test["what"] = parts.pop(0)
    if test["what"] in ("rule", "count"):
        test["which"] = parts.pop(0)
    test["how"] = parts.pop(0) if parts else ""
    test["value"] = parts.pop(0) if parts else ""
    return test


# ---- lists, days, places -----------------------------------------------------------------------

def in_force(dates, day):
    """Both days are included; a missing one is no bound."""
    return dates.get("from", "0000-00-00") <= day <= dates.get("to", "9999-99-99")


def members_on(law, name, day):
    """What a list holds on a day."""
    return [member["is"] for member in law["lists"][name] if in_force(member, day)]


def add_months(day, months):
    """The same day of the month so much later; the last of the month where there is none."""
    date = datetime.date.fromisoformat(day)
    month = date.month - 1 + months
    first = datetime.date(date.year + month // 12, month % 12 + 1, 1)
    following = (first + datetime.timedelta(days=31)).replace(day=1)
    last = (following - datetime.timedelta(days=1)).day
    return first.replace(day=min(date.day, last)).isoformat()


def pack_of(law, place):
    for pack in law["packs"]:
        if place in pack["places"]:
            return pack
    return None


def coverage_of(law, place):
    pack = pack_of(law, place)
    return pack["coverage"] if pack else "none"


def british(place):
    return "GB" if place == "UK" else place


# ---- a check -----------------------------------------------------------------------------------

def read_check(law, raw):
    """The declared facts with the defaults of absent keys; what is absurd is refused."""
    check = {"date": raw["date"], "from": british(raw["from"]), "to": british(raw["to"]),
             "via": [british(place) for place in raw.get("via", [])],
             "class": raw.get("classes", []), "mechanism": raw.get("mechanisms", []),
             "role": raw.get("role", "ordinary"), "sector": raw.get("sector", "general"),
             "purpose": raw.get("purpose", "business"), "facts": dict(raw.get("facts", {}))}
    check["onward"] = [british(place) for place in check["facts"].pop("onward", [])]
    for name in NUMBERS:
        check[name] = raw.get(name, 0)
        if not 0 <= check[name] <= COUNT_MAX:
            raise Refused(name)
    # Nobody said how many: at least those of whom more was said.
    for whole, part in (("subjects", "sensitive_subjects"),
                        ("prior_subjects", "prior_sensitive_subjects")):
        check[whole] = check[whole] if whole in raw else check[part]
    if check["sensitive_subjects"] > check["subjects"]:
        raise Refused("sensitive_subjects")
    if check["prior_sensitive_subjects"] > check["prior_subjects"]:
        raise Refused("prior_sensitive_subjects")
    check["subjects_given"] = "subjects" in raw
    check["important_data"] = raw.get("important_data", False)
    known = [place["code"] for place in law["places"]]
    for place in [check["from"], check["to"]] + check["via"] + check["onward"]:
        if place not in known:
            raise Refused(place)
    for name, value in check["facts"].items():
        if law["facts"][name]["type"] == "place":
            check["facts"][name] = british(value)
    return check


def crossings(check):
    """[(exporter, receiver, is the exporter the origin)]: the origin's law stays attached to every
    place on the route, and each hop exports anew. Data that stays at home is judged on the way to
    those who will have it later."""
    origin = check["from"]
    abroad = [place for place in check["via"] + [check["to"]] if place != origin]
    route = check["via"] + [check["to"]] if abroad else check["onward"]
    found = [(origin, place, True) for place in route if place != origin]
    if abroad:
        for sender, receiver in zip(route, route[1:]):
            if sender != receiver and sender != origin:
                found.append((sender, receiver, False))
    return found


def arrivals(check):
    """[(sender, receiver)]: every step on which somebody receives the data."""
    origin = check["from"]
    if any(place != origin for place in check["via"] + [check["to"]]):
        route = [origin] + check["via"] + [check["to"]]
        return [(a, b) for a, b in zip(route, route[1:]) if a != b]
    return [(origin, place) for place in check["onward"] if place != origin]


# ---- one test on one leg -----------------------------------------------------------------------
# Each answers (holds, rests on): the absent facts whose assumed value it rests on.

def fact_of(leg, name):
    """A fact's value, declared or assumed; None where nobody said it and it has no default."""
    check, law = leg["check"], leg["law"]
    if name == "subjects" and not check["subjects_given"]:
        return check[name], frozenset([name])
    if name in NUMBERS or name == "important_data":
        return check[name], NOTHING
    fact = law["facts"][name]
    if name in check["facts"]:
        return check["facts"][name], NOTHING
    assumed = frozenset([name])
    for choice in fact.get("defaults", []):
        if all_hold(leg, choice["when"])[0]:
            return typed(fact, choice["value"], leg), assumed
    if "default" in fact:
        return typed(fact, fact["default"], leg), assumed
    return None, assumed


def typed(fact, text, leg):
    """A default as the packs write it: a string, given its type."""
    if fact["type"] == "bool":
        return text == "true"
    if fact["type"] == "u64":
        return int(text)
    if fact["type"] == "place" and text == "exporter":
        return leg["check"]["from"]
    return text


def counted(leg, kind):
    """A cumulative count: what is sent now and what went before in the same period, and never less
    than the total of parts that belong together."""
    check = leg["check"]
    counter = next(c for c in leg["pack"]["counters"] if c["kind"] == kind)
    total = adds_of(check, counter) + check[counter["prior"]]
    if "prior_less" in counter:
        total -= check[counter["prior_less"]]
    rests = fact_of(leg, counter["adds"])[1]
    if "prior_also" in counter:
        also, more = fact_of(leg, counter["prior_also"])
        total, rests = total + also, rests | more
    if "at_least" in counter and all_hold(leg, counter["at_least_when"])[0]:
        floor, more = fact_of(leg, counter["at_least"])
        rests |= more
        if floor is not None:
            total = max(total, floor)
    return total, rests


def adds_of(check, counter):
    """What this transfer itself adds to a count."""
    return check[counter["adds"]] - (check[counter["less"]] if "less" in counter else 0)


def compare(value, how, bound):
    if value is None or bound is None:
        return False
    return {"<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}[how]


def any_member(leg, values, test):
    """has, in, outside: of several values one is enough."""
    if test["how"] in ("has", "is"):
        return test["value"] in values
    listed = members_on(leg["law"], test["value"], leg["check"]["date"])
    if test["how"] == "in":
        return any(value in listed for value in values)
    return any(value not in listed for value in values)


def fact_holds(leg, test):
    """A test of a fact: alone, is, in, a comparison, given, older_than."""
    value, rests = fact_of(leg, test["what"])
    if test["how"] == "":
        return value is True, rests
    if test["how"] == "given":
        return not rests, rests
    if test["how"] == "older_than":
        old = value is not None and add_months(value, int(test["value"])) <= leg["check"]["date"]
        return old, rests
    if test["how"] in ("is", "in", "outside"):
        return value is not None and any_member(leg, [value], test), rests
    if test["value"].isdigit():
        return compare(value, test["how"], int(test["value"])), rests
    bound, more = fact_of(leg, test["value"])
    return compare(value, test["how"], bound), rests | more


def plain_holds(leg, test):
    """A test without its `not`."""
    what, check = test["what"], leg["check"]
    if what == "rule":
        return leg["held"].get(test["which"], (False, NOTHING))
    if what == "count":
        total, rests = counted(leg, test["which"])
        return compare(total, test["how"], int(test["value"])), rests
    if what in ("from", "to"):
        return any_member(leg, [leg[what]], test), NOTHING
    if what in ("role", "sector", "purpose"):
        return any_member(leg, [check[what]], test), NOTHING
    if what in ("class", "mechanism", "onward", "via"):
        return any_member(leg, check[what], test), NOTHING
    return fact_holds(leg, test)


def holds(leg, test):
    if "any" in test:
        return any_holds(leg, test["any"])
    value, rests = plain_holds(leg, test)
    return value != test["not"], rests


def all_hold(leg, tests):
    """True rests on all of them; false on nothing if one is false whatever was assumed, else on the
    first that is false."""
    answers = [holds(leg, test) for test in tests]
    wrong = [rests for value, rests in answers if not value]
    if not wrong:
        return True, frozenset().union(*[rests for _, rests in answers])
    return False, NOTHING if NOTHING in wrong else wrong[0]


def any_holds(leg, tests):
    """The other way round."""
    answers = [holds(leg, test) for test in tests]
    right = [rests for value, rests in answers if value]
    if not right:
        return False, frozenset().union(*[rests for _, rests in answers])
    return True, NOTHING if NOTHING in right else right[0]


# ---- one pack on one leg -----------------------------------------------------------------------

def cites_of(leg, rule):
    """A rule's articles with that of the list's member which receives, and its place there."""
    cites = list(rule.get("cites", []))
    if "cite_list" in rule:
        for place, member in enumerate(leg["law"]["lists"][rule["cite_list"]]):
            if member["is"] == leg["to"] and in_force(member, leg["check"]["date"]):
                return cites + [member["cite"]], place
    return cites, 0


def is_met(check, rule):
    """A mechanism in place meets a requirement that names it, unless only a permit may."""
    if rule.get("held") == "never":
        return False
    return any(m in check["mechanism"] for m in rule["any_of"] + rule.get("also", []))


def standing(fired, regime):
    """The requirements of one regime that stand: a permit lifts those up to its own rank, of the
    others only the strongest rank stays; rank `none` always does."""
    lifted = 0
    for item in fired:
        if item["effect"] == "permit" and item["regime"] == regime:
            lifts = item["rule"]["lifts"]
            lifted = max(lifted, len(RANKS) - 1 if lifts == "all" else RANKS.index(lifts))
    required = [i for i in fired if i["effect"] == "require" and i["regime"] == regime]
    left = [i for i in required if RANKS.index(i["rule"]["rank"]) > lifted]
    strongest = max([RANKS.index(i["rule"]["rank"]) for i in left], default=0)
    return [i for i in required if i["rule"]["rank"] == "none"
            or RANKS.index(i["rule"]["rank"]) == strongest and i in left]


def judge_pack(law, check, pack, sender, receiver, side):
    """Every rule of one side from the top; what held, what stands, and what was assumed."""
    leg = {"law": law, "check": check, "pack": pack, "from": sender, "to": receiver, "held": {}}
    fired, assumed = [], set()
    for rule in pack["rules"]:
        speaks = rule["side"] == side or rule["side"] == "both" and side != "reach"
        if not speaks or not in_force(rule.get("in_force", {}), check["date"]):
            continue
        value, rests = all_hold(leg, rule["when"])
        leg["held"][rule["id"]] = value, rests
        if rule["effect"] == "define":
            continue
        assumed |= rests
        if value:
            cites, place = cites_of(leg, rule)
            fired.append({"rule": rule, "effect": rule["effect"], "regime": rule["regime"],
                          "side": side, "cites": cites, "order": (rule["number"], place)})
    stands = []
    for regime in {item["regime"] for item in fired}:
        stands += standing(fired, regime)
    for item in fired:
        item["stands"] = item["effect"] != "require" or item in stands
        item["met"] = item["effect"] == "require" and is_met(check, item["rule"])
    return fired, assumed, counts_of(leg)


def counts_of(leg):
    """What the transfer adds to each count of the pack; exempt volumes add nothing."""
    found = []
    for counter in leg["pack"].get("counters", []):
        if adds_of(leg["check"], counter) > 0 and all_hold(leg, counter["counted_when"])[0]:
            found.append({"regime": counter["regime"], "kind": counter["kind"],
                          "period": counter["period"], "adds": adds_of(leg["check"], counter),
                          "total": counted(leg, counter["kind"])[0]})
    return found


# ---- what several laws say of the data -----------------------------------------------------------

PLACES = ["copy_in", "stays_in"]
LEAST = ["keep_at_most_days", "breach_hours", "valid_months"]
MOST = ["keep_at_least_days", "records_months"]
LISTS = ["purposes", "recipients", "onward"]
CONSENT = ["opt_out", "consent", "explicit", "separate"]


def said(fired, kind):
    """[(item, what its rule says)] of one kind of term, each rule once."""
    rules = {item["rule"]["id"]: item for item in reversed(by_weight(fired))}
    return [(item, item["rule"]["terms"][kind])
            for item in sorted(rules.values(), key=lambda item: item["order"])
            if kind in item["rule"].get("terms", {})]


def places_in(value):
    return value if isinstance(value, list) else [value]


def clashes(law, check, fired):
    """[(item, item)]: two rules that nobody can obey together."""
    found = []
    for one, home in said(fired, "stays_in"):
        for kind in PLACES:
            found += [(one, other) for other, value in said(fired, kind)
                      if set(places_in(value)) != set(places_in(home))]
    for one, least in said(fired, "keep_at_least_days"):
        found += [(one, other) for other, most in said(fired, "keep_at_most_days")
                  if int(least) > int(most)]
    for kind in ("purposes", "recipients"):
        named = [(item, set(members_on(law, value, check["date"])))
                 for item, value in said(fired, kind)]
        pairs = [(one, other) for one, a in named for other, b in named if not a & b]
        if named and not pairs and not set.intersection(*[members for _, members in named]):
            pairs = [(named[0][0], named[-1][0])]
        found += pairs
    return found


def terms_of(law, check, fired):
    """{(kind, what all of them say together, the rules that decide it)}"""
    found = set()
    for kind in PLACES + LEAST + MOST + ["consent"] + LISTS:
        spoken = said(fired, kind)
        if not spoken:
            continue
        if kind in PLACES:
            value = frozenset(place for _, places in spoken for place in places_in(places))
        elif kind in LISTS:
            value = frozenset.intersection(*[frozenset(members_on(law, name, check["date"]))
                                             for _, name in spoken])
        elif kind == "consent":
            value = max((form for _, form in spoken), key=CONSENT.index)
        else:
            value = (min if kind in LEAST else max)(int(number) for _, number in spoken)
        decide = frozenset(item["rule"]["id"] for item, text in spoken
                           if kind in PLACES + LISTS or text == str(value))
        found.add((kind, value, decide))
    return found


# ---- the answer --------------------------------------------------------------------------------

def duties_of(fired):
    """[(duty, item)] that attach: of what obliges, of permits, and of requirements that are met."""
    return [(duty, item) for item in fired for duty in item["rule"].get("duties", [])
            if item["effect"] in ("oblige", "permit") or item["stands"] and item["met"]]


def verdict_of(fired):
    if any(item["effect"] == "deny" for item in fired):
        return "deny"
    if any(item["effect"] == "require" and item["stands"] and not item["met"] for item in fired):
        return "needs_mechanism"
    if duties_of(fired):
        return "allow_with_obligations"
    return "allow"


def by_weight(fired):
    """The strictest effect first, then by side, then as the set has them."""
    effects, sides = ["deny", "require", "permit", "oblige", "note"], ["export", "import", "reach"]
    return sorted(fired, key=lambda item: (effects.index(item["effect"]),
                                           sides.index(item["side"]), item["order"]))


def deciding(fired, verdict):
    """The rules that decided."""
    if verdict == "deny":
        chosen = [item for item in fired if item["effect"] == "deny"]
    elif verdict == "needs_mechanism":
        chosen = [i for i in fired if i["effect"] == "require" and i["stands"] and not i["met"]]
    else:
        chosen = [item for item in fired if item["effect"] in ("require", "permit", "oblige")
                  and item["stands"]]
    return by_weight(chosen)


def required_of(fired, verdict):
    """Sets of alternatives: what is missing, or else the duties."""
    if verdict == "needs_mechanism":
        return {frozenset(i["rule"]["any_of"]) for i in fired
                if i["effect"] == "require" and i["stands"] and not i["met"]}
    if verdict == "allow_with_obligations":
        return {frozenset([duty["duty"]]) for duty, _ in duties_of(fired)}
    return set()


def obligations_of(fired, verdict):
    """(duty, days, working days, months, rule): each once, of the weightiest rule that has it."""
    found = {}
    for duty, item in duties_of(by_weight(fired)) if verdict != "deny" else []:
        told = (duty["duty"], int(duty.get("days", 0)), int(duty.get("working_days", 0)),
                int(duty.get("every_months", 0)))
        found.setdefault(told, told + (item["rule"]["id"],))
    return set(found.values())


def conflicts_of(fired, clashing):
    """A law against an order from elsewhere, or two laws of which only one can be obeyed."""
    return ({(i["rule"]["id"], tuple(i["cites"]), i["rule"]["conflict"]["en"]) for i in fired
             if i["effect"] == "deny" and "conflict" in i["rule"]}
            | {frozenset([one["rule"]["id"], other["rule"]["id"]]) for one, other in clashing})


def unique(values):
    return list(dict.fromkeys(values))


def is_personal(law, check):
    """Data of a class that is of persons, or of a class that nobody named."""
    personal = members_on(law, "personal_data", check["date"])
    return not check["class"] or any(name in personal for name in check["class"])


def judge(law, raw):
    """The answer to one check."""
    check = read_check(law, raw)
    fired, assumed, adds = [], set(), []
    legs = crossings(check)
    for sender, receiver, is_origin in legs:
        if pack_of(law, sender):
            found, rests, counts = judge_pack(law, check, pack_of(law, sender), sender, receiver,
                                              "export")
            fired, assumed = fired + found, assumed | rests
            adds += counts if is_origin else []
    for sender, receiver in arrivals(check):
        if pack_of(law, receiver):
            found, rests, _ = judge_pack(law, check, pack_of(law, receiver), sender, receiver,
                                         "import")
            fired, assumed = fired + found, assumed | rests
    for sender, receiver, _ in legs:
        for pack in law["packs"]:
            if any(rule["side"] == "reach" for rule in pack["rules"]):
                found, rests, _ = judge_pack(law, check, pack, sender, receiver, "reach")
                fired, assumed = fired + found, assumed | rests
    fired.sort(key=lambda item: item["rule"]["number"])
    return answer(law, check, legs, fired, assumed, adds)


def answer(law, check, legs, fired, assumed, adds):
    clashing = clashes(law, check, fired)
    fired += [dict(item, effect="deny") for pair in clashing for item in pair]
    verdict = verdict_of(fired)
    required = required_of(fired, verdict)
    obligations = obligations_of(fired, verdict)
    exporters = [sender for sender, _, _ in legs]
    if verdict == "allow" and any(coverage_of(law, place) != "full" for place in exporters):
        verdict = "allow_with_obligations"
        required, obligations = {frozenset(["legal_review"])}, {("legal_review", 0, 0, 0, None)}
    if legs and not check["subjects_given"] and is_personal(law, check):
        assumed = assumed | {"subjects"}
    facts = list(law["facts"])
    counts = {tuple(sorted(entry.items())) for entry in adds} if verdict != "deny" else set()
    return {"verdict": verdict, "required": required, "obligations": obligations,
            "cites": unique(c for i in deciding(fired, verdict) for c in i["cites"])[:CITES_MAX],
            "rules": unique(item["rule"]["id"] for item in fired),
            "assumed": sorted(assumed, key=facts.index),
            "counted": counts, "conflicts": conflicts_of(fired, clashing),
            "terms": terms_of(law, check, fired), "no_border": not legs,
            "coverage": {place: coverage_of(law, place)
                         for place in [check["from"]] + check["via"] + [check["to"]]}}


# ---- what alone would change it ------------------------------------------------------------------

def changed(law, check, key, value, facts=False):
    """The verdict with one member of the check, or of its facts, said otherwise; None: an error."""
    after = dict(check, facts=dict(check.get("facts", {})))
    (after["facts"] if facts else after)[key] = value
    try:
        return judge(law, after)["verdict"]
    except Refused:
        return None


def bounds_of(law, pack, day):
    """{(kind of count, total)}: the totals at which some comparison in force turns."""
    tests = [test for rule in pack["rules"] if in_force(rule.get("in_force", {}), day)
             for test in rule["when"]]
    found = set()
    while tests:
        test = tests.pop()
        tests += test.get("any", [])
        if test.get("what") == "count":
            found.add((test["which"], int(test["value"]) + (test["how"] in (">", "<="))))
    return found


def with_persons(law, raw, pack, kind, total):
    """(member, number, verdict) when so many more persons are sent that the count is the total;
    None where it is there already. A total of parts that belong together is no part of the sum."""
    counter = next(c for c in pack["counters"] if c["kind"] == kind)
    check = read_check(law, raw)
    leg = {"law": law, "check": check, "pack": {"counters": [
        {key: value for key, value in counter.items() if key != "at_least"}]}}
    more = total - counted(leg, kind)[0]
    if more <= 0:
        return None
    after = dict(raw, subjects=check["subjects"] + more)
    if counter["adds"] == "sensitive_subjects":
        after["sensitive_subjects"] = check["sensitive_subjects"] + more
    member = counter["adds"]
    return member, after[member], changed(law, after, member, after[member])


def would_change(law, raw, answer):
    """({(what, value, verdict)}, how many judgements it took): a missing mechanism that makes the
    verdict laxer, an assumed fact said either way, and of each count the numbers from which on the
    verdict is another than below them."""
    found, tried = set(), 0
    if answer["no_border"]:
        return found, tried
    mechanisms = {word["word"] for word in law["words"] if "mechanism" in word["as"]}
    missing = answer["required"] if answer["verdict"] == "needs_mechanism" else []
    for word in [word for conjunct in missing for word in conjunct]:
        held = raw.get("mechanisms", [])
        if word in mechanisms and word not in held:
            tried += 1
            verdict = changed(law, raw, "mechanisms", held + [word])
            if verdict and CODES.index(verdict) < CODES.index(answer["verdict"]):
                found.add(("mechanism", word, verdict))
    pack = pack_of(law, british(raw["from"]))
    for kind in {counter["kind"] for counter in pack.get("counters", [])} if pack else []:
        before = answer["verdict"]
        for _, total in sorted(b for b in bounds_of(law, pack, raw["date"]) if b[0] == kind):
            said = with_persons(law, raw, pack, kind, total)
            tried += said is not None
            if said and said[2] and said[2] != before:
                found.add(said)
                before = said[2]
    for name in answer["assumed"]:
        if law["facts"][name]["type"] == "bool" and name != "important_data":
            for value in (False, True):
                tried += 1
                verdict = changed(law, raw, name, value, facts=True)
                if verdict and verdict != answer["verdict"]:
                    found.add((name, value, verdict))
    return found, tried
