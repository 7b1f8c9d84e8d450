#!/usr/bin/env python3
"""demo_outside: what tests/demo_outside.sh computes about a kept run of the demo.

  demo_outside.py watch DIR OUT     until OUT.stop exists: what is seen of the run from outside
  demo_outside.py rows FILE OUT N   N distinctive rows of a table, as scan_memory reads them
  demo_outside.py check DIR ANSWER INPUT WATCHED
                                    what holds of every story; tests/story_check.py has the rest

Only the standard library, and none of the program's code: formats are read anew from their
description."""
import csv
import glob
import hashlib
import io
import json
import os
import socket
import ssl
import subprocess
import sys
import time

MAGIC = b"carnet-seal/1"


def say(title, problems):
    for line in problems[:10]:
        print("# " + line)
    print(("not ok - " if problems else "ok - ") + title, flush=True)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def sha256(path):
    return hashlib.sha256(read(path)).hexdigest()


def command_of(pid):
    try:
        return [x.decode("utf-8", "replace") for x in read(f"/proc/{pid}/cmdline").split(b"\0")]
    except OSError:
        return []


def is_node(pid, index, directory):
    words = command_of(pid)
    return ("node" in words and "run" in words and directory in words
            and words[words.index("--index") + 1] == str(index) if "--index" in words else False)


def port_of(address):
    return int(address.rsplit(":", 1)[1])


# --- what is seen while it runs ---------------------------------------------------------------

def established():
    """(local port, far port) -> inode, of this host's loopback connections."""
    out = {}
    with open("/proc/net/tcp", encoding="ascii") as f:
        for line in list(f)[1:]:
            x = line.split()
            if x[3] == "01":
                out[(int(x[1].split(":")[1], 16), int(x[2].split(":")[1], 16))] = x[9]
    return out


def owners():
    """inode of a socket -> pid, for the carnet processes that may be looked at."""
    out = {}
    for directory in glob.glob("/proc/[0-9]*/fd"):
        pid = int(directory.split("/")[2])
        if "carnet" not in (command_of(pid) or [""])[0]:
            continue
        try:
            for fd in os.listdir(directory):
                target = os.readlink(f"{directory}/{fd}")
                if target.startswith("socket:["):
                    out[target[8:-1]] = pid
        except OSError:
            continue
    return out


def role_of(pid, directory):
    words = command_of(pid)
    if directory not in words:
        return None
    if "relay" in words or "broker" in words:
        return "relay" if "relay" in words else "broker"
    if "--index" in words:
        return "node-" + words[words.index("--index") + 1]
    return None


class Wire:
    """Loopback packets: every first payload byte of a TCP segment stream on the nodes' ports."""

    def __init__(self):
        self.streams, self.bad, self.segments, self.raw = {}, [], 0, None
        try:
            self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
            self.raw.bind(("lo", 0))
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 20)
            self.raw.settimeout(0.05)
        except (OSError, AttributeError):
            self.raw = None

    def take(self, ports):
        """Packets for 50 ms; only the TLS records' headers are kept in mind."""
        until = time.monotonic() + 0.05
        while time.monotonic() < until:
            try:
                packet, where = self.raw.recvfrom(65536)
            except (socket.timeout, BlockingIOError, OSError):
                return
            if where[2] == socket.PACKET_OUTGOING or packet[9] != 6:
                continue
            tcp = packet[(packet[0] & 15) * 4:int.from_bytes(packet[2:4], "big")]
            src, dst = int.from_bytes(tcp[0:2], "big"), int.from_bytes(tcp[2:4], "big")
            seq, data = int.from_bytes(tcp[4:8], "big"), tcp[(tcp[12] >> 4) * 4:]
            if src not in ports and dst not in ports:
                continue
            if tcp[13] & 2:
                self.streams[(src, dst)] = [(seq + 1) & 0xFFFFFFFF, b"", 0]
            elif data:
                self.feed((src, dst), seq, data)

    def feed(self, key, seq, data):
        """Follow the records of a stream seen from its SYN; a lost packet ends watching it."""
        s = self.streams.get(key)
        if s is None or s[0] != seq:
            if s is not None and ((s[0] - seq) & 0xFFFFFFFF) < 0x80000000:
                return  # sent again
            self.streams.pop(key, None)
            return
        self.segments += 1
        s[0] = (seq + len(data)) & 0xFFFFFFFF
        while data:
            if s[2] > 0:
                used = min(s[2], len(data))
                s[2], data = s[2] - used, data[used:]
                continue
            need = 5 - len(s[1])
            s[1], data = s[1] + data[:need], data[need:]
            if len(s[1]) < 5:
                return
            kind, size = s[1][0], int.from_bytes(s[1][3:5], "big")
            if kind not in (20, 21, 22, 23) or s[1][1] != 3 or size > 16384 + 256:
                self.bad.append(f"ports {key}: {s[1].hex()} is not the head of a TLS record")
                self.streams.pop(key, None)
                return
            s[1], s[2] = b"", size


