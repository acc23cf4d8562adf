// A page of the lab: every figure on it is fetched and put into its place.

import { mount } from "./mount.js";
import { tie } from "./prose.js";

for (const form of document.querySelectorAll("form.upload")) import("./upload.js").then((module) => module.upload(form));

for (const place of document.querySelectorAll("[data-figure]")) {
  import(`./figures/${place.dataset.figure}.js`)
    .then((module) => tie(place, mount(place, module.default, JSON.parse(place.dataset.state || "{}"))));
}
