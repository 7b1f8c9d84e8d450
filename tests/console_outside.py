"""What console_outside.sh asks of the console: usage console_outside.py CARNET SPACE PLACE."""
import json
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

import browser

CARNET, SPACE, PLACE = sys.argv[1:4]
PICTURES = os.environ.get("PICTURES", PLACE)
POLICY = ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'",
          "require-trusted-types-for 'script'", "trusted-types 'none'")


def tell(title, right, note=""):
    if not right and note:
        print(f"# {note}")
    print(f"{'ok' if right else 'not ok'} - {title}", flush=True)


def carnet(*words, who="exporter"):
    done = subprocess.run([CARNET, *words, "--dir", SPACE, "--as", who, "--json"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"carnet {' '.join(words)}: {done.stderr.decode()}")
    return json.loads(done.stdout)


class Node:
    """Plain requests to one node, which is trusted by the space's own CA."""
    def __init__(self, base):
        self.base = base
        self.trust = ssl.create_default_context(cafile=os.path.join(SPACE, "ca.pem"))
        # The CA is Carnet's own and names no key identifiers, which newer Pythons would ask for.
        self.trust.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)

    def ask(self, path, word=None, method="GET"):
        q = urllib.request.Request(self.base + path, method=method)
        if word is not None:
            q.add_header("Authorization", "Bearer " + word)
        try:
            with urllib.request.urlopen(q, timeout=10, context=self.trust) as r:
                return r.status, r.headers, r.read()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read()


def mint(name):
    path = os.path.join(PLACE, name + ".csv")
    with open(path, "w", encoding="utf-8") as f:
        f.write("order;country\n" + "".join(f"{i};DE\n" for i in range(500)) + name + ";DE\n")
    asset = carnet("asset", "put", path)["asset"]
    return carnet("token", "mint", "--asset", asset, "--template", "ecommerce",
                  "--places", "DE")["token"]["id"]


