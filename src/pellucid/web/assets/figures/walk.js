// Your network walked: one row through every operation; click a neuron, then a weight, and it is followed.

import { clamp, fitted, label, plain, show, tag } from "../plot.js";

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const list = (cells, marked) => `<dl class="cells">${Object.entries(cells).map(([name, cell]) => `<div class="${marked.includes(name) ? "marked" : ""}"><dt>${escape(name)}</dt><dd>${escape(/\de-\d/.test(cell) ? plain(Number(cell), 3) : cell)}</dd></div>`).join("")}</dl>`;

/** The layers as columns of neurons, blue where they answer above 0, orange below, empty at 0. */
function layers(s, width) {
  const { net } = s, most = Math.max(...net.layers.map((l) => l.answers.length)), step = clamp(330 / most, 17, 30), r = step * 0.42, height = most * step + 46;
  const X = (l) => (net.layers.length === 1 ? width / 2 : 34 + (l * (width - 68)) / (net.layers.length - 1)), Y = (l, i) => 30 + (height - 46) / 2 + (i - (net.layers[l].answers.length - 1) / 2) * step;
  const lines = net.layers.slice(1).flatMap((layer, l) => layer.answers.flatMap((_, i) => net.layers[l].answers.map((_, j) => tag("line", { x1: X(l) + r, y1: Y(l, j), x2: X(l + 1) - r, y2: Y(l + 1, i), class: layer.name === s.layer && i === s.neuron ? "line quiet" : "line grid" }))));
  const nodes = net.layers.map((layer, l) => {
    const top = Math.max(...layer.answers.map(Math.abs), 1e-9);
    return layer.answers.map((v, i) => tag("circle", { cx: X(l), cy: Y(l, i), r, class: `node pick ${v < 0 ? "second" : "first"} ${layer.name === s.layer && i === s.neuron ? "strong" : ""}`, style: `fill: color-mix(in oklab, var(--tone) ${Math.round((80 * Math.abs(v)) / top)}%, var(--lift))`, "data-layer": layer.name, "data-neuron": i }, tag("title", {}, escape(`${layer.name}, neuron ${i + 1}: ${plain(v)}`)))) + label(l === 0 ? 0 : l === net.layers.length - 1 ? width : X(l), 12, fitted(layer.name, width / net.layers.length - 10), "tick", l === 0 ? "start" : l === net.layers.length - 1 ? "end" : "middle") + (layer.count > layer.answers.length ? label(X(l), height - 2, `${layer.answers.length} of ${layer.count}`, "tick", "middle") : "");
  });
  return { height, parts: [lines, nodes.flat()] };
}

/** The chosen neuron's sum, term by term; each term can be picked to follow its weight. */
function terms(s, width, top) {
  const { net } = s, all = [...net.terms.map((t) => [t.name, t.x * t.w, t]), ...(net.rest.count ? [[`${net.rest.count} smaller ones`, net.rest.sum]] : []), ["bias", net.bias]];
  const ends = all.reduce((found, [, v]) => [...found, found.at(-1) + v], [0]), low = Math.min(...ends, 0), high = Math.max(...ends, 0), step = 27;
  const side = clamp(width * 0.3, 96, 190), roomy = width > 420; // a phone has the products only; the factors are among the numbers
  const X = (v) => side + 10 + ((v - low) / (high - low || 1)) * (width - side - (roomy ? 214 : 82));
  const bar = (from, to, y, tone) => tag("rect", { x: Math.min(X(from), X(to)), y: y + 5, width: Math.max(1.5, Math.abs(X(to) - X(from))), height: step - 11, rx: 2, class: `bar ${tone}` });
  const rows = all.map(([name, v, t], i) => {
    const y = top + 24 + i * step, followed = t && t.weight === s.weight;
    const inside = tag("rect", { x: 0, y: y + 1, width, height: step - 2, class: "line grid", style: `fill: ${followed ? "color-mix(in oklab, var(--blue) 14%, transparent)" : "transparent"}; stroke: none` }) + label(side, y + 18, fitted(name, side), `tick${followed ? " bold" : ""}`, "end") + bar(ends[i], ends[i + 1], y, v < 0 ? "second" : "first") + label(width - 4, y + 18, t && roomy ? `${plain(t.x, 3)} · ${plain(t.w, 3)} = ${plain(v, 3)}` : plain(v, 3), "tick", "end");
    return tag("g", t ? { class: "pick", "data-weight": t.weight } : {}, inside);
  });
  return { height: 24 + (all.length + 1) * step, parts: [label(0, top + 12, fitted(`${s.layer}, neuron ${s.neuron + 1}: pick a weight to follow`, width), "tick"), tag("line", { x1: X(0), x2: X(0), y1: top + 24, y2: top + 24 + all.length * step, class: "line axis" }), rows, label(side, top + 42 + all.length * step, "sum", "number bold", "end"), label(side + 12, top + 42 + all.length * step, `${plain(net.sum, 3)}, answer ${plain(net.answer, 3)}`, "number bold")] };
}

