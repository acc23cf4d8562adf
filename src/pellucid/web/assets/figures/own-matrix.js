// A weight matrix of a real network: its entries, one block of two by two, and how far it stretches.

import { axes, area, arrow, clamp, frame, inside, label, path, plain, range, show, tag } from "../plot.js";

const block = ({ found, i, j }) => {
  const e = found.entries, r = clamp(i, 0, e.length - 2), c = clamp(j, 0, e[0].length - 2);
  return [[e[r][c], e[r][c + 1]], [e[r + 1][c], e[r + 1][c + 1]]];
};
const small = (s) => s.found && (s.found.entries.length < 2 || s.found.entries[0].length < 2);

/** Every entry as a small square: blue above 0, orange below. */
function entries(s, left, top, width, height) {
  const e = s.found.entries, cell = Math.min(width / e[0].length, height / e.length), most = Math.max(...e.flat().map(Math.abs)) || 1;
  const squares = e.flatMap((row, i) => row.map((v, j) => {
    const share = Math.min(1, Math.abs(v) / (0.7 * most));
    return share < 0.04 ? "" : tag("rect", { x: left + j * cell, y: top + i * cell, width: cell + 0.2, height: cell + 0.2, class: `fill ${v < 0 ? "second" : "first"}`, "fill-opacity": share.toFixed(2) });
  }));
  const r = clamp(s.i, 0, e.length - 2), c = clamp(s.j, 0, e[0].length - 2), pad = Math.max(2, (12 - 2 * cell) / 2);
  return { parts: [tag("rect", { x: left, y: top, width: cell * e[0].length, height: cell * e.length, class: "hollow" }), squares, tag("rect", { x: left + c * cell - pad, y: top + r * cell - pad, width: 2 * cell + 2 * pad, height: 2 * cell + 2 * pad, rx: 3, class: "ring ink" })], low: top + cell * e.length };
}

/** What the block makes of the unit circle and of the two unit arrows. */
function circle(s, left, top, side) {
  const [[a, b], [c, d]] = block(s), reach = 1.15 * Math.max(1e-3, Math.hypot(a, c), Math.hypot(b, d), Math.hypot(a + b, c + d) / 1.4);
  const f = frame({ left, top, width: side, height: side, x: [-reach, reach], y: [-reach, reach] });
  const round = range(0, 2 * Math.PI, 73).map((t) => [a * Math.cos(t) + b * Math.sin(t), c * Math.cos(t) + d * Math.sin(t)]);
  const tone = a * d - b * c < 0 ? "second" : "first";
  return [axes(f, { countX: 3, countY: 3 }), inside(f, [area(f, round, tone), arrow(f, [0, 0], [a, c], `${tone} bold`, 10), arrow(f, [0, 0], [b, d], `${tone} bold`, 10)])];
}

function stretches(s, top, width) {
  const { values, shuffled } = s.found, most = Math.max(values[0], shuffled[0]) * 1.06 || 1;
  const f = frame({ left: 44, top, width: width - 56, height: 110, x: [1, Math.max(2, values.length)], y: [0, most] });
  return [label(44, top - 10, "Its singular values (shuffled: dashed)", "tick"), axes(f, { countY: 3, across: "number" }), path(f, shuffled.map((v, k) => [k + 1, v]), "quiet dashed"), path(f, values.map((v, k) => [k + 1, v]), "first bold")];
}

export default {
  state: { layer: "", i: 0, j: 0, found: null },
  prepare: [{ needs: (s) => s.layer, get: async (s, ask) => { const found = await ask("matrix", { layer: s.layer }); return { found, layer: found.layer, i: 0, j: 0 }; } }],
  controls: [
    { key: "i", label: "Row of the block", range: (s) => [0, Math.max(1, (s.found?.entries.length ?? 3) - 2), 1], show: (v) => `${v + 1} and ${v + 2}` },
    { key: "j", label: "Column of the block", range: (s) => [0, Math.max(1, (s.found?.entries[0].length ?? 3) - 2), 1], show: (v) => `${v + 1} and ${v + 2}` },
    { key: "layer", label: "Weights of", choices: (s) => s.found?.layers ?? [] },
  ],
  draw(element, s) {
    if (!s.found) return null;
    const width = element.clientWidth, wide = width > 520, side = wide ? clamp(width * 0.36, 160, 250) : width - 56;
    const grid = entries(s, 2, 26, wide ? width - side - 74 : width - 4, 320);
    const parts = [label(2, 14, `The weights${s.found.entries.length < s.found.shape[0] || s.found.entries[0].length < s.found.shape[1] ? ", the first of them" : ""}`, "tick"), grid.parts];
    let low = grid.low;
    if (!small(s)) {
      const top = wide ? 26 : grid.low + 44;
      parts.push(label(wide ? width - side : 46, top - 12, "The block on the unit circle", "tick"), circle(s, wide ? width - side : 46, top, side));
      low = Math.max(low, top + side + 10);
    }
    show(element, width, low + 200, [parts, stretches(s, low + 48, width)], this.says(s));
    return null;
  },
  says(s) {
    if (!s.found) return "The network is being opened …";
    const [rows, columns] = s.found.shape, { values, shuffled } = s.found;
    const more = `The matrix is ${rows} × ${columns}, so it has ${values.length} singular values: it stretches by at most ${plain(values[0], 3)}; the same numbers in random places by at most ${plain(shuffled[0], 3)}.`;
    if (small(s)) return `${s.found.layer} of ${s.found.about}. ${more}`;
    const [[a, b], [c, d]] = block(s);
    return `${s.found.layer} of ${s.found.about}. Block of rows ${s.i + 1}, ${s.i + 2} and columns ${s.j + 1}, ${s.j + 2}: its determinant is ${plain(a * d - b * c, 3)}. ${more}`;
  },
  numbers: (s) => ({ caption: `Singular values of ${s.found.layer}, largest first`, headings: ["number", "learnt", "shuffled"], rows: s.found.values.map((v, k) => [k + 1, v, s.found.shuffled[k]]) }),
  working: (s) => (!s.found || small(s) ? null : { lesson: "eigenvalues", arguments: [JSON.stringify(block(s))] }),
  python: (s) => `import pellucid, torch

model = pellucid.load("MODEL")
for name, weight in model.network.named_parameters():
    if weight.ndim == 2:
        print(name, tuple(weight.shape), torch.linalg.svdvals(weight)[:3].tolist())
`,
  question(s) {
    const [rows, columns] = s.found?.shape ?? [2, 3];
    return { text: `The matrix has ${rows} rows and ${columns} columns. How many singular values does it have?`, answer: Math.min(rows, columns), slips: [
      { value: rows * columns, says: "That is how many entries it has." }, { value: Math.max(rows, columns), says: "The smaller side counts: the other directions are lost, or come from nowhere." }, { value: rows + columns, says: "It is the smaller of the two." },
    ] };
  },
};
