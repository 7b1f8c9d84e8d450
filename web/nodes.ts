// nodes: the picture of the nodes, and the same as a table for whoever cannot see it.
import type { NodeRow } from "./api";
import type { Store } from "./store";
import { h, Names, pill, svg } from "./view";
import { say } from "./words";

const BEHIND = 2; // blocks: what is known of another node lags by its last vote
const WIDTH = 360;
const HEIGHT = 250;
const RING = { x: 180, y: 118, rx: 118, ry: 78 };

function at(i: number, count: number): { x: number; y: number } {
  const turn = (i / count) * 2 * Math.PI - Math.PI / 2;
  return { x: RING.x + RING.rx * Math.cos(turn), y: RING.y + RING.ry * Math.sin(turn) };
}

function lines(nodes: NodeRow[]): SVGElement {
  const group = svg("g", { class: "wires" });
  nodes.forEach((a, i) => {
    nodes.slice(i + 1).forEach((b, k) => {
      const p = at(i, nodes.length);
      const q = at(i + 1 + k, nodes.length);
      group.append(svg("line", {
        x1: p.x, y1: p.y, x2: q.x, y2: q.y, class: a.up && b.up ? "wire" : "wire cut",
      }));
    });
  });
  return group;
}

function dot(n: NodeRow, i: number, count: number, names: Names, top: number): SVGElement {
  const p = at(i, count);
  const small = count > 12;
  const r = small ? 9 : 19;
  const group = svg("g", {
    class: `dot ${n.role} ${n.up ? "up" : "down"}${n.height + BEHIND < top ? " behind" : ""}`,
    transform: `translate(${p.x.toFixed(1)} ${p.y.toFixed(1)})`,
  });
  if (n.primary) {
    group.append(svg("circle", { r: r + 5, class: "lead" }));
  }
  group.append(svg("circle", { r, class: "body" }));
  if (!small) {
    group.append(svg("text", { y: 4.5, class: "number" }, String(n.height)));
    group.append(svg("text", { y: r + 19, class: "name" }, names.name(n.participant)));
  }
  return group;
}

export function picture(store: Store, names: Names): SVGElement {
  const nodes = store.space?.nodes ?? [];
  const top = Math.max(0, ...nodes.map((n) => n.height));
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": say("nodes_picture"), class: "ring" },
    lines(nodes),
    ...nodes.map((n, i) => dot(n, i, nodes.length, names, top)),
  );
}

export function table(store: Store, names: Names): HTMLElement {
  const nodes = store.space?.nodes ?? [];
  const head = h("tr", {},
    h("th", { scope: "col" }, say("node")), h("th", { scope: "col" }, say("role")),
    h("th", { scope: "col", class: "n" }, say("height")), h("th", { scope: "col", class: "n" }, say("view")),
    h("th", { scope: "col" }, say("state")));
  const rows = nodes.map((n) =>
    h("tr", { "data-node": n.index },
      h("th", { scope: "row" },
        h("span", { class: "who" }, names.name(n.participant)),
        h("span", { class: "where" }, names.place(n.participant))),
      h("td", {}, n.role === "validator" ? say("validator") : say("observer")),
      h("td", { class: "n" }, String(n.height)),
      h("td", { class: "n" }, String(n.view)),
      h("td", {}, n.up ? pill("good", n.primary ? say("leads") : say("up")) : pill("bad", say("down")))));
  return h("table", { class: "nodes" }, h("thead", {}, head), h("tbody", {}, ...rows));
}
