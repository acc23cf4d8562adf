// Nine applications, one at a time: the data, the task, the command; and where it can be, a try.

import { plain } from "../plot.js";
import { driving, film, game, phrase, said } from "../tries.js";

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const now = (s) => s.applications[s.which - 1];
const ASKED = { driving: (s) => ({ which: "driving", bend: s.bend }), film: (s) => ({ which: "film", film: s.film }), phrase: (s) => ({ which: "phrase", sentence: s.phrase }) };

function card(a) {
  const lines = [["A row is", a.data], ["Its columns", a.columns], ["Predicted is", a.target], ["Measured by", a.measure], ["The simple way", a.simple], ["Mind", a.mind], ...(a.lacking ? [["Not done here", a.lacking]] : [])];
  return `<dl class="card">${lines.map(([k, v]) => `<div><dt>${k}</dt><dd>${escape(v)}</dd></div>`).join("")}</dl><pre class="command" tabindex="0">${escape(a.command)}</pre>`;
}

const LINKS = { inside: ["inside", "Try it in “Looking inside”: the last figure dreams."], data: ["data", "Try it in “Your data”: choose a table there, then go through the chapters."], screening: ["", "Try it above: the first figure of this page is its most important question."] };

export default {
  state: { which: 2, sentence: "After a month, the kettle is not wonderful.", board: [..."·········"], applications: [], phrase: "she has two red cars", bend: 0.4, film: 1, found: null, tried: null, change: null },
  start({ change }) { change({ change }, true); },
  prepare: [
    { needs: (s) => (now(s)?.demo === "text" ? s.sentence : ""), get: async (s, ask) => (now(s)?.demo === "text" ? { found: await ask("said", { sentence: s.sentence }) } : {}) },
    { needs: (s) => ASKED[now(s)?.demo]?.(s) ?? "", get: async (s, ask) => {
      const demo = now(s)?.demo;
      return ASKED[demo] ? { tried: { ...(await ask("tried", ASKED[demo](s))), of: demo } } : {};
    } },
  ],
  controls: [
    { key: "which", label: "Application", top: true, range: [1, 9, 1], show: (v, s) => now({ ...s, which: v })?.name ?? "" },
    { key: "sentence", label: "A sentence", when: (s) => now(s).demo === "text" },
    { key: "phrase", label: "A phrase in English", suggest: ["she has two red cars", "we buy three old houses", "i see one small book"], when: (s) => now(s).demo === "phrase" },
    { key: "bend", label: "How the road bends", range: [-1, 1, 0.02], when: (s) => now(s).demo === "driving" },
    { key: "film", label: "Film", range: [1, 50, 1], when: (s) => now(s).demo === "film" },
  ],
  draw(element, s) {
    const a = now(s);
    element.innerHTML = `<div class="nine"><h3>${s.which}. ${escape(a.name)}</h3>${card(a)}<div class="try"></div></div>`;
    const place = element.querySelector(".try");
    const tried = { ...s, tried: s.tried?.of === a.demo ? s.tried : null };
    if (a.demo === "text") said(place, s);
    else if (ASKED[a.demo]) ({ driving, film, phrase })[a.demo](place, tried);
    else if (a.demo === "game") game(place, s, s.change);
    else if (LINKS[a.demo]) place.innerHTML = LINKS[a.demo][0] ? `<p><a href="${document.body.dataset.root}/${LINKS[a.demo][0]}">${LINKS[a.demo][1]}</a></p>` : `<p class="quiet">${LINKS[a.demo][1]}</p>`;
    else place.innerHTML = `<p class="quiet">There is nothing to try on this page: it takes data of yours, and longer than one waits here.</p>`;
    return null;
  },
  says(s) {
    const a = now(s), f = s.tried;
    if (a?.demo === "text" && s.found?.levels.length) return `${a.name}: the network answers “${s.found.levels[0][0]}”, ${plain(100 * s.found.levels[0][1], 3)} % sure.`;
    if (f && f.of === a.demo) return a.demo === "driving" ? `${a.name}: it turns the wheel by ${plain(f.answer, 3)} degrees; ${plain(f.true, 3)} were wanted.` : a.demo === "phrase" ? `${a.name}: it writes “${f.answer}”.` : `${a.name}: in film ${s.film} it hears ${f.chances.filter((p, i) => p > 0.5 && !(f.chances[i - 1] > 0.5)).length} strikes where there are ${f.true.filter(Boolean).length}.`;
    return `${a.name}: from ${a.data}, predict ${a.target}.`;
  },
  numbers: (s) => ({ caption: "All nine", headings: ["application", "a row", "predicted", "measured by", "command"], rows: s.applications.map((a) => [a.name, a.data, a.target, a.measure, a.command]) }),
  python: (s) => `# on the command line\n# ${now(s).command}\nimport pellucid\n\nmodel = pellucid.learn("${now(s).command.split(" ")[2] ?? "table.csv"}", target="${now(s).command.split("--target ")[1]?.split(" ")[0] ?? "y"}")\n`,
  question: () => ({ text: "Of a thousand reports ten are unreliable. A model says “reliable” every time. How many percent of its answers are right?", answer: 99, slips: [{ value: 1, says: "Those are the ones it gets wrong." }, { value: 0, says: "It finds none of the unreliable ones, and is right about all the others." }, { value: 50, says: "The classes are not equally frequent." }] }),
};
