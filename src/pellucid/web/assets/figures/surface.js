// A real network's descent over a slice of its real loss surface.

import { contours } from "../contours.js";
import { axes, clamp, dot, frame, inside, label, path, plain, show, tag } from "../plot.js";

/** The loss between the cells at which it was measured. */
export function between(found) {
  const n = found.losses.length - 1, [x0, x1] = found.x, [y0, y1] = found.y;
  return (x, y) => {
    const u = clamp(((x - x0) / (x1 - x0)) * n, 0, n - 1e-9), v = clamp(((y - y0) / (y1 - y0)) * n, 0, n - 1e-9);
    const i = Math.floor(u), j = Math.floor(v), s = u - i, t = v - j, L = found.losses;
    return (1 - t) * ((1 - s) * L[j][i] + s * L[j][i + 1]) + t * ((1 - s) * L[j + 1][i] + s * L[j + 1][i + 1]);
  };
}

let cached = { found: null };
function ground(f, found) {
  const key = `${f.width}`;
  if (cached.found !== found || cached.key !== key) cached = { found, key, drawn: contours(f, between(found)) };
  return cached.drawn;
}

export default {
  state: { rate: "0.03", method: "adam", seed: 0, step: 60, found: null },
  prepare: [{ needs: (s) => [s.rate, s.method, s.seed], get: async (s, ask) => ({ found: await ask("surface", { rate: Number(s.rate), method: s.method, seed: s.seed }) }) }],
  actions: { again: (s) => ({ seed: s.seed + 1 }) },
  controls: [
    { key: "step", label: "Step", range: [0, 120, 1] }, { play: "step", from: 0, to: 120, whole: true, label: "Play", seconds: 5 },
    { key: "rate", label: "Step size", choices: ["0.003", "0.01", "0.03", "0.1", "0.3"] }, { key: "method", label: "Method", choices: ["adam", ["plain", "plain descent"]] },
    { action: "again", label: "Other weights" },
  ],
  draw(element, s) {
    if (!s.found) return null;
    const width = element.clientWidth, height = clamp(width * 0.62, 240, 420), { found } = s;
    const f = frame({ left: 44, top: 8, width: width - 56, height: height - 40, x: found.x, y: found.y });
    const all = found.heights, top = Math.max(...all) * 1.05;
    const g = frame({ left: 44, top: height + 22, width: width - 56, height: 84, x: [0, all.length - 1], y: [0, top] });
    show(element, width, height + 148, [
      inside(f, ground(f, found)), axes(f, { grid: false, zero: false }),
      inside(f, [path(f, found.path, "second"), path(f, found.path.slice(0, s.step + 1), "second bold")]), dot(f, found.path[s.step], "ink", 7),
      label(g.left, g.top - 8, "Loss at each step", "tick"), axes(g, { countY: 2, across: "step" }), path(g, all.map((v, i) => [i, v]), "second"), dot(g, [s.step, all[s.step]], "ink", 5),
    ], this.says(s));
    return f;
  },
  says: (s) => (s.found ? `Step ${s.step}: loss ${plain(s.found.heights[s.step], 3)}. The path is that of ${s.found.weights.toLocaleString("en")} weights learning ${s.found.name}; this plane holds ${plain(100 * s.found.share, 3)} % of its movement, and what is drawn is its shadow.` : "A network is learning …"),
  veiled: true,
  note: "The loss around this point of the plane, as the parabolas through the cells beside it, and one step on it with the figure's step size and method. The network itself steps through all its weights, from a few rows at a time, so it goes elsewhere.",
  working(s) {
    if (!s.found) return null;
    const round = (v) => Number(v.toPrecision(4)), loss = between(s.found), [x, y] = s.found.path[s.step].map(round), here = loss(x, y);
    const [across, up] = [s.found.x, s.found.y].map(([low, high]) => (high - low) / (s.found.losses.length - 1));
    const parabola = (name, at, before, after, d) => `${round((after - before) / (2 * d))}*(${name} - ${at}) + ${round((after + before - 2 * here) / (2 * d * d))}*(${name} - ${at})**2`;
    const bowl = `${round(here)} + ${parabola("x", x, loss(x - across, y), loss(x + across, y), across)} + ${parabola("y", y, loss(x, y - up), loss(x, y + up), up)}`;
    return { lesson: "descent", arguments: [bowl], options: { start: `${x}, ${y}`, step: s.rate, steps: 1, method: s.method } };
  },
  question(s) {
    if (!s.found) return { text: "One moment …", answer: NaN };
    return { text: `The network has ${s.found.weights.toLocaleString("en")} weights. In how many directions can its loss be walked?`, answer: s.found.weights, slips: [
      { value: 2, says: "Two is what can be drawn; there is one direction for each weight." }, { value: 3, says: "Three is what we live in; there is one direction for each weight." }, { value: 120, says: "Those are the steps." },
    ] };
  },
  numbers: (s) => ({ caption: "The path", headings: ["step", "along", "across", "loss"], rows: s.found.path.filter((_, i) => i % 5 === 0).map((p, i) => [5 * i, p[0], p[1], s.found.heights[5 * i]]) }),
};
