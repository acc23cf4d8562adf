// Ways of predicting the same thing, side by side: without learning, by features made by hand, by a network.

import { clamp, fitted, label, line, plain, frame, axes, show, tag } from "../plot.js";

const written = (s, v) => (v === null || v === undefined ? "–" : s.found.share ? `${plain(100 * v, 3)} %` : plain(v, 3));
const chosen = (s) => s.found.ways[clamp(s.at, 0, s.found.ways.length - 1)];
const best = (s) => [...s.found.ways].sort((a, b) => (s.found.better === "lower" ? a.value - b.value : b.value - a.value))[0];

export default {
  state: { at: 0, found: null },
  prepare: [{ needs: () => "once", get: async (s, ask) => { const found = await ask("ways", {}); return { found, at: found.ways.findIndex((w) => w.deep) }; } }],
  controls: [{ key: "at", label: "Way", range: (s) => [0, Math.max(1, (s.found?.ways.length ?? 2) - 1), 1], show: (v, s) => s.found?.ways[v]?.name ?? "" }],
  draw(element, s) {
    if (!s.found) return null;
    const width = element.clientWidth, { ways, share } = s.found, scale = share ? 100 : 1, narrow = width < 520, step = narrow ? 50 : 40, side = narrow ? -6 : clamp(width * 0.34, 110, 240); // a phone has the names above
    const ends = ways.flatMap((w) => [w.low ?? w.value, w.high ?? w.value]).map((v) => v * scale), span = Math.max(...ends) - Math.min(...ends) || 1;
    const f = frame({ left: side + 12, top: 6, width: width - side - 76, height: step * ways.length + 6, x: [Math.min(...ends) - 0.08 * span, Math.max(...ends) + 0.08 * span], y: [0, 1] });
    show(element, width, f.height + 46, [
      axes(f, { countY: 0.1, textY: () => "", zero: false, across: s.found.metric, countX: f.width / 80, textX: (v) => (share ? `${plain(v, 3)} %` : plain(v, 3)) }),
      ways.map((w, i) => {
        const y = f.top + step * (i + (narrow ? 0.72 : 0.5)), tone = w.deep ? "first" : w.simple ? "quiet" : "second", name = fitted(w.name, narrow ? width : side, 14.5);
        return [label(narrow ? 0 : side, y + (narrow ? -14 : 5), name, `number halo${i === s.at ? " bold" : ""}`, narrow ? "start" : "end"), w.low === undefined || w.low === null ? "" : tag("line", { x1: f.X(w.low * scale), x2: f.X(w.high * scale), y1: y, y2: y, class: `line ${tone} bold`, "stroke-opacity": 0.45 }), tag("circle", { cx: f.X(w.value * scale), cy: y, r: i === s.at ? 8 : 6, class: `dot ${tone}` }), label(width, y + 5, written(s, w.value), "tick", "end")];
      }),
      line(f, [chosen(s).value * scale, 0], [chosen(s).value * scale, 1], "ink dashed"),
    ], this.says(s));
    return f;
  },
  says(s) {
    if (!s.found) return "Measuring: this takes a few seconds …";
    const w = chosen(s), b = best(s), range = w.low === undefined || w.low === null ? "" : ` (${written(s, w.low)} to ${written(s, w.high)})`;
    return `${w.name[0].toUpperCase()}${w.name.slice(1)}: ${s.found.metric} ${written(s, w.value)}${range} on ${s.found.unseen.toLocaleString("en")} ${s.found.repeats ? "test" : "unseen"} rows of ${s.found.name}${s.found.better === "lower" ? "; less is better" : ""}. ${b === w ? "None of the others does better." : `The best is ${b.name}, ${written(s, b.value)}.`}${s.found.about ? ` ${s.found.about}` : ""}`;
  },
  numbers: (s) => ({ caption: `${s.found.metric} on ${s.found.repeats ? "test" : "unseen"} rows`, headings: ["way", s.found.metric, "low", "high"], rows: s.found.ways.map((w) => [w.name, written(s, w.value), written(s, w.low), written(s, w.high)]) }),
  veiled: true,
  note: "How far each way lies from the chosen one, in the figure's order: from all measures the chosen one's is taken away.",
  working(s) {
    if (!s.found) return null;
    const round = (v) => Number((s.found.share ? 100 * v : v).toPrecision(5)), values = s.found.ways.map((w) => w.value).filter(Number.isFinite);
    return { lesson: "sum", arguments: [JSON.stringify(values.map(round)), JSON.stringify(values.map(() => -round(chosen(s).value)))] };
  },
  question(s) {
    if (!s.found) return { text: "One moment …", answer: NaN };
    const simple = s.found.ways.find((w) => w.simple) ?? s.found.ways[0], b = best(s), scale = s.found.share ? 100 : 1;
    return { text: `Without learning (${simple.name}) the ${s.found.metric} is ${written(s, simple.value)}. What does the best way reach${s.found.share ? ", in percent" : ""}?`, answer: scale * b.value, near: Math.max(0.2 * scale * Math.abs(b.value - simple.value), 0.01 * scale), slips: [
      { value: scale * simple.value, says: "Then there would be nothing to learn from these columns." }, ...(s.found.share ? [{ value: 100, says: "Hardly any table tells everything." }] : []),
    ] };
  },
  python: () => `import pellucid\n\nmodel = pellucid.learn("FILE", target="COLUMN", minutes=2)\nfor name, target in model.evidence["targets"].items():\n    print(target["performance"], target["baselines"])\n`,
};
