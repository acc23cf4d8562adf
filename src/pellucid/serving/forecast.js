// A forecast's page: rows of a table go in, the steps to come are drawn behind those that were.

const place = (id) => document.getElementById(id);
const about = JSON.parse(place("about").textContent);
const { time, series, target, numbers } = about.forecast;
const SHOWN = 3; // horizons of the past that are drawn
const PAUSE = 350; // ms of quiet before a change is asked about
let asked = 0, timer = 0, told = null;

/** The rows of a text with headings, parted by commas, semicolons or tabs; quoted cells may hold any of them. */
export function rows(text) {
  const head = text.slice(0, text.search(/\n|$/));
  const sign = [",", ";", "\t"].sort((a, b) => head.split(b).length - head.split(a).length)[0];
  const lines = [];
  let line = [], cell = "", quoted = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (quoted && letter === '"' && text[i + 1] === '"') { cell += '"'; i++; }
    else if (letter === '"') quoted = !quoted;
    else if (!quoted && letter === sign) { line.push(cell); cell = ""; }
    else if (!quoted && letter === "\n") { lines.push([...line, cell]); line = []; cell = ""; }
    else if (letter !== "\r") cell += letter;
  }
  if (cell || line.length) lines.push([...line, cell]);
  return lines.filter((each) => each.some((one) => one.trim()));
}

function records() {
  const [head = [], ...lines] = rows(place("table").value);
  const names = head.map((name) => name.trim());
  return lines.map((line) => Object.fromEntries(names.map((name, i) => [name, value(name, (line[i] ?? "").trim())])));
}

const value = (name, text) => (text === "" ? null : numbers.includes(name) && Number.isFinite(Number(text)) ? Number(text) : text);

async function ask() {
  const turn = ++asked, given = records();
  if (!given.length) return refuse("Nothing is given yet: paste rows with their headings, or choose a file.");
  const started = performance.now();
  place("answer").classList.add("stale");
  const response = await fetch("/predict", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ records: given }) }).catch(() => null);
  const found = await response?.json().catch(() => null);
  if (turn !== asked) return;
  place("answer").classList.remove("stale");
  if (!found) return refuse("The server does not answer.");
  place("curl").textContent = `curl ${location.origin}/predict -H 'content-type: application/json' \\\n  -d '{"records": ${JSON.stringify(given.slice(0, 2)).replaceAll("'", "'\\''")}}'  # and ${Math.max(0, given.length - 2)} more`;
  place("json").textContent = JSON.stringify({ ...found, predictions: found.predictions?.slice(0, 2) }, null, 2);
  if (!response.ok) return refuse(`${found.error}.`.replace(/\.\.$/, "."));
  told = { ...found, given };
  const names = [...new Set(found.predictions.map((each) => (series ? each[series] : "")))];
  place("which").replaceChildren(...names.map((name) => new Option(name, name)));
  place("choice").hidden = names.length < 2;
  place("notes").hidden = !found.notes.length;
  place("notes").replaceChildren(...found.notes.map((note) => element("li", "", `${note.field}: ${note.problem}`)));
  draw();
  place("took").textContent = `${given.length.toLocaleString("en")} rows, answered in ${Math.round(performance.now() - started)} ms by weights ${found.model}.`;
}

function refuse(words) {
  place("answer").replaceChildren(element("p", "fault", words));
  place("choice").hidden = place("notes").hidden = true;
  place("took").textContent = "";
}

function draw() {
  const name = place("which").value, own = (each) => !series || String(each[series] ?? "") === name;
  const ahead = told.predictions.filter(own).map((each) => ({ when: each[time], ...each[target] }));
  const past = told.given.filter((each) => own(each) && Number.isFinite(each[target])).slice(-SHOWN * ahead.length).map((each) => ({ when: each[time], value: each[target] }));
  const first = ahead[0];
  place("answer").replaceChildren(
    element("p", "asked", `${target}${name ? `, ${name}` : ""}: the next ${ahead.length} steps`), chart(past, ahead),
    element("p", "sure", `The first, ${first.when}: ${plain(first.value)}. ${Math.round(100 * first.coverage)} % of such values lie between ${plain(first.low)} and ${plain(first.high)}.`), table(ahead),
  );
}

function chart(past, ahead) {
  const width = place("answer").clientWidth || 480, height = 250, left = 46, low = height - 26;
  const all = [...past, ...ahead], values = [...past.map((p) => p.value), ...ahead.flatMap((p) => [p.low, p.high])];
  const least = Math.min(...values), most = Math.max(...values), span = most - least || 1;
  const X = (i) => left + (i / Math.max(1, all.length - 1)) * (width - left - 8), Y = (v) => 12 + ((most - v) / span) * (low - 18);
  const points = (list, from, key) => list.map((p, i) => `${X(from + i).toFixed(1)},${Y(p[key]).toFixed(1)}`);
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img", class: "ahead", "aria-label": `The past and the forecast of ${target}, as in the table below` });
  for (const v of [least, (least + most) / 2, most]) svg.append(shape("line", { class: "grid", x1: left, x2: width - 8, y1: Y(v), y2: Y(v) }), words(left - 7, Y(v) + 4, plain(v), "end"));
  const n = past.length;
  svg.append(
    shape("polygon", { class: "band ours", points: [...points(ahead, n, "low"), ...points(ahead, n, "high").reverse()].join(" ") }),
    shape("polyline", { class: "line ink", points: points(past, 0, "value").join(" ") }),
    shape("polyline", { class: "line ours", points: points(n ? [past[n - 1], ...ahead] : ahead, Math.max(0, n - 1), "value").join(" ") }),
    words(left, height - 6, all[0].when, "start"), words(width - 8, height - 6, all.at(-1).when, "end"),
  );
  return svg;
}

function table(ahead) {
  const made = element("details"), inside = element("table");
  made.append(element("summary", "", "The numbers"), inside);
  const line = (cells, kind) => { const row = element("tr"); row.append(...cells.map((cell) => element(kind, "", cell))); return row; };
  inside.append(line([time, target, "low", "high"], "th"), ...ahead.map((p) => line([p.when, plain(p.value), plain(p.low), plain(p.high)], "td")));
  return made;
}

const plain = (number) => (number === null ? "–" : Number(Number(number).toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 8 }));

function element(name, kind = "", text = "") {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.textContent = text;
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, one] of Object.entries(attributes)) made.setAttribute(key, one);
  return made;
}

function words(x, y, text, anchor) {
  const made = shape("text", { x, y, class: "tick", "text-anchor": anchor });
  made.textContent = text;
  return made;
}

const csv = (list) => [Object.keys(list[0]), ...list.map(Object.values)].map((line) => line.map((cell) => (/[",\n;\t]/.test(cell ?? "") ? `"${cell.replaceAll('"', '""')}"` : cell ?? "")).join(",")).join("\n");
const soon = () => { clearTimeout(timer); timer = setTimeout(ask, PAUSE); };

place("form").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
place("table").addEventListener("input", soon);
place("which").addEventListener("change", draw);
place("example").addEventListener("click", () => { place("table").value = csv(about.example); ask(); });
place("clear").addEventListener("click", () => { place("table").value = place("file").value = ""; ask(); });
place("file").addEventListener("change", async () => { if (place("file").files.length) { place("table").value = await place("file").files[0].text(); ask(); } });
addEventListener("resize", () => { if (told && !place("answer").querySelector(".fault")) draw(); });
place("table").value ||= csv(about.example);
ask();
