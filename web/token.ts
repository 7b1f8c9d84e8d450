// token: one token: its face, its rights, its money, and the timeline of all that happened to it.
import type { Duty, Exchange, LedgerEvent, Lock, Right, Token, Verdict } from "./api";
import { eventKey, Opened, Store } from "./store";
import { Child, code, glow, h, Names, pill, row, svg } from "./view";
import { date, Key, money, say, sayOr, time } from "./words";

const STATUS_KIND: Record<string, string> = { active: "good", frozen: "cold", revoked: "bad", archived: "mute" };
const VERDICT_KIND: Record<string, string> = {
  allow: "good", allow_with_obligations: "good", needs_mechanism: "warn", deny: "bad",
};

export function statusPill(status: string): HTMLElement {
  return pill(STATUS_KIND[status] ?? "mute", sayOr(`status_${status}`, status));
}

function text(e: LedgerEvent, member: string): string {
  const x = e.detail[member];
  return typeof x === "string" || typeof x === "number" ? String(x) : "";
}

/** token.moved says more by where it leads. */
export function eventTitle(e: LedgerEvent): string {
  const to = text(e, "to");
  const moved: Record<string, Key> = {
    frozen: "event_token_frozen", active: "event_token_thawed",
    revoked: "event_token_revoked", archived: "event_token_archived",
  };
  if (e.name === "token.moved" && moved[to] !== undefined) {
    return say(moved[to]);
  }
  return sayOr(`event_${e.name.replace(".", "_")}`, e.name);
}

function chunks(n: number): string {
  return say(n === 1 ? "chunks_1" : "chunks_n", { n });
}

function tone(e: LedgerEvent): string {
  const to = text(e, "to");
  if (e.name === "token.moved") {
    return to === "frozen" ? "cold" : to === "active" ? "good" : to === "revoked" ? "bad" : "mute";
  }
  if (e.name.endsWith(".revoked") || e.name.endsWith(".rejected")) {
    return "bad";
  }
  return e.name.startsWith("money.") ? "gold" : e.name.startsWith("right.") ? "blue"
    : e.name.startsWith("token.") ? "ink" : "mute";
}

/** An amount, and what becomes of it when it is exchanged. */
function both(amount: string, currency: number, x: Exchange | undefined, store: Store): string {
  const code = (i: number): number | undefined => store.space?.currencies[i]?.code;
  const first = money(amount, code(currency));
  return x === undefined ? first : `${first} → ${money(x.amount, code(x.currency))}`;
}

function sentence(e: LedgerEvent, names: Names, store: Store): string {
  const last = e.subjects[e.subjects.length - 1] ?? "";
  const party = (i: number): string => names.name(e.subjects[i] ?? "");
  const uses = Number(text(e, "uses"));
  if (e.name === "right.granted") {
    return say("said_right_granted", {
      grantor: party(3), holder: party(2), kind: sayOr(`kind_${text(e, "kind")}`, text(e, "kind")),
      uses: uses > 1 ? say("uses_n", { n: uses }) : say(uses === 1 ? "uses_1" : "uses_free"),
    });
  }
  if (e.name === "right.used") {
    return say("said_right_used", { holder: party(2), use: text(e, "use") });
  }
  if (e.name === "right.pending" || e.name === "right.released") {
    const values = { grantor: party(3), holder: party(2), use: text(e, "use") };
    return say(e.name === "right.pending" ? "said_right_pending" : "said_right_released", values);
  }
  if (e.name.startsWith("money.") && e.detail["amount"] !== undefined) {
    const n = e.subjects.length;
    const amount = both(text(e, "amount"), Number(text(e, "currency")), e.detail.exchange, store);
    return say(e.name === "money.refunded" ? "said_money_refunded" : "said_money", {
      amount, payee: party(n - 2), payer: party(n - 1),
    });
  }
  if (e.name.startsWith("attachment.")) {
    return say("said_attachment", { actor: names.name(last) });
  }
  const key = `said_${e.name.replace(".", "_")}`;
  const values = { actor: names.name(last), chunks: chunks(Number(text(e, "chunks"))) };
  const reason = Number(text(e, "reason"));
  return sayOr(key, say("said_other", values), values) +
    (reason > 0 ? ` · ${sayOr(`reason_${reason}`, say("reason", { n: reason }))}` : "");
}

