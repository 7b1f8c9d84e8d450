#!/usr/bin/env python3
"""audit_flips CARNET audit|tx FILE GENESIS PLACE EVEN MEMBERS: flip one bit, verify, expect exit 4.

EVEN flips are spread evenly over the file; MEMBERS flips go round the kinds of member that the JSON
holds, a kind being its path without the array indexes, each at a place of its own in a value."""
import concurrent.futures
import os
import random
import subprocess
import sys


def spans(text):
    """(path, start, end) of every scalar of a JSON document, as it stands in the text."""
    out, stack, at, key = [], [], 0, None
    while at < len(text):
        c = text[at]
        if c == '"':
            end = at + 1
            while text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            after = end + 1
            if stack and stack[-1][0] == "{" and text[after:after + 1] == ":":
                key = text[at + 1:end]
            else:
                out.append((path_of(stack, key), at + 1, max(end, at + 2)))
            at = after
        elif c in "{[":
            stack.append((c, key))
            key, at = None, at + 1
        elif c in "}]":
            key = stack.pop()[1]
            at += 1
        elif c in ",: \n\t\r":
            if c == "," and stack and stack[-1][0] == "[":
                key = None
            at += 1
        else:
            end = at
            while end < len(text) and text[end] not in ",}] \n":
                end += 1
            out.append((path_of(stack, key), at, end))
            at = end
    return out


def path_of(stack, key):
    return ".".join([k for _, k in stack if k] + ([key] if key else []))


def places(data, even, members):
    out = [(len(data) * i // even, "evenly") for i in range(even)]
    if members:
        chance, kinds = random.Random(7), {}
        for path, start, end in spans(data.decode("latin-1")):
            kinds.setdefault(path, []).append((start, end))
        names = sorted(kinds)
        # Every kind once, whatever their number; then round again up to what was asked for.
        for i in range(max(members, len(names))):
            start, end = chance.choice(kinds[names[i % len(names)]])
            out.append((chance.randrange(start, end), names[i % len(names)]))
        print(f"# {len(names)} kinds of member")
    return out


def main(carnet, noun, path, genesis, place, even, members):
    with open(path, "rb") as f:
        data = f.read()

    def verify(job):
        number, (at, why) = job
        bent = os.path.join(place, f"flip-{noun}-{number}")
        with open(bent, "wb") as f:
            f.write(data[:at] + bytes([data[at] ^ (1 << (number % 7))]) + data[at + 1:])
        done = subprocess.run([carnet, noun, "verify", bent, "--genesis", genesis],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120, check=False)
        os.unlink(bent)
        return at, why, done.returncode, done.stdout

    jobs = list(enumerate(places(data, even, members)))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for at, why, code, said in pool.map(verify, jobs):
            if code != 4:
                print(f"# exit code {code}: {said[-300:]!r}")
            print(f"{'ok' if code == 4 else 'not ok'} - {noun}: a flip at byte {at} ({why}) "
                  "is not accepted")


if __name__ == "__main__":
    main(*sys.argv[1:6], int(sys.argv[6]), int(sys.argv[7]))
