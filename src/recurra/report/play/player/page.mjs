// The end of the module in a page: every element that asks for a player gets one.

import { mount } from "./player.mjs";

for (const host of document.querySelectorAll("[data-play]")) {
  mount(host, document.getElementById(host.dataset.play).textContent);
}
