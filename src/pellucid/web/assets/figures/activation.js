// Activation functions side by side: value and slope at a point; softmax, which needs a whole vector.

import { axes, clamp, dot, frame, handle, inside, label, line, path, plain, range, rounded, show, tag } from "../plot.js";
import { FUNCTIONS } from "../tree.js";

const NAMES = ["relu", "tanh", "sigmoid", "gelu", "silu"];
const SAY = { relu: "ReLU", tanh: "tanh", sigmoid: "sigmoid", gelu: "GELU", silu: "SiLU", softmax: "softmax" };
const RANGES = { relu: "0 to ∞", tanh: "−1 to 1", sigmoid: "0 to 1", gelu: "about −0.17 to ∞", silu: "about −0.28 to ∞" };
const value = (name, x) => FUNCTIONS[name](x);
const sigmoid = FUNCTIONS.sigmoid;
const density = (x) => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
const SLOPES = {
  relu: (x) => (x > 0 ? 1 : 0), tanh: (x) => 1 - Math.tanh(x) ** 2, sigmoid: (x) => sigmoid(x) * (1 - sigmoid(x)),
  gelu: (x) => (1 + FUNCTIONS.erf(x / Math.SQRT2)) / 2 + x * density(x), silu: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
};
const soft = (scores) => { const top = Math.max(...scores), e = scores.map((v) => Math.exp(v - top)), all = e.reduce((a, b) => a + b); return e.map((v) => v / all); };

function curves(element, s) {
  const width = element.clientWidth, height = clamp(width * 0.5, 220, 310), lower = 120;
  const f = frame({ left: 40, top: 10, width: width - 52, height: height - 40, x: [-6, 6], y: [-1.4, 3.4] });
  const g = frame({ left: 40, top: height + 26, width: width - 52, height: lower, x: [-6, 6], y: [-0.25, 1.25] });
  const xs = range(-6, 6, 301), y = value(s.name, s.x), m = SLOPES[s.name](s.x);
  const others = NAMES.filter((name) => name !== s.name);
  show(element, width, height + lower + 66, [
    axes(f, {}), inside(f, [
      others.map((name) => path(f, xs.map((x) => [x, value(name, x)]), "faint")),
      path(f, xs.map((x) => [x, value(s.name, x)]), "first bold"),
      line(f, [s.x - 1.6, y - 1.6 * m], [s.x + 1.6, y + 1.6 * m], "second"), line(f, [s.x, 0], [s.x, y], "ink dashed"),
    ]), handle(f, [s.x, clamp(y, -1.4, 3.4)], "ink"), label(f.left + 8, f.top + 16, SAY[s.name], "first name"),
    label(g.left, g.top - 9, "Its slope, which multiplies the gradient", "tick"),
    axes(g, { countY: 2 }), inside(g, path(g, xs.map((x) => [x, SLOPES[s.name](x)]), "second")), dot(g, [s.x, m], "second", 5),
  ], this.says(s));
  return f;
}

function bars(element, s) {
  const width = element.clientWidth, shares = soft(s.scores), height = 250;
  const f = frame({ left: 40, top: 20, width: width - 52, height: height - 60, x: [-0.5, 2.5], y: [0, 1] });
  const wide = Math.min(90, f.width / 4.2);
  show(element, width, height, [
    axes(f, { countX: 0.1, textX: () => "", zero: false }),
    shares.map((p, i) => tag("rect", { x: f.X(i) - wide / 2, y: f.Y(p), width: wide, height: Math.max(f.Y(0) - f.Y(p), 1), class: "bar first", rx: 3 }) + label(f.X(i), f.Y(p) - 7, plain(p, 3), "number", "middle") + label(f.X(i), f.Y(0) + 18, `score ${plain(s.scores[i], 3)}`, "tick", "middle")),
  ], this.says(s));
  return null;
}

export default {
  state: { name: "relu", x: -3, scores: [1, 2, 3] },
  controls: [
    { key: "name", label: "Function", choices: [...NAMES, "softmax"].map((name) => [name, SAY[name]]) },
    { key: "x", label: "x", range: [-6, 6, 0.1], when: (s) => s.name !== "softmax" },
    ...[0, 1, 2].map((i) => ({ key: `scores.${i}`, label: `Score ${i + 1}`, range: [-5, 5, 0.1], when: (s) => s.name === "softmax" })),
  ],
  draw(element, s) { return (s.name === "softmax" ? bars : curves).call(this, element, s); },
  drag: {
    pick: (s, at) => (s.name !== "softmax" && Math.abs(at.x - s.x) < 20 * at.unit ? "x" : null),
    move: (s, held, at) => ({ x: clamp(rounded(at.x, 0.1), -6, 6) }),
  },
  says(s) {
    if (s.name === "softmax") return `The three shares add up to 1. Raise one score and the others fall: softmax acts on the whole vector.`;
    const m = SLOPES[s.name](s.x);
    const dead = s.name === "relu" && s.x < 0 ? " Below 0 the slope is 0: no gradient passes." : Math.abs(m) < 0.05 ? " The curve is nearly flat here: hardly any gradient passes." : "";
    return `${SAY[s.name]}(${plain(s.x)}) = ${plain(value(s.name, s.x))}, slope ${plain(m)}. Its values lie from ${RANGES[s.name]}.${dead}`;
  },
  numbers(s) {
    if (s.name === "softmax") return { caption: "Softmax", headings: ["place", "score", "share"], rows: soft(s.scores).map((p, i) => [i + 1, s.scores[i], p]) };
    return { caption: `At x = ${plain(s.x)}`, headings: ["function", "value", "slope", "values lie"], rows: NAMES.map((name) => [SAY[name], value(name, s.x), SLOPES[name](s.x), RANGES[name]]) };
  },
  working: (s) => (s.name === "softmax" ? { lesson: "softmax", arguments: [JSON.stringify(s.scores)] } : { lesson: "activation", arguments: [s.name, String(s.x)] }),
  challenge: (s) => ({ name: "relu", x: -Math.ceil(Math.random() * 5) }),
  question(s) {
    if (s.name === "softmax") return { text: "What do the three shares add up to?", answer: 1, slips: [] };
    return { text: `What is ${SAY[s.name]}(${plain(s.x)})?`, answer: value(s.name, s.x), slips: [
      { value: -s.x, says: "ReLU does not turn a negative number positive; that would be the absolute value. It makes it 0." },
      { value: s.x, says: "That is the number itself; ReLU lets only positive numbers through unchanged." },
    ] };
  },
};
