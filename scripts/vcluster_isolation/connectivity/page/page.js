"use strict";
// Makes a grid of the matrix (ARIA Authoring Practices, grid pattern), and shows the reasons of its current cell.
// It only ever moves and copies nodes of this page: no text becomes HTML.
const grid = document.getElementById("matrix");
const panel = document.getElementById("panel");
const PAGE = 10; // rows that Page Up and Page Down move by

let current = grid.rows[1]?.cells[1] ?? grid.rows[0].cells[0];
let dismissed = false; // after Escape, moving on does not bring the reasons back; asking for them does

grid.setAttribute("role", "grid");
grid.setAttribute("aria-readonly", "true");
for (const link of grid.querySelectorAll("a")) link.tabIndex = -1;
for (const row of grid.rows) for (const cell of row.cells) cell.tabIndex = -1;
current.tabIndex = 0;

const headers = (cell) => [cell.parentElement.cells[0], grid.rows[0].cells[cell.cellIndex]];
const actor = (header) => document.querySelector(header.querySelector("a").hash);

function about(entry) {
  const line = document.createElement("p");
  const name = document.createElement("strong");
  name.append(...copies(entry.children[0]));
  line.append(name, ": ", ...copies(entry.children[1]));
  return line;
}

function copies(node) {
  return [...node.cloneNode(true).childNodes];
}

function reasons(cell) {
  const link = cell.querySelector("a");
  return link ? document.querySelector(link.hash).querySelector(".sides").cloneNode(true)
    : document.getElementById("closed").content.cloneNode(true);
}

function title(cell) {
  if (cell.tagName === "TH") return copies(cell.querySelector("bdi"));
  const [from, to] = headers(cell).map((header) => header.querySelector("bdi").cloneNode(true));
  const link = cell.querySelector("a");
  const ports = link && document.querySelector(link.hash).querySelector("h4 .ports");
  return [from, " → ", to, ": ", ...(ports ? copies(ports) : ["closed"])];
}

function show() {
  panel.hidden = dismissed || current.classList.contains("corner");
  document.documentElement.classList.toggle("showing", !panel.hidden);
  if (panel.hidden) return;
  document.getElementById("panel-title").replaceChildren(...title(current));
  const header = current.tagName === "TH";
  const who = new Set((header ? [current] : headers(current)).map(actor));
  const body = document.getElementById("panel-body");
  body.replaceChildren(...(header ? [] : [reasons(current)]), ...[...who].map(about));
  panel.scrollTop = 0;
}

function enter(cell) {
  for (const header of headers(current)) header.classList.remove("on");
  current.tabIndex = -1;
  current = cell;
  current.tabIndex = 0;
  for (const header of headers(current)) header.classList.add("on");
  show();
}

function go(row, column) {
  const rows = grid.rows;
  const to = rows[Math.min(Math.max(row, 0), rows.length - 1)];
  const cell = to.cells[Math.min(Math.max(column, 0), to.cells.length - 1)];
  cell.focus({ preventScroll: true });
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function ask() {
  dismissed = false;
  show();
  if (!panel.hidden) panel.focus({ preventScroll: true });
}

function dismiss() {
  dismissed = true;
  show();
  current.focus({ preventScroll: true });
}

const MOVES = {
  ArrowUp: (row, column) => [row - 1, column],
  ArrowDown: (row, column) => [row + 1, column],
  ArrowLeft: (row, column) => [row, column - 1],
  ArrowRight: (row, column) => [row, column + 1],
  PageUp: (row, column) => [row - PAGE, column],
  PageDown: (row, column) => [row + PAGE, column],
  Home: (row, column, whole) => [whole ? 0 : row, 0],
  End: (row, column, whole) => [whole ? Infinity : row, Infinity],
};

grid.addEventListener("keydown", (event) => {
  if (event.altKey || event.metaKey || event.shiftKey) return;
  const move = MOVES[event.key];
  if (move) go(...move(current.parentElement.rowIndex, current.cellIndex, event.ctrlKey));
  else if (event.key === "Enter" || event.key === " ") ask();
  else return;
  event.preventDefault();
});
grid.addEventListener("focusin", (event) => enter(event.target.closest("th, td")));
grid.addEventListener("click", (event) => {
  const cell = event.target.closest("th, td");
  if (!cell || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  dismissed = false;
  cell.focus({ preventScroll: true });
  enter(cell);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !panel.hidden) dismiss();
});
document.getElementById("close").addEventListener("click", dismiss);
