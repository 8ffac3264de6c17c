// Figures as page/packing.py stores them: deflated JSON in base64, with references and whole numbers.

const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCES = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const DISTANCE_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LONGEST = 15;

// How many codes there are of each length, and the symbols in the order of their codes.
const codeOf = (lengths) => {
  const count = new Uint16Array(LONGEST + 1), place = new Uint16Array(LONGEST + 2), symbols = new Uint16Array(lengths.length);
  for (const length of lengths) count[length]++;
  count[0] = 0;
  for (let length = 1; length <= LONGEST; length++) place[length + 1] = place[length] + count[length];
  lengths.forEach((length, symbol) => { if (length) symbols[place[length]++] = symbol; });
  return { count, symbols };
};

const FIXED = [
  codeOf(Array.from({ length: 288 }, (_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8))),
  codeOf(new Array(30).fill(5)),
];

/** What was deflated (RFC 1951). A browser's own inflation would answer later, and a page prints at once. */
export const inflate = (bytes) => {
  let at = 0, hold = 0, held = 0, size = 0, out = new Uint8Array(Math.max(1024, bytes.length * 4));
  const room = (more) => {
    if (size + more <= out.length) return;
    const larger = new Uint8Array(Math.max(out.length * 2, size + more));
    larger.set(out);
    out = larger;
  };
  const bits = (count) => {
    while (held < count) {
      hold |= bytes[at++] << held;
      held += 8;
    }
    const value = hold & ((1 << count) - 1);
    hold >>>= count;
    held -= count;
    return value;
  };
  const symbol = ({ count, symbols }) => {
    let code = 0, first = 0, place = 0;
    for (let length = 1; length <= LONGEST; length++) {
      if (held === 0) {
        hold = bytes[at++];
        held = 8;
      }
      code |= hold & 1;
      hold >>>= 1;
      held--;
      const own = count[length];
      if (code - own < first) return symbols[place + code - first];
      place += own;
      first = (first + own) << 1;
      code <<= 1;
    }
    throw new Error("a figure in this file is damaged");
  };
  const dynamic = () => {
    const literals = bits(5) + 257, distances = bits(5) + 1, codes = bits(4) + 4, short = new Array(19).fill(0), lengths = [];
    for (let index = 0; index < codes; index++) short[ORDER[index]] = bits(3);
    const code = codeOf(short);
    while (lengths.length < literals + distances) {
      const found = symbol(code);
      if (found < 16) {
        lengths.push(found);
        continue;
      }
      const [value, times] = found === 16 ? [lengths.at(-1), 3 + bits(2)] : [0, found === 17 ? 3 + bits(3) : 11 + bits(7)];
      for (let turn = 0; turn < times; turn++) lengths.push(value);
    }
    return [codeOf(lengths.slice(0, literals)), codeOf(lengths.slice(literals))];
  };
  const stored = () => {
    hold = held = 0;
    const length = bytes[at] | (bytes[at + 1] << 8);
    room(length);
    out.set(bytes.subarray(at + 4, at + 4 + length), size);
    at += 4 + length;
    size += length;
  };
  const coded = ([literals, distances]) => {
    for (;;) {
      const found = symbol(literals);
      if (found === 256) return;
      if (found < 256) {
        room(1);
        out[size++] = found;
        continue;
      }
      const length = LENGTHS[found - 257] + bits(LENGTH_BITS[found - 257]), far = symbol(distances);
      const distance = DISTANCES[far] + bits(DISTANCE_BITS[far]);
      room(length);
      for (let end = size + length; size < end; size++) out[size] = out[size - distance];
    }
  };
  for (let last = 0; !last;) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) stored();
    else coded(kind === 1 ? FIXED : dynamic());
    if (at > bytes.length) throw new Error("a figure in this file is cut off");
  }
  return out.subarray(0, size);
};

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

// Rows of an array in two dimensions, as Plotly takes them.
const shaped = (values, shape) => {
  if (!shape) return values;
  const [rows, columns] = shape.split(",").map(Number);
  return Array.from({ length: rows }, (_, row) => values.subarray(row * columns, (row + 1) * columns));
};

const floats = ({ low, step, whole, shape }) => {
  const bytes = bytesOf(whole), numbers = new Float32Array(bytes.length / 2);
  for (let at = 0; at < numbers.length; at++) {
    const number = bytes[2 * at] | (bytes[2 * at + 1] << 8);
    numbers[at] = number ? low + step * (number - 1) : NaN;
  }
  return shaped(numbers, shape);
};

const TYPES = { f4: Float32Array, f8: Float64Array, i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array, u4: Uint32Array };

/** The numbers of a one-dimensional array in any of the forms in which a figure may have it. */
export const numbersOf = (array) => ("bdata" in array ? new TYPES[array.dtype](bytesOf(array.bdata).buffer) : array);

const restored = (value, shared) => {
  if (Array.isArray(value)) return value.map((inner) => restored(inner, shared));
  if (value === null || typeof value !== "object") return value;
  if ("whole" in value) return floats(value);
  if ("shared" in value) return shared[value.shared];
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, restored(inner, shared)]));
};

/** A figure from its text; `shared` are the pieces that figures have in common. */
export const unpack = (text, shared = []) =>
  restored(JSON.parse(new TextDecoder().decode(inflate(bytesOf(text.trim())))), shared);
