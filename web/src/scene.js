// What is drawn: the input with the fields of the units that are looked at, and the layer's map.
//
// The last two axes are drawn, or the only one as a strip; axes before them are cut at a slice.

import { ENDLESS, product } from "./model.js";
import { heat, raster } from "./paint.js";

const STRIP = 46; // height of a one-dimensional map
const EDGE = 0.3; // how much of the theory beyond the border is shown, as a share of the input

/** Rows and columns of a map as they are drawn; strips and single units have one row. */
export function plane(sizes) {
  if (sizes.length === 0) return { rows: 1, columns: 1, before: [] };
  if (sizes.length === 1) return { rows: 1, columns: sizes[0], before: [] };
  const before = sizes.slice(0, -2);
  return { rows: sizes.at(-2), columns: sizes.at(-1), before };
}

/** The two drawn sides of a box (or index) over all axes. */
function drawn(values, fallback) {
  return values.length > 1 ? values.slice(-2) : [fallback, values[0] ?? fallback];
}

function isCut(box, slice) {
  return slice.some((at, axis) => at < box.start[axis] || at >= box.stop[axis]);
}

/** How positions of a map become places on a drawing. */
export class Frame {
  constructor(sizes, width, height, margins = [0, 0]) {
    const { rows, columns } = plane(sizes);
    this.flat = sizes.length < 2;
    this.rows = rows;
    this.columns = columns;
    const wide = columns + 2 * margins[1];
    const tall = rows + 2 * margins[0];
    this.scale = this.flat ? width / wide : Math.min(width / wide, height / tall);
    this.down = this.flat ? STRIP : this.scale;
    this.width = wide * this.scale;
    this.height = this.flat ? STRIP + 2 : tall * this.scale;
    this.left = margins[1] * this.scale;
    this.top = this.flat ? 1 : margins[0] * this.scale;
  }

  /** The box, its far sides drawn at the edge of the drawing. */
  clamped(box) {
    const [x, y, width, height] = this.box(box);
    const left = Math.max(1, x);
    const top = Math.max(1, y);
    const right = Math.min(this.width - 1, x + width);
    const bottom = Math.min(this.height - 1, y + height);
    return [left, top, Math.max(0, right - left), Math.max(0, bottom - top)];
  }

  box({ start, stop }) {
    const [top, left] = drawn(start, 0);
    const [bottom, right] = drawn(stop, 1);
    const x = this.left + this.bound(left, this.columns) * this.scale;
    const y = this.top + this.bound(top, this.rows) * this.down;
    return [
      x,
      y,
      this.left + this.bound(right, this.columns) * this.scale - x,
      this.top + this.bound(bottom, this.rows) * this.down - y,
    ];
  }

  /** Endless sides are drawn a little outside. */
  bound(value, size) {
    return Math.abs(value) >= ENDLESS / 2 ? (value < 0 ? -size : 2 * size) : value;
  }

  /** The position under a place of the drawing, null outside. */
  at(x, y) {
    const column = Math.floor((x - this.left) / this.scale);
    const row = this.flat ? 0 : Math.floor((y - this.top) / this.down);
    if (column < 0 || column >= this.columns || row < 0 || row >= this.rows) return null;
    return [row, column];
  }
}

/** How far theory reaches beyond the input, as far as it is shown. */
export function margins(box, sizes) {
  if (!box) return [0, 0];
  const over = sizes.map((size, axis) => {
    const sides = [-box.start[axis], box.stop[axis] - size];
    return Math.max(0, ...sides.map((side) => Math.min(side, Math.ceil(size * EDGE))));
  });
  return drawn(over, 0);
}

