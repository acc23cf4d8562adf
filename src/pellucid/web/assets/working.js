// The working beside a figure: a lesson of the library called with the figure's own numbers.

import { newest } from "./ask.js";

const PAUSE = 90; // ms at rest before the working is asked for

export function working(place, figure, ask) {
  place.innerHTML = `<header><h3>The working</h3></header>${figure.note ? `<p class="quiet note">${figure.note}</p>` : ""}<div class="worked" aria-live="off"></div>`;
  const body = place.querySelector(".worked");
  const below = () => body.classList.toggle("more", body.scrollHeight - body.scrollTop - body.clientHeight > 6);
  body.addEventListener("scroll", below, { passive: true });
  body.addEventListener("toggle", below, true); // a line that is opened or folded
  let shown = "", timer = 0;
  const fetch = newest(async (question) => {
    try {
      const answer = await ask(question.about ?? "lesson", question);
      replace(body, answer.html);
      body.classList.remove("stale");
      below();
    } catch (fault) {
      body.innerHTML = `<p class="fault"></p>`;
      body.firstChild.textContent = fault.message;
    }
  });
  return {
    update(state) {
      const question = figure.working(state);
      const key = JSON.stringify(question);
      if (!question || key === shown) return;
      shown = key;
      body.classList.add("stale");
      clearTimeout(timer);
      timer = setTimeout(() => fetch(question), PAUSE);
    },
  };
}

/** Put the new working in; what the reader had folded or opened stays so. */
function replace(body, html) {
  const were = [...body.querySelectorAll("details")].map((each) => each.open);
  const top = body.scrollTop;
  body.innerHTML = html;
  const are = body.querySelectorAll("details");
  if (were.length !== are.length && (matchMedia("(max-width: 939px)").matches || body.closest(".wide"))) are.forEach((each) => { each.open = false; });
  if (were.length === are.length) are.forEach((each, i) => { each.open = were[i]; });
  for (const heading of body.querySelectorAll("h1")) {
    const lower = document.createElement("h4");
    lower.className = "rule";
    lower.textContent = heading.textContent;
    heading.replaceWith(lower);
  }
  for (const wide of body.querySelectorAll(".chain-line, .result, .given li")) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0; // the keyboard can scroll it
  }
  body.scrollTop = top;
}