function deadline(d: Duty): string {
  const within = d.days === 0 ? "" : say(d.working !== 0 ? "within_working_days" : "within_days", { n: d.days });
  const every = d.every_months === 0 ? "" : say("every_months", { n: d.every_months });
  return [within, every].filter((x) => x !== "").join(" · ");
}

function section(key: Key, items: Child[]): Child {
  return items.length === 0 ? null : h("section", {}, h("h5", {}, say(key)), h("ul", {}, ...items));
}

export function verdictView(v: Verdict, names: Names, store: Store): HTMLElement {
  const law = names.law;
  const known = store.space?.words_of === v.set;
  const fired = v.rules.map((n) => law.rule(n)).filter((r) => r.effect !== "define");
  const owed = new Set(v.obligations.map((d) => d.duty)); // what is owed is not said twice
  const coverage = v.coverage.map((c) => `${law.place(c.place)}: ${sayOr(`coverage_${c.coverage}`, c.coverage)}`);
  return h("div", { class: `verdict ${VERDICT_KIND[v.code] ?? "mute"}` },
    h("p", { class: "ruling" },
      h("strong", {}, say("verdict")), " ", pill(VERDICT_KIND[v.code] ?? "mute", sayOr(`code_${v.code}`, v.code)),
      h("span", { class: "quiet" }, say("judged_on", { day: date(v.day * 86400000) }))),
    v.no_border && h("p", {}, say("no_border")),
    !known && h("p", { class: "quiet" }, say("no_words")),
    section("obligations", v.obligations.map((d) =>
      h("li", {}, law.word(d.duty), deadline(d) !== "" && h("span", { class: "due" }, deadline(d))))),
    section("required", v.required.filter((any) => !any.some((n) => owed.has(n))).map((any) =>
      h("li", {}, any.map((n) => law.word(n)).join(` ${say("or")} `)))),
    section("rules", fired.map((r) =>
      h("li", {}, r.note === "" ? r.id : r.note, " ", h("code", {}, r.id)))),
    section("cites", v.cites.map((n) => {
      const c = law.cite(n);
      return h("li", { class: "cite" }, h("code", {}, c.id), c.name !== "" && h("span", {}, c.name));
    })),
    v.assumed.length > 0 && h("details", {},
      h("summary", {}, `${say("assumed")} (${v.assumed.length})`),
      h("p", { class: "quiet" }, v.assumed.map((n) => law.fact(n)).join(" · "))),
    coverage.length > 0 && h("p", { class: "quiet" }, `${say("coverage")}: ${coverage.join(" · ")}`),
    h("p", { class: "quiet" }, say("disclaimer")));
}

function item(e: LedgerEvent, names: Names, store: Store): HTMLElement {
  const key = eventKey(e);
  return glow(store.fresh.get(key), h("li", { class: `event ${tone(e)}`, "data-event": e.name, "data-key": key },
    h("div", { class: "what" },
      h("h4", {}, eventTitle(e)),
      h("time", { datetime: e.time }, time(e.time))),
    h("p", {}, sentence(e, names, store)),
    e.detail.verdict !== undefined && verdictView(e.detail.verdict, names, store),
    h("p", { class: "proof" }, `${say("height")} ${e.height}.${e.index}`, " · ", code(e.tx))));
}

