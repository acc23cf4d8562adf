// What can be tried of the applications: each draws its answer, and how it does on what it never saw.

import { axes, frame, inside, label, line, path, plain, show, tag } from "./plot.js";
import { play, winner } from "./noughts.js";

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const WORDS = { 1: "wins", 0: "draws", "-1": "loses" };
const percent = (v) => `${plain(100 * v, 3)} %`;

/** How the network and the simple way do on rows that neither saw. */
const beside = (f, simple) => `<p class="quiet">${f.measure === "right on unseen rows" ? `On ${f.unseen} unseen rows the network is right ${percent(f.right)} of the time, ${simple} ${percent(f.simple)}.` : `On ${f.unseen} unseen pictures its mean error is ${plain(f.right, 2)} degrees; ${simple} errs by ${plain(f.simple, 3)}.`}</p>`;
const waiting = (element, say) => { element.innerHTML = `<p class="quiet">${say}</p>`; };

export function said(element, s) {
  const { found } = s, width = element.clientWidth, step = 26;
  if (!found) { element.innerHTML = `<p class="quiet">A network is learning to read …</p>`; return; }
  const most = Math.max(1e-9, ...found.words.map(([, v]) => Math.abs(v)));
  element.innerHTML = `<p class="quiet">Try it: a sentence goes in, a class comes out. The network is ${escape(found.about)}; it predicts “${escape(found.target)}” from “${escape(found.column)}” of ${escape(found.name)} and has seen no news.</p><figure class="tinted"><p>${found.words.map(([w, v]) => `<span class="${Math.abs(v) < 0.08 * most ? "" : v < 0 ? "second" : "first"}" style="--strength: ${Math.round(12 + (46 * Math.abs(v)) / most)}%">${escape(w)}</span>`).join(" ") || "…"}</p></figure><div></div>`;
  show(element.lastChild, width, found.levels.length * step + 8, found.levels.map(([level, p], i) => label(110, 20 + i * step, String(level).slice(0, 14), "number", "end") + tag("rect", { x: 118, y: 7 + i * step, width: Math.max(1.5, p * (width - 190)), height: 17, rx: 2, class: "bar first" }) + label(124 + p * (width - 190), 20 + i * step, `${plain(100 * p, 3)} %`, "tick")), "How sure it is of each class");
}

export function game(element, s, change) {
  const board = s.board, over = winner(board), turn = board.filter((c) => c === "·").length % 2 ? "✕" : "○";
  const worth = play(board);
  const cells = [...board].map((cell, i) => {
    const value = worth[i], tone = cell !== "·" || over ? "" : value > 0 ? "first" : value < 0 ? "second" : "even";
    return `<button type="button" class="${tone}" data-cell="${i}" ${cell !== "·" || over ? "disabled" : ""} aria-label="Square ${i + 1}: ${cell === "·" ? `${turn} ${WORDS[value] ?? ""}` : cell}">${cell === "·" ? "" : cell}<small>${tone ? WORDS[value] : ""}</small></button>`;
  });
  element.innerHTML = `<p class="quiet">Try it: every move is searched to the end, ${over ? `and ${over === "draw" ? "nobody has won" : `${over} has won`}` : `and ${turn} is to move`}. Such a search is the teacher; a network learns to say without searching what it found.</p><div class="board">${cells.join("")}</div><button type="button" class="again">A new game</button>`;
  element.querySelectorAll("[data-cell]").forEach((each) => each.addEventListener("click", () => {
    const i = Number(each.dataset.cell);
    change({ board: board.map((c, k) => (k === i ? turn : c)) });
    requestAnimationFrame(() => requestAnimationFrame(() => element.querySelector("button:not(:disabled)")?.focus()));
  }));
  element.querySelector(".again").addEventListener("click", () => change({ board: [..."·········"] }));
}

/** A road as the camera sees it, and the wheel that the network turns. */
export function driving(element, s) {
  const f = s.tried;
  if (!f) return waiting(element, "A network is learning to steer …");
  const wheel = (angle, cls, r) => tag("line", { x1: 110, y1: 110, x2: 110 + r * Math.sin((angle * Math.PI) / 180), y2: 110 - r * Math.cos((angle * Math.PI) / 180), class: `line bold ${cls}` });
  element.innerHTML = `<p class="quiet">Try it: bend the road. A network that has learnt 350 made-up pictures says how far to turn the wheel.</p><div class="pair"><img class="road" src="${f.picture}" alt="The road, as the camera sees it"><div class="wheel"></div></div>${beside(f, "always straight on")}`;
  show(element.querySelector(".wheel"), 220, 116, [tag("path", { d: "M18 110A92 92 0 0 1 202 110", class: "line quiet" }), wheel(f.true, "second dashed", 92), wheel(f.answer, "first", 92), label(4, 16, `turned ${plain(f.answer, 3)}°`, "first name"), label(4, 34, `wanted ${plain(f.true, 3)}°`, "second name")], `Wanted ${plain(f.true, 3)} degrees, answered ${plain(f.answer, 3)}`);
}

/** A silent film of a ball, and where the network would put its sound. */
export function film(element, s) {
  const f = s.tried, width = element.clientWidth;
  if (!f) return waiting(element, "A network is learning to see a ball strike …");
  const n = f.chances.length, w = frame({ left: 40, top: 8, width: width - 52, height: 110, x: [0, n - 1], y: [0, 1.05] });
  element.innerHTML = `<p class="quiet">Try it: another ball is dropped, and nothing is heard. From three frames at a time the network says whether something strikes just then. Dots are the true strikes.</p><img class="strip" src="${f.strip}" alt="The film, frame by frame"><div></div>${beside(f, "always “nothing”")}`;
  show(element.querySelector("div"), width, 150, [axes(w, { countY: 2, textY: percent, across: "frame" }), inside(w, [path(w, f.chances.map((p, i) => [i, p]), "first bold")]), f.true.map((yes, i) => (yes ? tag("circle", { cx: w.X(i), cy: w.Y(1), r: 5, class: "dot second" }) : "")), line(w, [0, 0.5], [n - 1, 0.5], "quiet dashed")], "How sure the network is of a strike, frame by frame");
}

/** A phrase in another language, beside the nearest that was learnt. */
export function phrase(element, s) {
  const f = s.tried;
  if (!f) return waiting(element, "A network is learning to translate …");
  element.innerHTML = `<p class="quiet">Try it: the network has learnt 168 phrases such as “she has two red cars”, made of i see, we buy, she has; one to four; red, old, small, new; car, house, book, horse, bed. It writes one piece of a word after another.</p><p class="said">${escape(f.answer) || "…"}</p><p class="quiet">The nearest phrase it has learnt${f.known ? ", this very one" : ""}: ${escape(f.nearest[0])}, ${escape(f.nearest[1])}.</p>${beside(f, "the nearest phrase")}<p class="quiet">Give it a word that it never saw, and it writes something fluent and wrong.</p>`;
}
