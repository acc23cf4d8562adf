// How a model was learnt: loss and measure at each step that was kept, to be looked at step by step.

import { secant } from "../slope.js";
import { axes, clamp, dot, frame, inside, label, line, path, plain, show } from "../plot.js";

const steps = (s) => [...new Set(s.moments.map((m) => m[1]))].sort((a, b) => a - b);
const members = (s) => [...new Set(s.moments.map((m) => m[0]))];
const at = (s) => steps(s)[clamp(s.at, 0, steps(s).length - 1)];

/** Mean over the members of what was kept at a step, or of the last thing kept before it. */
function mean(s, place, step) {
  const found = members(s).map((member) => s.moments.filter((m) => m[0] === member && m[1] <= step && m[place] !== null).at(-1)?.[place]).filter((v) => v !== undefined);
  return found.length ? found.reduce((a, b) => a + b) / found.length : null;
}

function panel(s, place, name, { left, top, width, height }) {
  const lines = members(s).map((member) => s.moments.filter((m) => m[0] === member && m[place] !== null).map((m) => [m[1], m[place]])).filter((each) => each.length);
  if (!lines.length) return "";
  const values = lines.flat().map(([, v]) => v).sort((a, b) => a - b), low = values[0], high = values[Math.ceil(0.98 * (values.length - 1))], margin = 0.08 * (high - low || Math.abs(high) || 1);
  const f = frame({ left: left + 46, top: top + 20, width: width - 58, height: height - 58, x: [0, Math.max(...steps(s), 1)], y: [low - margin, high + margin] });
  const step = at(s), now = mean(s, place, step);
  return [
    label(left, top + 11, name, "tick"), axes(f, { across: "step", zero: false, countX: f.width / 80, countY: 4 }),
    inside(f, [lines.map((each) => path(f, each, lines.length > 1 ? "faint" : "first bold")), lines.length > 1 ? path(f, steps(s).map((k) => [k, mean(s, place, k) ?? NaN]), "first bold") : "", line(f, [step, f.y[0]], [step, f.y[1]], "ink dashed")]),
    now === null ? "" : dot(f, [step, clamp(now, f.y[0], f.y[1])], "ink", 5.5),
  ];
}

export default {
  state: { moments: [], metric: "metric", at: 1e9 }, // moments: member, step, loss, metric, rate
  prepare: [{ needs: (s) => s.moments.length > 0, get: async (s, ask) => (s.moments.length ? {} : ask("history", {})) }],
  controls: [
    { key: "at", label: "Step", range: (s) => [0, Math.max(1, steps(s).length - 1), 1], show: (v, s) => (at(s) ?? 0).toLocaleString("en") },
    { play: "at", label: "Play", to: (s) => steps(s).length - 1, whole: true, seconds: 4 },
  ],
  draw(element, s) {
    if (!s.moments.length) return null;
    const width = element.clientWidth, beside = width > 620, half = beside ? (width - 24) / 2 : width, height = 250;
    show(element, width, beside ? height : 2 * height, [panel(s, 2, "loss on learning rows", { left: 0, top: 0, width: half, height }), panel(s, 3, s.metric, beside ? { left: half + 24, top: 0, width: half, height } : { left: 0, top: height, width: half, height })], this.says(s));
    return null;
  },
  says(s) {
    if (!s.moments.length) return "Reading …";
    const step = at(s), many = members(s).length, rate = s.moments.filter((m) => m[1] <= step).at(-1)?.[4];
    return `At step ${step.toLocaleString("en")} of ${steps(s).at(-1).toLocaleString("en")}: loss ${plain(mean(s, 2, step), 3)}, ${s.metric} ${plain(mean(s, 3, step), 3)}${many > 1 ? `, means of ${many} networks (thin lines: each of them)` : ""}. The step size was ${plain(rate, 2)}.`;
  },
  numbers: (s) => ({ caption: "What was kept", headings: ["network", "step", "loss", s.metric, "step size"], rows: s.moments.filter((_, i, all) => i % Math.ceil(all.length / 60) === 0 || i === all.length - 1).map((m) => [m[0], m[1], m[2], m[3], m[4]]) }),
  python: () => `import csv\n\nfor moment in csv.DictReader(open("MODEL/history.csv")):\n    print(moment)\n`,
  veiled: true,
  note: "How fast the loss falls here: the straight line through this step's loss and that of the step kept before it; x is the step.",
  working(s) {
    const all = steps(s).filter((k) => mean(s, 2, k) !== null), i = Math.max(1, all.findLastIndex((k) => k <= at(s)));
    return all.length < 2 ? null : secant(...[all[i - 1], all[i]].map((k) => [k, mean(s, 2, k)]));
  },
  question(s) {
    const first = mean(s, 2, steps(s)[0]), last = mean(s, 2, 1e12);
    return { text: `The loss was ${plain(first, 3)} when it was first written down. What was it at the end, about?`, answer: last, near: Math.max(0.25 * Math.abs(first - last), 0.02), slips: [{ value: first, says: "It went on learning." }, { value: 0, says: "A loss of 0 would mean that it knew every answer for certain." }] };
  },
};
