// Figures of the whole cohort with the chosen networks in colour and the others dimmed.
import { numbersOf } from "./unpack.mjs";

const DIMMED = 0.12;
const OTHERS = "#aab1bd";  // the frame's colour, which has a partner on a dark page

// The lines of many networks as one: a browser draws it as fast as that of one network.
const together = (traces) => {
  const x = [], y = [];
  for (const trace of traces) {
    x.push(...numbersOf(trace.x), null);
    y.push(...numbersOf(trace.y), null);
  }
  const { xaxis, yaxis, mode } = traces[0];
  return { type: "scatter", mode, xaxis, yaxis, x, y, line: { color: OTHERS, width: 1 }, marker: { color: OTHERS }, opacity: 0.45, hoverinfo: "skip", showlegend: false, name: "others" };
};

// The marks at the ends of curves; `customdata` are the networks.
const marks = (trace, chosen) => {
  const color = trace.marker.color.map((own, at) => (chosen.has(trace.customdata[at]) ? own : OTHERS));
  return { ...trace, marker: { ...trace.marker, color } };
};

const curves = (figure, chosen) => {
  const own = figure.data.filter((trace) => trace.meta !== undefined);
  const [inside, outside] = [true, false].map((wanted) => own.filter((trace) => chosen.has(trace.meta) === wanted));
  const panels = [...new Set(own.map((trace) => trace.xaxis))].map((axis) => outside.filter((trace) => trace.xaxis === axis));
  const front = inside.map((trace) => ({ ...trace, opacity: 1, line: { ...trace.line, width: 2 } }));
  const rest = figure.data.filter((trace) => trace.meta === undefined).map((trace) => (trace.name === "ends" ? marks(trace, chosen) : trace));
  return { ...figure, data: [...panels.filter((panel) => panel.length).map(together), ...front, ...rest] };
};

const dots = (figure, chosen) => ({
  ...figure,
  data: figure.data.map((trace) => (trace.meta === undefined || chosen.has(trace.meta) ? trace : { ...trace, opacity: DIMMED })),
});

/** The number of the network that a point of the map stands for. */
export const networkOf = (link) => Number(/^network-(\d+)$/.exec(link)?.[1] ?? NaN);

// The map: a box or a lasso chooses.
const map = (figure, chosen) => ({
  data: figure.data.map((trace) => (trace.customdata === undefined ? trace : {
    ...trace,
    selectedpoints: chosen ? trace.customdata.flatMap((link, at) => (chosen.has(networkOf(link)) ? [at] : [])) : null,
    selected: { marker: { opacity: 1 } },
    unselected: { marker: { opacity: 0.2 }, textfont: { color: OTHERS } },
  })),
  layout: { ...figure.layout, dragmode: "select", selections: [], uirevision: "kept", selectionrevision: Math.random() },
});

/** A figure as the choice shows it; `chosen` is null where all or none are chosen. */
export const emphasised = (key, figure, chosen) => {
  if (key === "census") return map(figure, chosen);
  if (!chosen || !(key === "learning" || key === "spectra")) return figure;
  return key === "learning" ? curves(figure, chosen) : dots(figure, chosen);
};
