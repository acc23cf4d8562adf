// Gradient descent on a function of one or two variables; the path is the lesson's own.

import { axes, clamp, dot, frame, handle, inside, label, line, path, plain, range, rounded, show, word } from "../plot.js";
import { compile } from "../tree.js";
import { contours } from "../contours.js";

const PRESETS = ["x**2", "x**4 - 3*x**2 + x", "x**2 + 10*sin(x)", "x**2 + 8*y**2", "(1 - x)**2 + 5*(y - x**2)**2", "x**2 - y**2 + y**4/4"];
const METHODS = ["plain", "momentum", "nesterov", "rmsprop", "adam", "adamw"];
const two = (s) => s.known?.variables.length === 2;
const startText = (s) => (two(s) ? `${s.start}, ${s.second}` : String(s.start));

let cached = { known: null };
function f(s, ...at) {
  if (cached.known !== s.known) cached = { known: s.known, f: compile(s.known.tree) };
  return cached.f(Object.fromEntries(s.known.variables.map((name, i) => [name, at[i]])));
}

function question(s) {
  if (s.known?.source !== s.function) return null; // how many variables it has is not known yet
  return { lesson: "descent", arguments: [s.function], options: { start: startText(s), step: rounded(s.h, 0.0001), steps: s.steps, method: s.method } };
}

/** As far as the path goes, in a few sizes, so that the scale does not crawl while one drags. */
function span(values) {
  const far = Math.max(...values.filter(Number.isFinite).map((v) => Math.min(Math.abs(v), 50)));
  const reach = [2.5, 4, 7.5, 15, 30, 60].find((each) => each >= 1.15 * far) ?? 60;
  return [-reach, reach];
}

function curvePanel(s, width, height) {
  const xs = s.path.map((row) => row[0]);
  const across = span(xs);
  const ys = range(across[0], across[1], 301).map((x) => [x, f(s, x)]);
  const seen = ys.map(([, y]) => y).filter(Number.isFinite);
  const low = Math.min(...seen), top = Math.max(...seen.slice().sort((a, b) => a - b).slice(0, Math.ceil(seen.length * 0.97)));
  const w = frame({ left: 44, top: 8, width: width - 56, height: height - 44, x: across, y: [low - 0.06 * (top - low), top] });
  const shown = s.path.slice(0, 60);
  const hops = shown.slice(1).map((row, i) => {
    const [a, b] = [shown[i], row];
    return line(w, a, b, "second");
  });
  return { w, parts: [axes(w, { across: s.known.variables[0] }), inside(w, [path(w, ys, "first bold"), hops]), inside({ ...w, top: -30, height: w.height + 40, left: w.left - 15, width: w.width + 30 }, [shown.slice(1).map((row) => dot(w, row, "second", 4)), handle(w, shown[0], "ink")])] };
}

function mapPanel(s, width, height) {
  const w = frame({ left: 34, top: 8, width: width - 44, height: height - 44, x: [-4, 4], y: [-3, 3], equal: true });
  const shown = s.path.filter((row) => row.slice(0, 2).every((v) => Math.abs(v) < 1e3));
  return { w, parts: [
    inside(w, contours(w, (x, y) => f(s, x, y))), axes(w, { across: s.known.variables[0], grid: false }),
    inside(w, [path(w, shown, "second bold"), shown.slice(1).map((row) => dot(w, row, "second", 3.5))]),
    handle(w, [s.start, s.second], "ink"),
  ] };
}

function heights(s, top, width) {
  const values = s.path.map((row, k) => [k, row.at(-1)]);
  const seen = values.map(([, v]) => v).filter(Number.isFinite);
  const low = Math.min(...seen), high = Math.max(...seen), pad = Math.max((high - low) * 0.08, 1e-9);
  const w = frame({ left: 52, top, width: width - 64, height: 84, x: [0, Math.max(values.length - 1, 1)], y: [low - pad, high + pad] });
  return [label(w.left, top - 8, "Height at each step", "tick"), axes(w, { countY: 2, across: "step" }), path(w, values, "second"), values.map((v) => dot(w, v, "second", 2.5))];
}

