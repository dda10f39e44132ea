// Sorts tables by a column, and filters their rows.
"use strict";

// "12:34" and "1,234" and "45.6 %" are numbers; a dash is below all of them.
const valueOf = (cell) => {
  const text = cell.textContent.trim().replace("\u2212", "-");
  if (text === "\u2013" || text === "") return null;
  const time = /^(\d+):(\d\d)$/.exec(text);
  if (time) return Number(time[1]) * 60 + Number(time[2]);
  const number = Number(text.replace(/[,% ]/g, ""));
  return Number.isNaN(number) ? text.toLowerCase() : number;
};

const compare = (a, b) => {
  if (a === null || b === null) return (a !== null) - (b !== null);
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
};

function sortBy(table, heading, place) {
  const isDescending = heading.getAttribute("aria-sort") === "none" ? !heading.classList.contains("text") : heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row.cells[place]), row]);
  rows.sort(([a], [b]) => (isDescending ? compare(b, a) : compare(a, b)));
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((heading, place) => {
    if (heading.classList.contains("drawn")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...heading.childNodes);
    heading.append(button);
    heading.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => sortBy(table, heading, place));
  });
}

for (const table of document.querySelectorAll("table.searched")) {
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "Search";
  field.setAttribute("aria-label", `Search in ${table.closest(".scroll").getAttribute("aria-label").replace("Table: ", "")}`);
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const row of table.tBodies[0].rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
  table.closest(".scroll").before(field);
}
