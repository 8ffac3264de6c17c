// The end of the module in a notebook: what anywidget calls.

import { mount } from "./player.mjs";

const render = ({ model, el }) => {
  const host = document.createElement("div");
  el.append(host);
  const player = mount(host, model.get("payload"));
  return () => player?.stop();
};

export default { render };
