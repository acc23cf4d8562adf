// The form asks the server as it is changed, and draws what it answers.
import { offerCapture } from "./capture.js";

const about = JSON.parse(document.getElementById("about").textContent);
const form = document.getElementById("form");
const place = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const PAUSE = 220; // ms of quiet before a change is asked about
let asked = 0;
let timer = 0;

function controls() {
  return [...form.querySelectorAll("[name]")];
}

function record() {
  const cells = {};
  for (const control of controls()) {
    if (control.type === "file") continue;
    const text = control.value;
    const number = control.inputMode === "decimal" && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text);
    cells[control.name] = text === "" ? null : number ? Number(text) : text;
  }
  return cells;
}

function files() {
  return controls().filter((control) => control.type === "file" && control.files.length);
}

function request(truth = {}) {
  const chosen = files();
  const told = { ...record(), ...truth };
  if (!controls().some((control) => control.type === "file")) {
    return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ records: [told] }) };
  }
  const body = new FormData();
  body.append("record", JSON.stringify(told));
  for (const control of chosen) body.append(control.name, control.files[0]);
  return { method: "POST", body };
}

async function ask() {
  const turn = ++asked;
  if (controls().every((control) => !control.value)) return wait();
  place("answer").classList.add("stale");
  const started = performance.now();
  let response, told;
  try {
    response = await fetch("/predict", request());
    told = await response.json();
  } catch {
    if (turn === asked) refuse({ error: "The server does not answer.", problems: [] });
    return;
  }
  if (turn !== asked) return;
  place("answer").classList.remove("stale");
  program(told);
  faults(response.ok ? [] : told.problems);
  if (!response.ok) return refuse(told);
  show(told);
  strip(told.predictions[0]);
  place("took").textContent = `Answered in ${Math.round(performance.now() - started)} ms by weights ${told.model}.`;
}

function wait() {
  refuse({ error: "Nothing is given yet" });
  place("answer").firstChild.className = "quiet";
  place("strip").hidden = true;
  faults([]);
}

function refuse(told) {
  place("answer").replaceChildren(element("p", "fault", sentence(told.error)));
  place("answer").classList.remove("stale");
  place("took").textContent = "";
  place("notes").hidden = true;
}

function faults(problems) {
  for (const control of controls()) {
    const problem = problems.find((one) => one.field === control.name);
    const line = place(`${control.id}-fault`);
    line.hidden = !problem;
    line.textContent = problem ? sentence(problem.problem) : "";
    control.setAttribute("aria-describedby", problem ? line.id : `${control.id}-hint`);
    control.setAttribute("aria-invalid", String(Boolean(problem)));
  }
}

function show(told) {
  const answer = told.predictions[0];
  place("answer").replaceChildren(...about.targets.map((target) => drawn(target, answer[target.name])));
  const notes = told.notes.filter((note) => !note.problem.startsWith("not given"));
  place("notes").hidden = !notes.length;
  place("notes").replaceChildren(...notes.map((note) => element("li", "", `${note.field}: ${note.problem}${note.value ? ` (${note.value})` : ""}`)));
}

// On a narrow screen the answer lies below the form: its gist stays in sight.
function strip(answer) {
  const gist = about.targets.map((target) => {
    const { value, confidence } = answer[target.name];
    if (SEQUENCES[target.kind]) return `${target.name} ${value}`.slice(0, 90);
    return `${target.name} ${target.kind === "number" ? plain(value) : value}${confidence ? `, ${percent(confidence)} sure` : ""}`;
  });
  place("strip").textContent = gist.join(" · ");
  place("strip").hidden = false;
}

function drawn(target, answer) {
  const article = element("article", "target");
  article.append(element("p", "asked", target.name));
  if (SEQUENCES[target.kind]) article.append(SEQUENCES[target.kind](target, answer));
  else article.append(element("p", "value", target.kind === "number" ? plain(answer.value) : String(answer.value)));
  if (SEQUENCES[target.kind] && "confidence" in answer) article.append(element("p", "sure", `${percent(answer.confidence)} sure, word by word`));
  if (answer.probabilities) article.append(element("p", "sure", `${percent(answer.confidence)} sure`), levels(target, answer));
  if ("low" in answer) {
    const share = Math.round(100 * answer.coverage);
    article.append(element("p", "sure", `${share} % of such cases lie between ${plain(answer.low)} and ${plain(answer.high)}`));
    if (target.low < target.high) article.append(scale(target, answer));
  }
  return article;
}

// A tag stands under its word; where the words cannot be told apart, the tags stand alone.
const SEQUENCES = {
  tags(target, answer) {
    const tags = String(answer.value ?? "").split(/\s+/).filter(Boolean), words = String(record()[target.source] ?? "").split(/\s+/).filter(Boolean);
    const line = element("p", "value tagged");
    if (!tags.length) return element("p", "value none", "no words, no tags");
    tags.forEach((tag, i) => {
      const pair = element("span", tag === "O" ? "" : "named");
      if (words.length === tags.length) pair.append(element("b", "", words[i]), " ");
      pair.append(element("i", "", tag));
      line.append(pair, " ");
    });
    return line;
  },
  text: (target, answer) => element("p", "value written", String(answer.value ?? "")),
};

