// The bars above the networks, and the help below them. What is chosen goes to the player.

import { button, choice, digits, h, slider, tick } from "./controls.mjs";

export const SPEEDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

const KEYS = [
  ["Space", "play or pause"],
  [".  ,", "one step, 20 steps"],
  ["1 … 9", "a positive pulse on this input; with Shift a negative one"],
  ["s", "the chosen stimulus"],
  ["r", "back to rest"],
  ["f", "show or hide the fixed points"],
  ["b", "show or hide 200 particles"],
  ["u", "silence the chosen unit, or let it speak"],
  ["← → ↑ ↓", "on the cube: turn the view; with Shift move the state"],
];

const speedWords = (player, speed) => {
  const share = (speed * player.payload.dtMs) / 1000;
  const slower = `1/${digits(1 / share)} of real time`;
  return `${speed} steps/s, ${share === 1 ? "real time" : share > 1 ? `${digits(share)} × real time` : slower}`;
};

export const clockBar = (player) => {
  player.playButton = button("", "Space", () => player.play(!player.running), { class: "play" });
  player.playButton.firstChild.textContent = player.running ? "Pause" : "Play";
  const speed = slider({
    label: "Speed",
    low: 0,
    high: SPEEDS.length - 1,
    step: 1,
    value: player.speed,
    words: (at) => speedWords(player, SPEEDS[at]),
    change: (at) => (player.speed = at),
  });
  return h(
    "div",
    { class: "bar" },
    player.playButton,
    button("Step", ".", () => player.advance(1)),
    button("20 steps", ",", () => player.advance(20)),
    button("Back to rest", "r", () => player.rest()),
    speed.element,
  );
};

const inputButtons = (player, name, at) => {
  const key = at < 9 ? String(at + 1) : null;
  return h(
    "div",
    { class: "input", role: "group", "aria-label": name },
    h("span", { "aria-hidden": "true" }, name),
    button("−", key && `⇧${key}`, () => player.press(at, -1), { "aria-label": `negative pulse on ${name}` }),
    button("+", key, () => player.press(at, 1), { "aria-label": `positive pulse on ${name}` }),
  );
};

export const inputBar = (player) => {
  const { inputs, stimuli } = player.payload;
  const pulses = inputs.map((name, at) => inputButtons(player, name, at));
  if (stimuli.length === 0) return h("div", { class: "bar" }, ...pulses);
  const options = stimuli.map((stimulus, at) => [String(at), stimulus.name]);
  player.stimulus = choice({ label: "Stimulus", options, value: "0", change: () => {} });
  return h("div", { class: "bar" }, ...pulses, player.stimulus.element, button("Present", "s", () => player.present()));
};

const fresh = (positions) => positions.map((at) => ({ at, silenced: [], state: null }));

export const viewBar = (player, [first, second = -1]) => {
  const { networks } = player.payload;
  const names = networks.map((network, at) => [String(at), network.name]);
  const pick = (places) => {
    player.set({ ...player.settings, networks: fresh(places.filter((at) => at >= 0)) });
  };
  const one = choice({ label: "Network", options: names, value: String(first), change: (at) => pick([Number(at), second]) });
  const beside = [["-1", "none"], ...names];
  const two = choice({ label: "Beside it", options: beside, value: String(second), change: (at) => pick([first, Number(at)]) });
  player.pointsTick = tick({ label: "Fixed points", key: "f", checked: player.showPoints, change: (show) => player.showFixed(show) });
  player.cloudTick = tick({ label: "200 particles", key: "b", checked: player.cloud, change: (show) => player.scatter(show) });
  const undo = () => player.set({ ...player.defaults(), networks: fresh(player.settings.networks.map(({ at }) => at)) });
  const ownPage = location.protocol !== "about:";
  return h(
    "div",
    { class: "bar" },
    ...(networks.length > 1 ? [one.element, two.element] : []),
    player.pointsTick.element,
    player.cloudTick.element,
    button("Undo all changes", null, undo),
    ownPage ? button("Link to this state", null, () => player.share()) : null,
  );
};

export const help = () =>
  h(
    "details",
    {},
    h("summary", {}, "Keys, and what is shown"),
    h("dl", {}, ...KEYS.map(([key, does]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, does)))),
    h(
      "p",
      {},
      "Drag the large dot to move the state, and anything else to turn the view. Fixed points are those of the trained network without input; " +
        "they are pale while the network is changed. A cut connection and a silenced unit are 0 for all others. Particles start " +
        "anywhere along the three components and get no input. Where there is no cube, pale lines are the paths in the conditions of the task.",
    ),
  );
