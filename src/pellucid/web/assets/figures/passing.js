// A picture, a sound or a film on its way through the convolutions of a network, layer by layer.

import { plain } from "../plot.js";
import { paint, unpack } from "../raster.js";
import { whichRow } from "../row.js";

const NOUN = { image: "picture", audio: "sound", video: "film" };
const shape = (list) => list.join(" × ");
const at = (s) => Math.min(s.layer, s.found.layers.length);

function tiles(count, cls, words) {
  return `<div class="tiles ${cls}">${Array.from({ length: count }, (_, i) => `<canvas role="img" aria-label="${words} ${i + 1}"></canvas>`).join("")}</div>`;
}

function fill(canvases, packed) {
  const bytes = unpack(packed), [, rows, columns] = bytes.shape;
  canvases.forEach((canvas, i) => paint(canvas, bytes, columns, rows, i * rows * columns));
}

export default {
  wide: true,
  state: { row: 0, layer: 1, found: null },
  prepare: [{ needs: (s) => s.row, get: async (s, ask) => ({ found: await ask("passing", { row: s.row }) }) }],
  controls: [
    { key: "layer", label: "Layer", top: true, range: (s) => [0, s.found?.layers.length ?? 7, 1], show: (v) => (v ? `convolution ${v}` : "what goes in") },
    { play: "layer", top: true, from: 0, to: (s) => s.found?.layers.length ?? 7, whole: true, label: "Go through", seconds: 5 },
    { ...whichRow, top: true },
  ],
  draw(element, s) {
    const { found } = s;
    if (!found) return null;
    const layer = at(s) ? found.layers[at(s) - 1] : found.entered, image = Object.values(found.pictures)[0];
    element.innerHTML = `<div class="passing"><figure><figcaption>The ${NOUN[found.kind] ?? found.kind}${found.answer ? `: “${found.answer.replace(/[<&]/g, "")}”` : ""}</figcaption>${image ? `<img src="${image}" alt="">` : ""}</figure>
<figure class="answers"><figcaption>${at(s) ? `What convolution ${at(s)} answers: ${shape(layer.shape)}` : `What goes in: ${shape(layer.shape)}`}</figcaption>${tiles(layer.maps.shape[0], "maps", "channel")}</figure>
<figure class="all"><figcaption>The filters of the first convolution: ${shape(found.filters.shape)}${found.filters.shape[1] > 1 ? ", the mean over what goes in" : ""}</figcaption>${tiles(found.filters.maps.shape[0], "filters", "filter")}</figure></div>`;
    fill([...element.querySelectorAll(".maps canvas")], layer.maps);
    fill([...element.querySelectorAll(".filters canvas")], found.filters.maps);
    return null;
  },
  says(s) {
    if (!s.found) return "A network is learning to read pictures …";
    const { found } = s, layer = at(s) && found.layers[at(s) - 1];
    const now = layer ? `Convolution ${at(s)} has ${layer.weights.toLocaleString("en")} weights and gives ${layer.shape[0]} channels of ${layer.shape[1]} × ${layer.shape[2]} places; ${layer.maps.shape[0]} of them are shown, those that differ most from place to place.` : `It enters as a tensor of ${shape(found.entered.shape)}, ${found.measured ? "the principal components of two by two pixels and their opposites, which are measured, not learnt" : "in standard units"}.`;
    return `Row ${found.row + 1} of ${found.name}, in ${found.about}. ${now} Blue is high, orange low.`;
  },
  numbers: (s) => ({ caption: "Layer by layer", headings: ["layer", "channels", "height", "width", "weights"], rows: [["what goes in", ...s.found.entered.shape, ""], ...s.found.layers.map((l, i) => [`convolution ${i + 1}`, ...l.shape, l.weights])] }),
  working: (s) => (s.found ? { lesson: "convolution", arguments: [JSON.stringify(s.found.patch), JSON.stringify(s.found.kernel)] } : null),
  question(s) {
    if (!s.found) return { text: "One moment …", answer: NaN };
    const [out, channels, k] = s.found.filters.shape, all = out * channels * k * k;
    return { text: `The first convolution has ${out} filters of ${k} × ${k} places over ${channels} ${channels === 1 ? "channel" : "channels"}. How many weights are there to learn, without biases?`, answer: all, slips: [
      { value: out * k * k, says: "Each filter has weights for every channel that goes in." }, { value: channels * k * k, says: "That is one filter." }, { value: out * channels, says: "Each pair of channels has a whole small square of weights." },
    ] };
  },
};
