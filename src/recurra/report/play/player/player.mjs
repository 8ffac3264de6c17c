// The page: controls, keys, the clock, and one or two networks under the same inputs.

import { SPEEDS, clockBar, help, inputBar, viewBar } from "./bars.mjs";
import { Camera } from "./camera.mjs";
import { CELLS } from "./cells.mjs";
import { h } from "./controls.mjs";
import { paletteOf } from "./drawing.mjs";
import { fragmentOf, settingsOf } from "./link.mjs";
import { Panel } from "./panel.mjs";
import { readPayload } from "./payload.mjs";
import { listenToSpace } from "./pointer.mjs";
import { UNCHANGED } from "./simulation.mjs";
import { Stage } from "./stage.mjs";
import { Stimulation } from "./stimulation.mjs";
import { STYLE } from "./style.mjs";

const BUSY = 11; // ms of a frame that are used for steps
const TESTING = 3; // ms of a frame that are used for the test of the memories
const CLOUD = 4; // ms of a frame that are used for the particles of a network
const SHOWN = 400; // steps that the traces show
const SETTLED = 250; // ms for which outputs keep their signs before these are read out

// JupyterLab says on its body whether its theme is light; elsewhere the reader's preference counts.
const isDark = () => {
  const light = document.body.dataset.jpThemeLight;
  return light === undefined ? window.matchMedia("(prefers-color-scheme: dark)").matches : light === "false";
};

const stateSizeOf = (network) => network.units * CELLS[network.equations.kind].values;

export class Player {
  constructor(host, payload) {
    this.payload = payload;
    this.root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    this.camera = new Camera();
    this.stimulation = new Stimulation(payload.inputs.length, payload.pulse);
    this.still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.stops = new AbortController();
    this.owed = 0;
    this.told = h("p", { class: "hidden", role: "status", "aria-live": "polite" });
    this.toldOutputs = h("p", { class: "hidden", role: "status", "aria-live": "polite" });
    const linked = settingsOf(location.hash, payload, stateSizeOf);
    this.set(linked ?? this.defaults());
    this.play(!this.still);
    this.listen();
    this.watch(host);
    if (linked) host.scrollIntoView();
  }

  defaults() {
    const { networks, dtMs } = this.payload;
    const fastest = Math.min(100, 1000 / dtMs); // a hundred steps a second, or real time where that is slower
    return {
      networks: [{ at: 0, silenced: [], state: null }],
      changed: { ...UNCHANGED, checkpoint: networks[0].checkpoints.length - 1 },
      speed: Math.max(0, SPEEDS.findLastIndex((speed) => speed <= fastest)),
      showPoints: true,
      cloud: false,
    };
  }

  get settings() {
    const networks = this.stages.map(({ network, simulation }) => ({
      at: this.payload.networks.indexOf(network),
      silenced: [...simulation.silenced],
      state: simulation.state,
    }));
    const { changed, speed, showPoints, cloud } = this;
    return { networks, changed, speed, showPoints, cloud };
  }

  // Build the page for some settings.
  set({ networks, changed, speed, showPoints, cloud }) {
    Object.assign(this, { changed, speed, showPoints, cloud });
    this.stages = networks.map(({ at }) => new Stage(this.payload, this.payload.networks[at], this.camera));
    this.stages.forEach((stage, at) => this.restore(stage, networks[at]));
    this.panel = new Panel(this);
    const focused = this.focusable.indexOf(this.root.activeElement);
    this.build(networks.map(({ at }) => at));
    if (focused >= 0) this.focusable[focused]?.focus();
    this.change(changed);
    this.scatter(cloud);
  }

  get focusable() {
    return [...this.root.querySelectorAll("button, select, input, canvas[tabindex], summary")];
  }

  restore(stage, { silenced, state }) {
    silenced.forEach((unit) => stage.silence(unit, true));
    if (state) stage.simulation.state.set(state);
    const hold = (held) => (this.held = held);
    listenToSpace(stage, this.camera, { hold, changed: () => this.redraw() });
    stage.canvases.units.addEventListener("click", ({ offsetX, offsetY }) => {
      const unit = stage.unitRow.unitAt(offsetX, offsetY);
      if (unit !== null) this.silence(unit, [stage]);
    });
  }

  build(positions) {
    this.root.replaceChildren(
      h("style", {}, STYLE),
      h(
        "div",
        { class: "player" },
        clockBar(this),
        inputBar(this),
        viewBar(this, positions),
        h("div", { class: "stages" }, ...this.stages.map((stage) => stage.element)),
        this.panel.element,
        help(),
        this.told,
        this.toldOutputs,
      ),
    );
    this.dress();
  }

  dress() {
    this.palette = null;
    this.root.querySelector(".player").classList.toggle("dark", isDark());
  }

  say(words) {
    this.told.textContent = words;
  }

  redraw() {
    this.stale = true;
  }

  play(running) {
    Object.assign(this, { running, owed: 0 });
    this.playButton.firstChild.textContent = running ? "Pause" : "Play";
  }

  change(changed) {
    this.changed = changed;
    this.stages.forEach((stage) => stage.change(changed));
    this.panel.show();
    this.redraw();
  }

  // Silence a unit of some networks, or let it speak.
  silence(unit, stages = this.stages) {
    for (const stage of stages) stage.silence(unit, !stage.simulation.silenced.has(unit));
    const silent = stages[0].simulation.silenced.has(unit);
    this.say(`Unit ${unit + 1} ${silent ? "is silenced" : "speaks"}.`);
    this.panel.show();
    this.redraw();
  }

  speak() {
    for (const stage of this.stages) [...stage.simulation.silenced].forEach((unit) => stage.silence(unit, false));
    this.panel.show();
    this.redraw();
  }

