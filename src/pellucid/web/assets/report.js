
// What a report calls: figures stand in it still, and are put into their places alive where scripts run.

for (const place of document.querySelectorAll(".live")) {
  const figure = modules[`figures/${place.dataset.figure}.js`].default, shadow = place.attachShadow({ mode: "open" });
  const style = document.createElement("style"), inside = document.createElement("section");
  style.textContent = document.getElementById("live-style").textContent;
  inside.className = `figure within ${place.closest("figure").querySelector(".words details") ? "beside-numbers" : ""}`;
  shadow.append(style, inside);
  place.hidden = false;
  place.closest("figure").classList.add("alive");
  const nobody = async () => { throw new Error("A report asks nobody."); };
  modules["mount.js"].mount(inside, { ...figure, working: undefined, python: undefined, prepare: [] }, JSON.parse(place.dataset.state), nobody);
}
