// Nine applications, one at a time: the data, the task, the command; and where it can be, a try.

import { plain, show, tag, label } from "../plot.js";
import { play, winner } from "../noughts.js";

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const now = (s) => s.applications[s.which - 1];
const WORDS = { 1: "wins", 0: "draws", "-1": "loses" };

function card(a) {
  const lines = [["A row is", a.data], ["Its columns", a.columns], ["Predicted is", a.target], ["Measured by", a.measure], ["The simple way", a.simple], ["Mind", a.mind], ...(a.lacking ? [["Not done here", a.lacking]] : [])];
  return `<dl class="card">${lines.map(([k, v]) => `<div><dt>${k}</dt><dd>${escape(v)}</dd></div>`).join("")}</dl><pre class="command" tabindex="0">${escape(a.command)}</pre>`;
}

function said(element, s) {
  const { found } = s, width = element.clientWidth, step = 26;
  if (!found) { element.innerHTML = `<p class="quiet">A network is learning to read …</p>`; return; }
  const most = Math.max(1e-9, ...found.words.map(([, v]) => Math.abs(v)));
  element.innerHTML = `<p class="quiet">Try it: a sentence goes in, a class comes out. The network is ${escape(found.about)}; it predicts “${escape(found.target)}” from “${escape(found.column)}” of ${escape(found.name)} and has seen no news.</p><figure class="tinted"><p>${found.words.map(([w, v]) => `<span class="${Math.abs(v) < 0.08 * most ? "" : v < 0 ? "second" : "first"}" style="--strength: ${Math.round(12 + (46 * Math.abs(v)) / most)}%">${escape(w)}</span>`).join(" ") || "…"}</p></figure><div></div>`;
  show(element.lastChild, width, found.levels.length * step + 8, found.levels.map(([level, p], i) => label(110, 20 + i * step, String(level).slice(0, 14), "number", "end") + tag("rect", { x: 118, y: 7 + i * step, width: Math.max(1.5, p * (width - 190)), height: 17, rx: 2, class: "bar first" }) + label(124 + p * (width - 190), 20 + i * step, `${plain(100 * p, 3)} %`, "tick")), "How sure it is of each class");
}

function game(element, s, change) {
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

const LINKS = { inside: ["inside", "Try it in “Looking inside”: the last figure dreams."], data: ["data", "Try it in “Your data”: choose a table there, then go through the chapters."], screening: ["", "Try it above: the first figure of this page is its most important question."] };

export default {
  state: { which: 2, sentence: "After a month, the kettle is not wonderful.", board: [..."·········"], applications: [], found: null, change: null },
  start({ change }) { change({ change }, true); },
  prepare: [{ needs: (s) => (now(s)?.demo === "text" ? s.sentence : ""), get: async (s, ask) => (now(s)?.demo === "text" ? { found: await ask("said", { sentence: s.sentence }) } : {}) }],
  controls: [
    { key: "which", label: "Application", top: true, range: [1, 9, 1], show: (v, s) => now({ ...s, which: v })?.name ?? "" },
    { key: "sentence", label: "A sentence", when: (s) => now(s).demo === "text" },
  ],
  draw(element, s) {
    const a = now(s);
    element.innerHTML = `<div class="nine"><h3>${s.which}. ${escape(a.name)}</h3>${card(a)}<div class="try"></div></div>`;
    const place = element.querySelector(".try");
    if (a.demo === "text") said(place, s);
    else if (a.demo === "game") game(place, s, s.change);
    else if (LINKS[a.demo]) place.innerHTML = LINKS[a.demo][0] ? `<p><a href="${document.body.dataset.root}/${LINKS[a.demo][0]}">${LINKS[a.demo][1]}</a></p>` : `<p class="quiet">${LINKS[a.demo][1]}</p>`;
    else place.innerHTML = `<p class="quiet">There is nothing to try on this page: it takes data of yours, and longer than one waits here.</p>`;
    return null;
  },
  says: (s) => (now(s)?.demo === "text" && s.found?.levels.length ? `${now(s).name}: the network answers “${s.found.levels[0][0]}”, ${plain(100 * s.found.levels[0][1], 3)} % sure.` : `${now(s).name}: from ${now(s).data}, predict ${now(s).target}.`),
  numbers: (s) => ({ caption: "All nine", headings: ["application", "a row", "predicted", "measured by", "command"], rows: s.applications.map((a) => [a.name, a.data, a.target, a.measure, a.command]) }),
  python: (s) => `# on the command line\n# ${now(s).command}\nimport pellucid\n\nmodel = pellucid.learn("${now(s).command.split(" ")[2] ?? "table.csv"}", target="${now(s).command.split("--target ")[1]?.split(" ")[0] ?? "y"}")\n`,
  question: () => ({ text: "Of a thousand reports ten are unreliable. A model says “reliable” every time. How many percent of its answers are right?", answer: 99, slips: [{ value: 1, says: "Those are the ones it gets wrong." }, { value: 0, says: "It finds none of the unreliable ones, and is right about all the others." }, { value: 50, says: "The classes are not equally frequent." }] }),
};