def watch(directory, out):
    """Until OUT.stop: node pids, who speaks to the relay, what is on the wire."""
    wire, ports, relay, links, pids = Wire(), set(), None, set(), {}
    looked = 0.0
    while not os.path.exists(out + ".stop"):
        if not ports:
            try:
                nodes = json.loads(read(directory + "/nodes.json"))["nodes"]
                ports = {port_of(n[k]) for n in nodes for k in ("peer", "api")}
            except (OSError, ValueError, KeyError):
                time.sleep(0.02)
                continue
        if relay is None:
            try:
                first = read(directory + "/demo/relay.log").split(b"\n")[0]
                relay = port_of(json.loads(first)["address"])
                ports.add(relay)
            except (OSError, ValueError, KeyError):
                relay = None
        if wire.raw is not None:
            wire.take(ports)
        else:
            time.sleep(0.05)
        if relay is not None and time.monotonic() - looked > 0.3:
            looked = time.monotonic()
            own = owners()
            for pid in set(own.values()):
                role = role_of(pid, directory)
                if role is not None:
                    pids.setdefault(role, []).append(pid) if pid not in pids.get(role, []) else None
            tcp = established()
            for (local, far), inode in tcp.items():
                a, b = own.get(inode), own.get(tcp.get((far, local)))
                if a and b:
                    links.add((str(role_of(a, directory)), str(role_of(b, directory)),
                               far == relay))
    with open(out, "w", encoding="ascii") as f:
        json.dump({"links": sorted(links), "pids": pids, "bad": wire.bad,
                   "segments": wire.segments if wire.raw is not None else None}, f)


# --- the data -----------------------------------------------------------------------------------

