#!/usr/bin/env python3
"""scan_memory: looks for secrets in the memory of processes, in files and in directories.

  scan_memory.py dump PID FILE                     the readable private memory of a process
  scan_memory.py scan WHAT.json find|absent PLACE...   PLACE: a file, a directory, or pid:N

WHAT.json is {name: hex bytes, ...}; each is looked for as it is, in UTF-16 of both orders, in
base64 of both alphabets at all three alignments, and in hex of both cases. `find` says which
were found and fails if a name was found in no form; `absent` fails if anything was found."""
import base64
import json
import os
import sys

PIECE = 1 << 20
NOTHING = bytes(PIECE + 4096)


def forms(secret):
    """Every spelling of the bytes, by name."""
    out = {"plain": secret}
    text = secret.decode("latin-1")
    out["utf-16le"] = text.encode("utf-16-le")
    out["utf-16be"] = text.encode("utf-16-be")
    out["hex"] = secret.hex().encode()
    out["HEX"] = secret.hex().upper().encode()
    for shift in range(3):
        # Bytes before and after are unknown: characters that they share with ours are left out.
        whole = base64.b64encode(b"\0" * shift + secret)
        start = (shift * 8 + 5) // 6
        end = (shift + len(secret)) * 8 // 6
        out[f"base64+{shift}"] = whole[start:end]
        out[f"base64url+{shift}"] = whole[start:end].replace(b"+", b"-").replace(b"/", b"_")
    return out


def memory(pid):
    """Readable memory of a process, in pieces that overlap by what could be cut in two."""
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps:
        ranges = [line.split() for line in maps]
    with open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for fields in ranges:
            low, high = (int(x, 16) for x in fields[0].split("-"))
            if "r" not in fields[1] or (len(fields) > 5 and fields[5] in ("[vvar]", "[vsyscall]")):
                continue
            for at in range(low, high, PIECE):
                try:
                    mem.seek(at)
                    yield mem.read(min(PIECE + 4096, high - at))
                except (OSError, ValueError, OverflowError):
                    continue


def file_pieces(path):
    with open(path, "rb") as f:
        while True:
            piece = f.read(PIECE + 4096)
            yield piece
            if len(piece) <= PIECE:
                return
            f.seek(-4096, os.SEEK_CUR)


def pieces(place):
    if place.startswith("pid:"):
        yield from memory(int(place[4:]))
    elif os.path.isdir(place):
        for root, _, names in os.walk(place):
            for name in names:
                path = os.path.join(root, name)
                if os.path.isfile(path):
                    yield from file_pieces(path)
    else:
        yield from file_pieces(place)


def scan(secrets, place):
    """The (name, form) pairs found, and the bytes looked at."""
    found, size = set(), 0
    wanted = {(n, f): x for n, s in secrets.items() for f, x in forms(s).items()}
    for piece in pieces(place):
        size += len(piece)
        if piece == NOTHING[:len(piece)]:
            continue  # most of a node's memory has never been touched
        for key, needle in wanted.items():
            if key not in found and needle in piece:
                found.add(key)
    return found, size


def dump(pid, path):
    size = 0
    with open(path, "wb") as out:
        for piece in memory(pid):
            size += out.write(piece)
    return size


def main(argv):
    if argv[0] == "dump":
        size = dump(int(argv[1]), argv[2])
        print(f"{size} bytes of pid {argv[1]}")
        return 0 if size > 0 else 1
    with open(argv[1], encoding="ascii") as f:
        secrets = {name: bytes.fromhex(x) for name, x in json.load(f).items()}
    bad = 0
    for place in argv[3:]:
        found, size = scan(secrets, place)
        print(f"{place}: {size} bytes, found {sorted(found)}")
        names = {name for name, _ in found}
        if argv[2] == "find":
            bad += names != set(secrets)
        else:
            bad += bool(found) or size == 0
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
