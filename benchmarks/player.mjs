// What `player.py` times: steps of a rate network, and steps of 200 particles. It stands behind the player's own files.

const measured = (work, times, rounds) => {
  const each = Array.from({ length: rounds }, () => {
    const begin = performance.now();
    for (let at = 0; at < times; at++) work();
    return (performance.now() - begin) / times;
  });
  return each.sort((one, other) => one - other)[Math.floor(rounds / 2)];
};

const timesOf = (units) => {
  const random = new Random(units);
  const many = (count, scale) => Float64Array.from({ length: count }, () => scale * random.normal());
  const weights = {
    recurrent: many(units * units, 1 / Math.sqrt(units)),
    input: many(3 * units, 1),
    bias: many(units, 0.1),
    output: many(3 * units, 1 / units),
    outputBias: many(3, 0.1),
    resetBias: new Float64Array(0),
  };
  const simulation = new Simulation(
    {
      number: 0,
      units,
      equations: { kind: "rate", activation: "tanh", leak: [1], noise: 0 },
      checkpoints: [{ name: "", weights }],
      absent: null,
      groups: [],
      view: { center: many(units, 0.1), components: many(3 * units, 0.1), limit: 1 },
    },
    3,
    3,
  );
  const cloud = new Cloud(simulation), inputs = new Float64Array(3), steps = Math.ceil(4e6 / units ** 2);
  measured(() => simulation.step(inputs), steps, 5);
  return {
    units,
    step_ms: measured(() => simulation.step(inputs), steps, 15),
    particles_ms: measured(() => cloud.step(), 2, 9),
  };
};

const times = [50, 100, 400].map(timesOf);
