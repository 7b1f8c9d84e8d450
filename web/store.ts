// store: what the page knows of the ledger, and how a stream of transactions changes it.
import * as api from "./api";

export type Link = "opening" | "live" | "away" | "ended";

const RETRY_MS = [500, 1000, 2000, 4000, 8000];

/** What the open token's page shows. */
export interface Opened {
  id: string;
  events: api.LedgerEvent[];
  rights: Map<string, api.Right>;
  locks: Map<string, api.Lock>;
}

export class Store {
  space: api.Space | null = null;
  prose: api.Prose | null = null;
  tokens = new Map<string, api.Token>();
  opened: Opened | null = null;
  link: Link = "opening";
  readonly fresh = new Map<string, number>(); // what has just come, and when
  changed: (part: "all" | "heads" | "tokens" | "opened" | "link") => void = () => {};
  news: (e: api.LedgerEvent) => void = () => {};
  private place: api.Place = { from: 0, index: 0 };
  private stop = new AbortController();

  async load(): Promise<void> {
    this.space = await api.get<api.Space>("/v1/space");
    if (this.space.words_of !== "") {
      this.prose = await api.get<api.Prose>("/v1/words");
    }
    this.place = { from: this.space.height + 1, index: 0 };
    let at: api.Place | undefined = { from: 0, index: 0 };
    while (at !== undefined) {
      const page: { tokens: api.Token[]; next?: api.Place } = await api.get(
        `/v1/tokens?from=${at.from}&index=${at.index}`,
      );
      for (const t of page.tokens) {
        this.tokens.set(t.id, t);
      }
      at = page.next;
    }
  }

  /** Follow the ledger until the session ends; a broken connection goes on where it stopped. */
  async follow(): Promise<void> {
    for (let failures = 0; !this.ended(); failures++) {
      try {
        await api.stream(
          this.place,
          (kind, data) => {
            failures = 0;
            this.heard(kind, data);
          },
          this.stop.signal,
        );
      } catch (e) {
        if (e instanceof api.Refused && e.status === 401) {
          this.end();
          return;
        }
      }
      if (!this.ended()) {
        this.setLink("away");
        await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 8000);
      }
    }
  }

  end(): void {
    api.forgetWord();
    this.setLink("ended");
    this.stop.abort();
  }

  private ended(): boolean {
    return this.link === "ended";
  }

  private setLink(link: Link): void {
    if (this.link !== link) {
      this.link = link;
      this.changed("link");
    }
  }

  private heard(kind: string, data: unknown): void {
    this.setLink("live");
    if (kind === "nodes" && this.space !== null) {
      Object.assign(this.space, data as api.Heads);
      this.changed("heads");
    } else if (kind === "tx") {
      const tx = data as api.Transaction;
      this.place = { from: tx.height, index: tx.index + 1 };
      for (const e of tx.events) {
        void this.take(e);
      }
    }
  }

  /** An event that has just been committed. */
  private async take(e: api.LedgerEvent): Promise<void> {
    const token = e.subjects[0] ?? "";
    if (e.name.startsWith("token.") || this.tokens.has(token)) {
      await this.refresh(token, e);
    }
    if (this.opened !== null && this.opened.id === token) {
      if (this.add(this.opened, e)) {
        this.fresh.set(eventKey(e), Date.now());
        await this.about(this.opened, [e]);
        this.changed("opened");
        this.news(e);
      }
    }
  }

  private async refresh(id: string, e: api.LedgerEvent): Promise<void> {
    try {
      const { token } = await api.get<{ token: api.Token }>(`/v1/tokens/${id}`);
      const known = this.tokens.get(id);
      token.minted = known?.minted ?? e.time;
      token.minted_height = known?.minted_height ?? e.height;
      this.tokens.set(id, token);
      this.fresh.set(id, Date.now());
      this.changed("tokens");
    } catch {
      // It is asked for again with the next event; what is shown stays true of its height.
    }
  }

  private add(o: Opened, e: api.LedgerEvent): boolean {
    const key = eventKey(e);
    if (o.events.some((x) => eventKey(x) === key)) {
      return false;
    }
    o.events.push(e);
    o.events.sort((a, b) => a.height - b.height || a.index - b.index || a.event - b.event);
    return true;
  }

  async open(id: string | null): Promise<void> {
    if (id === null) {
      this.opened = null;
      this.changed("opened");
      return;
    }
    const o: Opened = { id, events: [], rights: new Map(), locks: new Map() };
    this.opened = o;
    for (let at: api.Place | null = { from: 0, index: 0 }; at !== null; ) {
      const page: { events: api.LedgerEvent[]; next?: api.Place } = await api.get(
        `/v1/events?subject=${id}&from=${at.from}&index=${at.index}`,
      );
      page.events.forEach((e) => this.add(o, e));
      at = page.next ?? null;
    }
    await this.about(o, o.events);
    if (this.opened === o) {
      this.changed("opened");
    }
  }

  /** The rights and locks that these events are about, as they stand now. */
  private async about(o: Opened, events: api.LedgerEvent[]): Promise<void> {
    const rights = new Set<string>();
    const locks = new Set<string>();
    for (const e of events) {
      if (e.name.startsWith("right.") && e.subjects[1] !== undefined) {
        rights.add(e.subjects[1]);
      }
      const lock = e.detail["lock"];
      if (typeof lock === "string" && lock !== "") {
        locks.add(lock);
      }
    }
    const asked = [
      ...[...rights].map((id) =>
        api.get<{ right: api.Right }>(`/v1/rights/${id}`).then((x) => o.rights.set(id, x.right))),
      ...[...locks].map((id) =>
        api.get<{ lock: api.Lock }>(`/v1/locks/${id}`).then((x) => o.locks.set(id, x.lock))),
    ];
    await Promise.allSettled(asked);
  }
}

export function eventKey(e: api.LedgerEvent): string {
  return `${e.height}.${e.index}.${e.event}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
