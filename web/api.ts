// api: what the page asks of its node, with the session's word in a header and never in an address.

export interface Participant {
  index: number;
  id: string;
  name?: string;
  jurisdiction: number;
  roles: string[];
}
export interface NodeRow {
  index: number;
  participant: string;
  role: string;
  primary: boolean;
  up: boolean;
  height: number;
  view: number;
}
export interface Currency {
  code: number;
  exponent: number;
  issuer: string;
}
export interface Heads {
  height: number;
  view: number;
  time: string;
  nodes: NodeRow[];
}
export interface Space extends Heads {
  space: string;
  asks: string;
  index: number;
  version: string;
  participants: Participant[];
  currencies: Currency[];
  words_of: string;
}
export interface Token {
  id: string;
  status: string;
  owner: string;
  asset: string;
  template: string;
  classes: number[];
  grade: number;
  jurisdictions: number[];
  valid_from: string;
  valid_until: string;
  frozen_by: string;
  rights: string;
  events: string;
  seals: { seal: string; chunks: number; chunk_size: number; height: number }[];
  minted?: string;
  minted_height?: number;
}
export interface Duty {
  duty: number;
  days: number;
  working: number;
  every_months: number;
  rule: number;
}
export interface Verdict {
  code: string;
  set: string;
  day: number;
  no_border: boolean;
  rules: number[];
  required: number[][];
  obligations: Duty[];
  cites: number[];
  assumed: number[];
  coverage: { place: number; coverage: string }[];
}
export interface Right {
  id: string;
  token: string;
  grantor: string;
  holder: string;
  kind: number;
  custody: number;
  uses: number;
  used: number;
  left: number;
  until: string;
  purpose: number;
  places: number[];
  status: string;
  lock: string;
  verdict?: Verdict;
}
/** The other leg of a payment in two currencies. */
export interface Exchange {
  amount: string;
  currency: number;
  oracle: string;
}
export interface Lock {
  exchange?: Exchange;
  id: string;
  payer: string;
  payee: string;
  token: string;
  right: string;
  amount: string;
  currency: number;
  until: string;
  status: string;
}
export interface Detail {
  [member: string]: unknown;
  verdict?: Verdict;
  exchange?: Exchange;
}
export interface LedgerEvent {
  height: number;
  index: number;
  event: number;
  time: string;
  tx: string;
  name: string;
  subjects: string[];
  detail: Detail;
}
export interface Prose {
  words: { word: string; en: string; zh: string }[];
  facts: { n: number; fact: string }[];
  places: { n: number; code: string; en: string; zh: string }[];
  rules: { id: string; effect: string; note: { en: string; zh: string }; cites: string[] }[];
  cites: string[];
}

export class Refused extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

const WORD = "carnet.session";
const WORD_FORM = /^[A-Za-z0-9_-]{43}$/;

/** The session's word: from the link once, then from this tab's memory. The address bar loses it. */
export function takeWord(): string | null {
  const fragment = location.hash.slice(1);
  if (WORD_FORM.test(fragment)) {
    sessionStorage.setItem(WORD, fragment);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(WORD);
}

export function forgetWord(): void {
  sessionStorage.removeItem(WORD);
}

function ask(path: string, init: RequestInit): Promise<Response> {
  const word = sessionStorage.getItem(WORD) ?? "";
  return fetch(path, {
    ...init,
    headers: { Authorization: "Bearer " + word },
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
  });
}

async function refusal(r: Response): Promise<Refused> {
  try {
    const { error } = (await r.json()) as { error: { code: string; message: string } };
    return new Refused(r.status, error.code, error.message);
  } catch {
    return new Refused(r.status, "", r.statusText);
  }
}

export async function get<T>(path: string): Promise<T> {
  const r = await ask(path, { method: "GET" });
  if (!r.ok) {
    throw await refusal(r);
  }
  return (await r.json()) as T;
}

export async function endSession(): Promise<void> {
  await ask("/v1/sessions", { method: "DELETE" });
}

export interface Place {
  from: number;
  index: number;
}
export interface Transaction {
  space: string;
  height: number;
  index: number;
  events: LedgerEvent[];
}

const MESSAGE_MAX = 4 << 20;

/** One connection of server-sent events. fetch rather than EventSource: only it sends a header. */
export async function stream(
  place: Place,
  heard: (kind: string, data: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  const r = await ask(`/v1/stream?from=${place.from}&index=${place.index}`, { signal });
  if (!r.ok || r.body === null) {
    throw await refusal(r);
  }
  const reader = r.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    rest += decoder.decode(value, { stream: true });
    if (rest.length > MESSAGE_MAX) {
      throw new Error("a message without an end");
    }
    const messages = rest.split("\n\n");
    rest = messages.pop() ?? "";
    for (const m of messages) {
      say(m, heard);
    }
  }
}

function say(message: string, heard: (kind: string, data: unknown) => void): void {
  let kind = "";
  let data = "";
  for (const line of message.split("\n")) {
    if (line.startsWith("event: ")) {
      kind = line.slice(7);
    } else if (line.startsWith("data: ")) {
      data += line.slice(6);
    }
  }
  if (kind !== "" || data !== "") {
    heard(kind, JSON.parse(data));
  }
}
