// One model on the page: its layers, the input, the map of the chosen layer, and what they say.

import { growth } from "./growth.js";
import { ENDLESS, overlap, product, raw, span, tiling } from "./model.js";
import { Net } from "./net.js";
import { CanvasPainter, SvgPainter } from "./paint.js";
import { drawInput, drawMap, Frame, margins, plane } from "./scene.js";
import { el } from "./svg.js";
import { Tree } from "./tree.js";

const FLOW = 120; // height of the way between two strips
export const TABS = ["Growth", "Network", "Why this large", "Tiles", "Table"];

const signed = (numbers) => numbers.map((n) => n ?? "?").join(" × ");

/** The same numbers once, different ones by axis. */
export function perAxis(values, show = (value) => value ?? "?", between = " × ") {
  const shown = values.map(show);
  return new Set(shown).size === 1 ? String(shown[0]) : shown.join(between);
}

export class Panel {
  constructor(model, { changed }) {
    this.model = model;
    this.changed = changed;
    const view = Math.max(0, model.views.findIndex((one) => one.shows));
    this.state = { view, layer: model.data.main, unit: null, pin: null, pixel: null, tab: 0 };
    this.slices = { input: [], map: [] };
    this.heat = true;
    this.tile = null;
    this.build();
    this.choose(this.first(), { quiet: true });
  }

  get view() {
    return this.model.views[this.state.view];
  }

  get told() {
    return this.view.layer(this.state.layer);
  }

  /** The layer shown at first: the last one with a map of several units and a local field. */
  first() {
    const { main } = this.model.data;
    const shows = (layer) => {
      const told = this.view.layer(layer);
      return told?.boxes && product(told.units) > 1 && Math.max(0, ...told.local) > 0;
    };
    if (shows(main)) return main;
    const seen = Object.keys(this.view.data.layers).map(Number);
    return seen.findLast(shows) ?? (this.view.has(main) ? main : seen.at(-1));
  }

  build() {
    const search = el("input", {
      type: "search", placeholder: "find a layer", "aria-label": "find a layer",
      oninput: () => this.tree.search(search.value),
    });
    const layers = el("div", { class: "tree", "aria-label": "layers" });
    this.tree = new Tree(layers, this.model.layers, (layer) => this.brief(layer), (layer) =>
      this.choose(layer));
    this.input = el("canvas", { tabindex: 0, role: "img", class: "input" });
    this.map = el("canvas", { tabindex: 0, role: "img", class: "map" });
    this.flow = el("canvas", { class: "flow", "aria-hidden": "true" });
    this.facts = el("div", { class: "facts" });
    this.says = el("p", { class: "says", "aria-live": "polite" });
    this.sliders = { input: el("div", { class: "sliders" }), map: el("div", { class: "sliders" }) };
    this.captions = { input: el("figcaption"), map: el("figcaption") };
    this.tabs = el("div", { class: "tabs", role: "tablist" });
    this.below = el("div", { class: "below", role: "tabpanel" });
    const button = (text, title, act) => el("button", { type: "button", title, onclick: act }, text);
    this.pinning = button("pin", "keep this unit and compare others with it (Enter)", () =>
      this.pin());
    this.heating = button("influence", "how what the middle unit reads is weighted", () => {
      this.heat = !this.heat;
      this.draw();
    });
    const file = el("input", { type: "file", accept: "image/*", hidden: true, onchange: () =>
      this.open(file.files[0]) });
    const buttons = el("div", { class: "buttons" },
      this.pinning, this.heating,
      button("picture…", "lay a picture of yours under the input", () => file.click()), file,
      button("copy", "copy the numbers", () => navigator.clipboard?.writeText(this.words())),
      button("SVG", "save the drawing of the input", () => this.save("svg")),
      button("PNG", "save the drawing of the input", () => this.save("png")),
    );
    const views = this.model.views.flatMap((view, number) => (view.shows ? [number] : []));
    this.inputs = el("select", { "aria-label": "input", hidden: views.length < 2, onchange: () =>
      this.look(Number(this.inputs.value)) },
    ...views.map((number) => el("option", { value: number }, this.model.inputs[number].name)));
    this.box = el("section", { class: "panel" },
      el("header", {}, el("h2", {}, this.model.title), this.inputs),
      ...this.model.premises.map((text) => el("p", { class: "note" }, text)),
      el("div", { class: "columns" },
        el("nav", { class: "layers" }, search, layers),
        el("div", { class: "stage" },
          el("figure", {}, this.captions.input, this.input, this.sliders.input),
          this.flow,
          el("figure", {}, this.captions.map, this.map, this.sliders.map)),
        el("aside", {}, this.facts, this.says, buttons)),
      this.tabs, this.below);
    for (const canvas of [this.input, this.map]) this.listen(canvas);
    this.box.addEventListener("dragover", (event) => event.preventDefault());
    this.box.addEventListener("drop", (event) => {
      event.preventDefault();
      this.open(event.dataTransfer.files[0]);
    });
    new ResizeObserver(() => this.draw()).observe(this.input.parentElement);
  }

