// Plays the cases that arrive as JSON, and writes the states and outputs of every step.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(`${process.argv[2]}/`);
const load = (name) => import(new URL(name, folder));
const { readPayload } = await load("payload.mjs");
const { MemoryTest, Simulation, UNCHANGED, selfTest } = await load("simulation.mjs");
const { Cloud } = await load("cloud.mjs");

const play = ({ payload, changed, silenced, inputs, particles }) => {
  const { networks, memories, inputs: names, outputs } = readPayload(payload);
  const simulation = new Simulation(networks[0], names.length, outputs.length);
  simulation.change({ ...UNCHANGED, ...changed });
  for (const unit of silenced ?? []) simulation.silence(unit, true);
  const steps = (inputs ?? []).map((one) => {
    simulation.step(Float64Array.from(one));
    return { state: Array.from(simulation.state), output: Array.from(simulation.output) };
  });
  const test = memories && new MemoryTest(memories, simulation);
  test?.work(60_000);
  const cloud = particles ? new Cloud(simulation) : null;
  const starts = cloud && Array.from(cloud.states);
  cloud?.step();
  return {
    steps,
    removed: simulation.removedCount,
    test: selfTest(networks[0], names.length, outputs.length),
    held: test?.held ?? null,
    cloud: cloud && { starts, ends: Array.from(cloud.states) },
  };
};

const answer = (one) => {
  try {
    return play(one);
  } catch (error) {
    return { error: error.message };
  }
};

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf-8")).map(answer)));
