// Looking inside: what one answer rests on, part by part, and the rows that a network takes for alike.

import { fitted, label, plain, show, tag } from "../plot.js";
import { whichRow } from "../row.js";

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const sum = (list) => list.reduce((a, b) => a + b, 0);
const total = (column) => sum(column.shares);
const ordered = (found) => [...found.reasons.columns].sort((a, b) => Math.abs(total(b)) - Math.abs(total(a)));
const side = (v) => (v < 0 ? "second" : "first");

/** A bar a column: its share to the right or left of 0, the control's in grey below it. */
function bars(found, element, width) {
  const columns = ordered(found).slice(0, 14), step = 46, left = Math.min(220, Math.max(100, width * 0.34));
  const most = Math.max(1e-9, ...columns.flatMap((c) => [total(c), sum(c.control)]).map(Math.abs)), low = columns.some((c) => total(c) < 0 || sum(c.control) < 0);
  const long = (width - left - 70) / (low ? 2 : 1), zero = left + 8 + (low ? long : 0);
  const bar = (v, y, height, cls) => tag("rect", { x: v < 0 ? zero + (v / most) * long : zero, y, width: Math.max(1.5, (Math.abs(v) / most) * long), height, rx: 2, class: `bar ${cls}` });
  show(element, width, columns.length * step + 30, [
    label(left + 8, 14, "shares", "first name"), label(left + 66, 14, "with shuffled weights", "quiet name"),
    tag("line", { x1: zero, x2: zero, y1: 24, y2: 28 + columns.length * step, class: "line axis" }),
    columns.map((c, i) => {
      const y = 28 + i * step, v = total(c), at = v < 0 && low ? zero + 8 : zero + 6 + (Math.max(0, v) / most) * long;
      return label(left, y + 15, fitted(c.name, left, 14), "number", "end") + label(left, y + 32, fitted(c.cell, left), "tick", "end") + bar(v, y + 3, 15, side(v)) + label(at, y + 15, plain(v, 2), "tick") + bar(sum(c.control), y + 21, 8, "quiet");
    }),
  ], "What each column accounts for");
}

/** The words of a cell, tinted by their shares. */
function words(column, most) {
  const spans = column.parts.map((word, i) => {
    const v = column.shares[i], strength = Math.min(1, Math.abs(v) / most);
    return `<span class="${strength < 0.08 ? "" : side(v)}" style="--strength: ${Math.round(12 + 46 * strength)}%" title="${plain(v, 3)}">${escape(word)}</span>`;
  });
  return `<figure class="tinted"><figcaption>${escape(column.name)}</figcaption><p>${spans.join(" ")}</p></figure>`;
}

/** The fields of a picture, of a spectrogram, of a strip of frames, over it; what lies beside it, below. */
function fields(column, most) {
  const [rows, columns] = column.shape, inside = column.shares.slice(0, rows * columns), beside = column.parts.slice(rows * columns);
  const cells = inside.map((v) => `<i class="${side(v)}" style="--strength: ${Math.round(78 * Math.min(1, Math.abs(v) / most))}%"></i>`).join("");
  const size = `style="--aspect: ${column.aspect}"`, image = column.picture ? `<img src="${column.picture}" alt="" ${size}>` : `<span class="blank" ${size}></span>`;
  const more = beside.length ? words({ name: "Beside it", parts: beside, shares: column.shares.slice(rows * columns) }, most) : "";
  return `<figure class="fields"><figcaption>${escape(column.name)}</figcaption><div class="pair"><div class="plainly">${image}</div><div class="over" style="--across: ${columns}; --down: ${rows}">${image}<div>${cells}</div></div></div></figure>${more}`;
}

function nearest(found) {
  const one = (n) => {
    const pictures = Object.values(n.pictures).map((p) => `<img src="${p}" alt="">`).join("");
    const cells = Object.entries(n.cells).filter(([name]) => !(name in n.pictures)).map(([k, v]) => `<span><i>${escape(k)}</i> ${escape(v)}</span>`).join(" ");
    return `<li>${pictures}<div><b>${escape(n.answer)}</b> <i>at a distance of ${plain(n.distance, 3)}</i><br>${cells}</div></li>`;
  };
  return `<h3>The rows that its last layer takes for most alike</h3><ol>${found.nearest.map(one).join("")}</ol>`;
}

export default {
  state: { row: 0, pictures: false, found: null },
  prepare: [{ needs: (s) => [s.row, s.pictures], get: async (s, ask) => ({ found: await ask("inside", { row: s.row, pictures: s.pictures }) }) }],
  controls: [{ ...whichRow, top: true }],
  draw(element, s) {
    const { found } = s;
    if (!found) return null;
    element.innerHTML = `<div class="reasons"><div class="bars"></div><div class="finer"></div></div><div class="near ${Object.keys(found.pictures).length ? "seen" : ""}">${nearest(found)}</div>`;
    if (!found.reasons) return null;
    const parted = found.reasons.columns.filter((c) => c.parts.length > 1), most = Math.max(1e-9, ...parted.flatMap((c) => c.shares.map(Math.abs)));
    element.querySelector(".finer").innerHTML = parted.map((c) => (c.shape ? fields(c, most) : words(c, most))).join("");
    if (found.reasons.columns.length > 1) bars(found, element.querySelector(".bars"), element.clientWidth);
    return null;
  },
  says(s) {
    if (!s.found) return "The network is being opened …";
    const { found } = s, r = found.reasons;
    const of = `Row ${found.row + 1} of ${found.name}, in ${found.about}.`;
    if (!r) return `${of} Its answer is no class and no number, so it has no shares; the rows most alike are below.`;
    const alike = r.likeness === null ? "" : ` With shuffled weights the sizes have a rank correlation of ${plain(r.likeness, 2)} with these: near 0 is good.`;
    return `${of} What is accounted for: ${r.of}, ${plain(r.answer, 3)}; with nothing in the row it is ${plain(r.nothing, 3)}. The shares add up to the difference but for ${plain(r.gap, 2)}.${alike}`;
  },
  numbers: (s) => ({ caption: s.found.reasons?.of ?? "No shares", headings: ["column", "part", "share", "without it", "shuffled weights"], rows: (s.found.reasons?.columns ?? []).flatMap((c) => c.parts.map((part, i) => [c.name, part, c.shares[i], c.without[i], c.control[i]])) }),
  veiled: true,
  question(s) {
    const r = s.found?.reasons;
    if (!r) return { text: "One moment …", answer: NaN };
    return { text: `With nothing in the row the network says ${plain(r.nothing, 3)}, with the row ${plain(r.answer, 3)} (${r.of}). What should the shares of all parts add up to?`, answer: r.answer - r.nothing, slips: [
      { value: r.answer, says: "They account for the difference to a row with nothing in it, not for the whole answer." }, { value: r.nothing - r.answer, says: "The other way round: the answer less what it starts from." }, { value: 1, says: "They are shares of a difference, not parts of 1." },
    ] };
  },
  python: (s) => `import pellucid\n\nmodel = pellucid.load("MODEL")\nprint(model.explain(ROW))  # ends with what the answer rests on\n`,
};