  /** What stands behind a layer in the tree. */
  brief(layer) {
    const told = layer === null ? null : this.view.layer(layer);
    if (!told) return "";
    const local = Math.max(0, ...told.local) ? perAxis(told.local) : "";
    return local + (told.global ? "*" : "");
  }

  /** From another input; a pinned unit stays where the layer's units are the same. */
  look(view) {
    const units = () => String(this.view.layer(this.state.pin?.layer)?.units);
    const before = units();
    this.state.view = view;
    if (units() !== before) this.state.pin = null;
    this.inputs.value = String(view);
    this.state.unit = null;
    this.choose(this.view.has(this.state.layer) ? this.state.layer : this.first());
  }

  choose(layer, { quiet = false } = {}) {
    if (layer === null || !this.view.has(layer)) return;
    const before = this.told?.units ?? [];
    this.state.layer = layer;
    const { units } = this.told;
    const { unit } = this.state;
    this.state.unit = units.map((size, axis) =>
      unit?.length === units.length
        ? Math.min(size - 1, Math.floor(((unit[axis] + 0.5) * size) / before[axis]))
        : Math.floor(size / 2));
    this.state.pixel = null;
    this.slices.map = this.state.unit.slice(0, -2);
    this.tree.select(layer);
    this.retell();
    if (!quiet) this.changed(this);
  }

  /** Look at a unit of the chosen layer; what it reads is drawn on the input. */
  at(unit, { quiet = false } = {}) {
    this.state.unit = unit;
    this.state.pixel = null;
    this.slices.map = unit.slice(0, -2);
    this.draw();
    if (!quiet) this.changed(this);
  }

  /** Look at a position of the input; the units that see it are drawn on the map. */
  under(pixel) {
    this.state.pixel = pixel;
    this.draw();
    this.changed(this);
  }

  pin() {
    const { pin, unit, layer } = this.state;
    const same = pin && pin.layer === layer && String(pin.unit) === String(unit);
    this.state.pin = same ? null : { layer, unit: [...unit] };
    this.draw();
    this.changed(this);
  }

  open(file) {
    if (!file) return;
    const picture = new Image();
    picture.onload = () => {
      this.picture = picture;
      this.draw();
    };
    picture.src = URL.createObjectURL(file);
  }

  /** What is looked at: the unit's box, its theory and holes, or the units that see a position. */
  looked() {
    const { layer, unit, pin, pixel } = this.state;
    const { view } = this;
    const look = { unit, pixel, picture: this.picture, pinned: null };
    const pinned = pin && view.has(pin.layer) ? view.box(pin.layer, pin.unit) : null;
    if (pixel) {
      look.seeing = view.seeing(layer, pixel);
      look.unit = null;
    } else {
      look.box = view.box(layer, unit);
      look.mask = look.box ? view.holes(layer, unit) : null;
      look.theory = view.box(layer, unit, "theory");
      look.shared = pinned && pin ? overlap(look.box, pinned) : null;
    }
    look.pinnedBox = pinned;
    const map = this.weighed();
    if (this.heat && map && !pixel && String(map.index) === String(unit)) {
      look.heat = { shape: map.shape, offset: map.offset, values: raw(map.shades) };
    }
    return look;
  }

  /** The influence on the middle unit of the chosen layer, where it was worked out. */
  weighed() {
    return this.view.data.influence[String(this.model.original(this.state.layer))];
  }

  colors() {
    const style = getComputedStyle(this.box);
    const named = (name) => style.getPropertyValue(`--${name}`).trim();
    return {
      paper: named("paper"), line: named("line"), faint: named("faint"), field: named("field"),
      pin: named("pin"), pixel: named("pixel"), ink: named("ink"),
      dark: named("dark") === "1", dots: named("dots").split(/[ ,]+/).map(Number),
    };
  }

