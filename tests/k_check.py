#!/usr/bin/env python3
"""k_check.py INPUT OUTPUT ANSWER: count again what carnet says of a table, sharing no code with it.

The quasi-identifiers are those the answer names; that they are the template's, and that values were
changed as it asks, is mask_check.py's to say. Exits 1 when anything differs.
"""
import collections
import csv
import json
import sys


def table(path):
    with open(path, encoding="utf-8-sig", newline="") as f:
        separator = max(",;\t|", key=f.readline().count)
        f.seek(0)
        head, *rows = [row for row in csv.reader(f, delimiter=separator) if row]
    return {name: [row[i] for row in rows] for i, name in enumerate(head)}, len(rows)


def least(columns, names):
    return min(collections.Counter(zip(*(columns[n] for n in names))).values())


(before, rows_in), (after, rows_out) = table(sys.argv[1]), table(sys.argv[2])
with open(sys.argv[3], encoding="utf-8") as f:
    answer = json.load(f)
assert (int(answer["rows_in"]), int(answer["rows_out"])) == (rows_in, rows_out)
assert int(answer["suppressed"]) == rows_in - rows_out
assert answer["kept_rows_share"] == "%d.%04d" % divmod(rows_out * 10000 // rows_in, 10000)
if quasi := answer["quasi_identifiers"]:
    k = least(before, quasi), least(after, quasi)
    assert k == (answer["k_before"], answer["k_after"]) and k[1] >= answer["k_min"], k
for c in answer["columns"]:
    assert c["dropped"] == (c["name"] not in after), c["name"]
    for said, where in (("distinct_before", before), ("distinct_after", after)):
        found = len(set(where.get(c["name"], [])) - {"", "NA", "null"})
        assert int(c[said]) == min(found, 20000), (c["name"], said, found)
print(f"rows {rows_in} -> {rows_out}, k {answer.get('k_before')} -> {answer.get('k_after')}")
