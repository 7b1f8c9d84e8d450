#!/usr/bin/env python3
"""Derive every changed column of a table again from its input, by the rules of the template.

mask_check.py INPUT OUTPUT TEMPLATE ANSWER KEYHEX LEAST: bands, dates, rare values, masks,
pseudonyms and the rows that stay, sharing no code with carnet. Where nobody told the key, KEYHEX is
`-`: then pseudonyms must name each value by one word, no two by the same, and hold no value of the
input. Exits 1 at the first difference, or when fewer than LEAST columns were derived.
"""
import base64
import collections
import csv
import decimal
import fnmatch
import hashlib
import hmac
import json
import re
import sys


def table(path):
    with open(path, encoding="utf-8-sig", newline="") as f:
        separator = max(",;\t|", key=f.readline().count)
        f.seek(0)
        rows = [row for row in csv.reader(f, delimiter=separator) if row]
    return rows[0], rows[1:]


def rule_of(header):
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=\d)(?=\D)|(?<=\D)(?=\d)|[\W_]+", " ", header).strip()
    return next((r for r in template.get("columns", []) for n in r["names"]
                 if fnmatch.fnmatch(header.lower(), n) or fnmatch.fnmatch(words.lower(), n)), None)


def number(v):
    v = v.replace(".", "").replace(",", ".") if v.rfind(",") > v.rfind(".") else v.replace(",", "")
    return decimal.Decimal(v)


def widen(step, v, rows):
    if step == "hide" or v == "":
        return "*" if step == "hide" else v
    if step == "keep" or "rare" in step:
        return v if step == "keep" or rows >= step["rare"] else step["other"]
    if "date" in step:
        year, month = re.match(r"(\d{4})-(\d\d?)", v).groups()
        quarter = f"{year}-Q{(int(month) + 2) // 3}"
        return {"year": year, "quarter": quarter, "month": v[:7]}[step["date"]]
    low, high, width = (step["bands"][k] for k in ("from", "to", "width"))
    if not low <= number(v) < high:
        return f"<{low}" if number(v) < low else f">={high}"
    low += int((number(v) - low) // width) * width
    return f"{low}..<{low + width}"


def changed(r, header, column, level):
    if r["action"] == "generalise":
        counts = collections.Counter(column)
        return [widen(r["ladder"][level], v, counts[v]) for v in column]
    if r["action"] == "mask":
        first, last = r["mask"]["first"], r["mask"]["last"]
        return ["*" * len(v) if len(v) <= first + last else
                v[:first] + "*" * (len(v) - first - last) + v[len(v) - last:] for v in column]
    if sys.argv[5] == "-":
        return None
    domain = b"\0".join([b"carnet/pseudonym/v1", template["template"].encode(), header.encode()])
    key = hmac.digest(bytes.fromhex(sys.argv[5]), domain, hashlib.sha256)
    macs = {v: hmac.digest(key, v.encode(), hashlib.sha256) for v in set(column)}
    names = {v: base64.b32encode(mac).decode().lower()[:r["length"]] for v, mac in macs.items()}
    return [names[v] if v else "" for v in column]


def is_renamed(before, after, length):
    """One to one, and of what came in nothing goes out."""
    pairs = {(b, a) for b, a in zip(before, after) if b or a}
    assert len(pairs) == len({b for b, _ in pairs}) == len({a for _, a in pairs})
    assert not {b for b, _ in pairs} & {a for _, a in pairs}
    assert {len(a) for _, a in pairs} <= {length} and pairs


template, answer = (json.load(open(p, encoding="utf-8")) for p in sys.argv[3:5])
(head, rows), (out_head, out_rows) = table(sys.argv[1]), table(sys.argv[2])
columns, out = dict(zip(head, zip(*rows))), dict(zip(out_head, zip(*out_rows)))
quasi = [h for role in template.get("quasi_identifiers", []) for h in head
         if (rule_of(h) or {}).get("role") == role]
level = dict(zip(quasi, answer["levels"]))
rules = {h: rule_of(h) for h in out_head}
again = {h: changed(r, h, columns[h], level.get(h, 0)) for h, r in rules.items()
         if r and r["action"] not in ("keep", "drop")}
wide = list(zip(*(again.get(h, columns[h]) for h in quasi)))
size = collections.Counter(wide)
stays = [not quasi or size[w] >= template["k"] for w in wide or rows]
assert answer["quasi_identifiers"] == quasi, quasi
for h in [h for h, column in again.items() if column is None]:
    is_renamed([v for v, s in zip(columns[h], stays) if s], out[h], rules[h]["length"])
    del again[h]
for h, column in again.items():
    assert [v for v, s in zip(column, stays) if s] == list(out[h]), h
for c in answer["columns"]:
    role = rule_of(c["name"])
    assert not role or all(c[m] == role[m] for m in ("role", "action", "class", "why")), c
assert len(again) >= int(sys.argv[6]), "only %d columns were changed" % len(again)
print(f"{len(again)} columns again, {sum(stays)} of {len(rows)} rows stay: {', '.join(again)}")
