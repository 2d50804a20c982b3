// The layers as a tree that folds, by the parts of their names; operated by mouse and by keys.

/** Nested folders of layers: {label, layer, children}. A folder that is a layer too has both. */
export function nest(layers) {
  const root = { label: "", layer: null, children: new Map() };
  layers.forEach(({ name }, layer) => {
    let at = root;
    for (const part of name.split(/[./]/)) {
      if (!at.children.has(part)) {
        at.children.set(part, { label: part, layer: null, children: new Map() });
      }
      at = at.children.get(part);
    }
    at.layer = layer;
  });
  return root;
}

/** The first layer of a folder that is no layer itself; the last one computed stands for it. */
export function layerOf(node) {
  if (node.layer !== null) return node.layer;
  let last = null;
  for (const child of node.children.values()) last = layerOf(child) ?? last;
  return last;
}

export class Tree {
  /** @param shown what stands behind a layer's name; @param choose is called with a layer. */
  constructor(box, layers, shown, choose) {
    this.box = box;
    this.root = nest(layers);
    this.layers = layers;
    this.shown = shown;
    this.choose = choose;
    this.open = new Set([...this.root.children.values()].filter((n) => n.children.size <= 8));
    if (layers.length > 60) this.open.clear();
    this.words = "";
    box.setAttribute("role", "tree");
    box.addEventListener("keydown", (event) => this.key(event));
    this.render();
  }

  search(words) {
    this.words = words.trim().toLowerCase();
    this.render();
  }

  select(layer) {
    this.layer = layer;
    let at = this.root;
    for (const part of this.layers[layer].name.split(/[./]/)) {
      if (at !== this.root) this.open.add(at);
      at = at.children.get(part);
    }
    this.render();
    this.box.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }

  render() {
    const rows = [];
    const visit = (node, depth) => {
      for (const child of node.children.values()) {
        if (this.words && !this.matches(child)) continue;
        rows.push(this.row(child, depth));
        if (this.words || this.open.has(child)) visit(child, depth + 1);
      }
    };
    visit(this.root, 0);
    this.box.replaceChildren(...rows);
  }

  matches(node) {
    if (node.layer !== null && this.layers[node.layer].name.toLowerCase().includes(this.words)) {
      return true;
    }
    return [...node.children.values()].some((child) => this.matches(child));
  }

  row(node, depth) {
    const row = document.createElement("div");
    const layer = layerOf(node);
    const folds = node.children.size > 0;
    row.className = "row";
    row.setAttribute("role", "treeitem");
    row.setAttribute("aria-level", String(depth + 1));
    row.setAttribute("aria-selected", String(node.layer !== null && node.layer === this.layer));
    row.tabIndex = node.layer === this.layer ? 0 : -1;
    row.style.paddingLeft = `${0.3 + depth * 0.9}em`;
    if (folds) row.setAttribute("aria-expanded", String(this.words !== "" || this.open.has(node)));
    const mark = document.createElement("span");
    mark.className = "fold";
    mark.textContent = folds ? (this.open.has(node) || this.words ? "▾" : "▸") : "";
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = node.label;
    const told = document.createElement("span");
    told.className = "told";
    told.textContent = this.shown(layer);
    row.append(mark, name, told);
    row.addEventListener("click", (event) => {
      if (folds && (event.target === mark || node.layer === null)) this.fold(node);
      if (event.target !== mark) this.choose(layer);
    });
    row.node = node;
    return row;
  }

  fold(node, open = !this.open.has(node)) {
    if (open) this.open.add(node);
    else this.open.delete(node);
    this.render();
  }

  key(event) {
    const rows = [...this.box.children];
    const at = rows.indexOf(event.target);
    if (at < 0) return;
    const { node } = rows[at];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = rows[at + (event.key === "ArrowDown" ? 1 : -1)];
      if (next) {
        next.focus();
        this.choose(layerOf(next.node));
        this.focus(next.node);
      }
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      this.fold(node, event.key === "ArrowRight");
      this.focus(node);
    } else if (event.key === "Enter") {
      this.choose(layerOf(node));
      this.focus(node);
    } else {
      return;
    }
    event.preventDefault();
  }

  focus(node) {
    [...this.box.children].find((row) => row.node === node)?.focus();
  }
}