  choose(unit) {
    this.stages.forEach((stage) => (stage.chosen = unit));
    this.redraw();
  }

  showFixed(show) {
    this.showPoints = show;
    this.pointsTick.input.checked = show;
    this.redraw();
  }

  scatter(wanted) {
    this.cloud = wanted;
    this.cloudTick.input.checked = wanted;
    this.stages.forEach((stage) => stage.scatter(wanted));
    this.redraw();
  }

  press(input, sign) {
    this.stimulation.press(input, sign);
    if (!this.running) this.say(`A ${sign > 0 ? "positive" : "negative"} pulse on ${this.payload.inputs[input]} waits for the next step.`);
  }

  present() {
    if (this.stimulus) this.stimulation.start(this.payload.stimuli[Number(this.stimulus.select.value)]);
  }

  rest() {
    this.stimulation.clear();
    this.stages.forEach((stage) => stage.rest());
    this.say("The network is at rest.");
    this.redraw();
  }

  async share() {
    location.hash = fragmentOf(this.settings);
    try {
      await navigator.clipboard.writeText(location.href);
      this.say("The link is copied.");
    } catch {
      this.say("The link is in the address bar.");
    }
  }

  // Some steps, all networks with the same inputs.
  advance(steps) {
    for (let step = 0; step < steps; step++) {
      const inputs = this.stimulation.next();
      this.stages.forEach((stage) => stage.step(inputs));
    }
    this.redraw();
  }

  // Frames are drawn while the player is in the window.
  watch(host) {
    const observer = new IntersectionObserver((entries) => {
      const visible = entries.at(-1).isIntersecting;
      cancelAnimationFrame(this.drawn);
      this.before = undefined;
      if (visible) this.drawn = requestAnimationFrame((now) => this.frame(now));
    });
    observer.observe(host);
    this.stops.signal.addEventListener("abort", () => {
      observer.disconnect();
      cancelAnimationFrame(this.drawn);
    });
  }

  stop() {
    this.stops.abort();
  }

  frame(now) {
    const passed = Math.min(100, now - (this.before ?? now));
    this.before = now;
    if (this.running && !this.held) this.run(passed);
    this.stages.forEach((stage) => stage.testMemories(TESTING));
    if (this.stale || this.palette === null) this.draw();
    this.announce(now);
    this.drawn = requestAnimationFrame((next) => this.frame(next));
  }

  run(passed) {
    this.owed += (passed * SPEEDS[this.speed]) / 1000;
    const end = performance.now() + BUSY;
    while (this.owed >= 1) {
      this.advance(1);
      this.owed -= 1;
      if (performance.now() > end) this.owed = 0; // slower than asked for, but never stuck
    }
    this.stages.forEach((stage) => stage.cloud?.step(CLOUD));
    this.redraw();
  }

  draw() {
    this.palette ??= paletteOf(this.root.querySelector(".player"));
    this.stale = false;
    const { palette, showPoints, changed } = this;
    const last = this.payload.networks[0].checkpoints.length - 1;
    const unchanged = changed.checkpoint === last && changed.gain === 1 && changed.damage.percent === 0;
    this.stages.forEach((stage) => stage.draw({ palette, showPoints, steps: SHOWN, unchanged }));
  }

  // Tell the signs of the outputs when they have changed and stayed so for a while.
  announce(now) {
    const signs = this.stages.map((stage) => stage.signs().split("").join(" ")).join("; ");
    if (signs !== this.signs) Object.assign(this, { signs, since: now });
    else if (now - this.since > SETTLED && this.toldOutputs.textContent !== `Outputs ${signs}`) {
      this.toldOutputs.textContent = `Outputs ${signs}`;
    }
  }

  listen() {
    const { signal } = this.stops;
    const look = () => this.dress();
    const theme = new MutationObserver(look);
    theme.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
    signal.addEventListener("abort", () => theme.disconnect());
    const keys = this.root.host.dataset.keys === "page" ? document : this.root; // where the player is alone on its page
    keys.addEventListener("keydown", (event) => this.key(event), { signal });
    window.addEventListener("resize", look, { signal });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look, { signal });
    window.addEventListener("beforeprint", () => this.print(true), { signal });
    window.addEventListener("afterprint", () => this.print(false), { signal });
  }

  // A still picture for paper: the pictures are drawn in the colours of a light page before the page turns into one.
  print(begins) {
    this.root.querySelector(".player").classList.toggle("printed", begins);
    this.palette = null;
    this.draw();
  }

  key(event) {
    const within = (names) => event.composedPath()[0].matches?.(names);
    const typing = within("input[type=number], select");
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing) return;
    const digit = Number(/^Digit([1-9])$/.exec(event.code)?.[1]);
    const does = {
      ".": () => this.advance(1),
      ",": () => this.advance(20),
      r: () => this.rest(),
      s: () => this.present(),
      f: () => this.showFixed(!this.showPoints),
      b: () => this.scatter(!this.cloud),
      u: () => this.silence(this.panel.unitNumber),
    }[event.key];
    if (digit <= this.payload.inputs.length) this.press(digit - 1, event.shiftKey ? -1 : 1);
    else if (event.key === " " && !within("button, input, summary")) this.play(!this.running);
    else if (does) does();
    else return;
    event.preventDefault();
  }
}

// Put the player into an element; what is wrong with the data stands there in one line.
export const mount = (host, json) => {
  try {
    return new Player(host, readPayload(json));
  } catch (error) {
    host.textContent = `The network cannot be played: ${error.message}`;
    host.setAttribute("role", "alert");
    return null;
  }
};
