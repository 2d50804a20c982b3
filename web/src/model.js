// What the data of a model says: boxes, sets and who sees what, by unit. Nothing here draws.
//
// A unit is one output position of a layer. Boxes are half-open, [start, stop) per axis; a unit
// reads nothing where a side is empty. The schema is described in docs/explorer.md.

export const ENDLESS = 2 ** 52;

/** The numbers of a sequence that is written as segments [count, step, v0 … vp-1]. */
export function decode(segments) {
  const length = segments.reduce((sum, segment) => sum + segment[0], 0);
  const values = new Float64Array(length);
  let at = 0;
  for (const [count, step, ...first] of segments) {
    for (let i = 0; i < count; i += 1) {
      values[at + i] = first[i % first.length] + step * Math.floor(i / first.length);
    }
    at += count;
  }
  return values;
}

/** Marks as written in base64, eight to a byte, the first in the highest bit. */
export function marks(text, count) {
  const bytes = raw(text);
  const found = new Uint8Array(count);
  for (let i = 0; i < count; i += 1) found[i] = (bytes[i >> 3] >> (7 - (i & 7))) & 1;
  return found;
}

/** Bytes that are written in base64. */
export function raw(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

export const product = (sizes) => sizes.reduce((total, size) => total * size, 1);

/** Where a unit stands in a table whose axes of size 1 repeat. */
function place(shape, unit) {
  let at = 0;
  for (let axis = 0; axis < shape.length; axis += 1) {
    at = at * shape[axis] + (shape[axis] > 1 ? unit[axis] : 0);
  }
  return at;
}

/** All positions of a map one after the other, the last axis fastest. */
export function* positions(shape) {
  const unit = shape.map(() => 0);
  const count = product(shape);
  for (let done = 0; done < count; done += 1) {
    yield unit;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      unit[axis] += 1;
      if (unit[axis] < shape[axis]) break;
      unit[axis] = 0;
    }
  }
}

export class Model {
  constructor(data) {
    this.data = data;
    this.title = data.title;
    this.layers = data.layers;
    this.inputs = data.inputs;
    this.premises = data.premises ?? [];
    this.views = data.views.map((view, number) => new View(this, view, data.inputs[number]));
    this.tables = new Map();
  }

  /** A sequence of the pool, decoded once. */
  table(number) {
    if (!this.tables.has(number)) this.tables.set(number, decode(this.data.tables[number]));
    return this.tables.get(number);
  }

  /** The layer that stands for this one, where several names mean one value. */
  original(layer) {
    return this.layers[layer].same ?? layer;
  }

  /** Which layers (or inputs, negative) a layer reads. */
  reads(layer) {
    return this.layers[this.original(layer)].reads ?? [];
  }
}

export class View {
  constructor(model, data, input) {
    this.model = model;
    this.data = data;
    this.input = input;
  }

  /** Whether any layer depends on this input. */
  get shows() {
    return Object.keys(this.data.layers).length > 0;
  }

  has(layer) {
    return String(layer) in this.data.layers;
  }

  layer(number) {
    return this.data.layers[String(number)];
  }

  /** The box of a unit, {start, stop}; null where it reads nothing, undefined where not listed. */
  box(layer, unit, kind = "boxes") {
    const tables = this.layer(layer)?.[kind];
    if (!tables) return undefined;
    const start = [];
    const stop = [];
    for (const table of tables) {
      const at = place(table.shape, unit);
      start.push(this.model.table(table.start)[at]);
      stop.push(this.model.table(table.stop)[at]);
    }
    return start.every((first, axis) => first < stop[axis]) ? { start, stop } : null;
  }

  /** What a unit reads inside its box, {shape, marks}; null where it is all of it. */
  holes(layer, unit) {
    const holes = this.layer(layer)?.holes;
    if (!holes) return null;
    if (holes.axes) return this.strips(layer, unit);
    const number = this.model.table(holes.number)[place(this.layer(layer).units, unit)];
    const mask = this.model.data.masks[holes.masks[number]];
    mask.marks ??= marks(mask.bits, product(mask.shape));
    return mask;
  }

  /** The marks along one axis whose product a unit reads. */
  strip(layer, axis, unit) {
    const { masks, number, shape } = this.layer(layer).holes.axes[axis];
    const mask = this.model.data.masks[masks[this.model.table(number)[place(shape, unit)]]];
    mask.marks ??= marks(mask.bits, product(mask.shape));
    return mask.marks;
  }

  /** The same as one set inside the box. */
  strips(layer, unit) {
    const box = this.box(layer, unit);
    if (!box) return null;
    const sides = box.start.map((first, axis) =>
      this.strip(layer, axis, unit).subarray(first, box.stop[axis]));
    if (sides.every((side) => side.every((on) => on === 1))) return null;
    const shape = sides.map((side) => side.length);
    const found = new Uint8Array(product(shape));
    let at = 0;
    for (const index of positions(shape)) {
      found[at] = index.every((one, axis) => sides[axis][one] === 1) ? 1 : 0;
      at += 1;
    }
    return { shape, marks: found };
  }

