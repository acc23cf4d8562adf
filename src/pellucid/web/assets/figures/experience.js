// Performance against experience: the same task learnt from more and more examples, over several seeds.

import { area, axes, clamp, dot, frame, inside, label, line, path, plain, show, word } from "../plot.js";

const SETS = [["iris", "three kinds of iris"], ["wine", "three growers' wines"], ["breast-cancer", "tumours"], ["digits", "handwritten digits"]];
const percent = (v) => `${plain(v, 3)} %`;

/** Mean, least and most of P at each size, over the seeds that have come in. */
function summary(s) {
  const runs = s.runs.slice(0, s.seeds);
  return (runs[0] ?? []).map(([, size], i) => {
    const values = runs.map((run) => run[i][3]);
    return { size, share: runs[0][i][0], mean: values.reduce((a, b) => a + b) / values.length, low: Math.min(...values), high: Math.max(...values) };
  });
}

export default {
  state: { data: "digits", seeds: 5, at: 2, runs: [], baseline: null, known: "" },
  prepare: [{ needs: (s) => [s.data, s.seeds, s.runs.length, s.known], get: async (s, ask) => {
    const runs = s.known === s.data ? s.runs : [];
    if (runs.length >= s.seeds && s.known === s.data) return {};
    const answer = await ask("lesson", { lesson: "learning", arguments: [s.data], options: { seed: runs.length } });
    return { runs: [...runs, answer.table.rows], known: s.data, baseline: 100 * answer.results[0].result };
  } }],
  controls: [
    { key: "data", label: "Task T", choices: SETS },
    { key: "at", label: "Experience E", range: [0, 4, 1], show: (v) => ["5 %", "10 %", "25 %", "50 %", "all"][v] },
    { key: "seeds", label: "Splits tried", range: [1, 12, 1] },
  ],
  draw(element, s) {
    const found = summary(s);
    if (!found.length) return null;
    const width = element.clientWidth, height = clamp(width * 0.56, 240, 360);
    const least = Math.min(s.baseline, ...found.map((p) => p.low));
    const f = frame({ left: 48, top: 10, width: width - 64, height: height - 48, x: [0, found.at(-1).size * 1.03], y: [Math.max(0, least - 8), 101] });
    const at = found[s.at];
    show(element, width, height, [
      axes(f, { across: "examples learnt from (E)", textY: (v) => `${v} %` }),
      inside(f, [
        area(f, [...found.map((p) => [p.size, p.high]), ...found.slice().reverse().map((p) => [p.size, p.low])], "first plainly"),
        s.runs.slice(0, s.seeds).map((run) => path(f, run.map((row) => [row[1], row[3]]), "faint")),
        line(f, [0, s.baseline], [f.x[1], s.baseline], "second dashed"), path(f, found.map((p) => [p.size, p.mean]), "first bold"),
      ]),
      word(f, [f.x[1], s.baseline], "always the most frequent answer", "second name", { dy: -8, anchor: "end" }),
      line(f, [at.size, f.y[0]], [at.size, at.mean], "ink dashed"), dot(f, [at.size, at.mean], "ink", 6),
    ], this.says(s));
    return f;
  },
  says(s) {
    const at = summary(s)[s.at];
    if (!at) return "Learning …";
    return `From ${at.size} examples: P = ${percent(at.mean)} of unseen examples right on average; over ${Math.min(s.seeds, s.runs.length)} ways to split the data, from ${percent(at.low)} to ${percent(at.high)}. Without learning: ${percent(s.baseline)}.`;
  },
  numbers: (s) => ({ caption: "P against E, in percent", headings: ["share", "examples", "mean", "least", "most"], rows: summary(s).map((p) => [p.share, p.size, p.mean, p.low, p.high]) }),
  working: (s) => ({ lesson: "learning", arguments: [s.data], options: { seed: 0 } }),
  veiled: true,
  question(s) {
    const found = summary(s), least = found[0], all = found.at(-1);
    if (!all) return { text: "One moment …", answer: NaN };
    return { text: `From ${least.size} examples ${percent(least.mean)} of the unseen ones are right. How many percent, to the nearest five, from ${all.size}?`, answer: all.mean, near: 5, slips: [
      { value: 100, says: "Hardly anything is right every time on what it has not seen." }, { value: least.mean, says: "It does go on learning: that is what the figure measures." },
    ] };
  },
};
