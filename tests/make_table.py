#!/usr/bin/env python3
"""make_table ROWS: a table in the shape of Online Retail, the same at every call: byte-order mark,
`;`, decimal commas, quotes, a customer's number in most rows."""
import random
import sys


def main(rows):
    chance = random.Random(20101201)
    out = ["\ufeffInvoiceNo;StockCode;Description;Quantity;InvoiceDate;"
           "UnitPrice;CustomerID;Country"]
    things = [f"{a} {b} {c}" for a in ("WHITE", "RED", "BLUE", "VINTAGE", "SMALL")
              for b in ("METAL", "GLASS", "PAPER", "WOODEN") for c in ("LANTERN", "HEART", "MUG")]
    places = ("United Kingdom", "Germany", "France", "EIRE", "Netherlands")
    for i in range(rows):
        thing = chance.choice(things)
        if chance.random() < 0.02:
            thing = '"' + thing + '; ""SET OF 2"""'
        person = "" if chance.random() < 0.2 else str(chance.randrange(12346, 18288))
        out.append(f"{536365 + i // 20};{chance.randrange(10000, 90000)};{thing};"
                   f"{chance.randrange(1, 48)};{1 + i // 900}/12/2010 08:{i % 60:02};"
                   f"{chance.randrange(1, 20)},{chance.randrange(100):02};{person};"
                   f"{chance.choice(places)}")
    sys.stdout.buffer.write("\n".join(out).encode() + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
