// The sums before a bend of a real network, over many rows, under the curve that bends them.

import { axes, frame, inside, label, path, plain, range, show, tag } from "../plot.js";
import { FUNCTIONS } from "../tree.js";

const SAY = { relu: "ReLU", gelu: "GELU" };
const percent = (v) => `${plain(100 * v, 3)} %`;
const one = (s) => s.neuron > 0 && s.neuron <= s.found.each.length;
const bins = (s) => (one(s) ? s.found.each[s.neuron - 1] : s.found.all);
const below = (s) => (one(s) ? s.found.below[s.neuron - 1] : s.found.below.reduce((a, b) => a + b, 0) / s.found.below.length);
const centre = (s) => bins(s).reduce((sum, n, i) => sum + n * (-s.found.reach + ((i + 0.5) * 2 * s.found.reach) / bins(s).length), 0) / Math.max(1, bins(s).reduce((a, b) => a + b, 0));

export default {
  state: { layer: "", neuron: 0, found: null },
  prepare: [{ needs: (s) => s.layer, get: async (s, ask) => { const found = await ask("sums", { layer: s.layer }); return { found, layer: found.layer, neuron: 0 }; } }],
  controls: [
    { key: "neuron", label: "Neuron", range: (s) => [0, s.found?.each.length ?? 1, 1], show: (v) => (v ? `${v}` : "all of them") },
    { play: "neuron", from: 1, to: (s) => s.found?.each.length ?? 1, whole: true, label: "Through all", seconds: 8 },
    { key: "layer", label: "Layer", choices: (s) => s.found?.layers ?? [] },
  ],
  draw(element, s) {
    if (!s.found) return null;
    const width = element.clientWidth, r = s.found.reach, f = FUNCTIONS[s.found.function], all = bins(s), most = Math.max(...all, 1);
    const curve = frame({ left: 44, top: 10, width: width - 56, height: 130, x: [-r, r], y: [-0.12 * r, r] });
    const low = frame({ left: 44, top: 190, width: width - 56, height: 130, x: [-r, r], y: [0, 1.05] });
    const bars = all.map((n, i) => tag("rect", { x: low.X(-r + (2 * r * i) / all.length) + 0.5, y: low.Y(n / most), width: low.width / all.length - 1, height: Math.max(0, low.Y(0) - low.Y(n / most)), class: `bar ${i < all.length / 2 ? "second" : "first"}` }));
    show(element, width, 358, [
      axes(curve, { countY: 3 }), inside(curve, path(curve, range(-r, r, 301).map((x) => [x, f(x)]), "first bold")), label(52, 26, SAY[s.found.function], "first name"),
      label(44, 178, "How often each sum occurs", "tick"), axes(low, { countY: 0.1, textY: () => "", across: "sum z" }), bars,
      tag("line", { x1: low.X(0), x2: low.X(0), y1: curve.top, y2: low.top + low.height, class: "line ink dashed" }),
    ], this.says(s));
    return null;
  },
  says(s) {
    if (!s.found) return "The network is being opened …";
    const never = s.found.never ? ` ${s.found.never} of the ${s.found.neurons} never come above 0 on any of these rows: they are silent here, and no gradient reaches them.` : s.found.function === "relu" ? ` None of the ${s.found.neurons} is silent on all of these rows.` : "";
    return `${s.found.layer} of ${s.found.about}, on ${s.found.rows} rows. ${one(s) ? `Of the sums of neuron ${s.neuron}` : "Of all sums"} ${percent(below(s))} lie below 0.${never}`;
  },
  numbers: (s) => ({ caption: "Neuron by neuron", headings: ["neuron", "below 0"], rows: s.found.below.slice(0, 200).map((v, k) => [k + 1, percent(v)]) }),
  working: (s) => (s.found ? { lesson: "activation", arguments: [s.found.function, String(Number(centre(s).toFixed(2)))] } : null),
  question(s) {
    if (!s.found) return { text: "One moment …", answer: NaN };
    const z = Number(centre(s).toFixed(2));
    return { text: `On average the sum is ${plain(z)}. What does ReLU make of ${plain(-Math.abs(z))}?`, answer: 0, slips: [
      { value: Math.abs(z), says: "ReLU does not turn a negative sum positive; it makes it 0." }, { value: -Math.abs(z), says: "Only what is above 0 passes unchanged." },
    ] };
  },
};
