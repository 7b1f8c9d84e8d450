// main: the page itself: what is where, and which part is drawn again when something changes.
import { endSession, forgetWord, LedgerEvent, Refused, takeWord } from "./api";
import { picture, table } from "./nodes";
import { Store } from "./store";
import { eventTitle, statusPill, tokenView } from "./token";
import { code, glow, h, Names, short, svg } from "./view";
import { current, Key, say, sayOr, time, toggle } from "./words";

const store = new Store();

function part(id: string): HTMLElement {
  const el = document.getElementById(id);
  if (el === null) {
    throw new Error(id);
  }
  return el;
}

/** Draw a part again; what had the keyboard's focus has it again. */
function draw(id: string, ...children: (Node | string)[]): void {
  const held = document.activeElement?.getAttribute("data-focus");
  part(id).replaceChildren(...children);
  if (held !== null && held !== undefined) {
    part(id).querySelector<HTMLElement>(`[data-focus="${CSS.escape(held)}"]`)?.focus();
  }
}

function drawHeader(): void {
  const space = store.space;
  draw("status",
    h("span", { class: `link ${store.link}`, role: "status" }, h("i", { "aria-hidden": "true" }), sayOr(`link_${store.link}`, store.link)),
    ...(space === null ? [] : [
      h("span", { class: "figure" }, say("height"), " ", h("b", { "data-height": true }, String(space.height))),
      h("span", { class: "figure view" }, say("view"), " ", h("b", {}, String(space.view))),
      h("span", { class: "figure wide" }, say("space"), " ", code(space.space)),
    ]));
  draw("actions",
    h("button", {
      type: "button", id: "language", "data-focus": "language", "aria-label": say("lang_switch"),
      lang: current() === "en" ? "zh" : "en",
      click: () => {
        toggle();
        drawAll();
      },
    }, say("lang_other")),
    ...(space === null || store.link === "ended" ? [] : [
      h("button", {
        type: "button", "data-focus": "end", class: "plain",
        click: () => {
          void endSession().catch(() => undefined).then(() => store.end());
        },
      }, say("end_session")),
    ]));
}

function drawNodes(): void {
  const names = new Names(store);
  draw("nodes", h("h2", { id: "nodes-title" }, say("nodes")), picture(store, names), table(store, names));
}

function drawTokens(): void {
  const names = new Names(store);
  const tokens = [...store.tokens.values()].sort((a, b) => (b.minted_height ?? 0) - (a.minted_height ?? 0));
  const list = tokens.map((t) =>
    h("li", {},
      glow(store.fresh.get(t.id), h("a", {
        href: `#/token/${t.id}`, "data-focus": t.id, "data-token": t.id,
        class: "token",
        "aria-current": store.opened?.id === t.id ? "true" : undefined,
      },
        h("span", { class: "what" }, h("b", {}, short(t.id)), statusPill(t.status)),
        h("span", { class: "quiet" },
          names.name(t.owner), t.minted === undefined ? "" : ` · ${time(t.minted)}`),
        h("span", { class: "tags" }, ...t.classes.slice(0, 4).map((n) => h("span", { class: "tag" }, names.law.word(n))))))));
  draw("tokens",
    h("h2", { id: "tokens-title" }, say("tokens"), " ", h("span", { class: "count" }, String(tokens.length))),
    tokens.length === 0 ? h("p", { class: "quiet" }, say("tokens_none")) : h("ul", { class: "tokens" }, ...list));
}

function drawOpened(): void {
  const opened = store.opened;
  document.body.classList.toggle("one", opened !== null);
  if (opened === null) {
    draw("token", h("div", { class: "empty" }, mark(), h("p", {}, say("token_choose"))));
    return;
  }
  const view = tokenView(opened, store, new Names(store));
  draw("token", ...view.filter((x): x is Node => x instanceof Node));
}

function mark(): SVGElement {
  return svg("svg", { viewBox: "0 0 48 48", class: "mark", "aria-hidden": "true" },
    svg("rect", { x: 9, y: 5, width: 30, height: 38, rx: 5, class: "page" }),
    svg("path", { d: "M16 15h16M16 23h16M16 31h9", class: "lines" }),
    svg("circle", { cx: 34, cy: 34, r: 7, class: "stamp" }),
    svg("path", { d: "M31 34l2.2 2.2L37.4 32", class: "tick" }));
}

function drawAll(): void {
  document.documentElement.lang = current() === "zh" ? "zh-Hans" : "en";
  document.title = say("title");
  drawHeader();
  if (store.link === "ended") {
    notice("ended_title", "ended_how", true);
    return;
  }
  if (store.space !== null) {
    drawNodes();
    drawTokens();
    drawOpened();
  }
}

/** Instead of the page: why there is none, and what to do. */
function notice(title: Key, how: Key, command: boolean): void {
  document.body.classList.add("noticed");
  draw("notice", mark(), h("h2", {}, say(title)), h("p", {}, say(how)),
    command ? h("pre", {}, "carnet console --as NAME")
      : h("button", { type: "button", click: () => location.reload() }, say("retry")));
}

function announce(e: LedgerEvent): void {
  part("news").textContent = say("new_event", { what: eventTitle(e) });
}

function route(): void {
  const id = /^#\/token\/([0-9a-f]{64})$/.exec(location.hash)?.[1] ?? null;
  if (id === (store.opened?.id ?? null)) {
    return;
  }
  const opening = store.open(id);
  drawOpened();
  drawTokens();
  void opening.then(() => {
    if (id !== null) {
      document.querySelector<HTMLElement>("#token h2")?.focus({ preventScroll: true });
      window.scrollTo({ top: 0 });
    }
  });
}

async function begin(): Promise<void> {
  document.documentElement.lang = current() === "zh" ? "zh-Hans" : "en";
  document.title = say("title");
  drawHeader();
  if (takeWord() === null) {
    notice("none_title", "none_how", true);
    return;
  }
  try {
    await store.load();
  } catch (e) {
    if (e instanceof Refused && e.status === 401) {
      forgetWord();
      store.link = "ended";
      drawAll();
    } else {
      notice("failed_title", "failed_how", false);
    }
    return;
  }
  store.changed = (what) => {
    if (what === "heads") {
      drawHeader();
      drawNodes();
    } else if (what === "tokens") {
      drawTokens();
      if (store.opened !== null) {
        drawOpened();
      }
    } else if (what === "opened") {
      drawOpened();
    } else if (what === "link" && store.link !== "ended") {
      drawHeader();
    } else {
      drawAll();
    }
  };
  store.news = announce;
  document.body.classList.add("ready");
  drawAll();
  route();
  window.addEventListener("hashchange", route);
  void store.follow();
}

void begin();
