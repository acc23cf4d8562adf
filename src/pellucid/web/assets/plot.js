// Drawing with SVG as text: frames that turn numbers into pixels, lines, points, words.

const text = (value) => String(value).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const px = (value) => Math.round(value * 100) / 100;

/** A rectangle of pixels that shows x and y between bounds; `equal` keeps circles round. */
export function frame({ left = 44, top = 12, width, height, x, y, equal = false }) {
  let [x0, x1] = x, [y0, y1] = y;
  if (equal) {
    const scale = Math.max((x1 - x0) / width, (y1 - y0) / height);
    const cx = (x0 + x1) / 2, cy = (y0 + y1) / 2;
    [x0, x1] = [cx - (scale * width) / 2, cx + (scale * width) / 2];
    [y0, y1] = [cy - (scale * height) / 2, cy + (scale * height) / 2];
  }
  return {
    left, top, width, height, x: [x0, x1], y: [y0, y1],
    X: (value) => left + ((value - x0) / (x1 - x0)) * width,
    Y: (value) => top + height - ((value - y0) / (y1 - y0)) * height,
    at: (horizontal, vertical) => ({
      x: x0 + ((horizontal - left) / width) * (x1 - x0),
      y: y0 + ((top + height - vertical) / height) * (y1 - y0),
      unit: (x1 - x0) / width, // what one pixel is worth
    }),
  };
}

/** A whole picture put into an element. */
export function show(element, width, height, parts, describe = "") {
  element.innerHTML = `<svg viewBox="0 0 ${px(width)} ${px(height)}" width="${px(width)}" height="${px(height)}" role="img" aria-label="${text(describe)}">${[parts].flat(9).filter(Boolean).join("")}</svg>`;
}

export const tag = (name, attributes, inside = "") =>
  `<${name}${Object.entries(attributes).map(([k, v]) => (v === undefined || v === null || v === "" ? "" : ` ${k}="${text(typeof v === "number" ? px(v) : v)}"`)).join("")}>${inside}</${name}>`;

export const line = (f, [a, b], [c, d], cls = "quiet") =>
  tag("line", { x1: f.X(a), y1: f.Y(b), x2: f.X(c), y2: f.Y(d), class: `line ${cls}` });

/** A line through points; it is lifted where a value is missing or far outside. */
export function path(f, points, cls = "first") {
  const far = 20 * f.height;
  let d = "", down = false;
  for (const [a, b] of points) {
    const x = f.X(a), y = f.Y(b);
    if (!Number.isFinite(x) || !Number.isFinite(y) || Math.abs(y) > far) { down = false; continue; }
    d += `${down ? "L" : "M"}${px(x)} ${px(y)}`;
    down = true;
  }
  return tag("path", { d, class: `line ${cls}` });
}

export const area = (f, points, cls = "first") =>
  tag("polygon", { points: points.map(([a, b]) => `${px(f.X(a))},${px(f.Y(b))}`).join(" "), class: `area ${cls}` });

export const dot = (f, [a, b], cls = "first", r = 4) =>
  tag("circle", { cx: f.X(a), cy: f.Y(b), r, class: `dot ${cls}` });

/** A point that can be dragged: a ring around it says so. */
export const handle = (f, [a, b], cls = "first") =>
  tag("circle", { cx: f.X(a), cy: f.Y(b), r: 15, class: `grip ${cls}` }) + dot(f, [a, b], cls, 6);

export function arrow(f, [a, b], [c, d], cls = "first", size = 9) {
  const x1 = f.X(a), y1 = f.Y(b), x2 = f.X(c), y2 = f.Y(d);
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (length < 1) return "";
  const ux = (x2 - x1) / length, uy = (y2 - y1) / length, s = Math.min(size, length);
  const bx = x2 - ux * s, by = y2 - uy * s, w = s * 0.45;
  return tag("line", { x1, y1, x2: bx, y2: by, class: `line ${cls}` }) +
    tag("polygon", { points: `${px(x2)},${px(y2)} ${px(bx - uy * w)},${px(by + ux * w)} ${px(bx + uy * w)},${px(by - ux * w)}`, class: `tip ${cls}` });
}

/** A word at a place of the frame, moved by pixels. */
export const word = (f, [a, b], say, cls = "", { dx = 0, dy = 0, anchor = "start" } = {}) =>
  tag("text", { x: f.X(a) + dx, y: f.Y(b) + dy, class: cls, "text-anchor": anchor }, text(say));

export const label = (x, y, say, cls = "", anchor = "start") =>
  tag("text", { x, y, class: cls, "text-anchor": anchor }, text(say));

let measure = null;
/** A text, shortened so that it is at most so many pixels wide in the figures' own letters. */
export function fitted(say, width, size = 12.5) {
  measure ??= document.createElement("canvas").getContext("2d");
  measure.font = `${size}px ${getComputedStyle(document.documentElement).getPropertyValue("--sans") || "sans-serif"}`;
  const whole = String(say);
  if (measure.measureText(whole).width <= width) return whole;
  let letters = whole.length - 1;
  while (letters > 1 && measure.measureText(`${whole.slice(0, letters)}…`).width > width) letters--;
  return `${whole.slice(0, letters)}…`;
}

/** Round numbers between bounds: about `count` of them. */
export function ticks([low, high], count = 5) {
  const rough = (high - low) / Math.max(count, 1);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return found;
}

/** Thin lines with numbers at the edge, and the axes through 0 where it is in sight. */
export function axes(f, { across = "", up = "", countX, countY, grid = true, textX = plain, textY = plain, zero = true } = {}) {
  const parts = [];
  for (const v of ticks(f.x, countX ?? Math.max(2, f.width / 90))) {
    if (grid) parts.push(line(f, [v, f.y[0]], [v, f.y[1]], "grid"));
    parts.push(label(f.X(v), f.top + f.height + 17, textX(v), "tick", "middle"));
  }
  for (const v of ticks(f.y, countY ?? Math.max(2, f.height / 60))) {
    if (grid) parts.push(line(f, [f.x[0], v], [f.x[1], v], "grid"));
    parts.push(label(f.left - 7, f.Y(v) + 4, textY(v), "tick", "end"));
  }
  if (zero && f.x[0] < 0 && f.x[1] > 0) parts.push(line(f, [0, f.y[0]], [0, f.y[1]], "axis"));
  if (f.y[0] < 0 && f.y[1] > 0) parts.push(line(f, [f.x[0], 0], [f.x[1], 0], "axis"));
  if (across) parts.push(label(f.left + f.width, f.top + f.height + 33, across, "tick", "end"));
  if (up) parts.push(label(f.left + 4, f.top + 10, up, "tick"));
  return parts;
}

let clips = 0;
/** Parts cut off at the frame's edge. */
export function inside(f, parts) {
  const id = `clip-${++clips % 1000}`;
  return tag("clipPath", { id }, tag("rect", { x: f.left, y: f.top, width: f.width, height: f.height })) +
    tag("g", { "clip-path": `url(#${id})` }, [parts].flat(9).filter(Boolean).join(""));
}

/** A number for people: four significant digits, a real minus sign. */
export function plain(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  let written;
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) {
    const [m, e] = value.toExponential(digits - 2).split("e");
    written = `${Number(m)}·10${superscript(Number(e))}`;
  } else written = String(Number(value.toPrecision(digits)));
  return written.replace(/-/g, "−");
}

const superscript = (n) => String(n).replace(/[-0-9]/g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));

export const range = (low, high, count) => Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
export const rounded = (value, step) => Number((Math.round(value / step) * step).toFixed(10));
