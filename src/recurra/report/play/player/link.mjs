// What a visitor has set, as the fragment of a link; it is read as data that nobody vouches for.

const PREFIX = "#play:";

const encode = (numbers) => {
  const bytes = new Uint8Array(Float32Array.from(numbers).buffer);
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const decode = (value, length) => {
  try {
    const bytes = Uint8Array.from(atob(value.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    const numbers = bytes.length === 4 * length ? Array.from(new Float32Array(bytes.buffer)) : [];
    return numbers.length === length && numbers.every(Number.isFinite) ? numbers : null;
  } catch {
    return null;
  }
};

// The fragment for some settings: networks with silenced units and states, changes, speed, what is shown.
export const fragmentOf = ({ networks, changed, speed, showPoints, cloud }) => {
  const { damage } = changed;
  const fields = new URLSearchParams({
    networks: networks.map(({ at }) => at).join("."),
    checkpoint: changed.checkpoint,
    gain: changed.gain,
    leak: changed.leakFactor,
    input_noise: changed.inputNoise,
    noise: changed.noise,
    cut: [damage.percent, damage.removal, damage.sign, damage.from, damage.to].join("."),
    speed,
    points: Number(showPoints),
    particles: Number(cloud),
  });
  networks.forEach(({ silenced, state }, at) => {
    fields.set(`silent${at}`, silenced.join("."));
    fields.set(`state${at}`, encode(state));
  });
  return PREFIX + fields.toString();
};

class Reader {
  constructor(text) {
    this.fields = new URLSearchParams(text);
    this.good = text.length < 100_000;
  }

  number(name, low, high, text = this.fields.get(name)) {
    const value = Number(text);
    if (text === null || text.trim() === "" || !(value >= low && value <= high)) this.good = false;
    return value;
  }

  whole(name, low, high, text) {
    const value = this.number(name, low, high, text);
    if (!Number.isInteger(value)) this.good = false;
    return value;
  }

  option(value, options) {
    if (!options.includes(value)) this.good = false;
    return value;
  }

  parts(name) {
    return (this.fields.get(name) ?? "").split(".").filter((part) => part !== "");
  }
}

const readNetworks = (reader, payload, stateSizeOf) =>
  reader.parts("networks").slice(0, 2).map((text, at) => {
    const position = reader.whole("network", 0, payload.networks.length - 1, text);
    const network = payload.networks[position] ?? payload.networks[0];
    const state = decode(reader.fields.get(`state${at}`) ?? "", stateSizeOf(network));
    if (state === null) reader.good = false;
    const silenced = reader.parts(`silent${at}`).map((unit) => reader.whole("unit", 0, network.units - 1, unit));
    return { at: position, silenced, state };
  });

const readDamage = (reader, groups) => {
  const [percent = "", removal, sign, from = "", to = ""] = reader.parts("cut");
  return {
    percent: reader.whole("cut", 0, 100, percent),
    removal: reader.option(removal, ["cumulative", "strongest"]),
    sign: reader.option(sign, ["both", "positive", "negative"]),
    from: reader.whole("from", -1, groups - 1, from),
    to: reader.whole("to", -1, groups - 1, to),
  };
};

// The settings in the fragment of a link; null if there are none, or if any of them is wrong.
export const settingsOf = (fragment, payload, stateSizeOf) => {
  if (!fragment.startsWith(PREFIX)) return null;
  const reader = new Reader(fragment.slice(PREFIX.length));
  if (!reader.good) return null;
  const networks = readNetworks(reader, payload, stateSizeOf);
  const settings = {
    networks,
    changed: {
      checkpoint: reader.whole("checkpoint", 0, payload.networks[0].checkpoints.length - 1),
      gain: reader.number("gain", 0, 2),
      leakFactor: reader.number("leak", 0.001, 1000),
      inputNoise: reader.number("input_noise", 0, 1),
      noise: reader.number("noise", 0, 1),
      damage: readDamage(reader, payload.networks[0].groups.length),
    },
    speed: reader.whole("speed", 0, 12),
    showPoints: reader.whole("points", 0, 1) === 1,
    cloud: reader.whole("particles", 0, 1) === 1,
  };
  return reader.good && networks.length > 0 ? settings : null;
};
