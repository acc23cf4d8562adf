// Looking inside: what an answer rests on, with a random network beside it, and the nearest rows.

import { clamp, label, plain, show, tag } from "../plot.js";

const escape = (text) => String(text).replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);

export default {
  state: { row: 0, found: null },
  prepare: [{ needs: (s) => s.row, get: async (s, ask) => ({ found: await ask("inside", { row: s.row }) }) }],
  controls: [{ key: "row", label: "Row it never saw", range: (s) => [0, Math.max(1, (s.found?.rows ?? 2) - 1), 1], show: (v) => `${v + 1}` }],
  draw(element, s) {
    if (!s.found) return null;
    const width = element.clientWidth, rows = [...s.found.columns].sort((a, b) => b.taught - a.taught).slice(0, 14), step = 46;
    const side = clamp(width * 0.36, 100, 220), most = Math.max(1e-9, ...rows.map((r) => Math.max(r.taught, r.untaught))), long = width - side - 70;
    const letters = Math.floor(side / 7.4), cut = (t) => (t.length > letters ? `${t.slice(0, letters - 1)}…` : t);
    show(element, width, rows.length * step + 30, [
      label(side + 8, 14, "learnt", "first name"), label(side + 66, 14, "random weights", "quiet name"),
      rows.map((r, i) => {
        const y = 28 + i * step;
        return label(side, y + 15, cut(r.name), "number", "end") + label(side, y + 32, cut(r.cell), "tick", "end") +
          tag("rect", { x: side + 8, y: y + 3, width: Math.max(1.5, (r.taught / most) * long), height: 15, rx: 2, class: "bar first" }) + label(side + 14 + (r.taught / most) * long, y + 15, plain(r.taught, 2), "tick") +
          tag("rect", { x: side + 8, y: y + 21, width: Math.max(1.5, (r.untaught / most) * long), height: 9, rx: 2, class: "bar quiet" });
      }),
    ], this.says(s));
    const near = document.createElement("div");
    near.className = "near";
    near.innerHTML = `<h3>The rows that its last layer takes for most alike</h3><ol>${s.found.nearest.map((n) => `<li><b>${escape(n.answer)}</b> ${Object.entries(n.cells).map(([k, v]) => `<span><i>${escape(k)}</i> ${escape(v)}</span>`).join(" ")}</li>`).join("")}</ol>`;
    element.append(near);
    return null;
  },
  says(s) {
    if (!s.found) return "A network is learning from the rows …";
    const top = [...s.found.columns].sort((a, b) => b.taught - a.taught)[0];
    return `For row ${s.found.row + 1} of ${s.found.name} the answer for “${s.found.target}” rests most on “${top.name}”: with other rows' values there it changes by ${plain(top.taught, 2)} on average. A network of pellucid's deep path learnt ${s.found.steps} steps for this page.`;
  },
  numbers: (s) => ({ caption: "Mean change of the answer when the cell is exchanged", headings: ["column", "cell", "learnt", "random weights"], rows: s.found.columns.map((c) => [c.name, c.cell, c.taught, c.untaught]) }),
};
