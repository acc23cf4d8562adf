// Your network walked: one row through every operation, the loss, one weight's gradient, one step.

const escape = (text) => String(text).replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
const list = (cells, marked) => `<dl class="cells">${Object.entries(cells).map(([name, cell]) => `<div class="${marked.includes(name) ? "marked" : ""}"><dt>${escape(name)}</dt><dd>${escape(cell)}</dd></div>`).join("")}</dl>`;

export default {
  wide: true,
  state: { row: 0, weight: "", found: null },
  prepare: [{ needs: (s) => s.row, get: async (s, ask) => ({ found: await ask("answer", { row: s.row }) }) }],
  controls: [
    { key: "row", label: "Row", range: (s) => [0, Math.max(1, (s.found?.rows ?? 300) - 1), 1], show: (v) => `${v + 1}` },
    { key: "weight", label: "Weight to follow" },
  ],
  draw(element, s) {
    if (!s.found) return null;
    element.innerHTML = s.found.model
      ? `<div class="walked"><h3>The row</h3>${list(s.found.cells, s.found.targets)}<h3>The answer</h3>${list(s.found.answer, s.found.targets)}</div>`
      : `<div class="walked"><p>You gave no model, so this is a small network that the lab has just trained: two inputs, hidden layers of 4 and 3 tanh neurons, one output, 200 steps on two moons. Point ${s.row + 1} of 300 goes through it below.</p><p><code>pellucid lab MODEL --rows FILE</code> walks your own.</p></div>`;
    return null;
  },
  says: (s) => (s.found?.model ? `Row ${s.row + 1} of ${s.found.name}. Below: how its cells became tensors, every operation, the loss, the gradient of a weight along its paths, one step, and the loss after it.` : "Forward, loss, one weight's gradient along all paths, one step, and the loss after it: each compared with what PyTorch computes."),
  numbers: (s) => (s.found?.model ? { caption: "The row and the answer", headings: ["column", "value"], rows: [...Object.entries(s.found.cells), ...Object.entries(s.found.answer)] } : { caption: "The network", headings: ["layer", "weights", "biases"], rows: [["hidden 1", "4 × 2", 4], ["hidden 2", "3 × 4", 3], ["output", "1 × 3", 1]] }),
  question: () => ({ text: "One weight has the gradient 0.5, and a plain step has size 0.1. By how much does the weight change, with its sign?", answer: -0.05, slips: [
    { value: 0.05, says: "The size is right; the step goes against the gradient, downhill." }, { value: 0.5, says: "That is the gradient; the step takes only a tenth of it." }, { value: -0.5, says: "Only a tenth of the gradient is gone." },
  ] }),
  working: (s) => ({ about: "explained", row: s.row, weight: s.weight }),
  python: (s) => (s.found?.model
    ? `import pellucid\n\nmodel = pellucid.load("MODEL")\nprint(model.explain(${JSON.stringify(s.found.cells, null, 4)}))\n`
    : `import torch, pellucid\n\nnet = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))\nprint(pellucid.explain(net, torch.tensor([[1.0, -2.0]]), torch.tensor([[1.0]])))\n`),
};
