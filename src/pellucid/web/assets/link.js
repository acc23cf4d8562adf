// The line to a training worker: wishes go out, pictures come in, the next one when the last is drawn.

/** Numbers of a message: a JSON head, then the arrays it names. */
function decode(buffer) {
  const size = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
  const kinds = { uint8: Uint8Array, int32: Int32Array, float32: Float32Array };
  const fill = (value) => {
    if (Array.isArray(value)) return value.map(fill);
    if (value === null || typeof value !== "object") return value;
    if (value.array) {
      const made = new kinds[value.array](buffer, 4 + size + value.start, value.shape.reduce((a, b) => a * b, 1));
      made.shape = value.shape;
      return made;
    }
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each)]));
  };
  return fill(head);
}

/** The name by which this page finds its worker again when it is loaded once more. */
function own(figure) {
  const key = `training ${location.pathname} ${figure}`;
  const name = sessionStorage.getItem(key) ?? crypto.randomUUID();
  sessionStorage.setItem(key, name);
  return name;
}

/** How the controls stand: what of a state is a word, a number, or a list of words. */
const page = (state) => Object.fromEntries(Object.entries(state).filter(([key, value]) => !["past", "built"].includes(key) && (["string", "number"].includes(typeof value) || (Array.isArray(value) && value.every((each) => typeof each === "string")))));

/** Open a line; `heard` is given what comes, `told` a sentence when something is wrong. */
function open(heard, told, figure) {
  const root = document.body.dataset.root ?? "";
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${root}/training?name=${own(figure)}`);
  socket.binaryType = "arraybuffer";
  const waiting = [];
  const send = (wish) => (socket.readyState === 1 ? socket.send(JSON.stringify(wish)) : waiting.push(wish));
  socket.addEventListener("open", () => { told(""); waiting.splice(0).forEach(send); send({ do: "next" }); });
  socket.addEventListener("message", ({ data }) => {
    const found = decode(data);
    if (found.fault) { told(found.fault); return; }
    heard(found);
    if (found.step !== undefined) requestAnimationFrame(() => send({ do: "next" }));
  });
  socket.addEventListener("close", (event) => told(event.reason || "The lab has ended, or was started anew: load the page again."));
  return { send, close: () => socket.close() };
}

/** How a training goes on; it may change while it learns. */
export const pace = (s) => ({ rate: Number(s.rate), batch: Number(s.batch), method: s.method, stride: Number(s.stride) });

/** What a figure does with its worker: `made` says what is learnt, `anew` is what a new network sets back. */
export function following(made, anew = {}) {
  const built = (s) => JSON.stringify(made(s));
  return {
    start({ change, state, element }) {
      const told = (say) => { element.querySelector(".fault").textContent = say; };
      const link = open((found) => {
        if (found.constant) change({ constant: found.constant, frame: null, ...anew, ...found.page, ...(found.page ? { past: null, built: built({ ...state(), ...found.page }) } : {}) }, true);
        else change({ frame: found, past: found.latest ? found.last : state().past ?? found.step }, true);
      }, told, [...document.querySelectorAll("[data-figure]")].indexOf(element));
      change({ link }, true);
      addEventListener("pagehide", link.close);
    },
    prepare: [
      { needs: made, get: async (s) => {
        if (built(s) === s.built) return {}; // a page that was loaded again has found its network
        s.link.send({ do: "new", resume: s.built === null, page: page(s), ...made(s), ...pace(s) });
        return { built: built(s) };
      } },
      { needs: pace, get: async (s) => { s.link.send({ do: "set", page: page(s), ...pace(s) }); return {}; } },
    ],
  };
}

/** A new network in the old one's place. */
export const restart = (made) => (s) => { s.link.send({ do: "new", page: page(s), ...made(s), ...pace(s) }); };
