// Many states at once, without input: where each ends shows the basins of the attractors.

import { Cell } from "./cells.mjs";
import { Random } from "./random.mjs";

export const PARTICLES = 200;
const HALF = 0.7; // of the view's limit: half the side of the box in which they start
const BLOCK = 20; // particles that are moved at once

export class Cloud {
  constructor(simulation) {
    const { network, inputs, outputs } = simulation;
    this.simulation = simulation;
    this.cell = new Cell(network.equations, network.units, inputs, outputs, PARTICLES);
    this.next = 0;
    this.states = new Float64Array(PARTICLES * this.cell.stateSize);
    this.rates = new Float64Array(PARTICLES * network.units);
    this.outputs = new Float64Array(PARTICLES * outputs);
    this.places = new Float64Array(3 * PARTICLES);
    this.colors = new Array(PARTICLES).fill("#888888");
    this.silence = new Float64Array(inputs);
    this.random = new Random(7);
    this.scatter();
  }

  // Start anew, uniformly in a box.
  scatter() {
    const { network } = this.simulation;
    const { units, view } = network;
    const size = this.cell.stateSize;
    for (let s = 0; s < PARTICLES; s++) {
      const along = [0, 1, 2].map(() => HALF * view.limit * (2 * this.random.uniform() - 1));
      for (let at = 0; at < size; at++) {
        let value = view.center[at % units];
        for (let axis = 0; axis < 3; axis++) value += along[axis] * view.components[axis * units + (at % units)];
        this.states[s * size + at] = value;
      }
    }
  }

  // One step of all, or of as many as these milliseconds allow; the next call goes on with the others.
  step(milliseconds = Infinity) {
    const { cell, states, simulation, silence } = this;
    const end = performance.now() + milliseconds;
    do {
      const first = this.next * cell.stateSize, last = first + BLOCK * cell.stateSize;
      cell.step(simulation.weights, states.subarray(first, last), silence, BLOCK);
      this.next = (this.next + BLOCK) % PARTICLES;
    } while (this.next !== 0 && performance.now() < end);
  }

  // Places on the view, and colours by what the outputs say.
  read(colorOf) {
    const { cell, simulation, rates, outputs } = this;
    cell.rates(this.states, rates, PARTICLES);
    cell.readout(simulation.weights, rates, outputs, PARTICLES);
    for (let s = 0; s < PARTICLES; s++) {
      for (const unit of simulation.silenced) rates[s * cell.units + unit] = 0;
      this.places.set(simulation.place(rates, s * cell.units), 3 * s);
      this.colors[s] = colorOf(outputs.subarray(s * simulation.outputs, (s + 1) * simulation.outputs));
    }
  }
}
