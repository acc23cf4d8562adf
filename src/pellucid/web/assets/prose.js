// Words of a chapter's text that set a figure: pressed, it shows what they speak of, and comes into view.

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Tie a figure to the words that mean it; they are marked while it stands as they say. */
export function tie(place, change) {
  const words = [...document.querySelectorAll(`button.sets[data-of="${place.dataset.figure}"]`)].filter((each) => meant(each) === place);
  let state = {}, moving = 0;
  place.addEventListener("drawn", ({ detail }) => {
    state = detail;
    for (const each of words) each.setAttribute("aria-current", stands(state, wanted(each)));
  });
  place.addEventListener("input", () => cancelAnimationFrame(moving)); // who takes hold of it has it
  for (const each of words) {
    each.addEventListener("click", () => {
      cancelAnimationFrame(moving);
      const to = wanted(each), seconds = still() ? 0 : Number(each.dataset.seconds ?? 0), from = { ...state, ...JSON.parse(each.dataset.begin ?? "{}") }, begun = performance.now();
      place.querySelector(".drawing").scrollIntoView({ block: "nearest", behavior: still() ? "auto" : "smooth" });
      const move = (now) => {
        const share = seconds ? Math.min(1, Math.max(0, now - begun) / (1000 * seconds)) : 1;
        change(Object.fromEntries(Object.entries(to).map(([key, end]) => [key, share < 1 ? between(from[key], end, share) : end])));
        if (share < 1) moving = requestAnimationFrame(move);
      };
      move(begun);
    });
  }
}

/** On the way from one number, or list of numbers, to another; what is neither is there at once. */
function between(from, to, share) {
  if (Array.isArray(to)) return to.map((each, i) => between(from?.[i], each, share));
  return typeof from === "number" && typeof to === "number" ? from + share * (to - from) : to;
}

const wanted = (words) => JSON.parse(words.dataset.set);
const stands = (state, to) => Object.entries(to).every(([key, value]) => JSON.stringify(state[key]) === JSON.stringify(value));

/** The first figure of that sort after the words; behind the last, the one before them. */
function meant(words) {
  const all = [...document.querySelectorAll(`[data-figure="${words.dataset.of}"]`)];
  return all.find((each) => words.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING) ?? all.at(-1);
}
