// One row on its way into a network: raw cell, encoded numbers, the vector of the input layer.

import { plain } from "../plot.js";
import { paint } from "../raster.js";

const escape = (text) => String(text).replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);

function part(p) {
  const tensors = p.tensors.map((t) => `<p class="tensor"><b>${escape(t.name)}</b> <span>${t.type}, shape ${t.shape.join(" × ")}</span><code>${t.values.map((v) => plain(v, 5)).join("  ")}${t.shape.reduce((a, b) => a * b, 1) > t.values.length ? "  …" : ""}</code></p>`).join("");
  return `<section class="cellpart"><h3>${escape(p.column)} <span>${p.kind}</span></h3><p class="cell">${p.picture ? `<img class="${p.kind}" src="${p.picture}" alt="">` : ""}${escape(p.cell)}</p><p class="into" aria-hidden="true">→</p><div>${tensors}</div><p class="into" aria-hidden="true">→</p><div class="vector"><canvas role="img" aria-label="The vector: ${p.vector.map((v) => plain(v, 2)).join(", ")}"></canvas><span>${p.vector.length} numbers</span></div></section>`;
}

/** 16 + 16 + 16 + 8 as 3 · 16 + 8. */
function added(widths) {
  const counts = new Map();
  for (const width of widths) counts.set(width, (counts.get(width) ?? 0) + 1);
  return [...counts].map(([width, count]) => (count > 2 ? `${count} · ${width}` : Array(count).fill(width).join(" + "))).join(" + ");
}

export default {
  wide: true,
  state: { row: 0, media: false, found: null },
  prepare: [{ needs: (s) => s.row, get: async (s, ask) => ({ found: await ask("encoding", { row: s.row, media: s.media }) }) }],
  controls: [{ key: "row", label: "Row", top: true, range: (s) => [0, Math.max(1, (s.found?.rows ?? 2) - 1), 1], show: (v) => `${v + 1}` }],
  draw(element, s) {
    if (!s.found) return null;
    element.innerHTML = `<div class="encoding">${s.found.parts.map(part).join("")}</div>`;
    element.querySelectorAll("canvas").forEach((canvas, i) => {
      const vector = s.found.parts[i].vector;
      paint(canvas, vector.map((v) => Math.round(127.5 + 127.5 * Math.max(-1, Math.min(1, (v ?? 0) / 1.5)))), vector.length, 1);
    });
    return null;
  },
  says: (s) => (s.found ? `Row ${s.found.row + 1} of ${s.found.name} becomes ${added(s.found.parts.map((p) => p.vector.length))} = ${s.found.width} numbers, side by side: that is what the first hidden layer sees. ${s.found.learnt ? "The input layers are those of your model." : "The input layers have learnt nothing yet: their weights are drawn at random."}` : "Reading …"),
  veiled: true,
  note: "The vectors of all columns, side by side: the one vector that the first hidden layer sees.",
  working(s) {
    const all = s.found?.parts.flatMap((p) => p.vector);
    return all?.every(Number.isFinite) ? { lesson: "vector", arguments: [JSON.stringify(all.map((v) => Number(v.toFixed(4))))] } : null;
  },
  question(s) {
    if (!s.found) return { text: "One moment …", answer: NaN };
    const widths = s.found.parts.map((p) => p.vector.length);
    return { text: `The columns become vectors of ${widths.length > 6 ? `${widths.slice(0, 5).join(", ")}, … numbers: ${added(widths)}` : `${widths.join(", ")} numbers`}. How many does the first hidden layer see?`, answer: s.found.width, slips: [
      { value: widths.length, says: "Those are the columns; each brings a whole vector." }, { value: Math.max(...widths), says: "The vectors stand side by side; they are not laid on one another." },
    ] };
  },
  numbers: (s) => ({ caption: "The row", headings: ["column", "kind", "cell", "vector"], rows: s.found.parts.map((p) => [p.column, p.kind, p.cell, p.vector.map((v) => plain(v, 3)).join("  ")]) }),
};
