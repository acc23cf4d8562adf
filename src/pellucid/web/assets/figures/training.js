// A network that learns while one watches: its neurons, its boundary, what its last layer sees, its curve.

import { following, pace, restart } from "../link.js";
import { plain } from "../plot.js";
import { boundary, curve, layout, map, network } from "../training-panels.js";

const FEATURES = ["x", "y", "x²", "y²", "x·y", "sin x", "sin y"];
const DATA = ["clouds", "circle", "corners", "moons", "spiral"];
const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const design = (s) => ({ data: s.data, noise: s.noise, features: s.features, hidden: Array(s.depth).fill(Number(s.width)), activation: s.activation, seed: s.seed });
const hidden = (s) => s.constant?.hidden ?? [];
const percent = (v) => `${plain(100 * v, 3)} %`;

/** The network's own numbers for the lesson of backpropagation, where it is small enough to be worked. */
function lesson(s) {
  const { frame, constant } = s;
  if (!frame?.weights || frame.running || !frame.latest || hidden(s).length > 3 || Math.max(constant.features.length, ...hidden(s)) > 6) return null;
  const round = (v) => Number(v.toFixed(4));
  const network = frame.weights.map((w) => Array.from({ length: w.shape[0] }, (_, i) => Array.from(w.subarray(i * w.shape[1], (i + 1) * w.shape[1]), round)));
  const width = constant.inputs.shape[1];
  return { lesson: "backpropagation", arguments: [JSON.stringify(Array.from(constant.inputs.subarray(s.point * width, (s.point + 1) * width), round))], options: { network: JSON.stringify(network), target: JSON.stringify([constant.points[3 * s.point + 2]]), activation: constant.activation, step: s.rate } };
}

export default {
  wide: true,
  state: { data: "circle", noise: 0.2, features: ["x", "y"], depth: 2, width: "4", activation: "tanh", seed: 0, rate: "0.03", batch: 16, method: "adam", stride: "1", point: 0, past: 0, frame: null, constant: null, link: null, built: null },
  ...following(design, { point: 0 }),
  actions: {
    toggle: (s) => { s.link.send({ do: s.frame?.running ? "pause" : s.frame && !s.frame.latest ? "resume" : "run" }); },
    step: (s) => { s.link.send({ do: "step" }); },
    undo: (s) => { s.link.send({ do: "undo" }); },
    again: (s) => ({ seed: s.seed + 1 }),
    restart: restart(design),
  },
  controls: [
    { action: "toggle", label: "Start", main: true, top: true, words: (s) => (s.frame?.running ? "Pause" : s.frame && !s.frame.latest ? "Go on from here" : s.frame?.last ? "Go on" : "Start") },
    { action: "step", label: "One step", top: true }, { action: "undo", label: "Undo", top: true, off: (s) => !s.frame?.last },
    { action: "restart", label: "From the start", top: true }, { action: "again", label: "Other weights", top: true },
    { key: "past", label: "Look back", top: true, range: (s) => [0, Math.max(1, s.frame?.last ?? 1), 1], show: (v) => `step ${v}`, send: (s, v) => s.link.send({ do: "look", step: v }) },
    { key: "stride", label: "Speed", choices: [["1", "a step a picture"], ["10", "10 steps a picture"], ["0", "as fast as it can"]] },
    { key: "data", label: "Data", choices: DATA }, { key: "noise", label: "Noise", range: [0, 1.5, 0.05] },
    { key: "depth", label: "Hidden layers", range: [0, 5, 1] },
    { key: "width", label: "Neurons in each", choices: ["1", "2", "3", "4", "5", "6", "8", "32", "224"], when: (s) => s.depth > 0 },
    { key: "activation", label: "Activation", choices: ["tanh", "relu", "sigmoid", ["none", "none at all"]], when: (s) => s.depth > 0 },
    { key: "rate", label: "Step size", choices: RATES.map(String) }, { key: "batch", label: "Batch", choices: ["1", "4", "16", "64", "200"] },
    { key: "method", label: "Method", choices: ["adam", ["plain", "plain descent"]] },
    { key: "features", label: "What it is given", several: FEATURES },
    { key: "point", label: "Point that is worked", range: [0, 299, 1], show: (v) => `${v + 1}` },
  ],
  draw(element, s) {
    if (!s.constant || !s.frame) return null;
    const place = layout(element, s.constant);
    network(place, s);
    boundary(place, s);
    map(place, s);
    curve(place, s);
    return null;
  },
  says(s) {
    const f = s.frame;
    if (!f) return "The network is being made …";
    if (f.loss === null) return `Step ${f.step}: the numbers have grown beyond all bounds. The step size is too large; undo, make it smaller, go on.`;
    const gap = f.held > 2 * f.loss + 0.03 ? " It does much better on what it learns from than on what it never saw: it has begun to learn by heart." : "";
    return `Step ${f.step}. Loss ${plain(f.loss, 3)} on the points it learns from, ${plain(f.held, 3)} on those held out, of which ${percent(f.held_right)} are right. It has ${s.constant.parameters.toLocaleString("en")} weights.${gap}`;
  },
  numbers: (s) => ({ caption: "The curve", headings: ["step", "loss, learnt", "loss, held out"], rows: (s.frame?.curve ?? []).filter((_, i, all) => i % Math.ceil(all.length / 40) === 0 || i === all.length - 1) }),
  working: lesson,
  python(s) {
    const d = design(s), p = pace(s);
    return `# The very same weights: what is drawn in the page never touches what learns.
from pellucid.lab.training.learner import Learner, Pace
from pellucid.lab.training.plain import Plane, design

scene = Plane(design({"data": "${d.data}", "noise": ${d.noise}, "features": ${JSON.stringify(d.features)},
                      "hidden": ${JSON.stringify(d.hidden)}, "activation": "${d.activation}", "seed": ${d.seed}}))
learner = Learner(scene.task)
for _ in range(${s.frame?.step || 500}):
    learner.advance(Pace(${p.rate}, ${p.batch}, "${p.method}"))
print(scene.look(learner.optimizer.weights)["held_right"])
`;
  },
  challenge: () => ({ depth: 1 + Math.floor(Math.random() * 2), width: ["2", "3", "4"][Math.floor(Math.random() * 3)], features: ["x", "y"] }),
  question(s) {
    const widths = [s.features.length, ...Array(s.depth).fill(Number(s.width)), 1];
    const pairs = widths.slice(1).map((w, i) => [widths[i], w]);
    const all = pairs.reduce((sum, [a, b]) => sum + (a + 1) * b, 0), without = pairs.reduce((sum, [a, b]) => sum + a * b, 0);
    return { text: `${s.features.length} inputs, ${s.depth} hidden ${s.depth === 1 ? "layer" : "layers"} of ${s.width} neurons, one output: how many weights and biases are there to learn?`, answer: all, slips: [
      { value: without, says: "The biases are missing: each neuron has one." }, { value: all - 1, says: "The output has a bias, too." },
      { value: widths.reduce((a, b) => a + b), says: "Those are the neurons; the weights lie between them." },
    ] };
  },
};
