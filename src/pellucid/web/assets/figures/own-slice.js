// A slice of a real loss surface, through the weights that a network has learnt; its point can be dragged.

import { contours } from "../contours.js";
import { axes, clamp, frame, handle, inside, label, path, plain, range, rounded, show } from "../plot.js";
import { between } from "./surface.js";

let cached = { found: null };
function ground(f, found) {
  if (cached.found !== found || cached.width !== f.width) cached = { found, width: f.width, drawn: contours(f, between(found)) };
  return cached.drawn;
}

export default {
  state: { a: 0, b: 0, seed: 0, found: null },
  prepare: [{ needs: (s) => s.seed, get: async (s, ask) => ({ found: await ask("slice", { seed: s.seed }) }) }],
  actions: { again: (s) => ({ seed: s.seed + 1 }) },
  controls: [
    { key: "a", label: "Along one direction", range: [-1, 1, 0.02] }, { key: "b", label: "Along the other", range: [-1, 1, 0.02] },
    { action: "again", label: "Other directions" },
  ],
  draw(element, s) {
    if (!s.found) return null;
    const width = element.clientWidth, side = clamp(width * 0.62, 240, 400), { found } = s, loss = between(found);
    const f = frame({ left: 44, top: 8, width: width - 56, height: side - 40, x: found.x, y: found.y }), xs = range(-1, 1, 81), cut = xs.map((x) => [x, loss(x, s.b)]), top = Math.max(...cut.map(([, v]) => v)), low = Math.min(...cut.map(([, v]) => v));
    const g = frame({ left: 44, top: side + 22, width: width - 56, height: 84, x: [-1, 1], y: [low - 0.05 * (top - low || 1), top + 0.08 * (top - low || 1)] });
    show(element, width, side + 148, [
      inside(f, ground(f, found)), axes(f, { grid: false }), handle(f, [s.a, s.b], "ink"),
      label(g.left, g.top - 8, "Loss along the first direction, at this height", "tick"), axes(g, { countY: 2 }), inside(g, path(g, cut, "second bold")), handle(g, [s.a, loss(s.a, s.b)], "second"),
    ], this.says(s));
    return f;
  },
  drag: {
    pick: (s, at) => (Math.hypot(at.x - s.a, at.y - s.b) < 24 * at.unit ? "point" : null),
    move: (s, held, at) => ({ a: clamp(rounded(at.x, 0.02), -1, 1), b: clamp(rounded(at.y, 0.02), -1, 1) }),
  },
  says(s) {
    if (!s.found) return "The loss is being measured …";
    const { found } = s, loss = between(found), here = loss(s.a, s.b), home = loss(0, 0);
    return `Loss ${plain(here, 3)} of ${found.rows} rows of ${found.name}; at the weights that ${found.about === "your model" ? "your model" : "the network"} has learnt (the middle) ${plain(home, 3)}. At 1 every neuron has been moved as far as its weights are long, all ${found.weights.toLocaleString("en")} of them at once.`;
  },
  numbers: (s) => ({ caption: "The loss, across and up", headings: ["", "−1", "−0.5", "0", "0.5", "1"], rows: [1, 0.5, 0, -0.5, -1].map((b) => [b, ...[-1, -0.5, 0, 0.5, 1].map((a) => between(s.found)(a, b))]) }),
  veiled: true,
  question(s) {
    if (!s.found) return { text: "One moment …", answer: NaN };
    return { text: `Here ${s.found.weights.toLocaleString("en")} weights are moved along two directions. How many directions are there that this picture does not show?`, answer: s.found.weights - 2, near: 2.5, slips: [{ value: 2, says: "Two are shown; there is one for each weight." }, { value: 0, says: "There is one direction for each weight; two are shown." }] };
  },
  working(s) {
    if (!s.found) return null;
    const loss = between(s.found), d = 0.125, round = (v) => Number(v.toPrecision(4)), c = loss(0, 0), slope = (x, y) => (loss(d * x, d * y) - loss(-d * x, -d * y)) / (2 * d), bend = (x, y) => (loss(d * x, d * y) + loss(-d * x, -d * y) - 2 * c) / (2 * d * d);
    return { lesson: "gradient", arguments: [`${round(c)} + ${round(slope(1, 0))}*x + ${round(slope(0, 1))}*y + ${round(bend(1, 0))}*x**2 + ${round(bend(0, 1))}*y**2`], options: { at: JSON.stringify([s.a, s.b]) } };
  },
};
