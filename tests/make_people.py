#!/usr/bin/env python3
"""make_people KIND ROWS SEED: a table of patients or of card holders that no template has seen:
other column names in the same meaning (some of them Chinese), another order, separator and quoting,
the same bytes for a seed. KIND is medical or finance."""
import csv
import io
import random
import sys

chance = random.Random()


def hill(low, high):
    return int(chance.triangular(low, high + 1))


def patient(i):
    return {"PatientNo": f"P{i * 7919 % 1000003:07}", "姓名": chance.choice("王李张刘陈") + "伟",
            "患者年龄": hill(18, 95), "Gender": chance.choice("MMF"),
            "Admission Date": f"2023-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
            "resting blood pressure": hill(90, 200),
            "总胆固醇": f"{hill(120, 420)},{chance.randrange(10)}",
            "max heart rate": hill(60, 205), "Postcode": f"{chance.randrange(10000, 99999)}",
            "remarks": chance.choice(("stable; \"as before\"", "call 0171 5550199", "")),
            "诊断": chance.randrange(2)}


def client(i):
    bill = chance.randrange(-5000, 300000)
    return {"Kunden_Nr": 100000 + i, "Familienstand": chance.choice((1, 1, 2, 2, 3)),
            "verzug_1": chance.choice((-1, 0, 0, 2)), "Kreditlimit": hill(1, 80) * 10000,
            "年龄": hill(21, 78), "学历": chance.choices((1, 2, 3, 6), (40, 40, 19, 1))[0],
            "Rechnung 1": bill,
            "Rechnung 2": f"{chance.randrange(0, 200000)},{chance.randrange(10)}5",
            "Zahlung 1": max(0, bill) // 9, "Geschlecht": chance.choice("mw"),
            "IBAN": f"DE89370400440532{chance.randrange(100000):05}0",
            "E-Mail": f"k{i}@example.org", "Ausfall": chance.randrange(2)}


def main(kind, rows, seed):
    chance.seed(seed)
    make = {"medical": patient, "finance": client}[kind]
    names = list(make(0))
    chance.shuffle(names)
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    mark, quoting = {"medical": ("|", csv.QUOTE_ALL), "finance": (";", csv.QUOTE_MINIMAL)}[kind]
    sheet = csv.DictWriter(out, names, delimiter=mark, lineterminator="\r\n", quoting=quoting)
    sheet.writeheader()
    for i in range(rows):
        sheet.writerow(make(i))
    out.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
