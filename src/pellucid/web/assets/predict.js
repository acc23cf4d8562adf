// Predict first: the page asks, the reader answers, then the working shows where the two part.

import { plain } from "./plot.js";

export function predicting(place, figure, state, change) {
  const explains = figure.working && !figure.note; // a note says that something else is worked
  const beside = figure.working ? place.querySelector(".beside") : corner(place);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "ask";
  button.textContent = "Predict first";
  (beside.querySelector("header") ?? beside).append(button);
  const box = document.createElement("form");
  box.className = "question";
  box.hidden = true;
  box.innerHTML = `<label><span></span><input type="text" inputmode="decimal" autocomplete="off"></label>
<button>Check</button><p class="told" role="status"></p>`;
  (beside.querySelector("header") ?? beside).after(box);
  const [asked, input, told] = ["label span", "input", ".told"].map((each) => box.querySelector(each));
  let answered = true;

  if (figure.veiled) place.classList.add("veiled"); // the drawing would give the answer away
  const end = () => { place.classList.remove("asking"); answered = true; };
  button.addEventListener("click", () => {
    if (figure.challenge) change(figure.challenge(state()), true);
    asked.textContent = figure.question(state()).text;
    input.value = told.textContent = "";
    box.hidden = false;
    answered = false;
    place.classList.add("asking");
    button.textContent = "Another one";
    input.focus();
  });
  box.addEventListener("submit", (event) => {
    event.preventDefault();
    const { answer, slips = [], near: apart } = figure.question(state());
    const value = read(input.value);
    if (!Number.isFinite(value)) { told.textContent = "Give one number, as 3.5, −2 or 1/3."; return; }
    const near = (other) => Math.abs(value - other) <= (apart ?? 0.006 * Math.max(1, Math.abs(other)));
    const slip = slips.find((each) => near(each.value));
    told.className = `told ${near(answer) ? "right" : "wrong"}`;
    told.textContent = near(answer)
      ? `Right: ${plain(answer)}. ${explains ? "The working shows why." : ""}`
      : `It is ${plain(answer)}. ${slip ? slip.says : explains ? "Compare with the working, line by line." : "Compare with the figure."}`;
    end();
  });
  return { moved() { if (!answered) { end(); box.hidden = true; } } };
}

/** Above the drawing of a figure that has no working beside it. */
function corner(place) {
  const made = document.createElement("div");
  made.className = "asks";
  made.innerHTML = "<header></header>";
  place.querySelector(".shown").prepend(made);
  return made;
}

/** A number as people write it: 1/3, −2, 0,5. */
function read(text) {
  const clean = text.trim().replace(/−/g, "-").replace(",", ".");
  const [above, below] = clean.split("/");
  return clean === "" ? NaN : Number(above) / (below === undefined ? 1 : Number(below));
}
