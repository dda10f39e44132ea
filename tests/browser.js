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
window.onload = () => {
  const seen = [...document.querySelectorAll("iframe")].map((frame) => {
    const view = frame.contentWindow;
    const root = frame.contentDocument.documentElement;
    const scrolling = [...root.querySelectorAll("*")].filter((e) => e.scrollWidth > e.clientWidth + 1 && view.getComputedStyle(e).overflowX === "auto");
    return {
      width: frame.width * 1,
      scroll_width: root.scrollWidth,
      requests: view.performance.getEntriesByType("resource").map((entry) => entry.name),
      faint: faint(view, frame.contentDocument),
      unreachable: scrolling.filter((e) => e.tabIndex !== 0).map((e) => e.outerHTML.slice(0, 80)),
    };
  });
  document.getElementById("seen").textContent = JSON.stringify(seen);
};
