#!/usr/bin/env python3
"""weather: demo runs while nodes are killed, runs that are interrupted, runs side by side.

  weather.py kills SEED RUNS [SCENARIO…]   five kills -9 a run, never a second while one is down
  weather.py releases                      kills between a brokered RELEASE and its delivery
  weather.py interrupts SEED COUNT         Ctrl-C at COUNT moments, eight of them in two seconds
  weather.py two                           two demos at once
  weather.py one                           one node, a development mode that says so
  weather.py all [SEED]                    what the stage runs: all of it

Everything drawn comes from the printed seed. The last line is "N passed, N failed". Only the
standard library, and nothing of the program but its command line: $CARNET, else $DIR/carnet, else
build/carnet."""
import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CARNET = os.path.realpath(os.environ.get(
    "CARNET", os.path.join(os.environ.get("DIR", "build"), "carnet")))
KILLS = 5
SCENARIOS = ["ecommerce", "medical", "finance"]
RUN_S = 180      # a run that is not over by then hangs
END_S = 25       # from Ctrl-C to the end of the last process: nodes have eight seconds to stop
COUNTS = {"passed": 0, "failed": 0}


def say(title, problems):
    for line in problems[:12]:
        print("# " + str(line)[:1500])
    COUNTS["failed" if problems else "passed"] += 1
    print(("not ok - " if problems else "ok - ") + title, flush=True)


def carnet(space, *words, who=None):
    """(exit code, document) of one command with --json."""
    line = [CARNET, *words, "--json", "--dir", space]
    if who is not None:
        line += ["--as", who, "--passphrase-file", space + "/passphrase"]
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, timeout=120, check=False)
    try:
        return done.returncode, json.loads(done.stdout or done.stderr)
    except ValueError:
        said = (done.stdout + done.stderr)[:800].decode("utf-8", "replace")
        return done.returncode, {"raw": said}


def processes_of(path):
    """pid -> command line, of everything whose command line names the path."""
    out = {}
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as f:
                words = f.read().decode("utf-8", "replace").split("\0")
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as f:
                state = f.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if state != "Z" and any(path in w for w in words[1:]):
            out[int(name)] = " ".join(words)
    return out


def ports_of(space):
    try:
        with open(space + "/nodes.json", encoding="utf-8") as f:
            nodes = json.load(f)["nodes"]
    except (OSError, ValueError, KeyError):
        return []
    return [int(n[k].rsplit(":", 1)[1]) for n in nodes for k in ("peer", "api", "bulk") if k in n]


def listening():
    """Ports of the loopback that somebody listens at."""
    out = set()
    with open("/proc/net/tcp", encoding="ascii") as f:
        for line in list(f)[1:]:
            x = line.split()
            if x[3] == "0A":
                out.add(int(x[1].split(":")[1], 16))
    return out


def leftovers(place, ports):
    problems = [f"process {p}: {c}" for p, c in processes_of(place).items()]
    return problems + [f"port {p} still listens" for p in ports if p in listening()]


def gone(place, ports, patience_s):
    until = time.monotonic() + patience_s
    while leftovers(place, ports) and time.monotonic() < until:
        time.sleep(0.1)
    return leftovers(place, ports)


def answer_of(path):
    """The demo's document: an error is told as a document too, before the table of steps."""
    with open(path, encoding="utf-8", errors="replace") as f:
        text = f.read()
    at, found = text.find("{"), {}
    while at >= 0:
        try:
            one, size = json.JSONDecoder().raw_decode(text[at:])
        except ValueError:
            one, size = {}, 1
        found = one if "steps" in one else found
        at = text.find("{", at + size)
    return found, text


# --- kills ---------------------------------------------------------------------------------------

def demo(space, *words, log):
    return subprocess.Popen([CARNET, "demo", "--keep", "--dir", space, *words], stdout=log,
                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                            start_new_session=True)


STEP = re.compile(r"^  (\S.*?)\s{2,}(?:(\d+) ms  (ok|FAILED)\s|$)")


