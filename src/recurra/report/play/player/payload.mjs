// What Python wrote into the page, read as data that nobody vouches for: every size and number is checked.

import { ACTIVATIONS, CELLS } from "./cells.mjs";

export const LIMITS = { units: 1000, channels: 64, networks: 8, checkpoints: 400, steps: 100000 };

const fail = (what) => {
  throw new Error(`this page is damaged: ${what}`);
};

export const whole = (name, value, low, high) =>
  Number.isInteger(value) && value >= low && value <= high ? value : fail(`${name} is no whole number from ${low} to ${high}`);

export const finite = (name, value, low = -Infinity, high = Infinity) =>
  Number.isFinite(value) && value >= low && value <= high ? value : fail(`${name} is no number from ${low} to ${high}`);

const text = (name, value) => (typeof value === "string" && value.length <= 400 ? value : fail(`${name} is no short text`));

const list = (name, value, low, high) =>
  Array.isArray(value) && value.length >= low && value.length <= high ? value : fail(`${name} is no list of ${low} to ${high}`);

const color = (name, value) => (/^#[0-9a-f]{6}$/.test(value) ? value : fail(`${name} is no colour`));

// The bytes of a base64 text.
export const bytesOf = (name, value) => {
  if (typeof value !== "string") fail(`${name} is no text`);
  try {
    return Uint8Array.from(atob(value), (letter) => letter.charCodeAt(0));
  } catch {
    return fail(`${name} is no base64`);
  }
};

// `length` finite numbers, little-endian float32 in base64.
export const numbers = (name, value, length) => {
  const bytes = bytesOf(name, value);
  if (bytes.length !== 4 * length) fail(`${name} has ${bytes.length / 4} numbers, not ${length}`);
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length }, (_, at) => finite(name, view.getFloat32(4 * at, true)));
};

const readEquations = (given, units) => {
  const kind = given?.kind;
  if (!Object.hasOwn(CELLS, kind)) fail("the equations have no known kind");
  if (!Object.hasOwn(ACTIVATIONS, given.activation)) fail("the activation is not known");
  const leak = list("leak", given.leak, 0, units).map((one) => finite("leak", one, 0, 1));
  if (!CELLS[kind].gated && leak.length !== units && leak.length !== 1) fail("there is not a leak for every unit");
  return { kind, activation: given.activation, leak, noise: finite("noise", given.noise, 0) };
};

const readWeights = (given, { kind }, units, inputs, outputs) => {
  const rows = CELLS[kind].gates * units;
  return {
    recurrent: numbers("recurrent", given.recurrent, rows * units),
    input: numbers("input", given.input, rows * inputs),
    bias: numbers("bias", given.bias, rows),
    output: numbers("output", given.output, outputs * units),
    outputBias: numbers("output_bias", given.output_bias, outputs),
    resetBias: kind === "gru_after" ? numbers("reset_bias", given.reset_bias, units) : new Float64Array(0),
  };
};

const readPoints = (given) => {
  const stable = list("stable", given.stable, 0, 2000).map(Boolean);
  return {
    where: numbers("points", given.where, 3 * stable.length),
    stable,
    texts: list("texts", given.texts, stable.length, stable.length).map((one) => text("a point", one)),
    leftOut: whole("left_out", given.left_out, 0, 1e9),
  };
};

const readPaths = (given) => {
  const pathColors = list("path_colors", given.path_colors, 0, 16).map((one) => color("path", one));
  const pathPoints = whole("path_points", given.path_points, 0, 1000);
  return { pathColors, pathPoints, paths: numbers("paths", given.paths, 3 * pathPoints * pathColors.length) };
};

const readNetwork = (given, inputs, outputs) => {
  const units = whole("units", given.units, 1, LIMITS.units);
  const equations = readEquations(given.equations, units);
  const rows = CELLS[equations.kind].gates * units;
  const stateSize = CELLS[equations.kind].values * units;
  const steps = whole("steps of the self-test", given.test.steps, 0, 1000);
  return {
    number: whole("number", given.number, 0, 2 ** 31),
    name: text("name", given.name),
    color: color("colour", given.color),
    units,
    equations,
    checkpoints: list("checkpoints", given.checkpoints, 1, LIMITS.checkpoints).map((one) => ({
      name: text("checkpoint", one.name),
      weights: readWeights(one, equations, units, inputs, outputs),
    })),
    absent: given.absent === null ? null : bytesOf("absent", given.absent),
    groups: list("groups", given.groups, 0, units).map((one) => ({
      label: text("group", one.label),
      first: whole("first", one.first, 0, units - 1),
      count: whole("count", one.count, 1, units),
    })),
    view: {
      center: numbers("center", given.view.center, units),
      components: numbers("components", given.view.components, 3 * units),
      axes: list("axes", given.view.axes, 3, 3).map((one) => text("axis", one)),
      limit: finite("limit", given.view.limit, 1e-9),
      corners: numbers("corners", given.view.corners, 3 * whole("corners", given.view.corner_count, 0, 256)),
      edges: list("edges", given.view.edges, 0, 2048).map((one) => whole("edge", one, 0, given.view.corner_count - 1)),
      ...readPaths(given.view),
    },
    points: readPoints(given.points),
    test: {
      steps,
      inputs: numbers("test inputs", given.test.inputs, steps * inputs),
      states: numbers("test states", given.test.states, steps * stateSize),
    },
    rows,
  };
};

const readMemories = (given, inputs, outputs) => {
  if (given === null) return null;
  const names = list("memories", given.names, 1, 256).map((one) => text("memory", one));
  const pulse = whole("pulse", given.pulse_steps, 1, LIMITS.steps);
  return {
    names,
    colors: list("colours", given.colors, names.length, names.length).map((one) => color("memory", one)),
    signs: list("signs", given.signs, names.length * outputs, names.length * outputs).map((one) => Math.sign(one)),
    pulse,
    steps: whole("steps", given.steps, pulse, LIMITS.steps),
    inputs: numbers("memory inputs", given.inputs, names.length * pulse * inputs),
  };
};

const readStimuli = (given, inputs) =>
  list("stimuli", given, 0, 256).map((one) => {
    const steps = whole("steps of a stimulus", one.steps, 1, LIMITS.steps);
    return { name: text("stimulus", one.name), steps, inputs: numbers("stimulus", one.inputs, steps * inputs) };
  });

// The payload as typed arrays, or an error in one line.
export const readPayload = (json) => {
  const given = JSON.parse(json);
  if (given?.format !== "recurra-play 1") fail("its data have another format");
  const inputs = list("inputs", given.inputs, 1, LIMITS.channels).map((one) => text("input", one));
  const outputs = list("outputs", given.outputs, 1, LIMITS.channels).map((one) => text("output", one));
  return {
    title: text("title", given.title),
    dtMs: finite("dt_ms", given.dt_ms, 1e-9),
    inputs,
    outputs,
    pulse: {
      steps: whole("pulse", given.pulse.steps, 1, LIMITS.steps),
      height: finite("height", given.pulse.height, 0),
    },
    stimuli: readStimuli(given.stimuli, inputs.length),
    memories: readMemories(given.memories, inputs.length, outputs.length),
    networks: list("networks", given.networks, 1, LIMITS.networks).map((one) =>
      readNetwork(one, inputs.length, outputs.length),
    ),
  };
};
