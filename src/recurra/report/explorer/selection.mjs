// Which networks are chosen, as data: nothing here knows the page.

/** The numbers in text such as "0-3,7" that are among the known ones; anything else is ignored. */
export const numbersIn = (text, known) => {
  const found = new Set();
  for (const part of text.split(",")) {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part) ?? [];
    if (first === undefined) continue;
    for (const number of known) if (number >= Number(first) && number <= Number(last)) found.add(number);
  }
  return found;
};

/** Numbers as text, neighbours as ranges: the inverse of `numbersIn` for numbers without gaps in the cohort. */
export const textOf = (numbers) => {
  const sorted = [...numbers].sort((one, other) => one - other), parts = [];
  for (let at = 0; at < sorted.length;) {
    let end = at;
    while (sorted[end + 1] === sorted[end] + 1) end++;
    parts.push(end > at + 1 ? `${sorted[at]}-${sorted[end]}` : sorted.slice(at, end + 1).join(","));
    at = end + 1;
  }
  return parts.join(",");
};

/** What an address chooses: null where it says nothing of networks. */
export const chosenIn = (hash, known) => {
  if (hash === "" || hash === "#") return new Set();
  return hash.startsWith("#networks=") ? numbersIn(hash.slice("#networks=".length), known) : null;
};

/** The address of a choice. */
export const hashOf = (chosen) => `#networks=${textOf(chosen)}`;

/** The choice with all of some members, or without them if it had them all. */
export const toggled = (chosen, members) => {
  const next = new Set(chosen), out = members.every((member) => next.has(member));
  members.forEach((member) => (out ? next.delete(member) : next.add(member)));
  return next;
};

/** Those whose value is in a range; an end that is no number is open, and what is not known is never inside. */
export const inRange = (numbers, values, low, high) => {
  const from = Number.isNaN(low) ? -Infinity : low, to = Number.isNaN(high) ? Infinity : high;
  return numbers.filter((_, at) => values[at] !== null && values[at] >= from && values[at] <= to);
};

/** The positions in the order of their values; what is not known comes last in both directions. */
export const ordered = (values, descending) => {
  const unknown = (value) => value === null || value === "";
  const turn = descending ? -1 : 1;
  return values.map((_, at) => at).sort((one, other) => {
    const [a, b] = [values[one], values[other]];
    if (unknown(a) || unknown(b)) return unknown(a) - unknown(b) || one - other;
    return (a < b ? -turn : a > b ? turn : 0) || one - other;
  });
};

/** The live line. */
export const chosenWords = (chosen, all, shown) => {
  if (chosen === 0) return `No network is chosen: the figures show ${shown} of ${all}, from the best to the worst by their error.`;
  return `${chosen} of ${all} networks chosen.`;
};

/** Some of a list at a time: the page that there is, how many there are, and what is on it. */
export const paged = (list, size, page) => {
  const pages = Math.max(1, Math.ceil(list.length / size)), own = Math.min(Math.max(page, 0), pages - 1);
  return { page: own, pages, members: list.slice(own * size, (own + 1) * size) };
};