  draw() {
    if (!this.box.isConnected) return;
    const { sizes } = this.view.input;
    const { units } = this.told;
    const look = this.looked();
    const colors = this.colors();
    const wide = Math.max(120, this.input.parentElement.clientWidth);
    const tall = Math.min(460, window.innerHeight * 0.55);
    const slice = this.slice("input", sizes, look.box);
    this.frames = {
      input: new Frame(sizes, wide, tall, margins(look.theory ?? look.box, sizes)),
      map: new Frame(units, Math.max(120, this.map.parentElement.clientWidth), tall),
    };
    const { input, map } = this.frames;
    const shown = { ...look, pinned: look.pinnedBox, tiles: this.tileBoxes(sizes) };
    drawInput(new CanvasPainter(this.input, input.width, input.height), input, sizes, slice, shown,
      colors);
    const mapLook = { ...look, pinned: this.state.pin?.layer === this.state.layer
      ? this.state.pin.unit : null };
    drawMap(new CanvasPainter(this.map, map.width, map.height), map, units, this.slices.map,
      mapLook, colors);
    for (const [canvas, frame] of [[this.input, input], [this.map, map]]) {
      canvas.style.width = `${frame.width}px`;
    }
    this.connect(look, colors);
    this.say(look);
    const has = this.weighed();
    this.heating.disabled = !has;
    this.heating.setAttribute("aria-pressed", String(this.heat && Boolean(has)));
    this.pinning.setAttribute("aria-pressed", String(this.state.pin !== null));
  }

  /** Of signals: the way from the unit to what it reads, between the two strips. */
  connect(look, colors) {
    const { input, map } = this.frames;
    const flat = input.flat && map.flat;
    this.box.classList.toggle("flat", flat);
    if (!flat) return;
    const painter = new CanvasPainter(this.flow, input.width, FLOW);
    const draw = (unit, box, color, alpha) => {
      const [x, , wide] = input.clamped(box);
      const [from, , cell] = map.box({ start: unit, stop: unit.map((at) => at + 1) });
      painter.polygon([[x, 0], [x + wide, 0], [from + cell, FLOW], [from, FLOW]],
        { fill: color, alpha });
    };
    if (look.pixel) {
      const seen = look.seeing.box;
      if (seen) {
        const [left, , wide] = map.box(seen);
        const [x, , cell] = input.box({ start: look.pixel, stop: look.pixel.map((at) => at + 1) });
        painter.polygon([[x, 0], [x + cell, 0], [left + wide, FLOW], [left, FLOW]],
          { fill: colors.pixel, alpha: 0.3 });
      }
      return;
    }
    if (look.pinnedBox && this.state.pin.layer === this.state.layer) {
      draw(this.state.pin.unit, look.pinnedBox, colors.pin, 0.25);
    }
    if (look.theory) draw(look.unit, look.theory, colors.field, 0.12);
    if (look.box) draw(look.unit, look.box, colors.field, 0.3);
  }

  /** The slice of axes that are not drawn: of the input, the middle of what is read. */
  slice(which, sizes, box) {
    const { before } = plane(sizes);
    if (box) {
      this.slices[which] = before.map((_, axis) =>
        Math.floor((box.start[axis] + box.stop[axis] - 1) / 2));
    } else if (this.slices[which].length !== before.length) {
      this.slices[which] = before.map((size) => Math.floor(size / 2));
    }
    return this.slices[which];
  }

  index(frame, sizes, slice, event) {
    const place = frame.at(event.offsetX, event.offsetY);
    if (!place) return null;
    return sizes.length > 1 ? [...slice, ...place] : sizes.length === 1 ? [place[1]] : [];
  }

