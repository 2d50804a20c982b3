import assert from "node:assert/strict";
import { test } from "node:test";

import { decode, ENDLESS, marks, Model, overlap, span, tiling } from "../src/model.js";

const LAYER = { name: "conv", op: "conv", shape: [1, 8, 3, 4], reads: [-1] };

/** Kernel 3, dilation 2 over 7 rows; kernel 2, stride 2 over 8 columns. */
function dilated() {
  return new Model({
    title: "dilated",
    inputs: [{ name: "image", axes: ["y", "x"], sizes: [7, 8] }],
    layers: [LAYER],
    tables: [[[3, 1, 0]], [[3, 1, 5]], [[4, 2, 0]], [[4, 2, 2]], [[12, 0, 0]]],
    masks: [{ shape: [5, 2], bits: btoa(String.fromCharCode(0b11001100, 0b11000000)) }],
    views: [
      {
        layers: {
          0: {
            units: [3, 4],
            boxes: [
              { shape: [3, 1], start: 0, stop: 1 },
              { shape: [1, 4], start: 2, stop: 3 },
            ],
            holes: { masks: [0], number: 4 },
          },
        },
      },
    ],
  });
}

test("segments are patterns that go on with a step", () => {
  assert.deepEqual([...decode([[2, 0, 0], [4, 3, 1, 2], [3, 0, 9, 8, 7]])], [0, 0, 1, 2, 4, 5, 9, 8, 7]);
});

test("marks are bits, the highest first", () => {
  assert.deepEqual([...marks(btoa(String.fromCharCode(0b10100000)), 4)], [1, 0, 1, 0]);
});

test("a unit's box is the product of its tables", () => {
  const [view] = dilated().views;
  assert.deepEqual(view.box(0, [2, 3]), { start: [2, 6], stop: [7, 8] });
  assert.equal(view.box(0, [0, 0], "theory"), undefined);
});

test("a unit sees no position in a hole of its box", () => {
  const [view] = dilated().views;
  assert.equal(view.reads(0, [0, 0], [2, 1]), true);
  assert.equal(view.reads(0, [0, 0], [1, 1]), false);
  assert.equal(view.reads(0, [0, 0], [2, 2]), false);
});

test("the units that see a position are those that read it", () => {
  const [view] = dilated().views;
  const found = view.seeing(0, [2, 5]);
  assert.deepEqual([...found.marks], [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
  assert.deepEqual(found.box, { start: [0, 2], stop: [3, 3] });
  assert.equal(found.count, 2);
});

test("without holes they are a product of runs", () => {
  const model = dilated();
  model.data.views[0].layers[0].holes = false;
  const found = model.views[0].seeing(0, [2, 5]);
  assert.deepEqual(found, { count: 3, box: { start: [0, 2], stop: [3, 3] }, runs: [[[0, 3]], [[2, 3]]] });
  assert.equal(model.views[0].seeing(0, [2, 99]).box, null);
});

test("boxes overlap in what both hold", () => {
  const one = { start: [0, 4], stop: [5, 9] };
  assert.deepEqual(overlap(one, { start: [3, 0], stop: [8, 5] }), { start: [3, 4], stop: [5, 5] });
  assert.equal(overlap(one, { start: [5, 0], stop: [8, 5] }), null);
});

test("tiles step by whole grids", () => {
  assert.deepEqual(tiling(1000, 200, 15, 16, 32), { step: 160, count: 7, factor: 1.4 });
  assert.equal(tiling(1000, 40, 15, 16, 32), null);
});

test("ends are inclusive in print", () => {
  assert.equal(span(3, 10), "3..9");
  assert.equal(span(4, 5), "4");
  assert.equal(span(-ENDLESS, ENDLESS), "everything");
});
