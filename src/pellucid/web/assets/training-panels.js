// The panels of a training: each draws one picture of the worker's into its place.

import { axes, dot, frame, label, line, path, plain, show, tag } from "./plot.js";
import { paint } from "./raster.js";

const SHOWN = 8, GAP = 6;
const FIRST = 40; // steps that the curve has room for from the beginning, so that its scale rests

/** The places of the panels, built anew when the network or the width has changed. */
export function layout(element, constant) {
  const width = element.clientWidth;
  if (element.panels?.constant === constant && element.panels.width === width) return element.panels;
  const wide = width > 760;
  element.innerHTML = `<div class="training ${wide ? "across" : ""}">
<figure class="net"><figcaption>The network: what makes each neuron answer</figcaption><div class="layers"></div></figure>
<figure class="plane"><figcaption>What it answers</figcaption><div class="pane"><canvas class="field"></canvas><canvas class="points"></canvas></div></figure>
<figure class="seen"><figcaption>What its last layer sees</figcaption><div class="pane"><canvas class="points"></canvas></div></figure>
<figure class="curve"><figcaption><span class="key first">learnt</span> <span class="key second">held out</span> Loss by step</figcaption><div></div></figure></div>`;
  const find = (name) => element.querySelector(name);
  const panels = { constant, width, wide, net: find(".layers"), field: find(".field"), plane: find(".plane .points"), seen: find(".seen .points"), curve: find(".curve div"), said: null };
  build(panels);
  element.panels = panels;
  return panels;
}

/** Columns of neurons with a small canvas each, and the lines between them. */
function build(panels) {
  const { constant, net } = panels, width = net.clientWidth || 300;
  const columns = [constant.features.length, ...constant.hidden.map((n) => Math.min(n, SHOWN)), 1];
  const tallest = Math.max(...columns), size = Math.max(20, Math.min(44, (width - 70) / columns.length - 14, 330 / tallest - GAP));
  const height = Math.max(tallest * (size + GAP) + 26, 120), step = (width - size - 44) / Math.max(columns.length - 1, 1);
  const at = (layer, i) => [layer === 0 ? 22 : 22 + layer * step, 20 + (height - 30) / 2 + (i - (columns[layer] - 1) / 2) * (size + GAP)];
  panels.lines = [];
  const edges = constant.hidden.every((n) => n <= SHOWN) ? columns.slice(1).flatMap((count, layer) => Array.from({ length: count }, (_, i) => Array.from({ length: columns[layer] }, (_, j) => {
    const [x1, y1] = at(layer, j), [x2, y2] = at(layer + 1, i), bend = (x2 - x1) / 2;
    panels.lines.push({ layer, i, j });
    return `<path d="M${x1 + size / 2} ${y1}C${x1 + size / 2 + bend} ${y1} ${x2 - size / 2 - bend} ${y2} ${x2 - size / 2} ${y2}" class="edge"/>`;
  }))).flat() : [];
  const words = [
    ...constant.features.map((name, i) => label(at(0, i)[0], at(0, i)[1] + 4, name, "number", "middle")),
    ...constant.hidden.map((n, l) => (n > SHOWN ? label(at(l + 1, 0)[0], height - 2, `${SHOWN} of ${n}`, "tick", "middle") : "")),
    label(at(columns.length - 1, 0)[0], at(columns.length - 1, 0)[1] - size / 2 - 8, "output", "tick", "middle"),
  ];
  net.style.height = `${height}px`;
  net.innerHTML = `<svg width="${width}" height="${height}" role="img" aria-label="The network with ${constant.parameters} weights">${edges.join("")}${constant.features.map((_, i) => tag("rect", { x: at(0, i)[0] - size / 2, y: at(0, i)[1] - size / 2, width: size, height: size, rx: 5, class: "node" })).join("")}${words.join("")}</svg>`;
  const input = net.querySelector("svg");
  panels.edges = [...input.querySelectorAll(".edge")];
  panels.maps = constant.hidden.map((_, l) => Array.from({ length: columns[l + 1] }, (_, i) => canvas(net, at(l + 1, i), size)));
  panels.output = canvas(net, at(columns.length - 1, 0), size);
}

function canvas(net, [x, y], size) {
  const made = document.createElement("canvas");
  Object.assign(made.style, { left: `${x - size / 2}px`, top: `${y - size / 2}px`, width: `${size}px`, height: `${size}px` });
  net.append(made);
  return made;
}

