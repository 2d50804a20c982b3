// The table of models: sorted by a click on a head, filtered by what is typed and chosen.
"use strict";
const table = document.getElementById("models");
const heads = [...table.tHead.rows[0].cells];
const body = table.tBodies[0];
const rows = [...body.rows];

// What a cell is sorted by: its number, or its text; what has neither goes to the end.
function key(row, column) {
  const given = row.cells[column]?.dataset.v;
  if (given === undefined) return null;
  return given === "" || Number.isNaN(Number(given)) ? given : Number(given);
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

function sort(column, direction) {
  const keyed = rows.map((row) => [key(row, column), row]);
  keyed.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : direction * compare(a, b)));
  body.append(...keyed.map(([, row]) => row));
}

heads.forEach((head, column) => {
  head.querySelector("button")?.addEventListener("click", () => {
    const first = column === 0 ? "ascending" : "descending";
    const other = column === 0 ? "descending" : "ascending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    heads.forEach((each) => each.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", order);
    sort(column, order === "ascending" ? 1 : -1);
  });
});

const text = document.getElementById("text");
if (text) {
  const source = document.getElementById("source");
  const kind = document.getElementById("kind");
  const shown = document.getElementById("shown");
  const words = rows.map((row) => `${row.cells[0].dataset.v} ${row.dataset.source}:${row.cells[1].textContent}`.toLowerCase());
  const filter = () => {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, k) => {
      const fits = wanted.every((word) => words[k].includes(word))
        && (!source.value || row.dataset.source === source.value)
        && (!kind.value || row.dataset.kind === kind.value);
      row.hidden = !fits;
      count += fits;
    });
    shown.textContent = count === rows.length ? "" : `${count} of ${rows.length}`;
  };
  for (const control of [text, source, kind]) control.addEventListener("input", filter);
  document.querySelector(".filter").addEventListener("submit", (event) => event.preventDefault());
  const fromAddress = () => {
    if (location.hash.length > 1) text.value = decodeURIComponent(location.hash.slice(1));
    filter();
  };
  addEventListener("hashchange", fromAddress);
  fromAddress();
}
