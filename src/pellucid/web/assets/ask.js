// Questions to the lab's server; a fault is an Error with a sentence for people.

const root = () => document.body.dataset.root ?? "";

export async function ask(what, question) {
  const answer = await fetch(`${root()}/ask/${what}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(question),
  }).catch(() => { throw new Error("The lab does not answer: is it still running in your terminal?"); });
  const found = await answer.json().catch(() => ({ fault: `The lab answered ${answer.status}.` }));
  if (found.fault) throw new Error(found.fault);
  return found;
}

/** Run the newest of many calls: while one is under way only the last that came waits. */
export function newest(work) {
  let busy = false, waiting = null;
  return async function run(...given) {
    waiting = given;
    if (busy) return;
    busy = true;
    try {
      while (waiting) { const now = waiting; waiting = null; await work(...now); }
    } finally { busy = false; }
  };
}
