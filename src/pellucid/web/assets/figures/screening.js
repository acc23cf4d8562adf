// What an alarm is worth: of a thousand cases, how many alarms are right, by how rare the thing is.

import { clamp, label, plain, show, tag } from "../plot.js";

const counts = (s) => {
  const ill = 1000 * s.rare, found = ill * s.sensitive, false_ = (1000 - ill) * (1 - s.specific);
  return { ill, found, missed: ill - found, false: false_, right: found / Math.max(found + false_, 1e-9), accuracy: (found + (1000 - ill) * s.specific) / 1000 };
};
const percent = (v) => `${plain(100 * v, 3)} %`;

export default {
  state: { rare: 0.01, sensitive: 0.9, specific: 0.95 },
  controls: [
    { key: "rare", label: "How many have it", range: [0.001, 0.5, 0.001], show: percent },
    { key: "sensitive", label: "Of those, found", range: [0, 1, 0.01], show: percent },
    { key: "specific", label: "Of the others, let pass", range: [0, 1, 0.005], show: percent },
  ],
  draw(element, s) {
    const width = element.clientWidth, c = counts(s), columns = width > 480 ? 50 : 40, step = (width - 4) / columns, rows = 1000 / columns;
    const found = Math.round(c.found), ill = Math.round(c.ill), alarms = Math.round(c.false);
    const kind = (i) => (i < found ? "found" : i < ill ? "missed" : i >= 1000 - alarms ? "false" : "well");
    const dots = Array.from({ length: 1000 }, (_, i) => {
      const k = kind(i), x = 4 + (i % columns) * step + step / 2, y = 24 + Math.floor(i / columns) * step * 0.92 + step / 2;
      return tag("circle", { cx: x, cy: y, r: step * (k === "well" ? 0.16 : 0.36), class: k === "found" ? "fill first" : k === "missed" ? "ring first" : k === "false" ? "fill second" : "fill quiet faintly" });
    });
    const low = 24 + rows * step * 0.92 + 26;
    show(element, width, low + 12, [
      label(0, 14, `${found} found`, "first name"), label(width * 0.24, 14, `${ill - found} missed`, "first name"), label(width * 0.5, 14, `${alarms} false alarms`, "second name"),
      dots, label(0, low, `${percent(c.right)} of the alarms are right`, "number bold"),
    ], this.says(s));
    return null;
  },
  says(s) {
    const c = counts(s);
    return `Of 1,000 cases ${plain(c.ill, 3)} have it. The accuracy is ${percent(c.accuracy)}, and yet ${percent(1 - c.right)} of the alarms are false. Never raising an alarm would have an accuracy of ${percent(1 - s.rare)}.`;
  },
  numbers(s) {
    const c = counts(s);
    return { caption: "Of 1,000 cases", headings: ["", "alarm", "no alarm"], rows: [["have it", c.found, c.missed], ["do not", c.false, 1000 - c.ill - c.false]] };
  },
  working: (s) => ({ lesson: "product", arguments: [JSON.stringify([[s.sensitive, 1 - s.specific], [1 - s.sensitive, s.specific]].map((r) => r.map((v) => Number(v.toFixed(4))))), JSON.stringify([s.rare, Number((1 - s.rare).toFixed(4))])] }),
  challenge: () => ({ rare: 0.01, sensitive: 0.9, specific: [0.9, 0.95, 0.99][Math.floor(Math.random() * 3)] }),
  question(s) {
    const c = counts(s);
    return { text: `${percent(s.rare)} have it, ${percent(s.sensitive)} of them are found, ${percent(s.specific)} of the others let pass. What percentage of the alarms is right?`, answer: 100 * c.right, slips: [
      { value: 100 * s.sensitive, says: "That is how many of those who have it are found; the alarms also hold the others' false ones." },
      { value: 100 * c.accuracy, says: "That is the share of all answers that are right; most of them are about cases without it." },
    ] };
  },
};
