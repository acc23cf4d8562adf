// The secant through two points of a curve becomes the tangent as its width shrinks.

import { axes, clamp, dot, frame, handle, inside, label, line, path, plain, range, rounded, show, word } from "../plot.js";
import { compile } from "../tree.js";

const FROM = -5, TO = 5;
const name = (s) => s.known.variables[0];
const value = (s, x) => compiled(s).f({ [name(s)]: x });
const slope = (s, x) => compiled(s).g({ [name(s)]: x });

let cached = { known: null };
function compiled(s) {
  if (cached.known !== s.known) cached = { known: s.known, f: compile(s.known.tree), g: compile(s.known.slopes[name(s)]) };
  return cached;
}

const secant = (s) => (value(s, s.x + s.h) - value(s, s.x)) / s.h;

function bounds(s) {
  const seen = range(FROM, TO, 201).map((x) => value(s, x)).filter(Number.isFinite).sort((a, b) => a - b);
  if (!seen.length) return [-1, 1];
  const low = seen[Math.floor(seen.length * 0.04)], high = seen[Math.ceil(seen.length * 0.96) - 1];
  const margin = Math.max(0.18 * (high - low), 0.6);
  return [low - margin, high + margin];
}

/** The secant's error at widths from 10 down to 10⁻¹⁶: first the curve is to blame, then rounding. */
function errors(s) {
  const exact = slope(s, s.x);
  return range(0.5, -15.5, 49).map((power) => {
    const h = 10 ** power;
    return [power, Math.abs((value(s, s.x + h) - value(s, s.x)) / h - exact)];
  }).filter(([, error]) => Number.isFinite(error));
}

function errorPanel(s, top, width, height) {
  const found = errors(s).map(([power, error]) => [power, Math.log10(Math.max(error, 1e-17))]);
  const f = frame({ left: 52, top, width: width - 64, height, x: [-15.5, 0.5], y: [-17, 2] });
  const tenth = (v) => `10${String(v).replace(/[-0-9]/g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]))}`;
  return [
    label(f.left, top - 8, "The secant's error, by width", "tick"),
    axes(f, { across: "width h", countY: 3, countX: width / 110, textX: tenth, textY: tenth }),
    inside(f, path(f, found, "second")),
    line(f, [Math.log10(Math.abs(s.h)), f.y[0]], [Math.log10(Math.abs(s.h)), f.y[1]], "ink dashed"),
  ];
}

export default {
  state: { function: "x**2", x: 1, power: 0.3, known: null, h: 2 },
  settle: (s) => ({ h: 10 ** s.power }),
  prepare: [{ needs: (s) => s.function, get: async (s, ask) => {
    const known = await ask("function", { expression: s.function });
    if (known.variables.length > 1) throw new Error("A curve has one variable; this function has two.");
    return { known };
  } }],
  controls: [
    { key: "function", label: "Function", suggest: ["2*x", "x**2", "sin(x)", "exp(-x**2)", "x**3 - 3*x", "tanh(x)", "relu(x)", "abs(x)", "log(1 + exp(x))"] },
    { key: "x", label: "Point x", range: [-4, 4, 0.05] },
    { key: "power", label: "Width h", range: [-15, 0.5, 0.05], show: (p) => plain(10 ** p, 3) },
    { play: "power", from: 0.5, to: -3, label: "Shrink it", seconds: 4 },
  ],
  draw(element, s) {
    if (!s.known) return null;
    const width = element.clientWidth, height = clamp(width * 0.55, 240, 340), below = 110;
    const f = frame({ left: 44, top: 8, width: width - 56, height: height - 44, x: [FROM, TO], y: bounds(s) });
    const [y0, m, t] = [value(s, s.x), secant(s), slope(s, s.x)];
    const straight = (k) => [[FROM, y0 + k * (FROM - s.x)], [TO, y0 + k * (TO - s.x)]];
    const curve = range(FROM, TO, 401).map((x) => [x, value(s, x)]);
    const other = [s.x + s.h, value(s, s.x + s.h)];
    show(element, width, height + below + 60, [
      axes(f, { across: name(s) }),
      inside(f, [path(f, straight(t), "third dashed"), path(f, straight(m), "second"), path(f, curve, "first bold")]),
      inside({ ...f, top: -50, height: f.height + 60 }, [line(f, [s.x, y0], [other[0], y0], "quiet dashed"), line(f, [other[0], y0], other, "quiet dashed"), dot(f, other, "second", 6), handle(f, [s.x, y0], "ink")]),
      errorPanel(s, height + 24, width, below),
    ], this.says(s));
    return f;
  },
  drag: {
    pick: (s, at) => (Math.hypot((s.x - at.x) / at.unit) < 22 ? "x" : null),
    move: (s, held, at) => ({ x: clamp(rounded(at.x, 0.05), -4, 4) }),
  },
  says(s) {
    if (!s.known) return "";
    const m = secant(s), t = slope(s, s.x);
    return `Secant over h = ${plain(s.h, 3)}: slope ${plain(m, 5)}. Tangent at ${name(s)} = ${plain(s.x)}: slope ${plain(t, 5)}. They differ by ${plain(Math.abs(m - t), 3)}.`;
  },
  numbers: (s) => ({ caption: `Secants of ${s.known.text} at ${plain(s.x)}`, headings: ["width h", "slope", "error"], rows: [1, 0.1, 0.01, 1e-3, 1e-5, 1e-8, 1e-11, 1e-14].map((h) => {
    const m = (value(s, s.x + h) - value(s, s.x)) / h;
    return [h, m, Math.abs(m - slope(s, s.x))];
  }) }),
  working: (s) => ({ lesson: "derivative", arguments: [s.function], options: { at: s.x } }),
  challenge: () => ({ function: "x**2", x: Math.floor(Math.random() * 7) - 3 }),
  question(s) {
    const t = slope(s, s.x);
    return { text: `What is the slope of ${s.known.text} at ${name(s)} = ${plain(s.x)}?`, answer: t, slips: [
      { value: value(s, s.x), says: "That is the height there; the slope is how fast the height grows." },
      { value: -t, says: "The size is right; look whether the curve rises or falls there." },
      { value: t / 2, says: "For x² the slope is 2x, not x: the exponent comes down as a factor." },
    ] };
  },
};
