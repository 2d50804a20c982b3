// A chain of windows in one dimension, as the article draws it: rows of boxes, what flows between
// them, the padding, and the closed form, all of it live.

import { el, svg } from "./svg.js";

const WIDTH = 1100;
const ROW = 74;
const MOST = 400; // boxes of a row; of more, those around the output that is looked at

/** Sizes, and what does not fit, of every row of a chain over an input of a size. */
export function rows(input, steps) {
  const found = [{ name: "input", size: input, left: 0 }];
  for (const step of steps) {
    const before = found.at(-1).size;
    const span = step.dilation * (step.kernel - 1) + 1;
    const room = before > 0 ? before + step.before + step.after - span : -1;
    const size = room < 0 ? 0 : Math.floor(room / step.stride) + 1;
    found.push({ ...step, size, left: room < 0 ? 0 : room % step.stride, fits: room >= 0 });
  }
  return found;
}

/** Size, stride, padding and first centre of the last row, by the closed form. */
export function closed(steps) {
  let size = 1;
  let stride = 1;
  let padding = 0;
  for (const { kernel, stride: s, before, dilation } of steps) {
    size += dilation * (kernel - 1) * stride;
    padding += before * stride;
    stride *= s;
  }
  return { size, stride, padding, center: (size - 1) / 2 - padding };
}

/** Which positions of every row an output of the last one reads; padding has numbers outside. */
export function reads(steps, output) {
  const found = [new Set([output])];
  for (const { kernel, stride, before, dilation } of [...steps].reverse()) {
    const below = new Set();
    for (const at of found[0]) {
      for (let tap = 0; tap < kernel; tap += 1) below.add(at * stride - before + tap * dilation);
    }
    found.unshift(below);
  }
  return found;
}

export class Chain {
  constructor({ input, steps }) {
    this.input = input;
    this.steps = steps.map((step) => ({ ...step }));
    this.picture = el("div", { class: "chain" });
    this.says = el("p", { class: "says", "aria-live": "polite" });
    this.controls = el("div", { class: "controls" });
    this.box = el("section", { class: "panel" }, el("h2", {}, "A chain, step by step"),
      this.controls, this.picture, this.says);
    this.output = Math.floor((rows(input, this.steps).at(-1).size - 1) / 2);
    this.control();
    this.draw();
  }

  control() {
    const number = (owner, key, least, label) => el("label", {}, label, el("input", {
      type: "number", min: least, max: 4096, value: owner[key], "aria-label": label,
      oninput: (event) => {
        const value = Math.round(Number(event.target.value));
        if (!Number.isFinite(value) || value < least) return;
        owner[key] = value;
        this.draw();
      },
    }));
    this.controls.replaceChildren(
      el("fieldset", {}, el("legend", {}, "input"), number(this, "input", 1, "size")),
      ...this.steps.map((step) => el("fieldset", {}, el("legend", {}, `${step.name} (${step.op})`),
        number(step, "kernel", 1, "kernel"), number(step, "stride", 1, "stride"),
        number(step, "before", 0, "pad before"), number(step, "after", 0, "after"),
        number(step, "dilation", 1, "dilation"))));
  }

  look(output) {
    this.output = output;
    this.draw();
  }

  draw() {
    const all = rows(this.input, this.steps);
    const last = all.at(-1).size;
    this.output = Math.max(0, Math.min(last - 1, this.output));
    const read = last > 0 ? reads(this.steps, this.output) : all.map(() => new Set());
    const pads = all.map((row, i) => {
      const next = this.steps[i];
      return next ? [next.before, next.after] : [0, 0];
    });
    const tops = all.map((_, i) => 20 + (all.length - 1 - i) * ROW);
    const height = 20 + all.length * ROW;
    const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img",
      "aria-label": "the rows of a chain, the last one on top" });
    const places = all.map((row, i) => this.row(picture, row, pads[i], tops[i], read[i],
      i === all.length - 1));
    for (let i = 1; i < all.length; i += 1) {
      this.flow(picture, places[i], places[i - 1], tops[i], tops[i - 1], read[i], read[i - 1]);
    }
    this.picture.replaceChildren(picture);
    this.tell(all, read[0]);
  }

  /** One row of boxes; the place of a position on it. */
  row(picture, row, [before, after], top, read, isLast) {
    const wide = (WIDTH - 140) / Math.max(1, row.size + before + after);
    const place = (at) => 120 + (at + before) * wide;
    picture.append(svg("text", { x: 0, y: top + 18, class: "label" }, row.name),
      svg("text", { x: 0, y: top + 32, class: "quiet" }, `${row.size}`));
    const step = Math.max(1, Math.ceil((row.size + before + after) / MOST));
    for (let at = -before; at < row.size + after; at += step) {
      const inside = at >= 0 && at < row.size;
      const box = svg("rect", { x: place(at) + 0.5, y: top, width: Math.max(1, wide * step - 1),
        height: 26, class: `cell${inside ? "" : " pad"}${read.has(at) ? " read" : ""}` });
      if (isLast && inside) {
        box.addEventListener("pointerenter", () => this.look(at));
        box.setAttribute("data-at", at);
      }
      picture.append(box);
    }
    return { place, wide };
  }

  flow(picture, above, below, top, bottom, read, under) {
    if (read.size === 0 || under.size === 0) return;
    const [first, last] = [Math.min(...read), Math.max(...read)];
    const [from, to] = [Math.min(...under), Math.max(...under)];
    const points = [[above.place(first), top + 26], [above.place(last) + above.wide, top + 26],
      [below.place(to) + below.wide, bottom], [below.place(from), bottom]];
    picture.prepend(svg("polygon", { points: points.join(" "), class: "flow-down" }));
  }

  tell(all, read) {
    const { size, stride, padding, center } = closed(this.steps);
    const bad = all.filter((row) => row.fits === false).map((row) => row.name).slice(0, 1);
    const left = all.filter((row) => row.left > 0).map((row) => `${row.left} at ${row.name}`);
    const words = [`r = 1 + Σ d(k − 1)·S = ${size}, S = ${stride}, P = ${padding}, ` +
      `centre of output i: ${stride}·i ${center < 0 ? "−" : "+"} ${Math.abs(center)}.`];
    if (bad.length) words.push(`Does not fit: the window of ${bad.join(", ")} is larger than its row.`);
    if (left.length) words.push(`Left over at the end: ${left.join(", ")}.`);
    const sides = [...read];
    if (sides.length) {
      const gaps = size - sides.length;
      words.push(`Output ${this.output} reads ${Math.min(...sides)}..${Math.max(...sides)}` +
        (gaps > 0 ? `, all but ${gaps} of them.` : "."));
    }
    this.says.textContent = words.join(" ");
  }
}
