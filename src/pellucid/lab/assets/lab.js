// A page of the lab: every figure on it is fetched and put into its place.

import { mount } from "./mount.js";

for (const place of document.querySelectorAll("[data-figure]")) {
  import(`./figures/${place.dataset.figure}.js`)
    .then((module) => mount(place, module.default, JSON.parse(place.dataset.state || "{}")));
}
