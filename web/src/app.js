// Start: unpack the data, one panel for each model, the state in the address.

import { read, write } from "./address.js";
import { Chain } from "./chain.js";
import { Model } from "./model.js";
import { Panel, TABS } from "./panel.js";
import { el } from "./svg.js";

const home = document.getElementById("rfield");

/** The data of the page: JSON, compressed and written in base64. */
async function unpack() {
  const text = document.getElementById("rfield-data").textContent.trim();
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// Milliseconds of rest before the address follows: a tab in the background is given no frames, and
// Safari refuses more than 100 addresses in 30 seconds.
const PAUSE = 400;

function writeHash(panels) {
  history.replaceState(null, "", `#${write(panels.map(({ state, model }) => ({
    ...state,
    layer: model.layers[state.layer].name,
    pin: state.pin && { ...state.pin, layer: model.layers[state.pin.layer].name },
  })))}`);
}

function restore(panel, said) {
  if (!said) return;
  const find = (name) => panel.model.layers.findIndex((layer) => layer.name === name);
  if (panel.model.views[said.view]?.shows) panel.look(said.view);
  if (said.tab < TABS.length) panel.state.tab = said.tab;
  const layer = find(said.layer);
  if (layer >= 0) panel.choose(layer, { quiet: true });
  const fits = (index, sizes) =>
    index?.length === sizes?.length && index.every((at, k) => at < sizes[k]);
  if (fits(said.unit, panel.told.units)) panel.at(said.unit, { quiet: true });
  const pinned = said.pin ? find(said.pin.layer) : -1;
  if (pinned >= 0 && fits(said.pin.unit, panel.view.layer(pinned)?.units)) {
    panel.state.pin = { layer: pinned, unit: said.pin.unit };
  }
  if (fits(said.pixel, panel.view.input.sizes)) panel.state.pixel = said.pixel;
  panel.retell();
}

/** Two models are looked at in step: the same layer by name where there is one, the same place. */
function follow(panel, panels) {
  for (const other of panels) {
    if (other === panel) continue;
    const name = panel.model.layers[panel.state.layer].name;
    const layer = other.model.layers.findIndex((one) => one.name === name);
    if (layer >= 0 && layer !== other.state.layer) other.choose(layer, { quiet: true });
    const { units } = other.told;
    const from = panel.told.units;
    if (units.length === from.length) {
      other.at(panel.state.unit.map((at, k) => Math.min(units[k] - 1,
        Math.floor(((at + 0.5) * units[k]) / from[k]))), { quiet: true });
    }
  }
}

function themed() {
  const root = document.documentElement;
  const dark = () => root.dataset.theme === "dark"
    || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  return el("button", { type: "button", class: "theme", title: "light or dark", onclick: () => {
    root.dataset.theme = dark() ? "light" : "dark";
    window.dispatchEvent(new Event("rfield:theme"));
  } }, "◐");
}

async function start() {
  const data = await unpack();
  let pending = 0;
  const panels = [];
  const changed = (panel) => {
    if (panels.length > 1) follow(panel, panels);
    clearTimeout(pending);
    pending = setTimeout(() => writeHash(panels), PAUSE);
  };
  for (const one of data.models) panels.push(new Panel(new Model(one), { changed }));
  home.replaceChildren(
    el("header", { class: "top" },
      el("p", {}, el("strong", {}, "rfield"), " which part of the input can influence this output"),
      themed()),
    el("p", { class: "help" }, "Move over a layer's map to see what a unit reads, over the input " +
      "to see which units read a position; arrow keys do the same. Solid: what is read. Dashed: " +
      "with padding as more input. Dots: what is read where there are holes."),
    data.chain ? new Chain(data.chain).box : "",
    el("div", { class: panels.length > 1 ? "panels two" : "panels" },
      ...panels.map((panel) => panel.box)));
  if (data.image) {
    const picture = new Image();
    picture.onload = () => panels.forEach((panel) => { panel.picture = picture; panel.draw(); });
    picture.src = data.image;
  }
  const said = read(location.hash.slice(1));
  panels.forEach((panel, number) => restore(panel, said[number]));
  window.addEventListener("rfield:theme", () => panels.forEach((panel) => panel.draw()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    panels.forEach((panel) => panel.draw()));
  window.rfield = { panels };
  document.documentElement.dataset.ready = "yes";
}

start();