def steps_of(path):
    """[(name, milliseconds or None while it lasts)] of the table of steps as it stands."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            found = [STEP.match(line.split("\r")[-1]) for line in f.read().split("\n")]
    except OSError:
        return []
    return [(m[1], None if m[2] is None else int(m[2])) for m in found
            if m and not m[1].startswith(("hint: ", "export ")) and CARNET not in m[1]]


def told(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return [x for x in f.read().split("\n") if x][-8:]


def node_pids(space):
    out = {}
    for i in range(64):
        try:
            with open(f"{space}/node-{i}/pid", encoding="ascii") as f:
                pid = int(f.read())
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().decode().split("\0")
        except (OSError, ValueError):
            continue
        if "run" in words and space in words:
            out[i] = pid
    return out


def everybody_is_up(space):
    code, j = carnet(space, "net", "status")
    rows = j.get("nodes", [])
    return code == 0 and rows and all(r.get("pid", 0) and r.get("height", -1) >= 0 for r in rows)


def draw_moments(steps, draw):
    """Five moments over the whole run, as (step, milliseconds into it): by the clock of the calm
    run, so that they fall into the same acts however slow the machine is that day."""
    total, out = sum(ms for _, ms in steps), []
    for at in sorted(draw.uniform(0, total) for _ in range(KILLS)):
        for name, ms in steps:
            if at < ms:
                break
            at -= ms
        out.append((name, at))
    return out


def reached(log, moment, since):
    """Whether the run is at the moment, or past it. `since` remembers when a step was seen."""
    names = [n for n, _ in steps_of(log)]
    for name in names:
        since.setdefault(name, time.monotonic())
    step, offset = moment
    if step not in since:
        return False
    return names[-1] != step or (time.monotonic() - since[step]) * 1000 >= offset


def kill_over(process, space, log, moments, draw):
    """A kill at each moment, each only when everybody is up; gives back what was done. The first
    may fall into the start, where nobody is up yet."""
    began, done, since = time.monotonic(), [], {}
    for moment in moments:
        while process.poll() is None and not reached(log, moment, since):
            time.sleep(0.01)
        pids = {}
        while process.poll() is None:
            pids = node_pids(space)
            if pids and (not done or everybody_is_up(space)):
                break
            time.sleep(0.05)
        if process.poll() is not None:
            break
        index = draw.choice(sorted(pids))
        try:
            os.kill(pids[index], signal.SIGKILL)
        except ProcessLookupError:
            continue
        at = [n for n, _ in steps_of(log)][-1:]
        done.append((round(time.monotonic() - began, 1), index, "".join(at)))
        until = time.monotonic() + 30
        while node_pids(space).get(index) in (None, pids[index]) and time.monotonic() < until:
            time.sleep(0.02)
    return done


def effects(space):
    """What the run did, as the ledger tells it: the same for every run of a scenario."""
    code, tokens = carnet(space, "token", "list", who="regulator")
    out = {"tokens": len(tokens.get("tokens", [])), "list": code}
    for token in tokens.get("tokens", []):
        _, trace = carnet(space, "trace", "token", token["id"], who="regulator")
        out["token"] = [e["type"] for e in trace.get("events", [])]
    for who in ("exporter", "importer", "bank"):
        _, j = carnet(space, "money", "balance", who=who)
        out[who] = j.get("balances", j)
    return out


def calm(scenario, place):
    """One run without any weather: what must come of every other, and how long each act takes."""
    space = f"{place}/calm-{scenario}"
    with open(space + ".log", "w", encoding="utf-8") as log:
        process = demo(space, "--scenario", scenario, log=log)
        process.wait(RUN_S)
    steps = steps_of(space + ".log")
    good = process.returncode == 0 and len(steps) > 10 and all(ms is not None for _, ms in steps)
    say(f"{scenario}: a calm run of {len(steps)} steps ends ok", [] if good else
        told(space + ".log"))
    want = effects(space) if good else {}
    carnet(space, "net", "stop")
    return steps, want


def stormy(scenario, number, steps, want, place, draw):
    space = f"{place}/storm-{scenario}-{number}"
    log_path = space + ".log"
    with open(log_path, "w", encoding="utf-8") as log:
        process = demo(space, "--scenario", scenario, log=log)
        done = kill_over(process, space, log_path, draw_moments(steps, draw), draw)
        try:
            process.wait(RUN_S)
        except subprocess.TimeoutExpired:
            process.kill()
    good = process.returncode == 0
    kills = ", ".join(f"node {i} in {step or 'start'} at {t} s" for t, i, step in done)
    say(f"{scenario}, run {number}: ends ok under five kills ({kills})",
        ([] if good else told(log_path))
        + ([] if len(done) == KILLS or not good else [f"only {len(done)} kills were delivered"]))
    got = effects(space) if good else None
    say(f"{scenario}, run {number}: no effect is lost and none is repeated",
        [] if got == want else [f"calm: {want}", f"storm: {got}"])
    carnet(space, "net", "stop")
    if got != want and "CARNET_WEATHER_KEEP" in os.environ:
        shutil.copytree(space, os.environ["CARNET_WEATHER_KEEP"] + f"/{number}",
                        dirs_exist_ok=True)
    say(f"{scenario}, run {number}: nothing is left when it was stopped",
        gone(space, ports_of(space), END_S))
    for pid in processes_of(space):
        os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def a_place():
    """A folder that is gone afterwards with all that runs in it, also when time is up."""
    with tempfile.TemporaryDirectory(prefix="carnet-weather-") as place:
        try:
            yield place
        finally:
            for pid in processes_of(place):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def kills(seed, runs, scenarios):
    with a_place() as place:
        known = {}
        for number in range(runs):
            scenario = scenarios[number % len(scenarios)]
            if scenario not in known:
                known[scenario] = calm(scenario, place)
            steps, want = known[scenario]
            if want:
                stormy(scenario, number + 1, steps, want, place,
                       random.Random(f"{seed}/{number}"))


# --- between a RELEASE and its delivery ----------------------------------------------------------

def brokers(space):
    return [p for p, c in processes_of(space).items() if " broker run " in c]


def between(name, also_node, steps, want, place):
    """The first broker dies when its RELEASE has committed and its wrap is with nobody yet; the
    provider's node dies before there is another broker, if it is asked for too."""
    space = f"{place}/{name}"
    log_path, done, killed = space + ".log", False, None
    with open(log_path, "w", encoding="utf-8") as log:
        process = demo(space, "--scenario", "medical", "--broker-stop-at", "committed", log=log)
        first = []
        until = time.monotonic() + RUN_S
        while process.poll() is None and time.monotonic() < until and not done:
            if not first:
                first = brokers(space)
            elif first[0] not in brokers(space):
                done = True
                if also_node:
                    killed = node_pids(space).get(0)
                    os.kill(killed, signal.SIGKILL)
            time.sleep(0.02)
        try:
            process.wait(RUN_S)
        except subprocess.TimeoutExpired:
            process.kill()
    who = "the broker and the provider's node" if also_node else "the broker"
    say(f"medical, {who} killed between RELEASE and delivery: ends ok",
        ([] if process.returncode == 0 else told(log_path))
        + ([] if done and (killed or not also_node) else ["nothing was killed"])
        + ([] if len(steps_of(log_path)) == len(steps) else ["steps are missing"]))
    got = effects(space) if process.returncode == 0 else None
    say(f"medical, {who} killed between RELEASE and delivery: the use is counted exactly once",
        [] if got == want and got["token"].count("right.released") == 1
        and got["token"].count("right.pending") == 1 else [f"calm: {want}", f"storm: {got}"])
    carnet(space, "net", "stop")
    say(f"medical, {who} killed between RELEASE and delivery: nothing is left",
        gone(space, ports_of(space), END_S))
    for pid in processes_of(space):
        os.kill(pid, signal.SIGKILL)


