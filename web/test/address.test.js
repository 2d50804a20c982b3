import assert from "node:assert/strict";
import { test } from "node:test";

import { read, write } from "../src/address.js";

const NOTHING = { layer: null, unit: null, pixel: null, pin: null, view: 0, tab: 0 };

test("what is written is read again, whatever layers are called", () => {
  const panels = [
    { layer: "a|b@c=d&e", unit: [3, 4], pixel: [0, 9], pin: { layer: "x@y", unit: [5] }, view: 1, tab: 4 },
    { layer: "pool", unit: [], pixel: null, pin: { layer: "pool", unit: [] }, view: 0, tab: 0 },
  ];
  const [one, other] = read(write(panels));
  assert.deepEqual(one, panels[0]);
  assert.deepEqual(other, { ...panels[1], unit: null });
});

test("what is no whole number says nothing", () => {
  for (const text of ["tab=1.5", "input=0.5", "tab=-1", "tab=NaN", "input=1e3", "unit=1.5,2.5", "unit=1,",
    "unit=-1", "pixel=0x1", "pin=a", "tab=99999999999999999999", "|", "unit=%E0%A4%A"]) {
    assert.deepEqual(read(text)[0], NOTHING, text);
  }
  assert.deepEqual(read("pin=a@1.5")[0].pin, { layer: "a", unit: null });
});
