// Native controls for a figure's state: ranges, texts, choices, matrices, buttons, and a play button.

import { plain } from "./plot.js";

let count = 0;

/** Build the controls a figure asks for; `update` shows a state that was changed elsewhere. */
export function controls(bar, rest, figure, state, change) {
  const asked = typeof figure.controls === "function" ? figure.controls(state()) : figure.controls ?? [];
  const built = asked.map((each) => build(each, state, change, figure));
  built.forEach((each, i) => (asked[i].top ? bar : rest).append(each.element));
  for (const form of [bar, rest]) form.addEventListener("submit", (event) => event.preventDefault());
  return { update: (now) => built.forEach((each) => each.update?.(now)) };
}

function build(each, state, change, figure) {
  if (each.range) return slider(each, state, change);
  if (each.choices) return choice(each, change);
  if (each.matrix) return matrix(each, state, change);
  if (each.play) return play(each, state, change);
  if (each.action) return button(each, state, change, figure);
  if (each.several) return several(each, state, change);
  if (each.check) return checkbox(each, change);
  return words(each, change);
}

function labelled(each, cls = "") {
  const element = document.createElement("div");
  element.className = `control ${cls}`;
  const label = document.createElement("label");
  label.textContent = each.label;
  label.htmlFor = `control-${++count}`;
  element.append(label);
  return { element, id: label.htmlFor, label };
}

function slider(each, state, change) {
  const { element, id } = labelled(each, "slider");
  const input = document.createElement("input");
  const limits = (now) => (typeof each.range === "function" ? each.range(now) : each.range);
  const [min, max, step] = limits(state());
  Object.assign(input, { type: "range", id, min, max, step: step ?? "any" });
  input.name = each.key;
  const output = document.createElement("output");
  output.htmlFor = id;
  element.append(input, output);
  const shown = (value) => (each.show ? each.show(value, state()) : plain(value));
  input.addEventListener("input", () => {
    const value = each.from ? each.from(Number(input.value)) : Number(input.value);
    change(set(state(), each.key, value));
    each.send?.(state(), value);
  });
  return {
    element,
    update(now) {
      const value = get(now, each.key);
      if (typeof each.range === "function") input.max = limits(now)[1];
      input.value = each.to ? each.to(value) : value;
      output.textContent = shown(value);
      input.setAttribute("aria-valuetext", shown(value));
      element.hidden = each.when ? !each.when(now) : false;
    },
  };
}

function choice(each, change) {
  const { element, id } = labelled(each);
  const select = document.createElement("select");
  Object.assign(select, { id, name: each.key });
  element.append(select);
  select.addEventListener("change", () => change({ [each.key]: select.value }));
  let offered = "";
  return {
    element,
    update(now) {
      const choices = typeof each.choices === "function" ? each.choices(now) : each.choices;
      if (offered !== (offered = JSON.stringify(choices))) select.replaceChildren(...choices.map((c) => new Option(...(Array.isArray(c) ? [c[1], c[0]] : [c, c]))));
      select.value = now[each.key];
      element.hidden = each.when ? !each.when(now) : false;
    },
  };
}

function words(each, change) {
  const { element, id } = labelled(each, "words");
  const input = document.createElement("input");
  Object.assign(input, { type: "text", id, name: each.key, spellcheck: false, autocomplete: "off" });
  element.append(input);
  if (each.suggest) {
    const list = document.createElement("datalist");
    list.id = `${id}-list`;
    for (const say of each.suggest) list.append(new Option(say, say));
    input.setAttribute("list", list.id);
    element.append(list);
  }
  input.addEventListener("change", () => change({ [each.key]: input.value }));
  return { element, update: (now) => { if (!input.matches(":focus")) input.value = now[each.key]; element.hidden = each.when ? !each.when(now) : false; } };
}

function checkbox(each, change) {
  const { element, id, label } = labelled(each, "check");
  const input = document.createElement("input");
  Object.assign(input, { type: "checkbox", id, name: each.key });
  label.before(input);
  input.addEventListener("change", () => change({ [each.key]: input.checked }));
  return { element, update: (now) => { input.checked = now[each.key]; } };
}

