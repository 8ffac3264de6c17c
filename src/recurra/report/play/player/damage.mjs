// Removal of connections by strength, sign and area, as `recurra damage` does it.

// The p-th quantile of sorted numbers, linear between neighbours.
export const quantile = (sorted, share) => {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
};

const isAbsent = (absent, at) => absent !== null && ((absent[at >> 3] >> (7 - (at & 7))) & 1) === 1;

// The strengths of the connections that exist, the weakest first.
export const strengthsOf = (recurrent, absent) =>
  Float64Array.from(recurrent.filter((_, at) => !isAbsent(absent, at)), Math.abs).sort();

export const NO_DAMAGE = { percent: 0, removal: "cumulative", sign: "both", from: -1, to: -1 };

const within = (group, unit) => group === undefined || (unit >= group.first && unit < group.first + group.count);

// A function that says whether the connection at an index of the recurrent weights is removed.
export const removedBy = (damage, network, recurrent, strengths) => {
  if (damage.percent === 0 || strengths.length === 0) return () => false;
  const { units, groups } = network;
  const strongest = damage.removal === "strongest";
  const bound = quantile(strengths, strongest ? 1 - damage.percent / 100 : damage.percent / 100);
  const from = groups[damage.from], to = groups[damage.to];
  return (at) => {
    const weight = recurrent[at], strength = Math.abs(weight);
    if (isAbsent(network.absent, at)) return false;
    if (strongest ? strength <= bound : strength >= bound) return false;
    if ((damage.sign === "positive" && weight <= 0) || (damage.sign === "negative" && weight >= 0)) return false;
    return within(from, at % units) && within(to, Math.floor(at / units) % units);
  };
};
