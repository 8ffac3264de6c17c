// The equations of one step, for any number of states at once. All numbers are in double precision.

const sigmoid = (current) => 1 / (1 + Math.exp(-current));
const hardSigmoid = (width) => (current) => Math.min(1, Math.max(0, current / width + 0.5));

export const ACTIVATIONS = {
  tanh: Math.tanh,
  relu: (current) => Math.max(0, current),
  sigmoid,
  softplus: (current) => Math.max(0, current) + Math.log1p(Math.exp(-Math.abs(current))),
  linear: (current) => current,
  hard_sigmoid_5: hardSigmoid(5),
  hard_sigmoid_6: hardSigmoid(6),
};

// What each cell is made of: gates with weights of their own, and values of the state per unit.
export const CELLS = {
  rate: { gates: 1, values: 1, gated: false },
  current: { gates: 1, values: 1, gated: false },
  gru_after: { gates: 3, values: 1, gated: true },
  gru_before: { gates: 3, values: 1, gated: true },
  ugrnn: { gates: 2, values: 1, gated: true },
  lstm: { gates: 4, values: 2, gated: true },
};

// sums[s, row] = matrix[row, :] · vectors[s, :], four states at a time so that each weight is read once for all four.
export const multiply = (matrix, rows, columns, vectors, stride, count, sums, sumStride, first = 0) => {
  let s = 0;
  for (; s + 4 <= count; s += 4) {
    const v0 = s * stride, v1 = v0 + stride, v2 = v1 + stride, v3 = v2 + stride;
    for (let row = 0; row < rows; row++) {
      const begin = (first + row) * columns;
      let a = 0, b = 0, c = 0, d = 0;
      for (let at = 0; at < columns; at++) {
        const weight = matrix[begin + at];
        a += weight * vectors[v0 + at];
        b += weight * vectors[v1 + at];
        c += weight * vectors[v2 + at];
        d += weight * vectors[v3 + at];
      }
      const out = s * sumStride + first + row;
      sums[out] = a;
      sums[out + sumStride] = b;
      sums[out + 2 * sumStride] = c;
      sums[out + 3 * sumStride] = d;
    }
  }
  for (; s < count; s++) {
    const begin = s * stride;
    for (let row = 0; row < rows; row++) {
      sums[s * sumStride + first + row] = product(matrix, (first + row) * columns, vectors, begin, columns);
    }
  }
};

const product = (matrix, from, vector, begin, columns) => {
  let a = 0, b = 0, c = 0, d = 0, at = 0;
  for (; at + 4 <= columns; at += 4) {
    a += matrix[from + at] * vector[begin + at];
    b += matrix[from + at + 1] * vector[begin + at + 1];
    c += matrix[from + at + 2] * vector[begin + at + 2];
    d += matrix[from + at + 3] * vector[begin + at + 3];
  }
  for (; at < columns; at++) a += matrix[from + at] * vector[begin + at];
  return a + b + (c + d);
};

// The equations of one network, with room for `most` states that are moved at once.
export class Cell {
  constructor(equations, units, inputs, outputs, most) {
    const { gates, values, gated } = CELLS[equations.kind];
    Object.assign(this, { equations, units, inputs, outputs, gates, gated, stateSize: units * values });
    this.activation = ACTIVATIONS[equations.activation];
    this.driven = new Float64Array(gates * units);
    this.sums = new Float64Array(most * gates * units);
    this.seen = new Float64Array(most * units);
  }

  // Move the first `count` states one step, all with the same inputs.
  step(weights, states, inputs, count = 1) {
    const { driven, units, gates } = this;
    multiply(weights.input, gates * units, this.inputs, inputs, this.inputs, 1, driven, gates * units);
    for (let at = 0; at < driven.length; at++) driven[at] += weights.bias[at];
    this[this.equations.kind](weights, states, count);
  }

  rates(states, rates, count = 1) {
    const { units, stateSize } = this;
    const asIs = this.equations.kind !== "current";
    for (let s = 0; s < count; s++) {
      for (let unit = 0; unit < units; unit++) {
        const state = states[s * stateSize + unit];
        rates[s * units + unit] = asIs ? state : this.activation(state);
      }
    }
  }

