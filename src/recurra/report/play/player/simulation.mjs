// One network with its state, and all that a visitor has changed about it.

import { Cell } from "./cells.mjs";
import { NO_DAMAGE, removedBy, strengthsOf } from "./damage.mjs";
import { Random } from "./random.mjs";

export const UNCHANGED = { checkpoint: -1, gain: 1, leakFactor: 1, inputNoise: 0, noise: 0, damage: NO_DAMAGE };

export class Simulation {
  // `most` states can be moved at once: the network's own alone, or a cloud of particles.
  constructor(network, inputs, outputs, most = 1) {
    this.network = network;
    this.inputs = inputs;
    this.outputs = outputs;
    this.cell = new Cell(network.equations, network.units, inputs, outputs, most);
    this.state = new Float64Array(this.cell.stateSize);
    this.rates = new Float64Array(network.units);
    this.output = new Float64Array(outputs);
    this.silenced = new Set();
    this.drive = new Float64Array(inputs);
    this.change(UNCHANGED);
    this.rest();
  }

  get known() {
    const { checkpoints } = this.network;
    return checkpoints[Math.min(this.changed.checkpoint, checkpoints.length - 1)] ?? checkpoints.at(-1);
  }

  // The largest factor of the leaks that leaves none above 1.
  get largestLeakFactor() {
    return 1 / Math.max(...this.network.equations.leak, 1e-9);
  }

  rest() {
    this.state.fill(0);
    this.random = new Random(this.network.number + 1);
    this.read();
  }

  change(changed) {
    const before = this.changed;
    this.changed = changed;
    if (before?.checkpoint !== changed.checkpoint) this.strengths = null;
    this.prepare();
  }

  silence(unit, silent) {
    if (silent) this.silenced.add(unit);
    else this.silenced.delete(unit);
    this.prepare();
    this.read();
  }

  // The weights in effect: a silenced unit is neither heard by other units nor by the outputs.
  prepare() {
    const { network, changed, silenced } = this;
    const { units, equations } = network;
    const given = this.known.weights;
    this.strengths ??= strengthsOf(given.recurrent, network.absent);
    const removed = removedBy(changed.damage, network, given.recurrent, this.strengths);
    this.removedCount = 0;
    const recurrent = given.recurrent.map((weight, at) => {
      const cut = removed(at);
      this.removedCount += cut ? 1 : 0;
      return cut || silenced.has(at % units) ? 0 : changed.gain * weight;
    });
    const output = given.output.map((weight, at) => (silenced.has(at % units) ? 0 : weight));
    const leakOf = (unit) => equations.leak[equations.leak.length === 1 ? 0 : unit] ?? 1;
    const leak = Float64Array.from({ length: units }, (_, unit) => Math.min(1, leakOf(unit) * changed.leakFactor));
    this.weights = { ...given, recurrent, output, leak };
  }

  // One step with these inputs, and noise on inputs and states if there is any.
  step(inputs) {
    const { cell, changed, random, drive, state, weights } = this;
    for (let at = 0; at < drive.length; at++) {
      drive[at] = inputs[at] + (changed.inputNoise > 0 ? changed.inputNoise * random.normal() : 0);
    }
    cell.step(weights, state, drive);
    if (changed.noise > 0) this.shake();
    this.read();
  }

  shake() {
    const { state, changed, random, weights, cell } = this;
    for (let at = 0; at < state.length; at++) {
      const scale = cell.gated ? 1 : Math.sqrt(2 * weights.leak[at]);
      state[at] += scale * changed.noise * random.normal();
    }
  }

  // Rates and outputs of the present state.
  read() {
    const { cell, state, rates, output, weights } = this;
    cell.rates(state, rates);
    cell.readout(weights, rates, output);
    for (const unit of this.silenced) rates[unit] = 0;
  }

  // Coordinates of rates along the first three principal components.
  place(rates = this.rates, begin = 0) {
    const { center, components } = this.network.view;
    const { units } = this.network;
    const where = [0, 0, 0];
    for (let axis = 0; axis < 3; axis++) {
      let sum = 0;
      for (let unit = 0; unit < units; unit++) {
        sum += components[axis * units + unit] * (rates[begin + unit] - center[unit]);
      }
      where[axis] = sum;
    }
    return where;
  }

  // Move the state along the components; in an LSTM the memory cells with the rates, which follow from them.
  kick(by) {
    const { state, cell, network } = this;
    const { units, view } = network;
    for (let at = 0; at < cell.stateSize; at++) {
      for (let axis = 0; axis < 3; axis++) state[at] += by[axis] * view.components[axis * units + (at % units)];
    }
    this.read();
  }
}

// The largest difference from the states that recurra computed, and whether it is small enough.
export const selfTest = (network, inputs, outputs) => {
  const { steps, inputs: given, states } = network.test;
  const simulation = new Simulation(network, inputs, outputs);
  let difference = 0, size = 1;
  for (let step = 0; step < steps; step++) {
    simulation.step(given.subarray(step * inputs, (step + 1) * inputs));
    for (let at = 0; at < simulation.state.length; at++) {
      const expected = states[step * simulation.state.length + at];
      size = Math.max(size, Math.abs(expected));
      const apart = Math.abs(simulation.state[at] - expected);
      difference = Number.isNaN(apart) ? Infinity : Math.max(difference, apart);
    }
  }
  return { steps, difference, passed: difference <= 1e-5 * size };
};

// Which memories a network holds: each is set from rest by its pulses, and read at the end of a trial.
export class MemoryTest {
  constructor(memories, simulation) {
    Object.assign(this, { memories, simulation });
    const { network, inputs, outputs } = simulation;
    const count = memories.names.length;
    this.cell = new Cell(network.equations, network.units, inputs, outputs, 1);
    this.held = new Array(count).fill(null);
    this.begin();
  }

  // Start again, with the weights that are in effect now.
  begin() {
    this.weights = this.simulation.weights;
    this.state = new Float64Array(this.cell.stateSize);
    this.memory = 0;
    this.step = 0;
  }

  get done() {
    return this.memory >= this.memories.names.length;
  }

  // Go on for some milliseconds.
  work(milliseconds) {
    const end = performance.now() + milliseconds;
    while (!this.done && performance.now() < end) this.advance();
  }

  advance() {
    const { memories, cell, simulation } = this;
    const inputs = simulation.inputs;
    const silent = new Float64Array(inputs);
    const begin = (this.memory * memories.pulse + this.step) * inputs;
    cell.step(this.weights, this.state, this.step < memories.pulse ? memories.inputs.subarray(begin, begin + inputs) : silent);
    this.step++;
    if (this.step < memories.steps) return;
    this.held[this.memory] = this.isHeld();
    this.memory++;
    this.step = 0;
    this.state.fill(0);
  }

  isHeld() {
    const { memories, cell, simulation, memory, state } = this;
    const rates = new Float64Array(simulation.network.units), output = new Float64Array(simulation.outputs);
    cell.rates(state, rates);
    cell.readout(this.weights, rates, output);
    return output.every((value, at) => Math.sign(value) === memories.signs[memory * simulation.outputs + at]);
  }
}
