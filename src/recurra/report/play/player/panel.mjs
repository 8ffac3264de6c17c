// The controls that change a network: checkpoint, noise, gain, leak, cut connections, silenced units.

import { button, choice, digits, h, slider } from "./controls.mjs";
import { UNCHANGED } from "./simulation.mjs";

const group = (name, ...controls) => h("fieldset", {}, h("legend", {}, name), ...controls);

export class Panel {
  // `player` has the settings, and is told of every change.
  constructor(player) {
    this.player = player;
    this.element = h("div", { class: "panel" }, h("div", {}, this.training(), this.units()), this.changes(), this.connections());
  }

  change(part) {
    this.player.change({ ...this.player.changed, ...part });
  }

  damage(part) {
    this.change({ damage: { ...this.player.changed.damage, ...part } });
  }

  training() {
    const { checkpoints } = this.player.payload.networks[0];
    if (checkpoints.length < 2) return null;
    this.checkpoint = slider({
      label: "Checkpoint",
      low: 0,
      high: checkpoints.length - 1,
      step: 1,
      value: this.player.changed.checkpoint,
      words: (at) => checkpoints[at].name,
      change: (at) => this.change({ checkpoint: at }),
    });
    return group("Training", this.checkpoint.element);
  }

  changes() {
    const real = (label, high, step, name, words = digits) =>
      slider({ label, low: 0, high, step, value: UNCHANGED[name], words, change: (value) => this.change({ [name]: value }) });
    this.inputNoise = real("Input noise", 1, 0.01, "inputNoise");
    this.noise = real("Recurrent noise", 0.5, 0.005, "noise");
    this.gain = real("Recurrent gain", 2, 0.01, "gain", (value) => `× ${digits(value)}`);
    const leaky = this.player.stages.every((stage) => !stage.simulation.cell.gated);
    const highest = Math.log2(Math.min(8, ...this.player.stages.map((stage) => stage.simulation.largestLeakFactor)));
    this.leak = slider({
      label: "Leak",
      low: -5,
      high: Math.max(0, highest),
      step: 0.05,
      value: 0,
      words: (value) => `× ${digits(2 ** value)}`,
      change: (value) => this.change({ leakFactor: 2 ** value }),
    });
    this.leak.input.disabled = !leaky;
    const rows = [this.inputNoise, this.noise, this.gain, ...(leaky ? [this.leak] : [])];
    return group("Noise and gain", ...rows.map((row) => row.element));
  }

  connections() {
    const { groups } = this.player.payload.networks[0];
    const options = (name, pairs, change) => choice({ label: name, options: pairs, value: pairs[0][0], change });
    this.percent = slider({
      label: "Cut",
      low: 0,
      high: 100,
      step: 1,
      value: 0,
      words: (value) => `${value} %`,
      change: (percent) => this.damage({ percent }),
    });
    this.removal = options("Which", [["cumulative", "the weakest"], ["strongest", "the strongest"]], (removal) => this.damage({ removal }));
    const signs = [["both", "of both signs"], ["positive", "positive ones"], ["negative", "negative ones"]];
    this.sign = options("Sign", signs, (sign) => this.damage({ sign }));
    const areas = [["-1", "anywhere"], ...groups.map((one, at) => [String(at), one.label])];
    this.from = options("From", areas, (from) => this.damage({ from: Number(from) }));
    this.to = options("To", areas, (to) => this.damage({ to: Number(to) }));
    this.removed = h("p", { class: "note" });
    const choices = [this.removal, this.sign, ...(groups.length > 1 ? [this.from, this.to] : [])];
    return group("Connections", this.percent.element, h("div", { class: "row" }, ...choices.map((one) => one.element)), this.removed);
  }

  units() {
    const most = Math.min(...this.player.stages.map((stage) => stage.network.units));
    this.unit = h("input", { type: "number", min: 1, max: most, value: 1, oninput: () => this.player.choose(this.unitNumber) });
    this.silent = h("p", { class: "note" });
    return group(
      "Units",
      h(
        "div",
        { class: "row" },
        h("label", { class: "choice" }, h("span", {}, "Unit"), this.unit),
        button("Silence, or let speak", "u", () => this.player.silence(this.unitNumber)),
        button("Let all speak", null, () => this.player.speak()),
      ),
      this.silent,
    );
  }

  get unitNumber() {
    const most = Number(this.unit.max);
    return Math.min(most, Math.max(1, Math.round(Number(this.unit.value)) || 1)) - 1;
  }

  // Show what is set, for example by a link.
  show() {
    const { changed, stages } = this.player;
    const { damage } = changed;
    this.checkpoint?.set(changed.checkpoint);
    this.inputNoise.set(changed.inputNoise);
    this.noise.set(changed.noise);
    this.gain.set(changed.gain);
    this.leak.set(Math.log2(changed.leakFactor));
    this.percent.set(damage.percent);
    this.removal.select.value = damage.removal;
    this.sign.select.value = damage.sign;
    this.from.select.value = String(damage.from);
    this.to.select.value = String(damage.to);
    const counts = stages.map(({ simulation }) =>
      [simulation.removedCount, simulation.strengths.length].map((count) => count.toLocaleString("en")).join(" of "),
    );
    this.removed.textContent = `${counts.join("; ")} connections are cut.`;
    const silenced = stages.map(({ simulation }) => [...simulation.silenced].map((unit) => unit + 1).join(", ") || "none");
    this.silent.textContent = `Silenced: ${silenced.join("; ")}.`;
  }
}
