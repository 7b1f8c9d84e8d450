// view: elements, and what every part of the page shares. Text is only ever set as text.
import type { Participant } from "./api";
import type { Store } from "./store";
import { Key, Law, say, sayOr } from "./words";

export type Child = Node | string | null | undefined | false;
export type Attributes = Record<string, string | number | boolean | ((e: Event) => void) | undefined>;

function fill(el: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      el.addEventListener(name, value);
    } else if (value !== undefined && value !== false) {
      el.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const c of children) {
    if (c !== null && c !== undefined && c !== false) {
      el.append(c);
    }
  }
}

export function h(tag: string, attributes: Attributes = {}, ...children: Child[]): HTMLElement {
  const el = document.createElement(tag);
  fill(el, attributes, children);
  return el;
}

export function svg(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(el, attributes, children);
  return el;
}

const GLOW_MS = 5000;

/** What has just come glows for a while; drawn again, it goes on glowing from where it was. */
export function glow(since: number | undefined, el: HTMLElement): HTMLElement {
  const age = since === undefined ? GLOW_MS : Date.now() - since;
  if (age < GLOW_MS) {
    el.classList.add("fresh");
    el.style.animationDelay = `-${age}ms`;
  }
  return el;
}

export function short(id: string): string {
  return id.length > 16 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
}

export function code(id: string): HTMLElement {
  return h("code", { title: id }, short(id));
}

export function pill(kind: string, text: string): HTMLElement {
  return h("span", { class: `pill ${kind}` }, text);
}

export function row(key: Key, ...value: Child[]): HTMLElement {
  return h("div", { class: "fact" }, h("dt", {}, say(key)), h("dd", {}, ...value));
}

/** Names of parties: what this node's directory calls them, else what they are. */
export class Names {
  readonly law: Law;
  constructor(private readonly store: Store) {
    this.law = new Law(store.prose);
  }
  party(id: string): Participant | undefined {
    return this.store.space?.participants.find((p) => p.id === id);
  }
  name(id: string): string {
    const p = this.party(id);
    if (p === undefined) {
      return short(id);
    }
    return p.name !== undefined ? sayOr(`name_${p.name}`, p.name) : this.role(p) ?? say("participant_n", { n: p.index });
  }
  place(id: string): string {
    const p = this.party(id);
    return p === undefined ? "" : this.law.place(p.jurisdiction);
  }
  /** "importer · Germany" */
  full(id: string): string {
    const place = this.place(id);
    return place === "" ? this.name(id) : `${this.name(id)} · ${place}`;
  }
  role(p: Participant): string | undefined {
    const special = p.roles.find((r) => r !== "member");
    return special === undefined ? undefined : sayOr(`role_${special}`, special);
  }
}