  /** Whether a unit reads a position of the input. */
  reads(layer, unit, pixel) {
    const box = this.box(layer, unit);
    if (!box || !pixel.every((at, axis) => box.start[axis] <= at && at < box.stop[axis])) {
      return false;
    }
    const mask = this.holes(layer, unit);
    if (!mask) return true;
    return mask.marks[place(mask.shape, pixel.map((at, axis) => at - box.start[axis]))] === 1;
  }

  /**
   * The units of a layer that read a position: {count, box}, and either `runs`, per axis of the map
   * the [start, stop) whose product they are, or `marks`, one for each unit in row-major order.
   */
  seeing(layer, pixel) {
    const { units, boxes, holes } = this.layer(layer);
    if (!boxes) return { count: 0, box: null, runs: units.map(() => []) };
    const inside = (holes?.axes ?? boxes).map((table, axis) => {
      if (holes?.axes) {
        const { masks, number } = table;
        return this.model.table(number).map((one) => {
          const mask = this.model.data.masks[masks[one]];
          mask.marks ??= marks(mask.bits, product(mask.shape));
          return mask.marks[pixel[axis]];
        });
      }
      const start = this.model.table(table.start);
      const stop = this.model.table(table.stop);
      return start.map((first, at) => (first <= pixel[axis] && pixel[axis] < stop[at] ? 1 : 0));
    });
    const tables = holes?.axes ?? boxes;
    const along = tables.map(({ shape }) => shape.flatMap((size, axis) => (size > 1 ? [axis] : [])));
    if ((holes && !holes.axes) || along.some((axes) => axes.length > 1)) {
      return this.marked(layer, pixel, inside);
    }
    const runs = units.map((size, axis) => {
      const mine = inside.filter((_, k) => along[k].length === 0 || along[k][0] === axis);
      return runsOf(size, (at) => mine.every((sees) => sees[sees.length > 1 ? at : 0] === 1));
    });
    const count = product(runs.map((some) => some.reduce((sum, [a, b]) => sum + b - a, 0)));
    const sees = units.length ? count > 0 : inside.every(([one]) => one === 1);
    const box = sees
      ? { start: runs.map((some) => some[0][0]), stop: runs.map((some) => some.at(-1)[1]) } : null;
    return { count: sees ? count : 0, box, runs };
  }

  /** The same unit by unit. */
  marked(layer, pixel, inside) {
    const { units, boxes, holes } = this.layer(layer);
    const tables = holes?.axes ?? boxes;
    const found = new Uint8Array(product(units));
    let at = 0;
    for (const unit of positions(units)) {
      let sees = tables.every((table, axis) => inside[axis][place(table.shape, unit)] === 1);
      if (sees && holes && !holes.axes) sees = this.reads(layer, unit, pixel);
      found[at] = sees ? 1 : 0;
      at += 1;
    }
    const count = found.reduce((sum, one) => sum + one, 0);
    return { count, box: boundsOf(found, units), marks: found };
  }
}

/** The runs [start, stop) of the numbers below a size for which something holds. */
function runsOf(size, holds) {
  const found = [];
  for (let at = 0; at < size; at += 1) {
    if (!holds(at)) continue;
    if (found.length && found.at(-1)[1] === at) found.at(-1)[1] = at + 1;
    else found.push([at, at + 1]);
  }
  return found;
}

/** The box of what is marked in a map, null where nothing is. */
export function boundsOf(found, shape) {
  const start = shape.map(() => Infinity);
  const stop = shape.map(() => -Infinity);
  let at = 0;
  for (const unit of positions(shape)) {
    if (found[at]) {
      unit.forEach((one, axis) => {
        start[axis] = Math.min(start[axis], one);
        stop[axis] = Math.max(stop[axis], one + 1);
      });
    }
    at += 1;
  }
  return found.some(Boolean) ? { start, stop } : null;
}

/** The part that two boxes share, null where there is none. */
export function overlap(one, other) {
  if (!one || !other) return null;
  const start = one.start.map((first, axis) => Math.max(first, other.start[axis]));
  const stop = one.stop.map((last, axis) => Math.min(last, other.stop[axis]));
  return start.every((first, axis) => first < stop[axis]) ? { start, stop } : null;
}

/** Tiles of one axis: what is computed, what is kept of it, and how often each pixel is computed. */
export function tiling(size, tile, before, after, grid) {
  const step = Math.floor((tile - before - after) / grid) * grid;
  if (tile >= size) return { step: size, count: 1, factor: 1 };
  if (step <= 0) return null;
  const count = Math.max(1, Math.ceil((size - before - after) / step));
  return { step, count, factor: (count * tile) / size };
}

/** Inclusive ends as people write them: 3..9, or 4 for one position. */
export function span(start, stop) {
  if (start <= -ENDLESS / 2 && stop >= ENDLESS / 2) return "everything";
  const first = start <= -ENDLESS / 2 ? "…" : String(start);
  const last = stop >= ENDLESS / 2 ? "…" : String(stop - 1);
  return first === last ? first : `${first}..${last}`;
}
