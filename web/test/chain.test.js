import assert from "node:assert/strict";
import { test } from "node:test";

import { closed, reads, rows } from "../src/chain.js";

const STEPS = [
  { name: "conv1", op: "conv", kernel: 7, stride: 2, before: 3, after: 3, dilation: 1 },
  { name: "pool1", op: "max_pool", kernel: 3, stride: 2, before: 1, after: 1, dilation: 1 },
  { name: "conv2", op: "conv", kernel: 3, stride: 1, before: 2, after: 2, dilation: 2 },
];

test("rows have the sizes of the arithmetic of convolutions, and say what is left over", () => {
  const found = rows(32, STEPS);
  assert.deepEqual(found.map((row) => row.size), [32, 16, 8, 8]);
  assert.deepEqual(found.map((row) => row.left), [0, 1, 1, 0]);
  assert.equal(rows(3, [{ ...STEPS[0], before: 0, after: 0 }])[1].fits, false);
});

test("the closed form is that of the article", () => {
  assert.deepEqual(closed(STEPS), { size: 27, stride: 4, padding: 13, center: 0 });
});

test("an output reads what its windows read, padding included", () => {
  const [input, , , output] = reads(STEPS, 0);
  assert.deepEqual([...output], [0]);
  assert.equal(Math.min(...input), -13);
  assert.equal(Math.max(...input), 13);
});
