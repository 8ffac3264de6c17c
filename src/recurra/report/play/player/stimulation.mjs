// What a visitor gives a network: pulses on single inputs, and the task's stimuli.

export class Stimulation {
  constructor(inputs, pulse) {
    this.pulse = pulse;
    this.left = new Int32Array(inputs);
    this.signs = new Float64Array(inputs);
    this.values = new Float64Array(inputs);
    this.clear();
  }

  clear() {
    this.left.fill(0);
    this.stimulus = null;
    this.at = 0;
  }

  // A pulse on one input, +1 or −1; it ends an earlier one there.
  press(input, sign) {
    this.left[input] = this.pulse.steps;
    this.signs[input] = sign * this.pulse.height;
  }

  // A stimulus of the task from its beginning, until its end.
  start(stimulus) {
    this.stimulus = stimulus;
    this.at = 0;
  }

  // The inputs of the next step.
  next() {
    const { values, left, signs, stimulus } = this;
    for (let input = 0; input < values.length; input++) {
      values[input] = left[input] > 0 ? signs[input] : 0;
      if (left[input] > 0) left[input]--;
      if (stimulus !== null) values[input] += stimulus.inputs[this.at * values.length + input];
    }
    if (stimulus !== null && ++this.at >= stimulus.steps) this.stimulus = null;
    return values;
  }
}