  readout(weights, rates, outputs, count = 1) {
    multiply(weights.output, this.outputs, this.units, rates, this.units, count, outputs, this.outputs);
    for (let at = 0; at < count * this.outputs; at++) outputs[at] += weights.outputBias[at % this.outputs];
  }

  // h ← (1 − leak) h + leak φ(W h + W_in x + b)
  rate(weights, states, count) {
    const { units, driven, sums, activation } = this;
    multiply(weights.recurrent, units, units, states, units, count, sums, units);
    for (let at = 0; at < count * units; at++) {
      const unit = at % units, leak = weights.leak[unit];
      states[at] = (1 - leak) * states[at] + leak * activation(sums[at] + driven[unit]);
    }
  }

  // v ← (1 − leak) v + leak (W φ(v) + W_in x + b)
  current(weights, states, count) {
    const { units, driven, sums, seen } = this;
    this.rates(states, seen, count);
    multiply(weights.recurrent, units, units, seen, units, count, sums, units);
    for (let at = 0; at < count * units; at++) {
      const unit = at % units, leak = weights.leak[unit];
      states[at] = (1 - leak) * states[at] + leak * (sums[at] + driven[unit]);
    }
  }

  // The gates are update, reset, candidate; the reset multiplies what the recurrent weights have summed.
  gru_after(weights, states, count) {
    const { units, driven, sums, activation } = this;
    multiply(weights.recurrent, 3 * units, units, states, units, count, sums, 3 * units);
    for (let at = 0; at < count * units; at++) {
      const unit = at % units, row = 2 * (at - unit) + at;
      const update = activation(sums[row] + driven[unit]);
      const reset = activation(sums[row + units] + driven[units + unit]);
      const recalled = reset * (sums[row + 2 * units] + weights.resetBias[unit]);
      states[at] = update * states[at] + (1 - update) * Math.tanh(driven[2 * units + unit] + recalled);
    }
  }

  // As above; the reset multiplies the rates before the recurrent weights sum them.
  gru_before(weights, states, count) {
    const { units, driven, sums, seen, activation } = this;
    multiply(weights.recurrent, 2 * units, units, states, units, count, sums, 3 * units);
    for (let at = 0; at < count * units; at++) {
      const unit = at % units, row = 2 * (at - unit) + at;
      seen[at] = activation(sums[row + units] + driven[units + unit]) * states[at];
    }
    multiply(weights.recurrent, units, units, seen, units, count, sums, 3 * units, 2 * units);
    for (let at = 0; at < count * units; at++) {
      const unit = at % units, row = 2 * (at - unit) + at;
      const update = activation(sums[row] + driven[unit]);
      const candidate = Math.tanh(driven[2 * units + unit] + sums[row + 2 * units]);
      states[at] = update * states[at] + (1 - update) * candidate;
    }
  }

  // The gates are update, candidate.
  ugrnn(weights, states, count) {
    const { units, driven, sums, activation } = this;
    multiply(weights.recurrent, 2 * units, units, states, units, count, sums, 2 * units);
    for (let at = 0; at < count * units; at++) {
      const unit = at % units, row = 2 * at - unit;
      const keep = activation(sums[row] + driven[unit]);
      states[at] = keep * states[at] + (1 - keep) * Math.tanh(sums[row + units] + driven[units + unit]);
    }
  }

  // The gates are input, forget, candidate, output; the state is the rates followed by the memory cells.
  lstm(weights, states, count) {
    const { units, driven, sums, activation } = this;
    multiply(weights.recurrent, 4 * units, units, states, 2 * units, count, sums, 4 * units);
    for (let s = 0; s < count; s++) {
      for (let unit = 0; unit < units; unit++) {
        const row = s * 4 * units + unit, at = s * 2 * units + unit;
        const write = activation(sums[row] + driven[unit]);
        const keep = activation(sums[row + units] + driven[units + unit]);
        const candidate = Math.tanh(sums[row + 2 * units] + driven[2 * units + unit]);
        const show = activation(sums[row + 3 * units] + driven[3 * units + unit]);
        states[at + units] = keep * states[at + units] + write * candidate;
        states[at] = show * Math.tanh(states[at + units]);
      }
    }
  }
}