  listen(canvas) {
    const isMap = canvas === this.map;
    const sizes = () => (isMap ? this.told.units : this.view.input.sizes);
    const slice = () => this.slices[isMap ? "map" : "input"];
    canvas.addEventListener("pointermove", (event) => {
      const index = this.index(this.frames[isMap ? "map" : "input"], sizes(), slice(), event);
      if (index) isMap ? this.at(index) : this.under(index);
    });
    canvas.addEventListener("pointerleave", () => {
      if (!isMap) this.at(this.state.unit);
    });
    canvas.addEventListener("click", () => isMap && this.pin());
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-2, -1], ArrowDown: [-2, 1], ArrowLeft: [-1, -1], ArrowRight: [-1, 1],
        PageUp: [-3, -1], PageDown: [-3, 1] }[event.key];
      if (event.key === "Enter" && isMap) this.pin();
      else if (event.key === "Escape") this.at(this.state.unit);
      else if (!step) return;
      else {
        const all = sizes();
        const from = isMap ? this.state.unit
          : this.state.pixel ?? all.map((size) => Math.floor(size / 2));
        const axis = all.length + step[0];
        if (axis >= 0) {
          const next = [...from];
          next[axis] = Math.min(all[axis] - 1, Math.max(0, next[axis] + step[1]));
          isMap ? this.at(next) : this.under(next);
        }
      }
      event.preventDefault();
    });
  }

  /** One line about what is looked at; the same is told to screen readers. */
  say(look) {
    const { view } = this;
    const { axes } = view.input;
    const { units } = this.told;
    const name = this.model.layers[this.state.layer].name;
    const box = ({ start, stop }) =>
      axes.map((axis, k) => `${axis} ${span(start[k], stop[k])}`).join(", ");
    let words;
    if (look.pixel) {
      const { count, box: seen } = look.seeing;
      const where = seen ? `: ${seen.start.map((s, k) => span(s, seen.stop[k])).join(", ")}` : "";
      words = `${view.input.name} (${look.pixel.join(", ")}) is read by ${count} of ` +
        `${product(units)} units of ${name}${where}`;
    } else if (look.box === undefined) {
      words = `The units of ${name} are too many to be listed.`;
    } else if (look.box === null) {
      words = `${name} (${this.state.unit.join(", ")}) reads nothing of ${view.input.name}.`;
    } else {
      const sides = look.box.start.map((first, k) => look.box.stop[k] - first);
      const whole = product(sides);
      const read = look.mask ? look.mask.marks.reduce((sum, one) => sum + one, 0) : whole;
      const holes = look.mask ? `, ${read} of its ${whole} positions` : "";
      words = `${name} (${this.state.unit.join(", ")}) reads ${box(look.box)}: ` +
        `${signed(sides)}${holes}`;
      if (axes.length === 1) words += this.sides(look.theory ?? look.box);
      if (look.shared) words += `; with the pinned unit ${box(look.shared)}`;
    }
    if (this.told.holes === null) words += ". Holes were not worked out here.";
    this.says.textContent = words;
    this.input.setAttribute("aria-label", words);
    this.map.setAttribute("aria-label", `the units of ${name}, ${signed(units)}; ${words}`);
  }

  /** Of signals: how much lies before and after the sample to which the unit belongs. */
  sides({ start, stop }) {
    const stride = this.told.stride[0] === null ? NaN : numeric(this.told.stride[0]);
    if (!Number.isFinite(stride) || this.state.unit.length !== 1) return "";
    if (start[0] <= -ENDLESS / 2 || stop[0] >= ENDLESS / 2) return "";
    const origin = Math.floor(this.state.unit[0] * stride);
    const [past, ahead] = [origin - start[0], stop[0] - 1 - origin];
    const rate = this.rate ? (n) => `${n} (${((1000 * n) / this.rate).toFixed(1)} ms)` : String;
    return `; past ${rate(past)}, look-ahead ${rate(ahead)} from sample ${origin}`;
  }

  /** The numbers of the chosen layer. */
  retell() {
    const layer = this.model.layers[this.state.layer];
    const { told } = this;
    const input = this.view.input;
    const local = Math.max(0, ...told.local);
    const rows = [
      ["op", layer.op],
      ["output", layer.shape.join(" × ")],
      ["size", local ? `${perAxis(told.local)}${told.global ? ", and all" : ""}`
        : told.global ? "all of the input" : "nothing"],
      ["stride", perAxis(told.stride)],
      ["padding", perAxis(told.padding)],
      ["center", perAxis(told.center)],
      ["sees", perAxis(told.size, (size) => "") === "" ? this.share(told, input) : ""],
      ["halo", told.halo ? perAxis(told.halo.before.map((b, k) => `${b} + ${told.halo.after[k]}`),
        (sides) => sides, ", ") : ""],
      ["answer", told.fidelity],
      ["multiply-adds", layer.macs ? layer.macs.toLocaleString("en") : ""],
      ["parameters", layer.parameters ? layer.parameters.toLocaleString("en") : ""],
    ].filter(([, value]) => value !== "" && value !== "?");
    const list = el("dl", {}, ...rows.flatMap(([name, value]) =>
      [el("dt", {}, name), el("dd", {}, String(value))]));
    const notes = [];
    if (told.global) {
      const more = told.global.count - told.global.first.length;
      notes.push(`* read whole: ${told.global.first.join(", ")}${more > 0 ? ` and ${more} more` : ""}`);
    }
    if (told.why) notes.push(told.why);
    this.facts.replaceChildren(el("h3", {}, layer.name), list,
      ...notes.map((note) => el("p", { class: "note" }, note)));
    if (input.axes.length === 1) {
      const rate = el("input", { type: "number", min: 1, value: this.rate ?? "", placeholder: "Hz",
        "aria-label": "samples per second", oninput: () => {
          this.rate = Number(rate.value);
          this.draw();
        } });
      this.facts.append(el("label", { class: "rate" }, "samples per second ", rate));
    }
    this.captions.input.textContent = `${input.name} (${input.axes.join(", ")}): ${signed(input.sizes)}`;
    this.captions.map.textContent = told.units.length
      ? `units of ${layer.name}: ${signed(told.units)}` : `${layer.name} has one unit`;
    this.slide("map", told.units);
    this.turn(this.state.tab);
    this.draw();
  }

  share(told, input) {
    return perAxis(told.size.map((size, k) =>
      `${Math.round(size === null ? 100 : Math.min(100, (100 * size) / input.sizes[k]))} %`));
  }

  /** A slider for every axis that is not drawn. */
  slide(which, sizes) {
    const { before } = plane(sizes);
    this.sliders[which].replaceChildren(...before.map((size, axis) => {
      const slider = el("input", {
        type: "range", min: 0, max: size - 1, value: this.state.unit[axis],
        "aria-label": `position on axis ${axis}`,
        oninput: () => {
          const unit = [...this.state.unit];
          unit[axis] = Number(slider.value);
          this.at(unit);
        },
      });
      return slider;
    }));
  }

  turn(tab) {
    this.state.tab = tab;
    this.tabs.replaceChildren(...TABS.map((name, number) => el("button", {
      type: "button", role: "tab", "aria-selected": String(number === tab),
      onclick: () => { this.turn(number); this.draw(); this.changed(this); },
    }, name)));
    const made = [this.growthTab, this.netTab, this.whyTab, this.tilesTab, this.tableTab][tab];
    this.below.replaceChildren(...made.call(this));
  }

  growthTab() {
    return growth(this.view, this.model.original(this.state.layer), (layer) => this.choose(layer));
  }

  netTab() {
    this.nets ??= new Map();
    if (!this.nets.has(this.view)) {
      this.nets.set(this.view, new Net(this.view, (layer) => this.choose(layer)));
    }
    const lit = new Set();
    for (const side of this.why()) for (const step of side.path) lit.add(step);
    return [
      this.nets.get(this.view).draw(this.state.layer, lit),
      el("p", { class: "note" }, "Thick: the paths that reach furthest. Dashed: a whole axis is " +
        "read on the way. Red: branches that do not line up. ⊞ opens."),
    ];
  }

  why() {
    const { why } = this.view.data;
    return why[String(this.model.original(this.state.layer))] ?? Object.values(why).at(-1) ?? [];
  }

  whyTab() {
    const sides = this.why();
    if (!sides.length) return [el("p", { class: "note" }, "Nothing local is left to explain.")];
    return [el("div", { class: "why" }, ...sides.map((side) => {
      const most = Math.max(1, ...side.steps.map(([, adds]) => Math.abs(numeric(adds))));
      return el("div", {},
        el("h4", {}, `${side.layer}, ${side.axes.join(" and ")}, ${side.side} side: ${side.total}`),
        ...side.steps.map(([layer, adds]) => el("div", { class: "step" },
          el("button", { type: "button", class: "link", onclick: () =>
            typeof layer === "number" && this.choose(layer) },
          typeof layer === "number" ? this.model.layers[layer].name : layer),
          el("span", { class: "bar", style:
            `width:${(10 * Math.abs(numeric(adds))) / most}em` }),
          el("span", {}, adds))));
    }))];
  }

  tilesTab() {
    const { halo, stride } = this.told;
    const { sizes, axes } = this.view.input;
    const grid = stride.map((s) => Number(s));
    if (!halo || grid.some((step) => !Number.isInteger(step) || step < 1)) {
      return [el("p", { class: "note" }, "This layer has no map that could be put together from " +
        "tiles by a halo alone; rfield.tile_plan says why, or plans it.")];
    }
    const block = grid.map((step, k) => step * halo.block[k]);
    const least = Math.max(...halo.before.map((b, k) => b + halo.after[k] + block[k]));
    const most = Math.max(least, ...sizes);
    this.tile = Math.min(most, Math.max(least, this.tile ?? Math.round(most / 2)));
    const words = el("p", { class: "note" });
    const tell = () => {
      const plans = sizes.map((size, k) =>
        tiling(size, Math.min(this.tile, size), halo.before[k], halo.after[k], block[k]));
      words.textContent = axes.map((axis, k) => plans[k]
        ? `${axis}: halo ${halo.before[k]} + ${halo.after[k]}, tiles begin at multiples of ` +
          `${block[k]}, about ${plans[k].count} of them, each pixel computed ` +
          `${plans[k].factor.toFixed(2)} times`
        : `${axis}: too small`).join("; ");
    };
    const slider = el("input", { type: "range", min: least, max: most, value: this.tile,
      "aria-label": "tile size", oninput: () => {
        this.tile = Number(slider.value);
        label.textContent = `${this.tile} pixels`;
        tell();
        this.draw();
      } });
    const label = el("output", {}, `${this.tile} pixels`);
    tell();
    return [el("p", {}, el("label", {}, "tile ", slider), " ", label), words];
  }

  /** The second tile and its halo, on the input. */
  tileBoxes(sizes) {
    const halo = this.told.halo;
    if (TABS[this.state.tab] !== "Tiles" || !halo || !this.tile) return [];
    const start = sizes.map((size) => Math.max(0, Math.min(Math.floor(size / 4), size - this.tile)));
    const stop = start.map((first, k) => Math.min(sizes[k], first + this.tile));
    const inner = {
      start: start.map((first, k) => first + halo.before[k]),
      stop: stop.map((last, k) => last - halo.after[k]),
    };
    const { pin } = this.colors();
    return [[{ start, stop }, { stroke: pin, line: 2 }],
      [inner, { fill: pin, alpha: 0.2, stroke: pin, dash: [3, 3] }]];
  }

  tableTab() {
    const head = ["layer", "op", "output", "size", "stride", "padding", "center"];
    const rows = this.model.layers.map((layer, number) => {
      const told = this.view.layer(number);
      if (!told) return null;
      const cells = [layer.op, layer.shape.join("×"), this.brief(number), perAxis(told.stride),
        perAxis(told.padding), perAxis(told.center)];
      return el("tr", { onclick: () => this.choose(number),
        class: number === this.state.layer ? "chosen" : "" },
      el("th", { scope: "row" }, layer.name), ...cells.map((cell) => el("td", {}, cell)));
    });
    return [el("div", { class: "scroll" }, el("table", {},
      el("thead", {}, el("tr", {}, ...head.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, ...rows)))];
  }

  /** The numbers as text. */
  words() {
    const rows = [...this.facts.querySelectorAll("dt")].map((name) =>
      `${name.textContent}\t${name.nextSibling.textContent}`);
    return [this.model.layers[this.state.layer].name, ...rows, this.says.textContent].join("\n");
  }

  save(kind) {
    const frame = this.frames.input;
    const colors = this.colors();
    const name = `${this.model.layers[this.state.layer].name.replace(/[^\w.-]+/g, "_")}.${kind}`;
    const link = el("a", { download: name });
    if (kind === "png") {
      link.href = this.input.toDataURL("image/png");
    } else {
      const painter = new SvgPainter(frame.width, frame.height, colors.paper);
      const look = this.looked();
      drawInput(painter, frame, this.view.input.sizes, this.slices.input,
        { ...look, pinned: look.pinnedBox }, colors);
      link.href = URL.createObjectURL(new Blob([String(painter)], { type: "image/svg+xml" }));
    }
    link.click();
  }
}

/** A number that may be written as a fraction. */
export function numeric(text) {
  const [over, under = "1"] = String(text).split("/");
  return Number(over) / Number(under);
}

