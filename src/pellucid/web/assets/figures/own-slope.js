// The loss of a real network along one of its weights: the secant becomes the gradient, until rounding takes over.

import { axes, clamp, dot, frame, inside, label, line, path, plain, show } from "../plot.js";

const width = (s) => s.found.widths[clamp(s.halved, 0, s.found.widths.length - 1)];
const slope = (s, k = s.halved) => (s.found.ahead[k] - s.found.here) / s.found.widths[k];
const off = (s, k) => Math.abs(slope(s, k) - s.found.gradient);

export default {
  state: { which: 0, halved: 0, found: null },
  prepare: [{ needs: (s) => s.which, get: async (s, ask) => ({ found: await ask("along", { which: s.which }) }) }],
  controls: [
    { key: "halved", label: "Width h, halved", range: (s) => [0, (s.found?.widths.length ?? 22) - 1, 1], show: (v, s) => (s.found ? `${v} times: ${plain(s.found.widths[v], 2)}` : "") },
    { play: "halved", label: "Shrink h", to: (s) => (s.found?.widths.length ?? 22) - 1, whole: true, seconds: 5 },
    { key: "which", label: "Weight, by its slope", range: [0, 11, 1], show: (v) => `${v + 1}` },
  ],
  draw(element, s) {
    if (!s.found) return null;
    const { found } = s, w = element.clientWidth, high = clamp(w * 0.44, 200, 290), h = width(s), at = [found.value, found.here], next = [found.value + h, found.ahead[s.halved]];
    const low = Math.min(...found.losses), top = Math.max(...found.losses), margin = 0.12 * (top - low || 1), n = found.losses.length;
    const f = frame({ left: 56, top: 8, width: w - 72, height: high - 42, x: found.x, y: [low - margin, top + margin] });
    const m = slope(s), reach = found.x[1] - found.x[0], errors = found.widths.map((_, k) => [-k, Math.log10(Math.max(off(s, k), 1e-12))]);
    const levels = errors.map(([, v]) => v), g = frame({ left: 56, top: high + 26, width: w - 72, height: 96, x: [1 - found.widths.length, 0], y: [Math.floor(Math.min(...levels)), Math.ceil(Math.max(...levels))] });
    show(element, w, high + 166, [
      axes(f, { across: "the weight", zero: false, textY: (v) => plain(v, 4) }),
      inside(f, [path(f, found.losses.map((v, i) => [found.x[0] + (reach * i) / (n - 1), v]), "first bold"), line(f, [at[0] - reach, at[1] - m * reach], [at[0] + reach, at[1] + m * reach], "second"), line(f, [at[0] - reach, at[1] - found.gradient * reach], [at[0] + reach, at[1] + found.gradient * reach], "third dashed")]),
      dot(f, at, "ink", 6), dot(f, next, "second", 5), label(f.left + 6, f.top + 14, "loss", "first name"), label(f.left + 44, f.top + 14, "secant", "second name"), label(f.left + 102, f.top + 14, "gradient", "third name"),
      label(g.left, g.top - 8, "The secant's error, by width", "tick"),
      axes(g, { zero: false, countX: w / 110, countY: 3, textY: (v) => plain(10 ** v, 2), textX: (v) => plain(found.widths[0] * 0.5 ** -v, 2), across: "width h" }), path(g, errors, "second"), dot(g, errors[s.halved], "second", 5),
    ], this.says(s));
    return f;
  },
  says(s) {
    if (!s.found) return "The network is being opened …";
    const { found } = s, best = found.widths.map((_, k) => off(s, k)), least = best.indexOf(Math.min(...best));
    return `${found.weight[0].toUpperCase()}${found.weight.slice(1)}, in ${found.about}; loss of ${found.rows} rows of ${found.name}. With h = ${plain(width(s), 2)} the secant's slope is ${plain(slope(s))}; the gradient that the network learns with is ${plain(found.gradient)}. They are nearest at h = ${plain(found.widths[least], 2)}: below it rounding takes over, for the network calculates with 24 bits. The working derives the parabola that the loss is near this weight, x being the change of it.`;
  },
  numbers: (s) => ({ caption: s.found.weight, headings: ["width h", "loss at w + h", "slope of the secant", "its distance from the gradient"], rows: s.found.widths.map((v, k) => [v, s.found.ahead[k], slope(s, k), off(s, k)]) }),
  working(s) {
    if (!s.found) return null;
    const { found } = s, round = (v) => Number(v.toPrecision(5)), k = 3, middle = (found.losses.length - 1) / 2, d = (k * (found.x[1] - found.x[0])) / (found.losses.length - 1);
    const curve = (found.losses[middle + k] + found.losses[middle - k] - 2 * found.here) / (2 * d * d);
    return { lesson: "derivative", arguments: [`${round(found.here)} + ${round(found.gradient)}*x + ${round(curve)}*x**2`], options: { at: "0" } };
  },
  question(s) {
    if (!s.found) return { text: "One moment …", answer: NaN };
    const k = 3, f = s.found;
    return { text: `At this weight the loss is ${plain(f.here, 6)}; at a weight larger by ${plain(f.widths[k], 3)} it is ${plain(f.ahead[k], 6)}. What is the slope of the line through both?`, answer: slope(s, k), near: Math.max(0.03 * Math.abs(slope(s, k)), 2e-4), slips: [
      { value: f.ahead[k] - f.here, says: "That is the rise; it is divided by the width." }, { value: -slope(s, k), says: "The size is right; a loss that falls has a slope below 0." }, { value: f.widths[k] / (f.ahead[k] - f.here), says: "The other way round: rise over width." },
    ] };
  },
  python: () => `import torch\n\n# loss() is the loss of some rows; parameter[place] the weight\ngradient = torch.autograd.grad(loss(), parameter)[0][place]\nwith torch.no_grad():\n    here = loss()\n    parameter[place] += h\n    print((loss() - here) / h, gradient)\n`,
};
