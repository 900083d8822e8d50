// Nodes: HTML and SVG elements, and what the page is made of.

const el = (name, attributes, ...children) =>
  build(document.createElement(name), attributes, children);
const svg = (name, attributes, ...children) =>
  build(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

// A string among the children becomes a text node; null stands for nothing; functions are handlers.
function build(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value !== null) node.setAttribute(key, value);
  }
  node.append(...children.filter(child => child !== null));
  return node;
}

const place = id => document.getElementById(id);
const say = (...sentence) => el("p", {class: "muted"}, ...sentence);
const colour = run => `run${run % 5}${run >= 5 ? " again" : ""}`;  // five colours; then dashed and hollow
const swatch = kind => el("span", {class: `swatch ${kind}`, "aria-hidden": "true"});

// A name from the data in HTML: whatever its direction, it does not reorder the text around it.
const name = (text, kind = null) => el("bdi", {class: kind, title: text.length > 24 ? text : null}, text);
const runName = run => name(runs[run].name);
const className = label => data.classes[label] || `class ${label}`;

// The same in an SVG's text; where room is short, the middle is left out: paths differ at their ends.
const pen = document.createElement("canvas").getContext("2d");
pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
const textWidth = text => pen.measureText(text).width;
function fit(text, room) {
  const letters = [...text];
  let kept = letters.length;
  const cut = () => kept === letters.length ? text : `${letters.slice(0, Math.ceil(kept / 2)).join("")}…${
    letters.slice(letters.length - Math.floor(kept / 2)).join("")}`;
  while (kept > 1 && textWidth(cut()) > room) --kept;
  return `\u2068${cut()}\u2069`;
}

// Buttons of which one is pressed; options: [key, text].
function switcher(label, options, current, choose) {
  const buttons = options.map(([key, text]) => el("button", {type: "button", "data-key": key, click: () => {
    press(key);
    choose(key);
  }}, text));
  const press = key => buttons.forEach(button =>
    button.setAttribute("aria-pressed", String(button.dataset.key === key)));
  press(current);
  return el("div", {class: "switcher", role: "group", "aria-label": label}, ...buttons);
}

// A box that draw(width) fills, again whenever its width changes. SVGs have the width in CSS pixels
// that they are shown at, so that their text has one size everywhere.
let charts = [];
function chart(box, draw) {
  const redraw = () => box.replaceChildren(draw(Math.max(240, box.clientWidth)));
  charts = charts.filter(each => each.box.isConnected);
  charts.push({box, redraw, width: box.clientWidth});
  redraw();
  return redraw;
}
window.addEventListener("resize", () => requestAnimationFrame(() => {
  for (const drawn of charts.filter(each => each.width !== each.box.clientWidth)) {
    drawn.width = drawn.box.clientWidth;
    drawn.redraw();
  }
}));