function several(each, state, change) {
  const element = document.createElement("fieldset");
  element.className = "control several";
  const legend = document.createElement("legend");
  legend.textContent = each.label;
  element.append(legend);
  const boxes = each.several.map((say) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "checkbox", name: `${each.key}-${say}` });
    label.append(input, say);
    element.append(label);
    input.addEventListener("change", () => {
      const kept = boxes.filter((b) => b.input.checked).map((b) => b.say);
      if (kept.length) change({ [each.key]: kept }); else input.checked = true; // one must stay
    });
    return { input, say };
  });
  return {
    element,
    update(now) {
      for (const { input, say } of boxes) input.checked = now[each.key].includes(say);
      element.hidden = each.when ? !each.when(now) : false;
    },
  };
}

function matrix(each, state, change) {
  const element = document.createElement("fieldset");
  element.className = "control matrix";
  const legend = document.createElement("legend");
  legend.textContent = each.label;
  const grid = document.createElement("div");
  grid.className = "entries";
  const rows = get(state(), each.key);
  const flat = !Array.isArray(rows[0]);
  const columns = flat ? 1 : rows[0].length;
  grid.style.setProperty("--columns", columns);
  const inputs = rows.flatMap((row, i) => (flat ? [row] : row).map((_, j) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "number", step: 0.1, name: `${each.key}-${i}-${j}` });
    input.setAttribute("aria-label", flat ? `${each.label}, entry ${i + 1}` : `${each.label}, row ${i + 1}, column ${j + 1}`);
    input.addEventListener("input", () => {
      const value = Number(input.value);
      if (input.value === "" || !Number.isFinite(value)) return;
      const now = structuredClone(get(state(), each.key));
      if (flat) now[i] = value; else now[i][j] = value;
      change({ [each.key]: now });
    });
    grid.append(input);
    return { input, i, j };
  }));
  element.append(legend, grid);
  return {
    element,
    update(now) {
      const values = get(now, each.key);
      for (const { input, i, j } of inputs) if (!input.matches(":focus")) input.value = flat ? values[i] : values[i][j];
      element.hidden = each.when ? !each.when(now) : false;
    },
  };
}

function button(each, state, change, figure) {
  const element = document.createElement("div");
  element.className = "control";
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = each.label;
  made.name = each.action;
  if (each.main) made.className = "main";
  element.append(made);
  made.addEventListener("click", () => { const patch = figure.actions[each.action](state()); if (patch) change(patch); });
  return { element, update: (now) => { if (each.words) made.textContent = each.words(now); made.disabled = each.off ? each.off(now) : false; element.hidden = each.when ? !each.when(now) : false; } };
}

/** A button that moves a number from the start to the end in so many seconds. */
function play(each, state, change) {
  const element = document.createElement("div");
  element.className = "control";
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = each.label;
  made.name = `play-${each.play}`;
  element.append(made);
  let running = 0;
  const stop = () => { cancelAnimationFrame(running); running = 0; made.textContent = each.label; };
  made.addEventListener("click", () => {
    if (running) return stop();
    const [from, to] = [each.from ?? 0, typeof each.to === "function" ? each.to(state()) : each.to ?? 1];
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return change({ [each.play]: to });
    const begun = performance.now();
    made.textContent = "Stop";
    const move = (now) => {
      const share = Math.min(1, Math.max(0, now - begun) / (1000 * (each.seconds ?? 2)));
      const eased = each.whole ? share : share * share * (3 - 2 * share);
      const value = from + (to - from) * eased;
      change({ [each.play]: each.whole ? Math.round(value) : value });
      if (share < 1) running = requestAnimationFrame(move); else stop();
    };
    running = requestAnimationFrame(move);
  });
  return { element };
}

const get = (state, key) => key.split(".").reduce((value, part) => value[part], state);

function set(state, key, value) {
  const [first, ...rest] = key.split(".");
  if (!rest.length) return { [first]: value };
  const changed = structuredClone(state[first]);
  let place = changed;
  while (rest.length > 1) place = place[rest.shift()];
  place[rest[0]] = value;
  return { [first]: changed };
}