// Few levels stay in their own order, so that bars grow and shrink in place.
function levels(target, answer) {
  const table = element("table");
  const shares = answer.probabilities;
  const shown = target.levels ? target.levels : Object.keys(shares).sort((a, b) => shares[b] - shares[a]).slice(0, 8);
  for (const level of shown) {
    const share = shares[level] ?? 0;
    const row = element("tr", level === String(answer.value) ? "ours" : "");
    const name = element("th", "", level);
    name.scope = "row";
    name.title = level;
    const cell = element("td", "share");
    const svg = drawing({ "aria-hidden": "true" });
    svg.append(shape("rect", { class: "track", width: "100%", height: "100%" }));
    svg.append(shape("rect", { class: "bar", width: `${100 * Math.min(1, share)}%`, height: "100%" }));
    cell.append(svg);
    row.append(name, cell, element("td", "percent", percent(share)));
    table.append(row);
  }
  return table;
}

// The interval and the value on the range that was learned from.
function scale(target, answer) {
  const low = Math.min(target.low, answer.low), high = Math.max(target.high, answer.high);
  const at = (value) => `${(100 * (value - low)) / (high - low)}%`;
  const svg = drawing({ class: "scale", role: "img", "aria-label": `between ${plain(low)} and ${plain(high)}` });
  svg.append(shape("line", { class: "grid", x1: "0", x2: "100%", y1: 24, y2: 24 }));
  svg.append(shape("line", { class: "interval ours", x1: at(answer.low), x2: at(answer.high), y1: 24, y2: 24 }));
  svg.append(shape("circle", { class: "dot ours", cx: at(answer.value), cy: 24, r: 7 }));
  for (const [value, anchor, x] of [[target.low, "start", at(target.low)], [target.high, "end", at(target.high)]]) {
    svg.append(shape("line", { class: "stem", x1: x, x2: x, y1: 18, y2: 30 }));
    const text = shape("text", { class: "tick", x, y: 50, "text-anchor": anchor });
    text.textContent = plain(value);
    svg.append(text);
  }
  return svg;
}

function program(told) {
  const chosen = files().map((control) => `\\\n  -F '${control.name}=@${control.files[0].name}'`);
  const here = `${location.origin}/predict`;
  const quoted = (text) => text.replaceAll("'", "'\\''");
  place("curl").textContent = controls().some((control) => control.type === "file")
    ? `curl ${here} \\\n  -F 'record=${quoted(JSON.stringify(record()))}' ${chosen.join(" ")}`
    : `curl ${here} -H 'content-type: application/json' \\\n  -d '${quoted(JSON.stringify({ records: [record()] }))}'`;
  place("json").textContent = JSON.stringify(told, null, 2);
}

async function work() {
  const truth = {};
  for (const control of document.querySelectorAll("[data-truth]")) if (control.value.trim()) truth[control.dataset.truth] = control.value.trim();
  const panel = place("working");
  place("show").disabled = true;
  panel.hidden = false;
  panel.replaceChildren(element("p", "quiet", "Working it out …"));
  try {
    const response = await fetch("/explain?format=fragment", request(truth));
    if (response.ok) {
      panel.innerHTML = await response.text();
      const folded = matchMedia("(max-width: 859px)").matches ? "details" : "details details"; // else it runs for twenty screens
      for (const each of panel.querySelectorAll(folded)) each.open = false;
    }
    else panel.replaceChildren(element("p", "fault", sentence((await response.json()).error)));
  } catch {
    panel.replaceChildren(element("p", "fault", "The server does not answer."));
  }
  place("show").disabled = false;
  panel.scrollIntoView({ block: "start" });
  panel.focus({ preventScroll: true });
}

function element(name, kind, text) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function drawing(attributes) {
  return shape("svg", attributes);
}

function plain(value) {
  if (value === null) return "not finite";
  const size = Math.abs(value);
  if (size && (size >= 1e9 || size < 1e-3)) return value.toExponential(3);
  return value.toLocaleString("en", { maximumSignificantDigits: size >= 1000 ? 6 : 4 });
}

function percent(share) {
  const value = 100 * share;
  if (value > 99.9 && value < 100) return "over 99.9 %";
  if (value > 0 && value < 0.1) return "under 0.1 %";
  return `${value.toFixed(value < 10 || value > 99 ? 1 : 0)} %`;
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`.replace("..", ".");
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE);
}

function fill(cells) {
  for (const control of controls()) {
    control.value = control.type === "file" ? "" : (cells[control.name] ?? "");
    control.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

for (const slide of form.querySelectorAll(".slide")) {
  const number = place(slide.dataset.for);
  const whole = [slide.min, slide.max].every((limit) => Number.isInteger(Number(limit))) && slide.max - slide.min >= 5;
  slide.addEventListener("input", () => {
    number.value = whole ? Math.round(slide.value) : Number(Number(slide.value).toPrecision(4));
    later();
  });
  number.addEventListener("input", () => { if (number.value !== "") slide.value = number.value; });
}
form.addEventListener("input", later);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(timer);
  ask();
});
place("example").addEventListener("click", () => fill(about.example));
place("clear").addEventListener("click", () => fill({}));
new IntersectionObserver(([seen]) => place("strip").classList.toggle("away", seen.isIntersecting)).observe(place("answer"));
place("show")?.addEventListener("click", work);
offerCapture(form, later);
ask();
