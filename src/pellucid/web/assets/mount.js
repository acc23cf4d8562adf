// A figure in its place: the drawing, its controls, what it says, its numbers, and the working beside it.

import { ask } from "./ask.js";
import { controls } from "./controls.js";
import { listen } from "./pointer.js";
import { plain } from "./plot.js";
import { predicting } from "./predict.js";
import { working } from "./working.js";

const SKELETON = `
<div class="stage">
  <div class="shown">
    <form class="controls bar"></form>
    <div class="drawing"></div>
    <p class="says" aria-hidden="true"></p><p class="hidden" role="status"></p>
    <p class="fault" role="alert"></p>
    <form class="controls rest"></form>
    <div class="extras">
      <details class="numbers"><summary>The numbers</summary><div class="scroll" tabindex="0"></div></details>
      <details class="code"><summary>As Python</summary><pre tabindex="0"></pre><button type="button">Copy</button></details>
    </div>
  </div>
  <aside class="beside" aria-label="The working"></aside>
</div>`;

/** Show a figure; gives a function that changes its state. */
export function mount(place, figure, given, asking = ask) {
  const title = place.querySelector(".title");
  place.innerHTML = SKELETON;
  if (title) place.prepend(title);
  const part = (name) => place.querySelector(name);
  let state = { ...figure.state, ...given };
  let frame = null;

  const prepared = {};
  let busy = 0; // questions that are not answered yet
  const fetchers = (figure.prepare ?? []).map((each, i) => async () => {
    const key = JSON.stringify(each.needs(state));
    if (prepared[i] === key) return;
    prepared[i] = key;
    place.classList.toggle("busy", ++busy > 0);
    try {
      const patch = await each.get(state, asking);
      if (prepared[i] !== key) return; // the state has moved on
      part(".fault").textContent = "";
      change(patch, true);
    } catch (fault) { if (prepared[i] === key) part(".fault").textContent = fault.message; }
    finally { place.classList.toggle("busy", --busy > 0); }
  });

  const form = controls(part(".bar"), part(".rest"), figure, () => state, change);
  const beside = figure.working ? working(part(".beside"), figure, asking) : null;
  const predict = figure.question ? predicting(place, figure, () => state, change) : null;
  if (!beside) place.classList.add("alone");
  if (figure.wide) place.classList.add("wide");

  let due = 0;
  function change(patch, silent = false) {
    state = { ...state, ...patch };
    if (figure.settle) state = { ...state, ...figure.settle(state) };
    if (!silent && predict) predict.moved();
    if (!due) due = requestAnimationFrame(render);
  }

  function render() {
    due = 0;
    fetchers.forEach((fetcher) => fetcher());
    frame = figure.draw(part(".drawing"), state) ?? frame;
    const says = figure.says?.(state) ?? "";
    part(".says").textContent = says.replaceAll(" %", "\u00a0%"); // a number and its sign stay on one line
    later(says);
    form.update(state);
    if (part(".numbers").open) numbers();
    if (part(".code")?.open) code();
    beside?.update(state);
    place.dispatchEvent(new CustomEvent("drawn", { detail: state }));
    place.dataset.drawn = String(Number(place.dataset.drawn ?? 0) + 1);
  }

  let timer = 0;
  function later(says) { // read aloud only when the figure has come to rest
    clearTimeout(timer);
    timer = setTimeout(() => { part("[role=status]").textContent = says; }, 700);
  }

  const drawn = () => part(".drawing").childElementCount > 0; // before that there is nothing to tell
  function numbers() { if (drawn()) part(".numbers .scroll").replaceChildren(table(figure.numbers(state))); }
  function code() { if (drawn()) part(".code pre").textContent = (figure.python ?? call)(state, figure); }
  part(".numbers").addEventListener("toggle", numbers);
  if (!figure.working && !figure.python) part(".code").remove();
  part(".code")?.addEventListener("toggle", code);
  part(".code button")?.addEventListener("click", async (event) => {
    await navigator.clipboard.writeText(part(".code pre").textContent);
    event.target.textContent = "Copied";
    setTimeout(() => { event.target.textContent = "Copy"; }, 1500);
  });
  if (figure.drag) listen(part(".drawing"), figure, () => state, () => frame, change);
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.round(entry.contentRect.width);
    place.style.setProperty("--tall", `${Math.round(entry.contentRect.height)}px`);
    if (now !== width) { width = now; if (!due) due = requestAnimationFrame(render); }
  }).observe(part(".drawing"));
  figure.start?.({ change, state: () => state, element: place });
  change({}, true);
  return change;
}

/** The lesson beside the figure as a call of the library. */
function call(state, figure) {
  const question = figure.working(state);
  if (!question) return ""; // its numbers are not there yet
  const { lesson, arguments: given = [], options = {} } = question;
  const parts = [lesson, ...given].map((each) => JSON.stringify(String(each)));
  parts.push(...Object.entries(options).map(([name, value]) => `${name}=${JSON.stringify(String(value))}`));
  return `import pellucid\n\nprint(pellucid.lesson(${parts.join(", ")}))\n`;
}

/** Numbers as a table of the page. */
export function table({ caption = "", headings, rows }) {
  const made = document.createElement("table");
  if (caption) made.createCaption().textContent = caption;
  const head = made.createTHead().insertRow();
  for (const each of headings) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = each;
    head.append(cell);
  }
  const body = made.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const value of row) {
      const cell = line.insertCell();
      cell.textContent = typeof value === "number" ? plain(value, 6) : value ?? "–";
      if (cell.textContent.length > 60) cell.className = "long";
    }
  }
  return made;
}