/** Draw the input: picture, theory, field, holes, influence, pinned unit and marked position. */
export function drawInput(painter, frame, sizes, slice, look, colors) {
  const whole = frame.box({ start: sizes.map(() => 0), stop: sizes });
  painter.rect(...whole, { fill: colors.paper });
  if (look.picture) painter.image(look.picture, ...whole, { smooth: true });
  else checks(painter, whole, colors);
  if (look.box && !isCut(look.box, slice)) field(painter, frame, look, slice, colors);
  if (look.heat) {
    const { shape, offset, values } = look.heat;
    const { rows, columns } = plane(shape);
    const stop = offset.map((first, axis) => first + shape[axis]);
    const picture = raster(slab(values, shape, slice, offset), rows, columns,
      (value) => heat(value, colors.dark));
    painter.image(picture, ...frame.box({ start: offset, stop }));
  }
  if (look.pinned && !isCut(look.pinned, slice)) {
    painter.rect(...frame.box(look.pinned), { stroke: colors.pin, line: 2 });
  }
  if (look.shared && !isCut(look.shared, slice)) {
    painter.rect(...frame.box(look.shared), { fill: colors.pin, alpha: 0.35 });
  }
  for (const [box, style] of look.tiles ?? []) painter.rect(...frame.box(box), style);
  painter.rect(...whole, { stroke: colors.line });
  if (look.theory) {
    painter.rect(...frame.clamped(look.theory), { stroke: colors.field, line: 1.5, dash: [5, 4] });
  }
  if (look.pixel) {
    const stop = look.pixel.map((at) => at + 1);
    painter.rect(...frame.box({ start: look.pixel, stop }), {
      fill: colors.pixel, stroke: colors.pixel, line: 2,
    });
  }
}

function checks(painter, [x, y, width, height], colors) {
  for (let i = 1; i < 4; i += 1) {
    painter.rect(x + (width * i) / 4, y, 0, height, { stroke: colors.faint });
    painter.rect(x, y + (height * i) / 4, width, 0, { stroke: colors.faint });
  }
}

function field(painter, frame, { box, mask, heat: weighed }, slice, colors) {
  if (weighed) {
    // how much is read is painted over it
  } else if (!mask) {
    painter.rect(...frame.box(box), { fill: colors.field, alpha: 0.3 });
  } else {
    const { rows, columns } = plane(mask.shape);
    const values = slab(mask.marks, mask.shape, slice, box.start);
    const dots = raster(values, rows, columns, (on) => (on ? colors.dots : null));
    painter.image(dots, ...frame.box(box));
  }
  painter.rect(...frame.box(box), { stroke: colors.field, line: 2 });
}

/** The drawn plane of values over more axes. */
function slab(values, shape, slice, offset) {
  if (shape.length <= 2) return values;
  const { rows, columns } = plane(shape);
  let at = 0;
  slice.forEach((place, axis) => {
    at = at * shape[axis] + (place - offset[axis]);
  });
  return values.subarray(at * rows * columns, (at + 1) * rows * columns);
}

/** Draw the map of a layer: its units, those that see a position, the unit that is looked at. */
export function drawMap(painter, frame, sizes, slice, look, colors) {
  const whole = frame.box({ start: sizes.map(() => 0), stop: sizes.length ? sizes : [1] });
  painter.rect(...whole, { fill: colors.paper });
  if (frame.scale >= 6) grid(painter, frame, whole, colors);
  if (look.seeing?.marks) {
    const { rows, columns } = plane(sizes);
    const values = slab(look.seeing.marks, sizes, slice, slice.map(() => 0));
    painter.image(raster(values, rows, columns, (on) => (on ? colors.dots : null)), ...whole);
  } else if (look.seeing?.box) {
    runs(painter, frame, look.seeing.runs, slice, colors);
  }
  for (const [unit, color] of [[look.pinned, colors.pin], [look.unit, colors.field]]) {
    if (unit && (product(sizes) === 1 || slice.every((at, axis) => unit[axis] === at))) {
      const cell = frame.box({ start: unit, stop: unit.map((at) => at + 1) });
      painter.rect(...cell, { fill: color, stroke: color, line: 2 });
    }
  }
  painter.rect(...whole, { stroke: colors.line });
}

/** What is a product of runs, on the slice that is drawn. */
function runs(painter, frame, found, slice, colors) {
  if (!slice.every((at, axis) => found[axis].some(([a, b]) => a <= at && at < b))) return;
  const [down, across] = found.length > 1 ? found.slice(-2) : [[[0, 1]], found[0] ?? [[0, 1]]];
  const [red, green, blue, alpha] = colors.dots;
  for (const [top, bottom] of down) {
    for (const [left, right] of across) {
      const box = { start: [top, left], stop: [bottom, right] };
      painter.rect(...frame.box(box), { fill: `rgb(${red} ${green} ${blue})`, alpha: alpha / 255 });
    }
  }
}

function grid(painter, frame, [x, y, width, height], colors) {
  for (let column = 1; column < frame.columns; column += 1) {
    painter.rect(x + column * frame.scale, y, 0, height, { stroke: colors.faint });
  }
  for (let row = 1; row < frame.rows && !frame.flat; row += 1) {
    painter.rect(x, y + row * frame.down, width, 0, { stroke: colors.faint });
  }
}
