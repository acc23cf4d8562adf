// What each layer of a real network makes of the rows: the same points, layer after layer.

import { clamp, label, plain, show, tag } from "../plot.js";

const HUES = ["--blue", "--orange", "--teal", "--violet", "--green", "--red", "--grey", "--ink"];
const percent = (v) => `${plain(100 * v, 3)} %`;
const layers = (s) => s.found?.layers ?? [];
const nearest = (s) => layers(s)[clamp(Math.round(s.at), 0, layers(s).length - 1)];
const smooth = (t) => t * t * (3 - 2 * t);

/** Where the points are between two layers. */
function points(s) {
  const all = layers(s), low = clamp(Math.floor(s.at), 0, all.length - 1), high = Math.min(low + 1, all.length - 1), share = smooth(clamp(s.at - low, 0, 1));
  return all[low].points.map((v, i) => v + share * (all[high].points[i] - v));
}

/** Of points [x, y, x, y, …]: variances on the diagonal, covariance beside it. */
function covariance(found) {
  const n = found.length / 2, mean = (get) => Array.from({ length: n }, (_, i) => get(found[2 * i], found[2 * i + 1])).reduce((a, b) => a + b) / n;
  const across = mean((x) => x), up = mean((_, y) => y), round = (v) => Number(v.toFixed(4));
  const both = round(mean((x, y) => (x - across) * (y - up)));
  return [[round(mean((x) => (x - across) ** 2)), both], [both, round(mean((_, y) => (y - up) ** 2))]];
}

function tone(found, i) {
  if (!found.colours) return "var(--blue)";
  const c = found.colours[i];
  return found.levels.length ? `var(${HUES[c % HUES.length]})` : `color-mix(in oklab, var(--blue) ${Math.round(100 * c)}%, var(--orange))`;
}

const cut = (s, l) => (l.cut === null ? "" : s.found.levels.length ? `straight cuts through it are right on ${percent(l.cut)} of rows that they were not fitted to` : `a flat plane through it accounts for ${percent(Math.max(0, l.cut))} of the differences in rows that it was not fitted to`);

export default {
  state: { at: 0, found: null },
  prepare: [{ needs: () => "once", get: async (s, ask) => { const found = await ask("seen", {}); return { found, at: found.layers.length - 1 }; } }],
  controls: [
    { key: "at", label: "Layer", range: (s) => [0, Math.max(1, layers(s).length - 1), 0.05], show: (v, s) => nearest(s)?.name ?? "" },
    { play: "at", label: "From the input on", to: (s) => layers(s).length - 1, seconds: 5 },
  ],
  draw(element, s) {
    if (!s.found) return null;
    const width = element.clientWidth, side = Math.min(width, 470), found = points(s), many = s.found.levels.slice(0, 8);
    const dots = Array.from({ length: s.found.rows }, (_, i) => tag("circle", { cx: side / 2 + 0.47 * side * found[2 * i], cy: side / 2 - 0.47 * side * found[2 * i + 1], r: 4, style: `fill: ${tone(s.found, i)}`, class: "dot" }));
    const left = width > side + 150 ? side + 24 : 0, top = left ? 20 : side + 22;
    const key = many.map((name, i) => tag("circle", { cx: left + 6, cy: top + i * 22, r: 5, style: `fill: var(${HUES[i]})` }) + label(left + 18, top + 5 + i * 22, String(name).slice(0, 22), "tick"));
    const ends = s.found.levels.length ? key : [["--orange", "least"], ["--blue", "most"]].map(([hue, say], i) => tag("circle", { cx: left + 6, cy: top + i * 22, r: 5, style: `fill: var(${hue})` }) + label(left + 18, top + 5 + i * 22, `${say} ${s.found.target}`, "tick"));
    show(element, width, left ? side : top + 22 * Math.max(2, many.length), [tag("rect", { x: 0.5, y: 0.5, width: side - 1, height: side - 1, class: "line grid" }), dots, s.found.colours ? ends : ""], this.says(s));
    return null;
  },
  says(s) {
    if (!s.found) return "The network is being opened …";
    const l = nearest(s);
    return `${s.found.rows} rows of ${s.found.name} after ${l.name} of ${s.found.about}: ${l.width} numbers a row, of which the two directions of most variance are drawn${l.cut === null ? "" : `; ${cut(s, l)}`}.`;
  },
  numbers: (s) => ({ caption: `Straight cuts for ${s.found.target}`, headings: ["after", "numbers a row", s.found.levels.length ? "right on unseen rows" : "share accounted for"], rows: layers(s).map((l) => [l.name, l.width, l.cut === null ? "–" : percent(l.cut)]) }),
  veiled: true,
  note: "The covariance of the points as they are drawn: its eigenvalues are their variances along and across the direction in which they are spread most, its eigenvectors these directions.",
  working: (s) => (s.found?.rows > 1 ? { lesson: "eigenvalues", arguments: [JSON.stringify(covariance(points(s)))] } : null),
  question(s) {
    const all = layers(s).filter((l) => l.cut !== null);
    if (all.length < 2) return { text: "One moment …", answer: NaN };
    const first = all[0], last = all.at(-1);
    return { text: `After ${first.name} ${s.found.levels.length ? "straight cuts are right on" : "a flat plane accounts for"} ${percent(first.cut)} (unseen rows). How many percent after ${last.name}?`, answer: 100 * last.cut, near: 4, slips: [
      { value: 100 * first.cut, says: "Then the layers between would have redrawn nothing that helps." }, { value: 100, says: "Only if it had learnt everything; what cannot be known from these columns no layer can add." },
    ] };
  },
  python: () => `import pellucid\n\nmodel = pellucid.load("MODEL")\ndeep = model.network.deep[0]  # a torch module: its input layers, its scale, its hidden layers\nprint(deep.inputs, deep.scale, deep.hidden)\n`,
};