def fenced(node, word):
    """What a stranger gets, and how the page is fenced in."""
    routes = ("/v1/space", "/v1/tokens", "/v1/stream", "/v1/events", "/v1/words", "/v1/genesis")
    stranger = [node.ask(p)[0] for p in routes]
    tell("without a session nothing is told", stranger == [401] * len(routes), str(stranger))
    foreign = [node.ask(p, "A" * 43)[0] for p in routes]
    tell("with a word that nobody gave nothing is told", foreign == [401] * len(routes),
         str(foreign))
    status, headers, page = node.ask("/console/")
    policy = headers.get("content-security-policy", "")
    tell("the page has a strict policy",
         status == 200 and all(p in policy for p in POLICY) and "unsafe" not in policy, policy)
    tell("the page is not kept, and not sniffed", headers.get("cache-control") == "no-store" and
         headers.get("x-content-type-options") == "nosniff")
    tell("the page has no script or style of its own in it",
         not re.search(rb"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page))
    files = re.findall(rb'(?:src|href)="(/console/[^"]+)"', page)
    kept = [node.ask(f.decode()) for f in files]
    tell("its files are there, named by their hash, and may be kept", len(kept) == 3 and all(
        s == 200 and "immutable" in h.get("cache-control", "") for s, h, _ in kept))
    data = node.ask("/v1/space", word)
    tell("a session is told, and its data is not kept",
         data[0] == 200 and data[1].get("cache-control") == "no-store")
    writes = [node.ask(p, word, "POST")[0] for p in ("/v1/tx", "/v1/sessions")]
    tell("a session writes nothing", all(s in (400, 403) for s in writes), str(writes))


def picture(page, name, **look):
    page.look(**look)
    time.sleep(0.4)
    page.picture(os.path.join(PICTURES, name + ".png"))


def events(page):
    return page.run("[...document.querySelectorAll('.event')].map(e => e.dataset.event)")


def story(token):
    """One crossing by hand: sealed, paid for, granted, used."""
    carnet("token", "seal", token)
    carnet("money", "issue", "--to", "importer", "--amount", "1000.00", who="bank")
    lock = carnet("money", "lock", "--to", "exporter", "--amount", "250.00", "--token", token,
                  who="importer")["lock"]
    grant = carnet("right", "grant", token, "--to", "importer", "--uses", "3",
                   "--sector", "ecommerce", "--classes", "personal", "--subjects", "500",
                   "--prior-subjects", "120000", "--purpose", "cross_border_shopping",
                   "--mechanisms", "cn_standard_contract", "--lock", lock)
    return grant["right"]["id"]


def live(page, url):
    page.look(1360, 900)
    page.go(url)
    tell("the console opens", page.wait("document.querySelector('.ready .link.live') !== null"))
    tell("the word leaves the address bar", page.run("location.hash") in ("", "#/"))
    nodes = page.run("document.querySelectorAll('[data-node]').length")
    tell("five nodes are shown with their heights and views", nodes == 5 and page.run(
        "[...document.querySelectorAll('[data-node]')].every(r => r.cells.length === 5 && "
        "/^[0-9]+$/.test(r.cells[2].textContent) && /^[0-9]+$/.test(r.cells[3].textContent))"),
        str(nodes))
    page.run("window.untouched = true")
    token = mint("first")
    tell("a token that is minted afterwards appears by itself",
         page.wait(f"document.querySelector('[data-token=\"{token}\"]') !== null"))
    page.run(f"document.querySelector('[data-token=\"{token}\"]').click()")
    tell("its timeline begins with its minting",
         page.wait("document.querySelectorAll('.event').length === 1") and
         events(page) == ["token.minted"])
    story(token)
    tell("the timeline grows: sealed, paid for, granted", page.wait(
        "document.querySelectorAll('.event').length >= 4"
        " && document.querySelector('[data-right]') !== null"), str(events(page)))
    said = page.run("document.querySelector('.verdict')?.innerText ?? ''")
    tell("the verdict is said in words, with its articles",
         "allowed, with obligations" in said and "CN-CBDF:8" in said and
         "Cross-Border Data Flows" in said and "10 working days" in said, said)
    carnet("token", "freeze", token, "--reason", "7", who="regulator")
    tell("a freeze appears by itself", page.wait(
        "document.querySelector('.event h4').textContent === 'Frozen' && "
        "document.querySelector('.token-head .pill').textContent === 'frozen'"), str(events(page)))
    tell("and is told to whoever listens instead of looking",
         page.wait("document.getElementById('news').textContent === 'New: Frozen'"))
    picture(page, "console-en-light", width=1360, height=900)
    carnet("token", "thaw", token, who="regulator")
    page.wait("document.querySelector('.event h4').textContent === 'Thawed'")
    tell("none of this took a reload", page.run("window.untouched") is True)
    return token


def languages(page):
    page.run("document.getElementById('language').click()")
    words = page.run("document.body.innerText")
    tell("the page speaks Chinese", all(w in words for w in (
        "节点", "数据通证", "全程轨迹", "授予使用权", "解冻", "向省级网信部门备案标准合同")) and
        page.run("document.documentElement.lang") == "zh-Hans", words[:600])
    picture(page, "console-zh-dark", width=1360, height=900, dark=True)
    picture(page, "console-zh-phone", width=390, height=844, phone=True)
    wide = page.run("document.documentElement.scrollWidth")
    tell("a phone needs no scrolling sideways", wide <= 390, f"{wide} px")
    page.run("document.getElementById('language').click()")
    tell("and English again", "What happened" in page.run("document.body.innerText"))
    picture(page, "console-en-phone-dark", width=390, height=844, phone=True, dark=True)
    page.look(1360, 900)


def ends(page, node, word):
    page.ask("Page.reload")
    tell("a reload keeps the session",
         page.wait("document.querySelector('.ready .link.live') !== null"))
    tell("every request went to this node",
         all(a.startswith((node.base + "/", "about:")) for a in page.addresses()))
    tell("no address held the word", not any(word in a for a in page.addresses()[1:]))
    tell("nothing was thrown, and nothing refused by the browser", page.complaints() == [],
         str(page.complaints()))
    page.run("document.querySelector('[data-focus=end]').click()")
    tell("the session can be ended from the page",
         page.wait("document.body.classList.contains('noticed')"))
    tell("and is ended at the node", node.ask("/v1/space", word)[0] == 401)


def main():
    opened = carnet("console", who="regulator")
    base, word = re.fullmatch(r"(https://[^/]+)/console/#([A-Za-z0-9_-]{43})",
                              opened["url"]).groups()
    node = Node(base)
    if b"<script" not in node.ask("/console/")[2]:
        print("skip - the console: SKIPPED, this binary was built without esbuild")
        return
    fenced(node, word)
    if browser.program() is None:
        print("skip - the console in a browser: SKIPPED, chromium is not here "
              "(apt install chromium)")
        return
    page = browser.Browser(opened["key_sha256"])
    try:
        live(page, opened["url"])
        languages(page)
        ends(page, node, word)
    finally:
        page.close()


if __name__ == "__main__":
    main()
