// Answer only when sure: how many rows are then answered, and how many of the answers are right.

import { axes, clamp, dot, frame, inside, label, line, path, plain, show } from "../plot.js";

const percent = (v) => `${plain(100 * v, 3)} %`;

/** Answered share and accuracy when only bins from a confidence on are answered; bins: confidence, accuracy, rows. */
function kept(s, least) {
  const all = s.bins.reduce((sum, b) => sum + b[2], 0), found = s.bins.filter((b) => b[0] >= least - 1e-9), rows = found.reduce((sum, b) => sum + b[2], 0);
  return { rows, share: rows / Math.max(1, all), right: rows ? found.reduce((sum, b) => sum + b[1] * b[2], 0) / rows : null };
}

const levels = (s) => [0, ...s.bins.map((b) => b[0])].sort((a, b) => a - b);
const least = (s) => levels(s)[clamp(s.at, 0, levels(s).length - 1)];

export default {
  state: { bins: [], at: 0 },
  controls: [{ key: "at", label: "Answer only when at least so sure", range: (s) => [0, Math.max(1, levels(s).length - 1), 1], show: (v, s) => percent(levels(s)[v] ?? 0) }],
  draw(element, s) {
    const width = element.clientWidth, height = clamp(width * 0.5, 220, 300), f = frame({ left: 52, top: 10, width: width - 68, height: height - 50, x: [0, 1], y: [0, 1.03] });
    const points = levels(s).map((v) => [v, kept(s, v)]), now = kept(s, least(s));
    show(element, width, height, [
      axes(f, { across: "least confidence", textX: percent, textY: percent, countY: 4, zero: false }),
      inside(f, [path(f, points.map(([v, k]) => [v, k.share]), "second bold"), path(f, points.filter(([, k]) => k.right !== null).map(([v, k]) => [v, k.right]), "first bold"), line(f, [least(s), 0], [least(s), 1], "ink dashed")]),
      dot(f, [least(s), now.share], "second", 6), now.right === null ? "" : dot(f, [least(s), now.right], "first", 6),
      label(f.left + 6, f.top + f.height - 24, "right, of those answered", "first name"), label(f.left + 6, f.top + f.height - 7, "answered", "second name"),
    ], this.says(s));
    return f;
  },
  says(s) {
    const k = kept(s, least(s));
    return `If it answers only when at least ${percent(least(s))} sure, it answers ${percent(k.share)} of the rows (${k.rows.toLocaleString("en")}) and ${k.right === null ? "nothing of them" : percent(k.right)} of those rightly; a person must look at the others.`;
  },
  numbers: (s) => ({ caption: "Answering only when sure", headings: ["at least", "answered", "right, of those"], rows: levels(s).map((v) => { const k = kept(s, v); return [percent(v), percent(k.share), k.right === null ? "–" : percent(k.right)]; }) }),
  question(s) {
    const all = kept(s, 0), half = levels(s)[Math.ceil(levels(s).length / 2)], k = kept(s, half);
    return { text: `Of all rows ${percent(all.right)} are right. Of those on which it is at least ${percent(half)} sure, how many percent are right?`, answer: 100 * (k.right ?? 0), near: 4, slips: [{ value: 100 * all.right, says: "Where it is surer it is right more often: that is what its confidence is for." }, { value: 100 * half, says: "That is the least of their confidences; most are surer." }] };
  },
};
