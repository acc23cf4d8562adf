// One neuron: inputs times weights, added up with the bias, sent through an activation.

import { clamp, dot, frame, inside, label, line, path, plain, range, show, tag, axes } from "../plot.js";
import { FUNCTIONS } from "../tree.js";

const act = (name) => (name === "none" ? (z) => z : FUNCTIONS[name]);
const sum = (s) => s.x.reduce((total, x, i) => total + x * s.w[i], s.b);

function network(s, width, height) {
  const rows = s.x.length, left = 46, middle = width - 62, y = (i) => 44 + (i * (height - 70)) / (rows - 1), mid = 9 + height / 2;
  const z = sum(s), a = act(s.activation)(z);
  const edges = s.x.map((x, i) => {
    const tone = s.w[i] < 0 ? "second" : "first", at = 0.42;
    return tag("line", { x1: left + 22, y1: y(i), x2: middle - 30, y2: mid, class: `line ${tone}`, style: `stroke-width: ${clamp(Math.abs(s.w[i]) * 3.6, 0.8, 12)}` }) +
      label(left + 22 + (middle - left - 52) * at, y(i) + (mid - y(i)) * at + (y(i) > mid + 1 ? 17 : -9), `${plain(s.w[i], 3)} · ${plain(x, 3)} = ${plain(s.w[i] * x, 3)}`, `${tone} number halo`, Math.abs(y(i) - mid) < 1 ? "middle" : "start"); // beside the line, on the side that it leaves free
  });
  const nodes = s.x.map((x, i) => tag("circle", { cx: left, cy: y(i), r: 22, class: "node" }) + label(left, y(i) + 5, plain(x, 3), "number", "middle") + label(left, y(i) - 28, `x${"₁₂₃₄"[i]}`, "tick", "middle"));
  return [edges, nodes, tag("circle", { cx: middle, cy: mid, r: 32, class: "node strong" }), label(middle, mid + 5, plain(a, 3), "number bold", "middle"), label(middle, mid - 40, "answer", "tick", "middle"), label(middle, mid + 50, `bias ${plain(s.b, 3)}`, "tick", "middle")];
}

/** The terms laid one after the other: where the sum comes from. */
function waterfall(s, top, width) {
  const terms = [...s.x.map((x, i) => [`w${"₁₂₃₄"[i]}·x${"₁₂₃₄"[i]}`, s.w[i] * x]), ["bias", s.b]];
  const ends = terms.reduce((list, [, v]) => [...list, list.at(-1) + v], [0]);
  const low = Math.min(...ends, -0.5), high = Math.max(...ends, 0.5), step = 24;
  const f = frame({ left: 64, top, width: width - 84, height: step * (terms.length + 1), x: [low * 1.08, high * 1.08], y: [0, 1] });
  const bar = (from, to, row, cls) => tag("rect", { x: Math.min(f.X(from), f.X(to)), y: top + row * step + 4, width: Math.max(Math.abs(f.X(to) - f.X(from)), 1.5), height: step - 8, class: `bar ${cls}`, rx: 2 });
  return [
    tag("line", { x1: f.X(0), x2: f.X(0), y1: top, y2: top + f.height, class: "line axis" }),
    terms.map(([name, v], i) => label(56, top + i * step + 17, name, "tick", "end") + bar(ends[i], ends[i + 1], i, v < 0 ? "second" : "first") + tag("line", { x1: f.X(ends[i + 1]), x2: f.X(ends[i + 1]), y1: top + i * step + 6, y2: top + (i + 2) * step - 4, class: "line quiet dashed" })),
    label(56, top + terms.length * step + 17, "sum z", "tick bold", "end"), bar(0, ends.at(-1), terms.length, "ink"),
  ];
}

function bend(s, top, width, height) {
  const g = act(s.activation), z = sum(s), reach = Math.max(4, Math.ceil(Math.abs(z) + 1));
  const values = range(-reach, reach, 201).map((x) => [x, g(x)]);
  const ys = values.map(([, y]) => y), low = Math.min(...ys, -0.2), high = Math.max(...ys, 1);
  const f = frame({ left: 44, top, width: width - 60, height, x: [-reach, reach], y: [low - 0.08 * (high - low), high + 0.08 * (high - low)] });
  return [axes(f, { across: "z", countY: 3 }), inside(f, [path(f, values, "first bold"), line(f, [z, f.y[0]], [z, g(z)], "ink dashed")]), dot(f, [z, g(z)], "ink", 6), label(f.left + 6, top + 14, s.activation === "none" ? "no activation" : s.activation, "tick")];
}

const slider = (key, label, reach) => ({ key, label, range: [-reach, reach, 0.05] });

export default {
  state: { x: [1, 2, 3], w: [0.5, -1, 0.75], b: 0.5, activation: "relu" },
  controls: [
    ...[0, 1, 2].map((i) => slider(`w.${i}`, `Weight w${"₁₂₃"[i]}`, 3)), slider("b", "Bias b", 4),
    ...[0, 1, 2].map((i) => slider(`x.${i}`, `Input x${"₁₂₃"[i]}`, 4)),
    { key: "activation", label: "Activation", choices: ["relu", "tanh", "sigmoid", "gelu", "silu", "none"] },
  ],
  draw(element, s) {
    const width = element.clientWidth, wide = width > 520;
    const top = 268, half = wide ? width * 0.5 : width;
    const parts = [network(s, width, 236), waterfall(s, top, half)];
    parts.push(wide ? tag("g", { transform: `translate(${half} 0)` }, bend(s, top, half, 92).flat(9).join("")) : bend(s, top + 130, width, 120));
    show(element, width, wide ? 402 : 558, parts, this.says(s));
    return null;
  },
  says(s) {
    const z = sum(s), a = act(s.activation)(z);
    return `The sum is z = ${plain(z)}; the neuron answers ${plain(a)}.${s.activation === "relu" && z < 0 ? " It is silent: below 0 ReLU answers 0, and learning cannot move its weights from here." : ""}`;
  },
  numbers: (s) => ({ caption: "Term by term", headings: ["", "input", "weight", "product"], rows: [...s.x.map((x, i) => [`x${"₁₂₃"[i]}`, x, s.w[i], x * s.w[i]]), ["bias", "", "", s.b], ["sum z", "", "", sum(s)], ["answer", "", "", act(s.activation)(sum(s))]] }),
  working: (s) => ({ lesson: "neuron", arguments: [JSON.stringify(s.x)], options: { weights: JSON.stringify(s.w), bias: s.b, activation: s.activation } }),
  challenge: () => {
    const draw = () => Math.floor(Math.random() * 7) - 3;
    return { x: [draw(), draw(), draw()], w: [draw(), draw(), draw()], b: draw(), activation: "relu" };
  },
  question(s) {
    const z = sum(s);
    return { text: `x = (${s.x.map((v) => plain(v)).join(", ")}), w = (${s.w.map((v) => plain(v)).join(", ")}), bias ${plain(s.b)}, activation ${s.activation}: what does the neuron answer?`, answer: act(s.activation)(z), slips: [
      { value: z, says: "That is the weighted sum; ReLU makes what is below 0 zero." },
      { value: Math.abs(z), says: "ReLU does not turn a negative sum positive; it makes it 0." },
      { value: Math.max(0, z - s.b), says: "The bias is missing." },
      { value: z - s.b, says: "The bias is missing, and so is the activation." },
    ] };
  },
};