export default {
  wide: true,
  state: { row: 0, layer: "", neuron: null, weight: "", found: null, net: null },
  start({ change, element }) {
    element.querySelector(".drawing").addEventListener("click", (event) => {
      const picked = event.target.closest("[data-neuron], [data-weight]");
      if (picked?.dataset.weight) change({ weight: picked.dataset.weight });
      else if (picked) change({ layer: picked.dataset.layer, neuron: Number(picked.dataset.neuron) });
    });
  },
  prepare: [
    { needs: (s) => s.row, get: async (s, ask) => ({ found: await ask("answer", { row: s.row }) }) },
    { needs: (s) => [s.row, s.layer, s.neuron], get: async (s, ask) => {
      const neuron = s.net && s.net.layer !== s.layer && s.neuron >= (s.net.layers.find((l) => l.name === s.layer)?.count ?? 1) ? 0 : s.neuron;
      const net = await ask("neurons", { row: s.row, layer: s.layer, ...(neuron === null ? {} : { neuron }) });
      return { net, layer: net.layer, neuron: net.neuron };
    } },
  ],
  controls: [
    { key: "row", label: "Row", range: (s) => [0, Math.max(1, (s.found?.rows ?? 300) - 1), 1], show: (v) => `${v + 1}` },
    { key: "layer", label: "Layer", choices: (s) => s.net?.layers.map((l) => l.name) ?? [] },
    { key: "neuron", label: "Neuron", range: (s) => [0, Math.max(1, (s.net?.layers.find((l) => l.name === s.layer)?.count ?? 2) - 1), 1], show: (v) => `${v + 1}` },
    { key: "weight", label: "Weight to follow", choices: (s) => [["", "the most influential"], ...(s.weight && !s.net?.terms.some((t) => t.weight === s.weight) ? [s.weight] : []), ...(s.net?.terms.map((t) => [t.weight, `${t.name} (${t.weight})`]) ?? [])] },
  ],
  draw(element, s) {
    if (!s.found || !s.net) return null;
    if (!element.querySelector(".net")) element.innerHTML = `<div class="walked"></div><div class="net"></div>`;
    element.firstChild.innerHTML = s.found.model
      ? `<h3>The row</h3>${list(s.found.cells, s.found.targets)}<h3>The answer</h3>${list(s.found.answer, s.found.targets)}<h3>The way there</h3>`
      : `<p>You gave no model, so this is a small network that the lab has just trained: two inputs, hidden layers of 4 and 3 tanh neurons, one output, 200 steps on two moons. Point ${s.row + 1} of 300 goes through it. <code>pellucid lab MODEL --rows FILE</code> walks your own.</p>`;
    const width = element.clientWidth, beside = width > 760, half = beside ? width * 0.46 : width, first = layers(s, half - 10), second = terms(s, beside ? width - half - 20 : width, beside ? 0 : first.height + 20);
    show(element.lastChild, width, beside ? Math.max(first.height, second.height + 20) : first.height + second.height + 20, [first.parts, beside ? tag("g", { transform: `translate(${half + 20} 0)` }, second.parts.flat(9).join("")) : second.parts], this.says(s));
    return null;
  },
  says(s) {
    if (!s.found || !s.net) return "The network is being opened …";
    const whose = s.found.model ? `Row ${s.row + 1} of ${s.found.name}` : `Point ${s.row + 1}`;
    return `${whose}: neuron ${s.neuron + 1} of ${s.layer} adds up to ${plain(s.net.sum)} and answers ${plain(s.net.answer)}. Below, every operation, the loss, the gradient of ${s.weight || "the most influential weight"} along its paths, one step, and the loss after it, each compared with what PyTorch computes.`;
  },
  numbers: (s) => ({ caption: `${s.layer}, neuron ${s.neuron + 1}`, headings: ["input", "value", "weight", "product", "name of the weight"], rows: [...(s.net?.terms ?? []).map((t) => [t.name, t.x, t.w, t.x * t.w, t.weight]), [`${s.net?.rest.count} smaller ones together`, "", "", s.net?.rest.sum, ""], ["bias", "", "", s.net?.bias, ""], ["sum", "", "", s.net?.sum, ""], ["answer", "", "", s.net?.answer, ""]] }),
  question: () => ({ text: "One weight has the gradient 0.5, and a plain step has size 0.1. By how much does the weight change, with its sign?", answer: -0.05, slips: [
    { value: 0.05, says: "The size is right; the step goes against the gradient, downhill." }, { value: 0.5, says: "That is the gradient; the step takes only a tenth of it." }, { value: -0.5, says: "Only a tenth of the gradient is gone." },
  ] }),
  working: (s) => (s.found ? { about: "explained", row: s.row, weight: s.weight } : null),
  python: (s) => (s.found?.model
    ? `import pellucid\n\nmodel = pellucid.load("MODEL")\nprint(model.explain(${JSON.stringify(s.found.cells, null, 4)}${s.weight ? `, weight="${s.weight}"` : ""}))\n`
    : `import torch, pellucid\n\nnet = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))\nprint(pellucid.explain(net, torch.tensor([[1.0, -2.0]]), torch.tensor([[1.0]])))\n`),
};
