// One network on the page: its cube, its outputs, its units and its memories.

import { Cloud } from "./cloud.mjs";
import { h, digits } from "./controls.mjs";
import { MemoryTest, Simulation, selfTest } from "./simulation.mjs";
import { Space } from "./space.mjs";
import { Traces, UnitRow } from "./traces.mjs";

const READ = 0.5; // an output with a smaller modulus is neither + nor −

export const signOf = (value) => (value > READ ? "+" : value < -READ ? "−" : "0");

const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

export class Stage {
  constructor(payload, network, camera) {
    const inputs = payload.inputs.length, outputs = payload.outputs.length;
    Object.assign(this, { payload, network, chosen: null, cloud: null });
    this.simulation = new Simulation(network, inputs, outputs);
    this.memoryTest = payload.memories && new MemoryTest(payload.memories, this.simulation);
    this.canvases = {
      space: h("canvas", { class: "space", tabindex: 0, role: "img", "aria-label": this.spaceLabel() }),
      traces: h("canvas", { class: "traces", role: "img", "aria-label": `Inputs and outputs of ${network.name} over time` }),
      units: h("canvas", { class: "units", role: "img", "aria-label": `The rates of the ${network.units} units as colours` }),
    };
    this.canvases.traces.style.height = `${Math.min(14, Math.max(inputs, outputs)) * 62 + 16}px`;
    this.space = new Space(this.canvases.space, camera);
    this.traces = new Traces(this.canvases.traces, inputs, outputs);
    this.unitRow = new UnitRow(this.canvases.units, network.units);
    this.held = h("p", { class: "held" });
    this.hint = h("p", { class: "hint" });
    this.test = h("p", { class: "test" }, this.testWords(inputs, outputs));
    this.element = h(
      "section",
      { class: "stage", "aria-label": network.name },
      h("h3", {}, h("i", { class: "dot", style: `background:${network.color}` }), network.name),
      h("div", { class: "sides" }, h("div", {}, this.canvases.space, this.hint), h("div", {}, this.canvases.traces, this.canvases.units, this.memoryTest && this.held, this.test)),
    );
    this.colors = payload.memories && new Map(payload.memories.names.map((name, at) => [name, payload.memories.colors[at]]));
  }

  spaceLabel() {
    const { stable } = this.network.points;
    const count = stable.filter(Boolean).length;
    return (
      `The state of ${this.network.name} along its first three principal components, with ` +
      `${counted(count, "stable fixed point")} and ${counted(stable.length - count, "saddle")}. Arrow keys turn the view, Shift with arrow keys moves the state.`
    );
  }

  testWords(inputs, outputs) {
    const { steps, difference, passed } = selfTest(this.network, inputs, outputs);
    this.passed = passed;
    return `Self-test: ${steps} steps, largest difference from recurra ${digits(difference)}: ${passed ? "passed" : "FAILED"}.`;
  }

  // The signs of some outputs, such as +−+.
  signs(outputs = this.simulation.output) {
    return Array.from(outputs, signOf).join("");
  }

  colorOf(outputs, palette) {
    return this.colors?.get(this.signs(outputs)) ?? palette.soft;
  }

  change(changed) {
    this.simulation.change(changed);
    this.simulation.read();
    this.memoryTest?.begin();
  }

  silence(unit, silent) {
    this.simulation.silence(unit, silent);
    this.memoryTest?.begin();
  }

  rest() {
    this.simulation.rest();
    this.space.forget();
    this.traces.forget();
    this.cloud?.scatter();
  }

  // Move the state along the components, and show it.
  kick(by) {
    this.simulation.kick(by);
    this.space.add(this.simulation.place(), null);
  }

  // Tell what is under the pointer.
  point({ x, y }) {
    this.hint.textContent = (this.showPoints && this.space.pointAt(x, y, this.network.points)) || this.about;
  }

  // What the view shows of the fixed points.
  get about() {
    const { stable, leftOut } = this.network.points;
    const count = stable.filter(Boolean).length;
    const more = leftOut ? `; ${leftOut} more not proved, or far away` : "";
    const saddles = stable.length - count;
    return this.showPoints ? `Proved: ${counted(count, "stable fixed point")} (●), ${counted(saddles, "saddle")} (◇)${more}.` : "";
  }

  scatter(wanted) {
    this.cloud = wanted ? new Cloud(this.simulation) : null;
  }

  step(inputs) {
    const { simulation } = this;
    simulation.step(inputs);
    this.space.add(simulation.place(), this.colors?.get(this.signs()) ?? null);
    this.traces.add(simulation.drive, simulation.output);
  }

  draw({ palette, showPoints, steps, unchanged }) {
    const { simulation, network, cloud } = this;
    if (showPoints !== this.showPoints) {
      this.showPoints = showPoints;
      this.hint.textContent = this.about;
    }
    cloud?.read((outputs) => this.colorOf(outputs, palette));
    this.space.draw({
      network,
      where: simulation.place(),
      color: this.colorOf(simulation.output, palette),
      palette,
      showPoints,
      ownPoints: unchanged && simulation.silenced.size === 0,
      cloud,
    });
    this.traces.draw({ names: this.payload.outputs, color: network.color, palette, steps, dtMs: this.payload.dtMs });
    this.unitRow.draw({ rates: simulation.rates, silenced: simulation.silenced, palette, chosen: this.chosen });
  }

  // Which memories are held with the changes made; tested a little in every frame.
  testMemories(milliseconds) {
    const test = this.memoryTest;
    if (!test || (test.done && this.shown === test.weights)) return;
    test.work(milliseconds);
    if (!test.done) return;
    this.shown = test.weights;
    const { names, colors, steps } = this.payload.memories;
    const held = test.held.filter(Boolean).length;
    const marks = names.map((name, at) =>
      h("span", { class: test.held[at] ? "kept" : "lost" }, h("b", { style: `color:${colors[at]}` }, test.held[at] ? "●" : "✗"), ` ${name} `),
    );
    const time = digits(steps * this.payload.dtMs);
    this.held.replaceChildren(`${held} of ${names.length} memories held for ${time} ms: `, ...marks);
  }
}