def releases():
    with a_place() as place:
        steps, want = calm("medical", place)
        if want:
            between("broker", False, steps, want, place)
            between("node", True, steps, want, place)


# --- interrupts ----------------------------------------------------------------------------------

def interrupted(number, at, place):
    """Ctrl-C at a moment: nothing is left, and a second run in the same directory works."""
    space, temp = f"{place}/space", f"{place}/tmp"
    shutil.rmtree(space, ignore_errors=True)
    os.makedirs(temp, exist_ok=True)
    log_path = f"{place}/run.log"
    with open(log_path, "w", encoding="utf-8") as log:
        process = subprocess.Popen([CARNET, "demo", "--dir", space], stdout=log,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                   start_new_session=True, env={**os.environ, "TMPDIR": temp})
        time.sleep(at)
        ports = ports_of(space)
        early = process.poll() is not None
        if not early:
            # As a terminal does it: to every process of the group.
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            say(f"Ctrl-C at {at:.2f} s: the demo ends", ["it went on"])
    with open(log_path, encoding="utf-8", errors="replace") as f:
        text = f.read()
    problems = gone(place, ports, 3)
    problems += [] if os.listdir(temp) == [] else [f"left in TMPDIR: {os.listdir(temp)}"]
    over = early or "every step can be checked" in text  # it had ended before it heard
    problems += [] if process.returncode != 0 or over else ["it said 0"]
    say(f"Ctrl-C {number} at {at:.2f} s: no process, no port, no temporary file is left",
        problems)
    for pid in processes_of(place):
        os.kill(pid, signal.SIGKILL)
    return space, over


