// Examines each frame after all have loaded, and writes the findings as JSON.
const parsed = (text) => (text.match(/[\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const behind = (view, element) => {
  for (let e = element; e; e = e.parentElement) {
    const colour = parsed(view.getComputedStyle(e).backgroundColor);
    if (colour.length === 3 || colour[3] > 0.99) return colour;
  }
  return [255, 255, 255];
};
function faint(view, document) {
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("svg, style")) continue;
    const style = view.getComputedStyle(element);
    const [a, b] = [light(parsed(style.color)), light(behind(view, element))].sort((p, q) => q - p);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.add(`${element.tagName}.${element.className} ${style.color}: ${walker.currentNode.data.trim()}`);
  }
  return [...found].slice(0, 5);
}
// the name that a screen reader announces, as far as the pages use it
function nameOf(element) {
  const label = element.getAttribute("aria-label") || element.getAttribute("title") || "";
  const labels = element.labels ? [...element.labels].map((each) => each.textContent).join("") : "";
  return (label || labels || element.textContent).trim();
}
function faults(document) {
  const found = [];
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  found.push(...ids.filter((id, place) => ids.indexOf(id) < place).map((id) => `two elements have the id ${id}`));
  for (const e of document.querySelectorAll("a[href], button, input, [role=region], [role=img], nav, table")) {
    if (e.tagName === "TABLE" ? !e.caption : !nameOf(e)) found.push(`no name: ${e.outerHTML.slice(0, 120)}`);
  }
  for (const e of document.querySelectorAll("[aria-hidden=true] a, [aria-hidden=true] button, [aria-hidden=true] [tabindex]")) found.push(`focus in a hidden element: ${e.outerHTML.slice(0, 80)}`);
  for (const e of document.querySelectorAll("svg:not([aria-hidden=true]):not([role=img] svg):not([role=img])")) {
    if (!e.closest("[aria-hidden=true], [role=img]")) found.push(`a picture without a role: ${e.outerHTML.slice(0, 80)}`);
  }
  for (const e of document.querySelectorAll("[aria-labelledby]")) if (!document.getElementById(e.getAttribute("aria-labelledby"))) found.push(`no label ${e.getAttribute("aria-labelledby")}`);
  // two persons may have one name, but a section and the table in it must not
  const sections = [...document.querySelectorAll("section[aria-labelledby]")].map((e) => document.getElementById(e.getAttribute("aria-labelledby"))?.textContent.trim());
  for (const e of document.querySelectorAll("[role=region]")) if (sections.includes(e.getAttribute("aria-label"))) found.push(`a section has the name of the region ${e.getAttribute("aria-label")}`);
  for (const e of document.querySelectorAll("dl > div")) if (!e.querySelector("dt") || !e.querySelector("dd")) found.push("a list without terms");
  for (const e of document.querySelectorAll("ul > :not(li), ol > :not(li)")) found.push(`not an item of a list: ${e.outerHTML.slice(0, 80)}`);
  for (const sheet of document.styleSheets) for (const rule of sheet.cssRules) if ([...(rule.cssRules || [])].some((inner) => inner.media)) found.push(`a condition in the condition ${rule.conditionText}`);
  if (document.querySelector("script")) found.push(...unsorted(document), ...unsearched(document));
  return [...new Set(found)].slice(0, 5);
}
// sorts each table by each column, as a click or the enter key does
function unsorted(document) {
  const found = [];
  for (const table of document.querySelectorAll("table.sortable")) {
    if (table.tBodies[0].rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((heading, place) => {
      const button = heading.querySelector("button.sort");
      if (!button) return heading.classList.contains("drawn") || found.push(`not sorted: ${heading.textContent}`);
      button.click();
      const numbers = [...table.tBodies[0].rows].map((row) => row.cells[place].textContent.trim()).filter((text) => /^\d+$/.test(text)).map(Number);
      const sorted = [...numbers].sort((a, b) => (heading.getAttribute("aria-sort") === "descending" ? b - a : a - b));
      if (heading.getAttribute("aria-sort") === "none" || numbers.join() !== sorted.join()) found.push(`wrong order: ${heading.textContent} ${numbers.slice(0, 9)}`);
    });
  }
  return found;
}
function unsearched(document) {
  const found = [];
  for (const table of document.querySelectorAll("table.searched")) {
    const field = table.closest(".scroll").previousElementSibling;
    const search = (text) => {
      field.value = text;
      field.dispatchEvent(new Event("input"));
      return [...table.tBodies[0].rows].filter((row) => !row.hidden).length;
    };
    const first = table.tBodies[0].rows[0].cells[0].textContent.trim().toUpperCase();
    if (search("no row has this") !== 0 || search(first) === 0 || search("") !== table.tBodies[0].rows.length) found.push(`no search: ${table.caption.textContent}`);
  }
  return found;
}
// the rules of axe-core that a page breaks, for pages whose policy allows scripts of their own folder
async function violations(document) {
  const axe = document.createElement("script");
  const loaded = new Promise((done) => (axe.onload = axe.onerror = done));
  axe.src = new URL("/axe.js", window.location).href;
  document.head.append(axe);
  await loaded;
  const { violations } = await document.defaultView.axe.run(document);
  axe.remove();
  return violations.map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 120)}`);
}
window.onload = async () => {
  const seen = [];
  for (const frame of document.querySelectorAll("iframe")) {
    const view = frame.contentWindow;
    const root = frame.contentDocument.documentElement;
    const scrolling = [...root.querySelectorAll("*")].filter((e) => e.scrollWidth > e.clientWidth + 1 && view.getComputedStyle(e).overflowX === "auto");
    seen.push({
      width: frame.width * 1,
      scroll_width: root.scrollWidth,
      clipped: scrolling.map((e) => `${e.getAttribute("aria-label")} ${e.scrollWidth} > ${e.clientWidth}`),
      faults: faults(frame.contentDocument),
      requests: view.performance.getEntriesByType("resource").map((entry) => entry.name),
      faint: faint(view, frame.contentDocument),
      unreachable: scrolling.filter((e) => e.tabIndex !== 0).map((e) => e.outerHTML.slice(0, 80)),
      violations: window.location.protocol === "http:" ? await violations(frame.contentDocument) : [],
    });
  }
  document.getElementById("seen").textContent = JSON.stringify(seen);
};
