// Deep dreaming: a picture is changed, uphill, so that the network sees more of a chosen thing.

import { axes, frame, line, path, plain, show } from "../plot.js";
import { photograph, unpack } from "../raster.js";
import { whichRow } from "../row.js";

const moved = (s) => {
  const p = pixel(s);
  return ` Step ${Math.min(s.step, s.found.pixels.length - 1) + 1} moves the pixel in row ${p.row + 1}, column ${p.column + 1} most, from ${plain(p.value, 3)} to ${plain(p.after, 3)}${Math.abs(p.value + p.height * p.slope - p.after) > 0.01 ? ", as far as there is light" : ""}.`;
};
const goal = (s) => s.found.levels[s.found.goal];
const classes = (s) => s.found.levels.length > 1;
const value = (s, step) => s.found.answers[step][classes(s) ? s.found.goal : 0];
const says = (s, v) => (classes(s) ? `${plain(100 * v, 3)} %` : plain(v, 3));

const pixel = (s) => s.found.pixels[Math.min(s.step, s.found.pixels.length - 1)]; // the step that comes next; of the last picture, the one that made it

export default {
  state: { row: 0, goal: "", step: 0, size: "16", from: "picture", found: null },
  prepare: [{ needs: (s) => [s.row, s.goal, s.size, s.from], get: async (s, ask) => {
    const found = await ask("dream", { row: s.row, ...(s.goal ? { goal: Number(s.goal) } : {}), size: Number(s.size), grey: s.from === "grey" });
    return { found, goal: String(found.goal) };
  } }],
  controls: [
    { key: "step", label: "Steps uphill", range: (s) => [0, (s.found?.answers.length ?? 25) - 1, 1] },
    { play: "step", from: 0, to: (s) => s.found.answers.length - 1, whole: true, label: "Dream", seconds: 3 },
    { key: "goal", label: "Dream of", choices: (s) => (s.found?.levels ?? []).map((say, i) => [String(i), say]) },
    { key: "from", label: "Begin at", choices: [["picture", "the row's picture"], ["grey", "plain grey"]] },
    { key: "size", label: "Step", choices: [["4", "4 of 255 levels"], ["8", "8 of 255 levels"], ["16", "16 of 255 levels"], ["32", "32 of 255 levels"]] },
    whichRow,
  ],
  draw(element, s) {
    if (!s.found) return null;
    const bytes = unpack(s.found.pictures), [steps, rows, columns, channels] = bytes.shape, step = Math.min(s.step, steps - 1), each = rows * columns * channels;
    element.innerHTML = `<div class="dream"><figure><figcaption>As it was</figcaption><canvas role="img" aria-label="The picture"></canvas></figure><figure><figcaption>After ${step} ${step === 1 ? "step" : "steps"}</figcaption><canvas role="img" aria-label="The changed picture"></canvas></figure></div><div class="hill"></div>`;
    const [was, is] = element.querySelectorAll("canvas");
    photograph(was, bytes, columns, rows, channels);
    photograph(is, bytes, columns, rows, channels, step * each);
    const place = element.querySelector(".hill"), width = place.clientWidth, values = s.found.answers.map((_, k) => value(s, k));
    const low = classes(s) ? 0 : Math.min(...values), high = classes(s) ? 1 : Math.max(...values, low + 1e-6);
    const f = frame({ left: 48, top: 12, width: width - 60, height: 90, x: [0, steps - 1], y: [low, high] });
    show(place, width, 140, [axes(f, { across: "step", countY: 2 }), path(f, values.map((v, k) => [k, v]), "first bold"), line(f, [step, low], [step, high], "ink dashed")], this.says(s));
    return null;
  },
  says(s) {
    if (!s.found) return "A network is learning to read pictures …";
    const step = Math.min(s.step, s.found.answers.length - 1), what = classes(s) ? `“${goal(s)}” for “${s.found.target}”` : `“${s.found.target}”`;
    return `Row ${s.found.row + 1} of ${s.found.name}, in ${s.found.about}: it says ${says(s, value(s, 0))} for ${what}, and after ${step} steps ${says(s, value(s, step))}. No weight was changed; only the pixels were.${moved(s)}`;
  },
  numbers: (s) => ({ caption: "What the network says", headings: ["step", ...(classes(s) ? s.found.levels : [s.found.target])], rows: s.found.answers.map((row, k) => [k, ...row]) }),
  note: "One pixel of this step, the one that moves most. Uphill on the answer is downhill on its opposite; the slope is that of the score before the softmax by this pixel, mixed with its neighbours', and h lets the steepest pixel move by the step that was chosen.",
  working(s) {
    if (!s.found) return null;
    const p = pixel(s), round = (v) => Number(v.toPrecision(5));
    return { lesson: "descent", arguments: [`-${round(p.slope)}*(x - ${round(p.value)})`.replace("--", "")], options: { start: round(p.value), step: round(p.height), steps: 1 } };
  },
  question(s) {
    return { text: "A pixel has the value 100, the slope of the answer by it is 0.5, and the step is 8. Where does one step uphill bring it?", answer: 104, slips: [
      { value: 96, says: "That is downhill, as in learning; dreaming goes uphill." }, { value: 108, says: "The step is multiplied by the slope." }, { value: 100.5, says: "The slope is multiplied by the step." },
    ] };
  },
};