function bar(r: Right): Child {
  if (r.uses === 0) {
    return null;
  }
  const width = 240;
  const left = (width * r.left) / r.uses;
  return svg("svg", { class: "bar", viewBox: `0 0 ${width} 6`, preserveAspectRatio: "xMinYMid", "aria-hidden": "true" },
    svg("rect", { width, height: 6, rx: 3, class: "whole" }), svg("rect", { width: left, height: 6, rx: 3, class: "left" }));
}

function rightCard(r: Right, names: Names): HTMLElement {
  const over = r.status === "revoked" || Date.parse(r.until) <= Date.now();
  return h("li", { class: "card", "data-right": r.id },
    h("div", { class: "what" }, h("h4", {}, names.full(r.holder)), statusPill(over && r.status !== "revoked" ? "archived" : r.status)),
    h("p", {}, `${sayOr(`kind_${r.kind}`, String(r.kind))} · ${sayOr(`custody_${r.custody}`, String(r.custody))}`),
    bar(r),
    h("p", { class: "quiet" },
      r.uses > 0 ? say("uses_left", { left: r.left, uses: r.uses }) : `${say("uses_free")} · ${say("used", { used: r.used })}`,
      ` · ${say("until")} ${date(r.until)} · `, code(r.id)));
}

function lockCard(l: Lock, names: Names, store: Store): HTMLElement {
  const kind = l.status === "settled" ? "good" : l.status === "open" ? "warn" : "mute";
  return h("li", { class: "card", "data-lock": l.id },
    h("div", { class: "what" },
      h("h4", { class: "amount" }, both(l.amount, l.currency, l.exchange, store)),
      pill(kind, sayOr(`lock_${l.status}`, l.status))),
    h("p", { class: "quiet" }, say("pays", { payer: names.name(l.payer), payee: names.name(l.payee) }),
      l.exchange !== undefined && ` · ${say("exchanged", { oracle: names.name(l.exchange.oracle) })}`));
}

function face(t: Token, names: Names): HTMLElement {
  const list = (xs: string[]): string => xs.join(" · ");
  return h("dl", { class: "face" },
    row("owner", names.full(t.owner)),
    row("classes", t.classes.length === 0 ? say("classes_none") : list(t.classes.map((n) => names.law.word(n)))),
    row("places", list(t.jurisdictions.map((n) => names.law.place(n)))),
    row("valid", h("span", { class: "whole" }, `${date(t.valid_from)} –`), " ", h("span", { class: "whole" }, date(t.valid_until))),
    row("seals", t.seals.length === 0 ? "–" : list(t.seals.map((s) => chunks(s.chunks)))),
    row("template", t.template === "" ? say("template_none") : code(t.template)));
}

export function tokenView(o: Opened, store: Store, names: Names): Child[] {
  const t = store.tokens.get(o.id);
  const rights = [...o.rights.values()];
  const locks = [...o.locks.values()];
  return [
    h("header", { class: "token-head" },
      h("a", { href: "#/", class: "back" }, `‹ ${say("back")}`),
      h("h2", { tabindex: "-1" }, say("token"), " ", code(o.id)),
      t !== undefined && statusPill(t.status)),
    t !== undefined && face(t, names),
    h("div", { class: "columns" },
      h("section", { "aria-labelledby": "timeline-title" },
        h("h3", { id: "timeline-title" }, say("timeline")),
        o.events.length === 0 ? h("p", { class: "quiet" }, say("loading")) : null,
        h("ol", { class: "timeline" }, ...o.events.map((e) => item(e, names, store)).reverse())),
      h("div", { class: "side" },
        h("section", {},
          h("h3", {}, say("rights")),
          rights.length === 0 ? h("p", { class: "quiet" }, say("rights_none"))
            : h("ul", { class: "cards" }, ...rights.map((r) => rightCard(r, names)))),
        h("section", {},
          h("h3", {}, say("money")),
          locks.length === 0 ? h("p", { class: "quiet" }, say("money_none"))
            : h("ul", { class: "cards" }, ...locks.map((l) => lockCard(l, names, store)))))),
  ];
}
