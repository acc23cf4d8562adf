// The line to a training worker: wishes go out, pictures come in, the next one when the last is drawn.

/** Numbers of a message: a JSON head, then the arrays it names. */
export function decode(buffer) {
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
export const page = (state) => Object.fromEntries(Object.entries(state).filter(([key, value]) => !["past", "built"].includes(key) && (["string", "number"].includes(typeof value) || (Array.isArray(value) && value.every((each) => typeof each === "string")))));

/** Open a line; `heard` is given what comes, `told` a sentence when something is wrong. */
export function open(heard, told, figure) {
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
