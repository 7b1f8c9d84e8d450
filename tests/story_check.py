#!/usr/bin/env python3
"""story_check CARNET DIR ANSWER WATCHED SCENARIO: what sets the stories of the demo apart, of a
kept run: money in two currencies, custody, the refusal, the order of what the ledger tells.

Sums are done again in fractions, from what the quote says and from what the story hands out; the
program is asked for the ledger's answers by its command line and nothing else."""
import datetime
import json
import os
import subprocess
import sys
from fractions import Fraction

# What the stories are: currencies of importer and exporter, rate, price, custody, whose law.
STORIES = {
    "ecommerce": ("EUR/2", "CNY/2", "7.8125", "32.00", "released", "CN-"),
    "medical": ("SGD/2", "USD/2", "0.775", "400.00", "brokered", "US-"),
    "finance": ("USD/2", "SGD/2", "1.29", "250.00", "released", "SG-"),
}
BANK_HAD, IMPORTER_HAD, PAID_BY_THE_WAY = Fraction(10000), Fraction(1000), Fraction(1)


def say(title, problems):
    for line in problems[:10]:
        print("# " + line)
    print(("not ok - " if problems else "ok - ") + title, flush=True)


def differs(what, got, want):
    return [] if got == want else [f"{what}: {got}, not {want}"]