export function network(panels, { frame: f }) {
  f.neurons.forEach((layer, l) => {
    const [, rows, columns] = layer.shape;
    panels.maps[l].forEach((each, i) => paint(each, layer, columns, rows, i * rows * columns));
  });
  const side = Math.round(Math.sqrt(f.field.length));
  paint(panels.output, f.field, side, side);
  if (!f.weights) return;
  panels.lines.forEach(({ layer, i, j }, k) => {
    const w = f.weights[layer], value = w[i * w.shape[1] + j], edge = panels.edges[k];
    edge.setAttribute("class", `edge ${value < 0 ? "second" : "first"}`);
    edge.style.strokeWidth = Math.min(7, 0.4 + 2.2 * Math.abs(value)).toFixed(2);
  });
}

export function boundary(panels, s) {
  const side = Math.round(Math.sqrt(s.frame.field.length)), { points, reach } = s.constant;
  paint(panels.field, s.frame.field, side, side);
  const key = `${s.point} ${scheme()}`;
  if (panels.drawn === key) return; // the points stay where they are
  panels.drawn = key;
  dots(panels.plane, s, (i) => [0.5 + points[3 * i] / (2 * reach), 0.5 - points[3 * i + 1] / (2 * reach)]);
}

export function map(panels, s) {
  const found = s.frame.map;
  dots(panels.seen, s, (i) => [0.5 + 0.46 * found[2 * i], 0.5 - 0.46 * found[2 * i + 1]]);
}

const scheme = () => matchMedia("(prefers-color-scheme: dark)").matches;

/** Points in their colours; those held out are hollow, the one that is worked has a ring. */
function dots(target, s, place) {
  const size = target.clientWidth, ratio = devicePixelRatio || 1, pen = target.getContext("2d");
  if (target.width !== Math.round(size * ratio)) Object.assign(target, { width: Math.round(size * ratio), height: Math.round(size * ratio) });
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, size, size);
  const style = getComputedStyle(target), colour = (name) => style.getPropertyValue(name).trim();
  const [blue, orange, paper, ink] = ["--blue", "--orange", "--paper", "--ink"].map(colour), held = new Set(s.constant.proving);
  for (let i = 0; i < s.constant.points.length / 3; i++) {
    const [x, y] = place(i), tone = s.constant.points[3 * i + 2] > 0 ? blue : orange;
    pen.beginPath();
    pen.arc(x * size, y * size, held.has(i) ? 2.6 : 3.1, 0, 7);
    pen.fillStyle = held.has(i) ? paper : tone;
    pen.strokeStyle = held.has(i) ? tone : paper;
    pen.lineWidth = held.has(i) ? 1.4 : 0.8;
    pen.fill();
    pen.stroke();
  }
  const [x, y] = place(s.point);
  pen.beginPath();
  pen.arc(x * size, y * size, 7, 0, 7);
  Object.assign(pen, { strokeStyle: ink, lineWidth: 1.8 });
  pen.stroke();
}

export function curve(panels, { frame: f }) {
  const width = panels.curve.clientWidth, height = 150;
  const found = f.curve.filter((point) => point[1] !== null && point[2] !== null);
  // From the loss it began with; only what lies far above most of the curve is cut off.
  const top = Math.max(0.05, ...(found[0]?.slice(1) ?? []), ...found.map((p) => Math.max(p[1], p[2])).sort((a, b) => a - b).slice(0, Math.ceil(found.length * 0.97)));
  const w = frame({ left: 40, top: 8, width: width - 52, height: height - 34, x: [0, Math.max(FIRST, f.last)], y: [0, top * 1.08] });
  const invites = f.last || f.running ? "" : [line(w, [0, found[0]?.[1]], [FIRST, found[0]?.[1]], "quiet dashed"), label(w.left + w.width / 2, w.top + w.height * 0.56, "Press Start", "name", "middle"), label(w.left + w.width / 2, w.top + w.height * 0.56 + 20, "and the loss of every step is drawn here", "tick halo", "middle")];
  const clipped = (k) => path(w, found.map((p) => [p[0], Math.min(p[k], top * 1.08)]), k === 1 ? "first" : "second");
  show(panels.curve, width, height, [axes(w, { countY: 3 }), invites, clipped(1), clipped(2), found.slice(-1).flatMap((p) => [1, 2].map((k) => dot(w, [p[0], Math.min(p[k], top * 1.08)], k === 1 ? "first" : "second", 3.5))), tag("line", { x1: w.X(f.step), x2: w.X(f.step), y1: w.top, y2: w.top + w.height, class: "line ink dashed" })], `Loss by step; now ${plain(f.loss ?? NaN, 3)}`);
}
