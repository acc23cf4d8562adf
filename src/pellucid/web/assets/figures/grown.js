// P against E of the reader's own: measured with a model and kept by it, or live, part by part of a table.

import { area, axes, clamp, dot, frame, inside, label, line, path, plain, show, tag, word } from "../plot.js";

const SHARES = [0.05, 0.1, 0.25, 0.5, 1]; // of the rows, where a network learns them now
const written = (s, v) => (v === null || v === undefined ? "–" : s.share ? `${plain(100 * v, 3)} %` : plain(v, 3));
const known = (s) => s.points.filter((p) => p.value !== null);
const crossed = (s, way) => Math.abs((known(s).at(-1)?.value ?? Infinity) - way.value) < 0.12 * Math.abs(way.value) && known(s).at(-1).value > way.value; // the curve's end lies on its name
const chosen = (s) => s.points[clamp(s.at, 0, Math.max(0, s.points.length - 1))];

export default {
  state: { points: [], metric: "", share: true, better: "higher", simplest: null, baseline: null, unseen: 0, repeats: 0, name: "", about: "", live: null, at: 0 },
  prepare: [{ needs: (s) => [s.live, s.points.length], get: async (s, ask) => {
    if (s.live === false || s.points.length >= SHARES.length) return {};
    const found = await ask("grown", { share: SHARES[s.points.length] });
    return { ...found, points: [...s.points, ...found.points], at: s.points.length + found.points.length - 1 };
  } }],
  controls: [{ key: "at", label: "Experience E", range: (s) => [0, Math.max(1, s.points.length - 1), 1], show: (v, s) => `${(s.points[v]?.rows ?? 0).toLocaleString("en")} rows` }],
  draw(element, s) {
    if (!s.points.length) return null;
    const width = element.clientWidth, height = clamp(width * 0.56, 240, 340), scale = s.share ? 100 : 1;
    const ways = [[s.simplest, "quiet"], [s.baseline, "second"]].filter(([way]) => way && Number.isFinite(way.value));
    const all = [...known(s).flatMap((p) => [p.low ?? p.value, p.high ?? p.value]), ...ways.map(([way]) => way.value)].map((v) => v * scale);
    const margin = 0.14 * (Math.max(...all) - Math.min(...all) || Math.abs(all[0]) || 1), least = s.points[0].rows, most = s.points.at(-1).rows;
    const f = frame({ left: 52, top: 26, width: width - 68, height: height - 66, x: [Math.log2(least) - 0.4, Math.log2(Math.max(most, least * 2)) + 0.4], y: [Math.min(...all) - margin, Math.max(...all) + margin] });
    const X = (rows) => Math.log2(rows), at = chosen(s), found = known(s);
    show(element, width, height, [
      axes(f, { across: "rows learnt from (E), each line twice as many", countX: 0.1, textX: () => "", zero: false, textY: (v) => (s.share ? `${plain(v, 3)} %` : plain(v, 3)) }),
      s.points.map((p) => label(f.X(X(p.rows)), f.top + f.height + 17, p.rows.toLocaleString("en"), "tick", "middle")),
      inside(f, [
        found[0]?.low === undefined || found[0].low === null ? "" : area(f, [...found.map((p) => [X(p.rows), p.high * scale]), ...found.slice().reverse().map((p) => [X(p.rows), p.low * scale])], "first plainly"),
        ways.map(([way, tone]) => line(f, [f.x[0], way.value * scale], [f.x[1], way.value * scale], `${tone} dashed`)),
        path(f, found.map((p) => [X(p.rows), p.value * scale]), "first bold"), found.map((p) => dot(f, [X(p.rows), p.value * scale], "first", 3.5)),
      ]),
      ways.map(([way, tone], i) => word(f, [f.x[i % 2], way.value * scale], way.name, `${tone} name`, { dx: i % 2 ? -4 : 4, dy: crossed(s, way) ? 17 : -6, anchor: i % 2 ? "end" : "start" })),
      at.value === null ? "" : [line(f, [X(at.rows), f.y[0]], [X(at.rows), at.value * scale], "ink dashed"), dot(f, [X(at.rows), at.value * scale], "ink", 6)],
      label(f.left - 7, 12, s.metric, "tick"), // above the plot, where no way can run through it
      s.live !== false && s.points.length < SHARES.length ? tag("text", { x: f.left + f.width, y: 12, class: "tick", "text-anchor": "end" }, "learning from more …") : "",
    ], this.says(s));
    return f;
  },
  says(s) {
    const at = chosen(s);
    if (!at) return "The smallest part is being learnt …";
    const range = at.low === undefined || at.low === null ? "" : ` (${written(s, at.low)} to ${written(s, at.high)})`;
    const beside = [s.baseline && `${s.baseline.name} ${written(s, s.baseline.value)}`, s.simplest && `without learning (${s.simplest.name}) ${written(s, s.simplest.value)}`].filter(Boolean).join(", ");
    return `From ${at.rows.toLocaleString("en")} rows${s.name ? ` of ${s.name}` : ""}: ${s.metric} ${written(s, at.value)}${range} on ${s.unseen.toLocaleString("en")} ${s.repeats ? `test rows, ${s.repeats.toLocaleString("en")} of which repeat rows that it learned from` : "rows it never saw"}.${beside ? ` Beside it: ${beside}.` : ""}${s.about ? ` This is ${s.about}.` : ""}`;
  },
  numbers: (s) => ({ caption: `${s.metric} against rows`, headings: ["rows", s.metric, "low", "high"], rows: [...s.points.map((p) => [p.rows, written(s, p.value), written(s, p.low), written(s, p.high)]), ...[s.baseline, s.simplest].filter(Boolean).map((way) => [way.name, written(s, way.value), "", ""])] }),
  veiled: true,
  note: "What one more row brings here: x is the number of rows, and between this point and the one before it P is taken to grow by as much with each doubling.",
  working(s) {
    const found = known(s), round = (v) => Number(v.toPrecision(5)), scale = s.share ? 100 : 1;
    if (found.length < 2) return null;
    const i = Math.max(1, found.findLastIndex((p) => p.rows <= chosen(s).rows)), [from, to] = [found[i - 1], found[i]], at = chosen(s).rows;
    if (from.rows === to.rows) return null;
    return { lesson: "derivative", arguments: [`${round(scale * from.value)} + ${round(scale * (to.value - from.value))}*ln(x/${from.rows})/ln(${to.rows}/${from.rows})`], options: { at: String(at) } };
  },
  question(s) {
    const found = known(s), few = found[0], all = found.at(-1), scale = s.share ? 100 : 1;
    if (found.length < 2) return { text: "One moment …", answer: NaN };
    const near = Math.max(0.25 * Math.abs(all.value - few.value), 0.03 * Math.abs(all.value)) * scale;
    return { text: `From ${few.rows.toLocaleString("en")} rows the ${s.metric} is ${written(s, few.value)}${s.better === "lower" ? " (lower is better)" : ""}. What is it from ${all.rows.toLocaleString("en")}${s.share ? ", in percent" : ""}, about?`, answer: scale * all.value, near, slips: [
      { value: scale * few.value, says: "Then nothing would have been gained by the other rows; look at the curve." },
      { value: scale * few.value * (all.rows / few.rows), says: "Performance does not grow as the rows do: each gain needs about twice as many." },
    ] };
  },
  python: (s) => (s.live === false
    ? `import json\n\nevidence = json.load(open("MODEL/evidence.json"))\nfor name, target in evidence["targets"].items():\n    for point in target["curve"]:\n        print(name, point["rows"], point["value"], point["low"], point["high"])\n`
    : `import pellucid\n\n# The curve of a whole run, with intervals and the conventional ways beside it.\nmodel = pellucid.learn("FILE", target="COLUMN", minutes=2)\nfor name, target in model.evidence["targets"].items():\n    print(name, target["curve"])\n`),
};