export default {
  state: { function: "x**2", start: 6, second: 2, h: 0.1, steps: 10, method: "plain", known: null, path: null },
  prepare: [
    { needs: (s) => s.function, get: async (s, ask) => {
      const known = await ask("function", { expression: s.function });
      return { known, ...(known.variables.length === 2 ? { start: clamp(s.start, -3.5, 3.5) } : {}), path: null };
    } },
    { needs: question, get: async (s, ask) => {
      if (!question(s)) return {};
      const answer = await ask("lesson", question(s));
      return { path: answer.table.rows.map((row) => row.slice(1)) };
    } },
  ],
  controls: [
    { key: "function", label: "Function", suggest: PRESETS },
    { key: "method", label: "Method", choices: METHODS },
    { key: "start", label: "Start", range: [-6, 6, 0.1] },
    { key: "second", label: "Start, second", range: [-2.8, 2.8, 0.1], when: two },
    { key: "h", label: "Step size h", range: [-3, 0.3, 0.01], to: Math.log10, from: (p) => Number((10 ** p).toPrecision(2)), show: (h) => plain(h, 3) },
    { key: "steps", label: "Steps", range: [1, 60, 1] },
    { play: "steps", from: 1, to: 30, whole: true, label: "Play", seconds: 5 },
  ],
  draw(element, s) {
    if (!s.known || !s.path || s.path[0]?.length !== s.known.variables.length + 1) return null;
    const width = element.clientWidth, height = clamp(width * (two(s) ? 0.72 : 0.56), 240, 430);
    const { w, parts } = two(s) ? mapPanel(s, width, height) : curvePanel(s, width, height);
    show(element, width, height + 156, [parts, heights(s, height + 24, width)], this.says(s));
    return w;
  },
  drag: {
    pick: (s, at) => (Math.hypot(s.start - at.x, two(s) ? s.second - at.y : 0) < 20 * at.unit ? "start" : null),
    move: (s, held, at) => (two(s) ? { start: clamp(rounded(at.x, 0.1), -4, 4), second: clamp(rounded(at.y, 0.1), -3, 3) } : { start: clamp(rounded(at.x, 0.1), -6, 6) }),
  },
  says(s) {
    if (!s.path) return "";
    const last = s.path.at(-1), first = s.path[0];
    const place = last.slice(0, -1).map((v, i) => `${s.known.variables[i]} = ${plain(v)}`).join(", ");
    const grown = !Number.isFinite(last.at(-1)) || last.at(-1) > first.at(-1);
    return `After ${s.path.length - 1} steps: ${place}, height ${plain(last.at(-1))}, from ${plain(first.at(-1))}. ${grown ? "It climbs: the step size is too large." : "It goes downhill."}`;
  },
  numbers: (s) => ({ caption: "The path", headings: ["step", ...s.known.variables, "height"], rows: s.path.map((row, k) => [k, ...row]) }),
  working: question,
  challenge: () => ({ function: "x**2", method: "plain", steps: 3, start: Math.ceil(Math.random() * 6), h: [0.1, 0.2, 0.25, 0.4][Math.floor(Math.random() * 4)] }),
  question(s) {
    const g = 2 * s.start, next = s.start - s.h * g;
    return { text: `On x², from x = ${plain(s.start)} with h = ${plain(s.h)}: where does the first step lead?`, answer: next, slips: [
      { value: s.start + s.h * g, says: "You added: that is a step uphill. Descent subtracts h times the slope." },
      { value: s.start - s.h * s.start, says: "The slope of x² is 2x; you took x." },
      { value: s.start - g, says: "You took the whole slope; only h of it is gone." },
      { value: next ** 2, says: "That is the height there; the place was asked." },
      { value: s.start - s.h * s.start ** 2, says: "You took the height for the slope." },
    ] };
  },
};
