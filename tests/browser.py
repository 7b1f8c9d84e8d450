"""A real Chromium, headless, driven over its debugging pipe: the standard library is all it takes.

It trusts one node's key, named by its SHA-256, and no other certificate of the space."""
import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def program():
    return next((p for p in map(shutil.which, NAMES) if p), None)


class Browser:
    def __init__(self, key_sha256_hex, width=1360, height=900):
        self.profile = tempfile.mkdtemp(prefix="carnet-browser-")
        pin = base64.b64encode(bytes.fromhex(key_sha256_hex)).decode()
        command = [program(), "--headless=new", "--remote-debugging-pipe", "--no-sandbox",
                   "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--disable-extensions", "--disable-background-networking", "--hide-scrollbars",
                   "--force-device-scale-factor=1", "--lang=en-GB",
                   f"--user-data-dir={self.profile}", f"--window-size={width},{height}",
                   f"--ignore-certificate-errors-spki-list={pin}", "about:blank"]
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()
        # The browser reads its descriptor 3 and writes its descriptor 4.
        self.child = subprocess.Popen(
            ["bash", "-c", f"exec 3<&{to_read} 4>&{to_write}; exec \"$@\"", "browser", *command],
            pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        os.close(to_read)
        os.close(to_write)
        self.number, self.rest, self.events = 0, b"", []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if hasattr(self, "session"):
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.hear(20)
            if answer is None:
                raise TimeoutError(method)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def hear(self, seconds):
        """The next message; events are also kept."""
        until = time.monotonic() + seconds
        while b"\0" not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.read_end], [], [], left)[0]:
                return None
            piece = os.read(self.read_end, 1 << 16)
            if piece == b"":
                raise EOFError("the browser has gone")
            self.rest += piece
        one, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(one)
        if "method" in message:
            self.events.append(message)
        return message

    def run(self, script):
        """The value of an expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True,
                          awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:500])
        return answer["result"].get("value")

    def wait(self, script, seconds=15):
        """True once the expression holds."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.run(script):
                return True
            time.sleep(0.05)
        return False

    def go(self, url):
        self.ask("Page.navigate", url=url)

    def look(self, width, height, dark=False, phone=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=2 if phone else 1, mobile=phone)
        self.ask("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, path, whole=False):
        data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))

    def complaints(self):
        """What the page threw or the browser refused it (CSP among them)."""
        out = []
        for e in self.events:
            if e["method"] == "Runtime.exceptionThrown":
                what = e["params"]["exceptionDetails"]
                out.append(f"{what.get('text')} {what.get('exception', {}).get('description')}")
            elif e["method"] == "Log.entryAdded" and e["params"]["entry"]["level"] == "error":
                out.append(e["params"]["entry"]["text"])
        return out

    def addresses(self):
        """Every address that the page asked for."""
        return [e["params"]["request"]["url"] for e in self.events
                if e["method"] == "Network.requestWillBeSent"]

    def close(self):
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()
        os.close(self.write_end)
        os.close(self.read_end)
        shutil.rmtree(self.profile, ignore_errors=True)