def table(path):
    text = read(path).decode("utf-8-sig")
    first = text.split("\n", 1)[0]
    mark = max(";,\t", key=first.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    return rows[0], rows[1:]


def distinctive(path, count):
    """Whole lines that occur once and are long, spread over the file."""
    lines = read(path).split(b"\n")[1:]
    good = [x for x in lines if len(x) >= 40]
    step = max(1, len(good) // (count + 1))
    return [good[(i + 1) * step].rstrip(b"\r") for i in range(count)]


def write_rows(path, out, count):
    rows = {f"row {i}": x.hex() for i, x in enumerate(distinctive(path, count))}
    with open(out, "w", encoding="ascii") as f:
        json.dump(rows, f)


def dropped_values(steps, source, opened):
    """The dropped columns' values must not occur in what was opened."""
    columns = steps["de-identify"]["evidence"]["columns"]
    names = {c["name"] for c in columns if c["dropped"]}
    head, rows = table(source)
    kept_head, kept_rows = table(opened)
    problems = [f"column {n} is still there" for n in names if n in kept_head]
    gone = {r[i] for i, n in enumerate(head) if n in names for r in rows if r[i]}
    kept_input = {r[i] for i, n in enumerate(head) if n not in names for r in rows}
    fields = {x for r in kept_rows for x in r}
    # A short number may be the value of a kept column by itself; what no kept column of the input
    # held can only have come from a dropped one.
    problems += [f"the value {v!r} occurs as a field" for v in sorted((gone - kept_input) & fields)]
    everything = "\n".join(kept_input)
    sample = [v for v in sorted(gone) if len(v) >= 5 and v not in everything]
    sample = sample[::max(1, len(sample) // 500)]
    text = read(opened).decode("utf-8")
    problems += [f"the value {v!r} occurs" for v in sample if v in text]
    if not sample or not kept_rows:
        problems.append("there was nothing to look for")
    print(f"# dropped {sorted(names)}: {len(gone)} values, {len(sample)} looked for anywhere")
    return problems


# --- the crossing -------------------------------------------------------------------------------

def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def sealed_sizes(path):
    """Field 9 of the manifest in front of the sealed chunks, and whether it is the whole file."""
    data = read(path)
    if data[:len(MAGIC)] != MAGIC:
        raise ValueError("not a file of sealed bytes")
    size = int.from_bytes(data[len(MAGIC):len(MAGIC) + 4], "big")
    start = len(MAGIC) + 4
    manifest, at, sizes = data[start:start + size], 0, []
    while at < len(manifest):
        tag, at = varint(manifest, at)
        if tag & 7 == 0:
            value, at = varint(manifest, at)
            if tag >> 3 == 9:
                sizes.append(value)
            continue
        length, at = varint(manifest, at)
        if tag >> 3 == 9:
            inner = at
            while inner < at + length:
                value, inner = varint(manifest, inner)
                sizes.append(value)
        at += length
    if start + size + sum(sizes) != len(data):
        raise ValueError(f"{sum(sizes)} sealed bytes are promised, "
                         f"{len(data) - start - size} are there")
    return sizes


def crossing(directory, steps):
    cut = steps["cut and kill"]["evidence"]
    sizes = sealed_sizes(directory + "/demo/received.sealed")
    acked, missing = int(cut["acknowledged"]), int(cut["missing"])
    if len(sizes) >= 5:
        say("at the cut at least three chunks were acknowledged and at least two were not",
            [] if acked >= 3 and missing >= 2 and acked + missing == len(sizes)
            else [f"{acked} were, {missing} were not, of {len(sizes)}"])
    else:
        say("at the cut the only chunk was under way: none was acknowledged",
            [] if acked == 0 and missing == len(sizes) == 1
            else [f"{acked} were, {missing} were not, of {len(sizes)}"])
    before, after, at_cut, healed = {}, {}, False, False
    for line in read(directory + "/demo/relay.log").splitlines():
        row = json.loads(line)
        at_cut |= row["event"] == "cut"
        healed |= row["event"] == "heal"
        # The connections that the cut closed are told as closed after it.
        side = before if not at_cut or (row["conn"] in before) else after
        side[row["conn"]] = row["down"]
    problems = [] if at_cut and healed else ["the relay's log has no cut, or no heal"]
    left, crossed = sum(sizes[acked:]), sum(after.values())
    # Greetings once, and for each chunk its message's head and the heads and tags of TLS records:
    # counted tightly, so that what is left over is far less than a chunk sent twice.
    allowance = 1600 + sum(78 + 22 * ((x + 100) // 16384 + 1) for x in sizes[acked:])
    if crossed > left + allowance:
        problems.append(f"{crossed} bytes crossed after the cut, {left} were missing, "
                        f"allowance {allowance}")
    if crossed < left:
        problems.append(f"only {crossed} bytes crossed after the cut, {left} were missing: they "
                        "came another way")
    if sum(before.values()) < sum(sizes[:acked]):
        problems.append("fewer bytes crossed before the cut than were acknowledged")
    if len(sizes) == 1:
        # What a connection carries besides its chunk is known from the one that carried all of it.
        besides = max(after.values()) - sizes[0]
        part = max(before.values()) - besides
        print(f"# {part} bytes of the only chunk had crossed at the cut, of {sizes[0]}")
        say("the cut fell into the middle of the chunk",
            [] if 0 < part < sizes[0] else [f"{part} of {sizes[0]}"])
    print(f"# {left} sealed bytes were missing at the cut, {crossed} crossed after it; "
          f"smallest chunk {min(sizes)}")
    say("no acknowledged chunk crosses the relay twice, by the relay's own log", problems)
    return sizes


def same_chunks(directory, seal, sizes):
    at = [glob.glob(f"{directory}/node-{i}/spaces/*/seals/{seal}") for i in range(5)]
    problems = [] if at[0] and at[1] else ["node 0 or node 1 does not hold the seal"]
    problems += [f"node {i} holds the seal too" for i in (2, 3, 4) if at[i]]
    bundle = read(directory + "/demo/received.sealed")[-sum(sizes):]
    used = 0
    for i, size in enumerate(sizes if not problems else []):
        a, b = f"{at[0][0]}/{i}", f"{at[1][0]}/{i}"
        if sha256(a) != sha256(b) or os.path.getsize(a) != size:
            problems.append(f"chunk {i} is not the same at node 0 and node 1")
        if hashlib.sha256(bundle[used:used + size]).hexdigest() != sha256(b):
            problems.append(f"chunk {i} is not the one that was opened")
        used += size
    return problems


# --- the nodes ----------------------------------------------------------------------------------

def certificates(directory):
    out = {}
    for i in range(5):
        pem = read(f"{directory}/node-{i}/tls.pem").decode("ascii")
        out[i] = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERT"):])
    return out


def shown_by(address):
    done = subprocess.run(["openssl", "s_client", "-connect", address, "-showcerts"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=20, check=False)
    return done.stdout.decode("utf-8", "replace")


def tls_problems(address, certificate):
    text, problems = shown_by(address), []
    if "TLSv1.3" not in text:
        problems.append(f"{address}: no TLS 1.3")
    begin, end = text.find("-----BEGIN CERTIFICATE-----"), text.find("-----END CERTIFICATE-----")
    if begin < 0:
        return problems + [f"{address}: shows no certificate"]
    first = text[begin:end + 26]
    if ssl.PEM_cert_to_DER_cert(first) != certificate:
        problems.append(f"{address}: shows another certificate than the node's own")
    seen = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName"],
                          input=first.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False).stdout.decode()
    if "URI:carnet://" not in seen:
        problems.append(f"{address}: no carnet:// name in the certificate: {seen.strip()}")
    old = subprocess.run(["openssl", "s_client", "-connect", address, "-tls1_2"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=20, check=False).stdout.decode()
    if "Cipher is (NONE)" not in old:
        problems.append(f"{address}: speaks TLS 1.2")
    return problems


def plain_problems(address):
    """What a plain client gets: nothing but a TLS alert, or an end."""
    host, port = address.rsplit(":", 1)
    got = b""
    with socket.create_connection((host, int(port)), 5) as s:
        s.settimeout(3)
        try:
            s.sendall(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
            while len(got) < 4096:
                piece = s.recv(4096)
                if not piece:
                    break
                got += piece
        except OSError:
            pass
    good = got == b"" or (got[0] == 21 and got[1] == 3 and len(got) == 5 + got[4])
    return [] if good else [f"{address}: answers a plain request with {got[:60]!r}"]


def processes(directory, answer, steps, watched):
    nodes = json.loads(read(directory + "/nodes.json"))["nodes"]
    killed = int(steps["cut and kill"]["evidence"]["killed_pid"])
    new = int(steps["resume"]["evidence"]["new_pid"])
    say("the killed process is gone",
        [f"pid {killed} still runs node 3"] if is_node(killed, 3, directory) else [])
    said = {n["index"]: n["pid"] for n in steps["nodes"]["evidence"]["nodes"]}
    say("it was the validator, and another process has taken its place",
        ([] if said[3] == killed != new else [f"{said[3]}, {killed}, {new}"])
        + ([] if killed in watched["pids"].get("node-3", []) else
           [f"pid {killed} was never seen as node 3: {watched['pids'].get('node-3')}"])
        # With --keep the nodes are started once more at the end, with their direct addresses.
        + ([] if new in watched["pids"].get("node-3", []) else
           [f"pid {new} was never seen as node 3: {watched['pids'].get('node-3')}"]))
    pids = {i: int(read(f"{directory}/node-{i}/pid")) for i in range(5)}
    say("five processes are the five nodes",
        [f"pid {p} is not node {i}" for i, p in pids.items() if not is_node(p, i, directory)]
        + ([] if len(set(pids.values())) == 5 == answer["nodes"] else ["not five"]))
    shown = certificates(directory)
    say("they have five different certificates",
        [] if len(set(shown.values())) == 5 else ["two nodes share one"])
    for n in nodes:
        for kind in ("peer", "api"):
            say(f"node {n['index']}, {kind}: TLS 1.3 with its own certificate, no older TLS",
                tls_problems(n[kind], shown[n["index"]]))
            say(f"node {n['index']}, {kind}: a plain client gets an alert or an end",
                plain_problems(n[kind]))
    return pids


def wire_cases(watched):
    if watched["segments"] is None:
        print("skip - only TLS on the wire: loopback cannot be listened to without root")
    else:
        print(f"# {watched['segments']} segments with data were followed")
        say("every byte that was seen between nodes belongs to a TLS record",
            watched["bad"] + ([] if watched["segments"] > 100 else ["too few were seen"]))
    links = {tuple(x) for x in watched["links"]}
    say("the relay stood between the processes of node 1 and node 0",
        ([] if ("node-1", "relay", True) in links else ["node 1 was not seen to dial the relay"])
        + ([] if ("relay", "node-0", False) in links else ["the relay did not dial node 0"])
        + [f"{a} dialed the relay too" for a, b, bulk in sorted(links) if bulk and a != "node-1"])


def check(directory, answer_path, source, watched_path):
    answer, watched = json.loads(read(answer_path)), json.loads(read(watched_path))
    steps = {s["name"]: s for s in answer["steps"]}
    say("the demo ends ok, and each of its steps",
        ([] if answer["ok"] is True else ["ok is not true"])
        + [f"step {s['name']}" for s in answer["steps"] if s["ok"] is not True])
    opened, lawful = directory + "/demo/opened.csv", directory + "/demo/lawful.csv"
    say("what the importer opened is what the exporter put",
        [] if sha256(opened) == sha256(lawful) == steps["put"]["evidence"]["sha256"]
        == answer["transfer"]["sha256"] else ["the sha256 differ"])
    say("it is not the input",
        ["the same sha256"] if sha256(opened) == sha256(source) else [])
    if any(c["dropped"] for c in steps["de-identify"]["evidence"]["columns"]):
        say("no value of a dropped column occurs in it",
            dropped_values(steps, source, opened))
    say("a use after revoke was refused by name and left nothing",
        ([] if steps["revoke"]["evidence"]["error"]["code"] == "revoked" else ["another refusal"])
        + (["again.csv exists"] if os.path.exists(directory + "/demo/again.csv") else []))
    sizes = crossing(directory, steps)
    say("the chunks of node 0 have arrived at node 1, and at no other",
        same_chunks(directory, steps["seal"]["evidence"]["seal"], sizes))
    processes(directory, answer, steps, watched)
    wire_cases(watched)


def canaries():
    """The watcher must see a byte that is not TLS, and the parser a file that is too short."""
    wire = Wire.__new__(Wire)
    wire.streams, wire.bad, wire.segments = {(1, 2): [7, b"", 0]}, [], 0
    wire.feed((1, 2), 7, bytes([23, 3, 3, 0, 2, 9, 9]) + b"GET / HTTP")
    say("canary: plain text after a TLS record is seen", [] if wire.bad else ["it was not"])


if __name__ == "__main__":
    if sys.argv[1] == "watch":
        watch(sys.argv[2], sys.argv[3])
    elif sys.argv[1] == "rows":
        write_rows(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        canaries()
        check(*sys.argv[2:6])