def second_run(number, space):
    """In the directory that an interrupted run left: it starts, or says in one line how."""
    process = subprocess.Popen([CARNET, "demo", "--dir", space], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                               start_new_session=True)
    try:
        _, err = process.communicate(timeout=3)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=END_S)
        say(f"Ctrl-C {number}: a second run in the same directory goes on its way", [])
        return
    lines = err.decode("utf-8", "replace").strip().split("\n")
    told = [x for x in lines if x.startswith("carnet: ")]
    hints = [x for x in lines if x.strip().startswith("hint: ")]
    say(f"Ctrl-C {number}: a second run in the same directory says in one line how",
        [] if len(told) == 1 and len(hints) == 1 and len(lines) == 2 else lines)


def interrupts(seed, count):
    draw = random.Random(seed)
    early, late = min(8, count), 0
    moments = [draw.uniform(0.0, 2.0) for _ in range(early)]
    with a_place() as place:
        # The others fall anywhere in a run as long as one is on this machine.
        begun = time.monotonic()
        subprocess.run([CARNET, "demo"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       stdin=subprocess.DEVNULL, timeout=RUN_S, check=True)
        length = time.monotonic() - begun
        print(f"# an undisturbed run takes {length:.1f} s", flush=True)
        moments += [2.0 + draw.random() * (length - 2.0) for _ in range(count - early)]
        for number, at in enumerate(moments, 1):
            space, over = interrupted(number, at, place)
            late += over
            second_run(number, space)
            gone(place, [], 10)
        say(f"Ctrl-C: {late} of {count} came when the run was over", [] if late * 4 <= count else
            ["too many: the moments are not of the run"])


# --- side by side --------------------------------------------------------------------------------

def two():
    with a_place() as place:
        runs = []
        for i in range(2):
            log = open(f"{place}/{i}.json", "w", encoding="utf-8")
            runs.append((subprocess.Popen([CARNET, "demo", "--json"], stdout=log, stderr=log,
                                          stdin=subprocess.DEVNULL, start_new_session=True), log))
        for i, (process, log) in enumerate(runs):
            process.wait(RUN_S)
            log.close()
            answer, text = answer_of(f"{place}/{i}.json")
            say(f"two demos at once: number {i + 1} ends ok",
                [] if process.returncode == 0 and answer.get("ok") is True else [text[-1500:]])


def one():
    with a_place() as place:
        done = subprocess.run([CARNET, "demo", "--nodes", "1", "--dir", place + "/space"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=RUN_S,
                              stdin=subprocess.DEVNULL, check=False)
        text = done.stdout.decode("utf-8", "replace")
        say("one node: the demo ends ok", [] if done.returncode == 0 else [text[-1500:]])
        say("one node: it says loudly that it is a development mode",
            [] if "DEVELOPMENT MODE" in text else [text[:500]])
        say("one node: nothing is left", gone(place, ports_of(place + "/space"), END_S))
    for few in ("2", "3", "0", "x"):
        done = subprocess.run([CARNET, "demo", "--nodes", few], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=20,
                              check=False)
        say(f"--nodes {few} is wrong usage", [] if done.returncode == 2 else [done])


def main(words):
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if words[0] == "kills":
        print(f"# seed {words[1]}")
        kills(int(words[1]), int(words[2]), words[3:] or ["ecommerce"])
    elif words[0] == "interrupts":
        print(f"# seed {words[1]}")
        interrupts(int(words[1]), int(words[2]))
    elif words[0] == "releases":
        releases()
    elif words[0] == "two":
        two()
    elif words[0] == "one":
        one()
    else:
        seed = int(words[1]) if len(words) > 1 else random.SystemRandom().randrange(10 ** 6)
        print(f"# seed {seed}: tests/weather.py all {seed} draws the same moments")
        one()
        two()
        kills(seed, 4, SCENARIOS)
        releases()
        interrupts(seed, 20)
    print(f"{COUNTS['passed']} passed, {COUNTS['failed']} failed")
    return 1 if COUNTS["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
