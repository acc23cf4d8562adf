// Two layers: with an activation between them they bend, without one they are a single layer.

import { axes, clamp, frame, inside, path, plain, range, show } from "../plot.js";
import { FUNCTIONS } from "../tree.js";

const act = (s) => (s.activation === "none" ? (z) => z : FUNCTIONS[s.activation]);
const answer = (s, x) => s.v.reduce((sum, v, i) => sum + v * act(s)(s.w[i] * x + s.b[i]), s.c);

export default {
  state: { w: [1.5, -1], b: [1, 0.5], v: [1, 1.5], c: -1, activation: "none" },
  controls: [
    { key: "activation", label: "Between the layers", choices: [["none", "nothing"], "relu", "tanh", "sigmoid"] },
    { key: "w.0", label: "First neuron, weight", range: [-3, 3, 0.1] }, { key: "w.1", label: "Second neuron, weight", range: [-3, 3, 0.1] },
    { key: "b.0", label: "First bias", range: [-3, 3, 0.1] }, { key: "b.1", label: "Second bias", range: [-3, 3, 0.1] },
    { key: "v.0", label: "Output weight 1", range: [-3, 3, 0.1] }, { key: "v.1", label: "Output weight 2", range: [-3, 3, 0.1] },
  ],
  draw(element, s) {
    const width = element.clientWidth, height = clamp(width * 0.5, 220, 320), f = frame({ left: 40, top: 8, width: width - 52, height: height - 44, x: [-4, 4], y: [-6, 6] });
    const xs = range(-4, 4, 241);
    show(element, width, height, [axes(f, { across: "x" }), inside(f, [s.w.map((w, i) => path(f, xs.map((x) => [x, s.v[i] * act(s)(w * x + s.b[i])]), "faint")), path(f, xs.map((x) => [x, answer(s, x)]), "first bold")])], this.says(s));
    return f;
  },
  says(s) {
    if (s.activation !== "none") return `With ${s.activation} between the layers the answer bends: no single layer draws this curve.`;
    const a = s.v[0] * s.w[0] + s.v[1] * s.w[1], b = s.v[0] * s.b[0] + s.v[1] * s.b[1] + s.c;
    return `With nothing between them the two layers are one: ${plain(a)}·x ${b < 0 ? "−" : "+"} ${plain(Math.abs(b))}. However many are added, it stays a straight line.`;
  },
  numbers: (s) => ({ caption: "The answer", headings: ["x", "answer"], rows: range(-4, 4, 9).map((x) => [x, answer(s, x)]) }),
  working: (s) => ({ lesson: "layer", arguments: ["[1]"], options: { weights: JSON.stringify(s.w.map((w) => [w])), biases: JSON.stringify(s.b), activation: s.activation } }),
  challenge: () => ({ activation: "none", w: [1, 2], b: [1, 0], v: [2, -1], c: Math.floor(Math.random() * 5) - 2 }),
  question(s) {
    const slope = s.v[0] * s.w[0] + s.v[1] * s.w[1];
    return { text: `First layer: ${plain(s.w[0])}·x + ${plain(s.b[0])} and ${plain(s.w[1])}·x + ${plain(s.b[1])}. Second: ${plain(s.v[0])} times the one, ${plain(s.v[1])} times the other, plus ${plain(s.c)}. Nothing stands between. What is the slope of the straight line they make?`, answer: slope, slips: [
      { value: s.w[0] + s.w[1], says: "Those are the first layer's slopes added up; each is multiplied by its output weight first." }, { value: s.v[0] + s.v[1], says: "Those are the output weights alone." }, { value: s.v[0] * s.b[0] + s.v[1] * s.b[1] + s.c, says: "That is where the line stands at x = 0." },
    ] };
  },
};
