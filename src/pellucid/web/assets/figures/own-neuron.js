// One neuron of a real network on one row: the largest terms of its sum, and its sums on other rows.

import { axes, clamp, dot, fitted, frame, label, line, plain, show, tag } from "../plot.js";
import { whichRow } from "../row.js";

const relu = (z) => Math.max(0, z);
const answer = (f) => (f.bends ? relu(f.sum) : f.sum);
const terms = (f) => [...f.terms.map((t) => [t.name, t.x * t.w]), [`${f.rest.count} smaller ones`, f.rest.sum], ["bias", f.bias]];

function waterfall(f, width, top, step) {
  const all = terms(f), ends = all.reduce((list, [, v]) => [...list, list.at(-1) + v], [0]);
  const low = Math.min(...ends, -0.2), high = Math.max(...ends, 0.2), side = clamp(width * 0.27, 96, 180);
  const w = frame({ left: side + 10, top, width: width - side - 76, height: step * (all.length + 1), x: [low, high], y: [0, 1] });
  const bar = (from, to, row, cls) => tag("rect", { x: Math.min(w.X(from), w.X(to)), y: top + row * step + 4, width: Math.max(Math.abs(w.X(to) - w.X(from)), 1.5), height: step - 9, class: `bar ${cls}`, rx: 2 });
  const row = ([name, v], i) => label(side, top + i * step + 16, fitted(name, side), "tick", "end") + bar(ends[i], ends[i + 1], i, v < 0 ? "second" : "first") + label(width, top + i * step + 16, plain(v, 3), "tick", "end");
  const last = top + all.length * step;
  return [
    tag("line", { x1: w.X(0), x2: w.X(0), y1: top, y2: last + step, class: "line axis" }), all.map(row),
    label(side, last + 16, "sum z", "tick bold", "end"), bar(0, f.sum, all.length, "ink"), label(width, last + 16, plain(f.sum, 3), "tick bold", "end"),
  ];
}

/** The sums of this neuron on many rows, one dot a row. */
function strip(f, width, top) {
  const reach = Math.max(...f.others.map(Math.abs), Math.abs(f.sum), 0.1) * 1.05;
  const w = frame({ left: 20, top, width: width - 40, height: 64, x: [-reach, reach], y: [0, 1] });
  const dots = f.others.map((z, i) => tag("circle", { cx: w.X(z), cy: top + 12 + ((i * 0.618) % 1) * 40, r: 2.6, class: `fill ${f.bends && z < 0 ? "quiet faintly" : z < 0 ? "second" : "first"}` }));
  return [label(20, top - 12, `Its sum on ${f.others.length} rows; ringed, this one`, "tick"), axes(w, { grid: false, countY: 0.1, textY: () => "" }), dots, line(w, [f.sum, 0.05], [f.sum, 0.95], "ink"), dot(w, [f.sum, 0.5], "ink", 6)];
}

export default {
  state: { layer: "", neuron: null, row: 0, found: null }, // null: one that is not silent
  prepare: [{ needs: (s) => [s.layer, s.neuron, s.row], get: async (s, ask) => {
    const neuron = s.found && s.found.layer !== s.layer ? null : s.neuron;
    const found = await ask("unit", { layer: s.layer, ...(neuron === null ? {} : { neuron }), row: s.row });
    return { found, layer: found.layer, neuron: found.neuron };
  } }],
  controls: [
    { key: "neuron", label: "Neuron", range: (s) => [0, Math.max(1, (s.found?.neurons ?? 2) - 1), 1], show: (v) => `${v + 1}` },
    whichRow,
    { key: "layer", label: "Layer", choices: (s) => s.found?.layers ?? [] },
  ],
  draw(element, s) {
    if (!s.found) return null;
    const width = element.clientWidth, step = 25, tall = step * (terms(s.found).length + 1);
    show(element, width, tall + 148, [waterfall(s.found, width, 6, step), strip(s.found, width, tall + 50)], this.says(s));
    return null;
  },
  says(s) {
    const f = s.found;
    if (!f) return "The network is being opened …";
    const silent = f.others.filter((z) => z < 0).length;
    return `Neuron ${f.neuron + 1} of ${f.layer} of ${f.about}, on row ${f.row + 1} of ${f.name}: its sum is ${plain(f.sum)}${f.bends ? `, so it answers ${plain(answer(f))}. It is silent (grey) on ${silent} of ${f.others.length} rows.` : "; no bend follows."} The sum is that of the first of its members.`;
  },
  numbers: (s) => ({ caption: "Term by term, the largest first", headings: ["input", "value", "weight", "product"], rows: [...s.found.terms.map((t) => [t.name, t.x, t.w, t.x * t.w]), [`${s.found.rest.count} smaller ones together`, "", "", s.found.rest.sum], ["bias", "", "", s.found.bias], ["sum z", "", "", s.found.sum], ["answer", "", "", answer(s.found)]] }),
  working(s) {
    const f = s.found;
    if (!f) return null;
    const round = (v) => Number(v.toFixed(4));
    return { lesson: "neuron", arguments: [JSON.stringify([...f.terms.map((t) => round(t.x)), round(f.rest.sum)])], options: { weights: JSON.stringify([...f.terms.map((t) => round(t.w)), 1]), bias: round(f.bias), activation: f.bends ? "relu" : "none" } };
  },
  question(s) {
    const f = s.found;
    if (!f) return { text: "One moment …", answer: NaN };
    return { text: `This neuron's sum is ${plain(f.sum)}${f.bends ? ", and ReLU follows" : "; no bend follows"}. What does it answer?`, answer: answer(f), slips: [
      { value: -f.sum, says: "ReLU does not turn a negative sum positive; it makes it 0." }, { value: f.sum, says: "That is the sum; ReLU makes what is below 0 zero." },
    ] };
  },
};
