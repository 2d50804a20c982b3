// What the address says after its #: layer, unit, pinned unit, input and tab of each panel.
//
// Whoever follows a link may have any text there: what is no number of a position is not said.

/** A whole number from 0 on; null for any other text. */
function whole(text) {
  return /^\d{1,15}$/.test(text ?? "") ? Number(text) : null;
}

/** Numbers with commas between them; null where one of them is none. */
function index(text) {
  const numbers = text ? text.split(",").map(whole) : [null];
  return numbers.includes(null) ? null : numbers;
}

export function read(text) {
  return text.split("|").map((part) => {
    const said = new URLSearchParams(part);
    const [unit, ...name] = (said.get("pin") ?? "").split("@").reverse();
    return {
      layer: said.get("layer"),
      unit: index(said.get("unit")),
      pixel: index(said.get("pixel")),
      pin: name.length
        ? { layer: name.reverse().join("@"), unit: unit === "" ? [] : index(unit) } : null,
      view: whole(said.get("input")) ?? 0,
      tab: whole(said.get("tab")) ?? 0,
    };
  });
}

export function write(panels) {
  return panels.map(({ layer, unit, pixel, pin, view, tab }) => {
    const said = new URLSearchParams({ layer });
    if (unit.length) said.set("unit", unit.join(","));
    if (pixel) said.set("pixel", pixel.join(","));
    if (pin) said.set("pin", `${pin.layer}@${pin.unit.join(",")}`);
    if (view) said.set("input", view);
    if (tab) said.set("tab", tab);
    return said.toString();
  }).join("|");
}
