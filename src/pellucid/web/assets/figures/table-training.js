// The reader's own table learnt before their eyes: the map of the last layer, the losses, the weights.

import { following, pace, restart } from "../link.js";
import { axes, frame, plain, show, tag } from "../plot.js";
import { secant } from "../slope.js";
import { curve } from "../training-panels.js";
import training from "./training.js";

const HUES = ["--blue", "--orange", "--teal", "--ink", "--violet", "--green", "--red", "--grey"];
const made = (s) => ({ scene: "table", width: Number(s.width), blocks: s.depth, seed: s.seed });

function layout(element, constant) {
  const width = element.clientWidth;
  if (element.panels?.constant === constant && element.panels.width === width) return element.panels;
  const wide = width > 760;
  element.innerHTML = `<div class="training own ${wide ? "across" : ""}"><figure class="seen"><figcaption>The rows, as the last hidden layer sees them</figcaption><div class="pane"><canvas class="points"></canvas></div><p class="legend"></p></figure>
<div class="right"><figure class="curve"><figcaption><span class="key first">learnt</span> <span class="key second">held out</span> Loss by step</figcaption><div></div></figure>
<figure class="spread"><figcaption>How the weights are spread; what lies beyond ±1 stands at the edge</figcaption><div></div></figure></div></div>`;
  const legend = constant.levels.slice(0, 8).map((level, i) => `<span style="--tone: var(${HUES[i]})"></span>`).join("");
  element.querySelector(".legend").innerHTML = legend || `<span class="low"></span><span class="high"></span>`;
  element.querySelectorAll(".legend span").forEach((span, i) => { span.textContent = constant.levels[i] ?? ["low", "high"][i]; });
  const find = (name) => element.querySelector(name);
  return (element.panels = { constant, width, seen: find(".points"), curve: find(".curve div"), spread: find(".spread div") });
}

function map(target, { constant, frame: f }) {
  const size = target.clientWidth, ratio = devicePixelRatio || 1, pen = target.getContext("2d"), style = getComputedStyle(target);
  if (target.width !== Math.round(size * ratio)) Object.assign(target, { width: Math.round(size * ratio), height: Math.round(size * ratio) });
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, size, size);
  const colour = (name) => style.getPropertyValue(name).trim() || "gray", hues = HUES.map(colour), paper = colour("--paper");
  for (let i = 0; i < f.map.length / 2; i++) {
    const c = constant.colours[i], held = i >= constant.held;
    const tone = constant.levels.length ? hues[c % hues.length] : `color-mix(in oklab, ${hues[0]} ${Math.round(100 * c)}%, ${hues[1]})`;
    pen.beginPath();
    pen.arc((0.5 + 0.46 * f.map[2 * i]) * size, (0.5 - 0.46 * f.map[2 * i + 1]) * size, 3.4, 0, 7);
    Object.assign(pen, { fillStyle: held ? paper : tone, strokeStyle: held ? tone : paper, lineWidth: held ? 1.5 : 0.8 });
    pen.fill();
    pen.stroke();
  }
}

function spread(place, f) {
  const width = place.clientWidth, height = 110, bins = Array.from(f.spread), top = Math.max(...bins) || 1;
  const w = frame({ left: 40, top: 4, width: width - 52, height: height - 28, x: [-1, 1], y: [0, 1] });
  show(place, width, height, [axes(w, { grid: false, countY: 0.1, textY: () => "" }), bins.map((n, i) => tag("rect", { x: w.X(-1 + (2 * i) / bins.length), y: w.Y(Math.sqrt(n / top)), width: w.width / bins.length - 1, height: w.Y(0) - w.Y(Math.sqrt(n / top)), class: "bar first" }))], "How the weights are spread between −1 and 1");
}

export default {
  ...training,
  challenge: undefined,
  note: "How fast the loss falls here: the straight line through this step's loss and the one drawn before it; x is the step. Before the first step: of classes, the loss when each gets the same share; of a number, the loss.",
  working(s) {
    const f = s.frame, levels = s.constant?.levels.length ?? 0;
    if (!f || f.running || !Number.isFinite(f.loss)) return null;
    const before = f.curve.findLast((point) => point[0] < f.step && Number.isFinite(point[1]));
    if (before) return secant(before.slice(0, 2), [f.step, f.loss]);
    return levels > 1 && levels < 100 ? { lesson: "cross-entropy", arguments: [JSON.stringify(Array(levels).fill(0))], options: { target: 1 } } : { lesson: "scalar", arguments: [Number(f.loss.toPrecision(5))] };
  },
  python(s) {
    const d = made(s), p = pace(s);
    return `# The very same weights: what is drawn in the page never touches what learns.
from pellucid.lab.own import Own
from pellucid.lab.training.learner import Learner, Pace
from pellucid.lab.training.table import TableScene

own = ${s.constant?.name === "sample:reviews" ? "Own()" : `Own(${JSON.stringify(s.constant?.name ?? "FILE")}, ${JSON.stringify(s.constant?.target ?? "COLUMN")})`}
scene = TableScene(own.experience, {"width": ${d.width}, "blocks": ${d.blocks}, "seed": ${d.seed}})
learner = Learner(scene.task)
for _ in range(${s.frame?.step || 200}):
    learner.advance(Pace(${p.rate}, ${p.batch}, "${p.method}"))
print(scene.look(learner.optimizer.weights)["loss"])
`;
  },
  question(s) {
    const levels = s.constant?.levels.length ?? 0;
    if (levels < 2) return { text: "Before it has learnt anything: how many of a batch's 64 rows does one step look at?", answer: 64, slips: [] };
    return { text: `There are ${levels} classes. Before the first step the network knows nothing: about how large is its loss, if it gives each class the same share? (It is the natural logarithm of something.)`, answer: Math.log(levels), slips: [
      { value: levels, says: "Of the number of classes the logarithm is taken." }, { value: 1 / levels, says: "That is the share; the loss is minus its logarithm." }, { value: Math.log10(levels), says: "The natural logarithm, not that to base ten." },
    ] };
  },
  state: { depth: 2, width: "32", seed: 0, rate: "0.003", batch: "64", method: "adam", stride: "1", past: 0, frame: null, constant: null, link: null, built: null },
  ...following(made),
  actions: { ...training.actions, restart: restart(made) },
  controls: [
    ...training.controls.filter((each) => each.top),
    { key: "depth", label: "Hidden layers", range: [0, 4, 1] },
    ...training.controls.filter((each) => ["stride", "rate", "method"].includes(each.key)),
    { key: "width", label: "Neurons in each", choices: ["4", "16", "32", "128"] }, { key: "batch", label: "Batch", choices: ["8", "64", "256"] },
  ],
  draw(element, s) {
    if (!s.constant || !s.frame) return null;
    const panels = layout(element, s.constant);
    map(panels.seen, s);
    curve(panels, s);
    spread(panels.spread, s.frame);
    return null;
  },
  says(s) {
    if (!s.frame) return "The rows are being read …";
    return `Step ${s.frame.step} on ${s.constant.name}, predicting “${s.constant.target}”: loss ${plain(s.frame.loss ?? NaN, 3)} on ${s.constant.held} of the ${s.constant.rows[0]} rows it learns from, ${plain(s.frame.held ?? NaN, 3)} on rows held out (hollow). ${s.constant.parameters.toLocaleString("en")} weights.`;
  },
};
