// The network as a drawing: modules collapsed, opened on a click; branches, joins, whole-axis reads.

import dagre from "@dagrejs/dagre";

import { el, svg } from "./svg.js";

const MOST = 70; // boxes that are drawn at once without being asked for

const parts = (name) => name.split(/[./]/);

/** The module of a layer at which it is drawn, given which modules are open. */
export function groupOf(name, opened) {
  const pieces = parts(name);
  for (let depth = 1; depth < pieces.length; depth += 1) {
    const prefix = pieces.slice(0, depth).join(".");
    if (!opened.has(prefix)) return prefix;
  }
  return pieces.join(".");
}

/** Modules that are open at first: as deep as gives few boxes. */
export function openAtFirst(layers) {
  const opened = new Set();
  for (let depth = 1; depth < 8; depth += 1) {
    const next = new Set(opened);
    for (const { name } of layers) next.add(parts(name).slice(0, depth).join("."));
    if (new Set(layers.map(({ name }) => groupOf(name, next))).size > MOST) break;
    next.forEach((prefix) => opened.add(prefix));
  }
  return opened;
}

/** Boxes and arrows: groups of layers, and who reads whom among them. */
export function collapse(model, opened) {
  const groups = new Map();
  const edges = new Map();
  const home = (layer) => groupOf(model.layers[layer].name, opened);
  model.layers.forEach((layer, number) => {
    if (layer.same !== undefined) return;
    const key = home(number);
    if (!groups.has(key)) groups.set(key, { key, members: [] });
    groups.get(key).members.push(number);
    for (const read of layer.reads ?? []) {
      const from = read < 0 ? `input ${-1 - read}` : home(read);
      if (read < 0 && !groups.has(from)) {
        groups.set(from, { key: from, members: [], input: -1 - read });
      }
      if (from !== key) edges.set(`${from}\n${key}`, [from, key]);
    }
  });
  return { groups: [...groups.values()], edges: [...edges.values()] };
}

export class Net {
  constructor(view, choose) {
    this.view = view;
    this.model = view.model;
    this.choose = choose;
    this.opened = openAtFirst(this.model.layers);
    this.box = el("div", { class: "net" });
    this.joins = new Set(this.model.data.joins.map((join) => join.layer));
  }

  draw(chosen, lit = new Set()) {
    const { groups, edges } = collapse(this.model, this.opened);
    const graph = new dagre.graphlib.Graph();
    graph.setGraph({ rankdir: "LR", nodesep: 12, ranksep: 34, marginx: 8, marginy: 8 });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const group of groups) {
      const label = this.label(group);
      graph.setNode(group.key, { width: 22 + 6.6 * label.length, height: 26, label, group });
    }
    for (const [from, to] of edges) graph.setEdge(from, to);
    dagre.layout(graph);
    const { width = 10, height = 10 } = graph.graph();
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height });
    for (const edge of graph.edges()) {
      const { points } = graph.edge(edge);
      const both = [edge.v, edge.w].every((key) => this.has(graph.node(key).group, lit));
      picture.append(svg("polyline", {
        points: points.map(({ x, y }) => `${x},${y}`).join(" "), class: both ? "edge lit" : "edge",
      }));
    }
    for (const key of graph.nodes()) picture.append(this.node(graph.node(key), chosen, lit));
    this.box.replaceChildren(picture);
    requestAnimationFrame(() => {
      const [seen] = this.box.getElementsByClassName("chosen");
      if (seen) this.box.scrollLeft = seen.getBBox().x - this.box.clientWidth / 2;
    });
    return this.box;
  }

  label(group) {
    if (group.input !== undefined) return this.model.data.inputs[group.input]?.name ?? "input";
    const many = group.members.length > 1 ? ` ⊞${group.members.length}` : "";
    return group.key + many;
  }

  has(group, layers) {
    return group.input !== undefined || group.members.some((layer) => layers.has(layer));
  }

  node({ x, y, width, height, label, group }, chosen, lit) {
    const last = group.members.at(-1);
    const told = last === undefined ? null : this.view.layer(last);
    const kinds = [
      "node",
      group.input === undefined ? "" : "input",
      group.members.includes(this.model.original(chosen)) ? "chosen" : "",
      told?.global ? "global" : "",
      group.members.some((layer) => this.joins.has(this.model.layers[layer].name)) ? "bad" : "",
      group.input === undefined && this.has(group, lit) ? "lit" : "",
    ];
    const made = svg("g", { class: kinds.join(" "), tabindex: 0, role: "button" });
    made.append(
      svg("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 5 }),
      svg("text", { x, y: y + 4, "text-anchor": "middle" }, label),
      svg("title", {}, this.title(group, told)),
    );
    const act = () => {
      if (group.members.length > 1) this.opened.add(group.key);
      if (last !== undefined) this.choose(last);
    };
    made.addEventListener("click", act);
    made.addEventListener("keydown", (event) => event.key === "Enter" && act());
    return made;
  }

  title(group, told) {
    if (!told) return group.key;
    const size = told.local.join("×") || "none";
    const whole = told.global ? `; whole axes are read by ${told.global.first.join(", ")}` : "";
    const join = this.model.data.joins.find((one) =>
      group.members.some((layer) => this.model.layers[layer].name === one.layer));
    const off = join ? `; its branches are apart by ${join.offset.map((o) => o ?? "?").join(", ")}` : "";
    return `${group.key}: field ${size}${whole}${off}`;
  }
}
