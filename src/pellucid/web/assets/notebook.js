
// What a notebook calls; the modules stand above it, and FIGURE is the figure's name.

export default {
  render({ model, el }) {
    const shadow = el.attachShadow({ mode: "open" }), waiting = new Map();
    const style = document.createElement("style"), place = document.createElement("section");
    style.textContent = model.get("style");
    place.className = "figure lab";
    shadow.append(style, place);
    model.on("msg:custom", (told) => { waiting.get(told.number)?.(told); waiting.delete(told.number); });
    let number = 0;
    const ask = async (what, question) => {
      const told = await new Promise((heard) => { waiting.set(++number, heard); model.send({ number, what, question }); });
      if (told.answer.fault) throw new Error(told.answer.fault);
      return told.answer;
    };
    const figure = modules["figures/FIGURE.js"].default, names = Object.keys(model.get("state"));
    const change = modules["mount.js"].mount(place, figure, model.get("state"), ask);
    place.addEventListener("drawn", ({ detail }) => {
      const now = Object.fromEntries(Object.keys(figure.state).filter((name) => detail[name] !== null && typeof detail[name] !== "function").map((name) => [name, detail[name]]));
      if (JSON.stringify(now) === JSON.stringify(model.get("state"))) return;
      model.set("state", now);
      model.save_changes();
    });
    model.on("change:state", () => change(model.get("state"), true));
  },
};