class Space:
    def __init__(self, carnet, directory):
        self.carnet, self.directory = carnet, directory

    def ask(self, who, *words):
        done = subprocess.run(
            [self.carnet, *words, "--json", "--dir", self.directory, "--as", who,
             "--passphrase-file", self.directory + "/passphrase"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=90, check=False)
        return done.returncode, json.loads(done.stdout or done.stderr)

    def balances(self, who):
        rows = self.ask(who, "money", "balance")[1]["balances"]
        return {r["currency"]: Fraction(r["amount"]) for r in rows if Fraction(r["amount"]) != 0}


def whole_cents(x):
    return Fraction(int(x * 100), 100)


def money(space, steps, events, story):
    paid, earned, rate, price = story[0], story[1], Fraction(story[2]), Fraction(story[3])
    quote, lock, settle = (steps[n]["evidence"] for n in ("quote", "lock", "settle"))
    gets = whole_cents(price * rate)
    say("the bank's quote is the rate, as a fraction and in its lowest terms",
        differs("rate", (Fraction(quote["rate"]), quote["from"], quote["to"]), (rate, paid, earned))
        + differs("fraction", (int(quote["num"]), int(quote["den"])),
                  (rate.numerator, rate.denominator)))
    problems = []
    for name, x in (("lock", lock), ("settle", settle)):
        problems += differs(name, (Fraction(x["amount"]), x["currency"]), (price, paid))
        other = x["exchange"]
        problems += differs(f"{name}, exchange", (Fraction(other["amount"]), other["currency"],
                                                  other["quote"]), (gets, earned, quote["quote"]))
    say("what was locked and settled is the price at that quote, to the cent", problems)
    say("before and after differ by both legs, and by the one payment during the cut",
        differs("importer", space.balances("importer"),
                {paid: IMPORTER_HAD - PAID_BY_THE_WAY - price})
        + differs("exporter", space.balances("exporter"), {paid: PAID_BY_THE_WAY, earned: gets})
        + differs("bank", space.balances("bank"), {paid: price, earned: BANK_HAD - gets}))
    found = [e for e in events if e["type"].startswith("money.")]
    legs = [(e["type"], e["tx"], Fraction(e["amount"]), Fraction(e["exchange"]["amount"]))
            for e in found]
    say("one transaction locks both legs, one settles both",
        differs("events", legs, [("money.locked", lock["tx"], price, gets),
                                 ("money.settled", settle["tx"], price, gets)]))


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def brokered(space, steps, events, watched):
    right = steps["grant"]["evidence"]["right"]["id"]
    of = {k: [e for e in events if e["type"] == k]
          for k in ("right.granted", "right.pending", "right.released", "attachment.acked")}
    say("one use is asked for, released and acknowledged, in this order and once each",
        [f"{len(v)} of {k}" for k, v in of.items() if len(v) != 1])
    if any(len(v) != 1 for v in of.values()):
        return
    order = [(v[0]["height"], v[0]["index"]) for v in of.values()]
    opened = os.stat(space.directory + "/demo/opened.csv").st_mtime
    released = of["right.released"][0]
    say("its key reached the importer only after the RELEASE was on the ledger",
        ([] if order == sorted(order) and len(set(order)) == 4 else [f"heights: {order}"])
        + ([] if instant(released["time"]) <= opened + 0.001 else
           [f"opened at {opened}, released at {released['time']}"])
        + ([] if of["right.pending"][0]["tx"] != released["tx"] else ["use and release are one"]))
    code, answer = space.ask("importer", "attachment", "get", of["right.granted"][0]["tx"], "0")
    say("the grant itself carries no key to the importer",
        ["an attachment was opened"] if code == 0 else [])
    code, answer = space.ask("importer", "right", "show", right)
    shown = {k: answer["right"].get(k) for k in ("custody", "uses", "used", "left", "pending",
                                                 "release", "status")}
    say("the use is counted exactly once",
        differs("right show", shown,
                {"custody": "brokered", "uses": 3, "used": 1, "left": 2, "pending": 0,
                 "release": released["tx"], "status": "revoked"}))
    pids = watched["pids"].get("broker", [])
    alive = [p for p in pids if os.path.exists(f"/proc/{p}/cmdline")
             and b"broker" in open(f"/proc/{p}/cmdline", "rb").read()]
    say("the exporter's broker was a process of its own, and has ended",
        ([] if pids else ["none was seen"]) + [f"pid {p} runs still" for p in alive])


def released(space, steps, events, watched):
    right = steps["grant"]["evidence"]["right"]["id"]
    kinds = [e["type"] for e in events]
    say("the key went with the grant: acknowledged, paid for, then used once",
        differs("events", [k for k in kinds if k in ("right.granted", "attachment.acked",
                                                     "money.settled", "right.used")],
                ["right.granted", "attachment.acked", "money.settled", "right.used"])
        + [f"{k} is told" for k in ("right.pending", "right.released") if k in kinds])
    _, answer = space.ask("importer", "right", "show", right)
    shown = {k: answer["right"].get(k) for k in ("custody", "uses", "used", "left", "status")}
    say("the use is counted exactly once",
        differs("right show", shown, {"custody": "released", "uses": 3, "used": 1, "left": 2,
                                      "status": "revoked"})
        + (["a broker was seen"] if watched["pids"].get("broker") else []))


def laws(steps, events, prefix):
    refusal = steps["refused"]["evidence"]["error"]
    verdict = steps["grant"]["evidence"]["compliance"]
    say("the first grant is refused by the validators, by the articles of the law it leaves",
        ([] if refusal["code"] == "refused" and prefix in refusal["message"]
         and ":" in refusal["message"].split(" by ")[-1] else [refusal["message"]])
        + differs("rights granted", [e["type"] for e in events].count("right.granted"), 1))
    say("the second differs in its instrument and is allowed, by articles of the same law",
        ([] if verdict["verdict"] in ("allow", "allow_with_obligations") else [str(verdict)])
        + ([] if any(c.startswith(prefix) for c in verdict["cites"]) else [str(verdict["cites"])]))
    moved = [e["type"] for e in events].count("token.moved")
    say("the token was frozen and thawed, each once, and the right revoked last",
        differs("token.moved", moved, 2) + differs("last", events[-1]["type"], "right.revoked"))


def main(carnet, directory, answer_path, watched_path, scenario):
    with open(answer_path, encoding="utf-8") as f:
        answer = json.load(f)
    with open(watched_path, encoding="utf-8") as f:
        watched = json.load(f)
    story = STORIES[scenario]
    steps = {s["name"]: s for s in answer["steps"]}
    space = Space(carnet, directory)
    token = steps["mint"]["evidence"]["token"]["id"]
    events = space.ask("regulator", "trace", "token", token)[1]["events"]
    say("it is the story that was asked for", differs("scenario", answer["scenario"], scenario))
    laws(steps, events, story[5])
    money(space, steps, events, story)
    (brokered if story[4] == "brokered" else released)(space, steps, events, watched)


if __name__ == "__main__":
    main(*sys.argv[1:6])
