// How the field grows from layer to layer, beside the size of the input.

import { el, svg } from "./svg.js";

const WIDTH = 900;
const HEIGHT = 240;
const PAD = { left: 52, right: 16, top: 14, bottom: 30 };

/** The largest local size of each layer, by number; layers that see nothing are left out. */
export function sizes(view) {
  const found = [];
  view.model.layers.forEach((layer, number) => {
    const told = view.layer(number);
    if (!told || layer.same !== undefined) return;
    const local = Math.max(0, ...told.local);
    found.push({ number, local, global: told.size.some((size) => size === null) });
  });
  return found;
}

export function growth(view, chosen, choose) {
  const points = sizes(view);
  const input = Math.max(1, ...view.input.sizes);
  const top = Math.max(input, ...points.map((point) => point.local)) * 1.05;
  const across = (i) =>
    PAD.left + ((WIDTH - PAD.left - PAD.right) * (i + 0.5)) / Math.max(1, points.length);
  const up = (size) => HEIGHT - PAD.bottom - ((HEIGHT - PAD.top - PAD.bottom) * size) / top;
  const picture = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "growth",
    "aria-label": "size of the field, layer by layer",
  });
  for (const size of ticks(top)) {
    picture.append(
      svg("line", { x1: PAD.left, x2: WIDTH - PAD.right, y1: up(size), y2: up(size), class: "faint" }),
      svg("text", { x: PAD.left - 8, y: up(size) + 4, "text-anchor": "end" }, String(size)),
    );
  }
  picture.append(
    svg("line", { x1: PAD.left, x2: WIDTH - PAD.right, y1: up(input), y2: up(input), class: "border" }),
    svg("text", { x: WIDTH - PAD.right, y: up(input) - 5, "text-anchor": "end", class: "border" },
      `input: ${input}`),
    svg("text", { x: PAD.left, y: HEIGHT - 8 }, "layers, in the order of computation"),
    svg("polyline", {
      points: points.flatMap((point, i) => (point.local ? [`${across(i)},${up(point.local)}`] : []))
        .join(" "),
      class: "curve",
    }),
  );
  const beyond = points.findIndex((point) => point.local > input);
  points.forEach((point, i) => {
    const kind = [
      point.global ? "global" : "",
      point.number === chosen ? "chosen" : "",
      i === beyond ? "beyond" : "",
    ].join(" ");
    const name = view.model.layers[point.number].name;
    const size = point.local || "none";
    const dot = svg("circle", {
      cx: across(i), cy: up(point.local || (point.global ? input : 0)), r: 4, class: `dot ${kind}`,
    });
    dot.append(svg("title", {}, `${name}: ${size}${point.global ? ", and all of the input" : ""}`));
    dot.addEventListener("click", () => choose(point.number));
    picture.append(dot);
  });
  const words =
    beyond < 0
      ? "No local field is larger than the input."
      : `The first field larger than the input: ${view.model.layers[points[beyond].number].name}.`;
  const globals = points.some((point) => point.global)
    ? " Filled points also read the whole input." : "";
  return [picture, el("p", { class: "note" }, words + globals)];
}

/** Round numbers for an axis up to a largest value. */
export function ticks(top) {
  const raw = top / 5;
  const base = 10 ** Math.floor(Math.log10(Math.max(raw, 1)));
  const step = Math.max(1, [1, 2, 5, 10].map((n) => n * base).find((n) => n >= raw));
  const found = [];
  for (let at = 0; at <= top; at += step) found.push(at);
  return found;
}
