#!/usr/bin/env python3
"""make_shop ROWS SEED: order lines of a shop that no template has seen: other column names in the
same meaning (some of them Chinese), another order, separator and quoting, the same bytes for a
seed."""
import csv
import io
import random
import sys

chance = random.Random()
THINGS = [f"{a} {b}" for a in ("Lampe", "Vase", "Decke; groß", 'Spiegel "Oval"', "茶壶")
          for b in ("weiß", "rot", "blau", "12 cm", "24 cm")]


def line(i):
    return {"Bestelldatum": f"2024-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
            "商品名称": chance.choice(THINGS), "Customer Ref": f"KD-{10000 + i * 7919 % 89999}",
            "Menge": chance.randrange(1, 40),
            "E-Mail": f"k{i * 31 % 100003}@example.org",
            "Telefon": f"0{chance.randrange(151, 180)} {chance.randrange(1000000, 9999999)}",
            "Stückpreis": f"{chance.randrange(1, 300)},{chance.randrange(100):02}",
            "Artikel": f"A{chance.randrange(100, 900)}",
            "Land": chance.choice(("DE", "FR", "PL", "CN")),
            "备注": chance.choice(("", "Kundin bittet um Rückruf", "ok"))}


def main(rows, seed):
    chance.seed(seed)
    names = list(line(0))
    chance.shuffle(names)
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    sheet = csv.DictWriter(out, names, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_ALL)
    sheet.writeheader()
    for i in range(rows):
        sheet.writerow(line(i))
    out.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
