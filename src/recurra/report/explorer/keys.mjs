// The map of the networks by keys: arrows move among its points, Enter chooses, Escape chooses none.
import { networkOf } from "./emphasis.mjs";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** The position of the nearest point within 45 degrees of a direction; that of the point itself where there is none. */
export const nearest = (points, from, [right, up]) => {
  const { x, y } = points[from];
  let found = from, least = Infinity;
  points.forEach((point, at) => {
    const along = (point.x - x) * right + (point.y - y) * up, across = Math.abs((point.x - x) * up - (point.y - y) * right);
    const far = Math.hypot(along, across);
    if (along <= 0 || across > along || far >= least) return;
    found = at;
    least = far;
  });
  return found;
};

// The points of a map that is drawn; of one that is not there are none.
const pointsOf = (plot) =>
  (plot.data ?? []).flatMap(({ customdata, hovertext }, curveNumber) => (customdata ?? []).map((link, pointNumber) => {
    const { x, y } = plot.calcdata[curveNumber][pointNumber];
    const words = hovertext[pointNumber].replaceAll("<br>", ", ").replaceAll("&lt;", "<");
    return { x, y, words, number: networkOf(link), place: { curveNumber, pointNumber } };
  }));

/**
 * Lets a map be used by keys; `has` says whether a network is chosen, `turn` turns it over, `none` chooses none. What it
 * returns shows the point of the keys again, for when the map was drawn again.
 */
export const listenToKeys = (plot, { has, turn, none }) => {
  const told = document.createElement("p");
  told.className = "hidden";
  told.setAttribute("role", "status");
  plot.parentElement.after(told);
  plot.tabIndex = 0;
  plot.setAttribute("role", "application");
  plot.setAttribute("aria-description", "Arrow keys move among the networks, Enter chooses one or takes it back, Escape chooses none.");
  let current = null;
  const go = ({ number, place, words }) => {
    current = number;
    Plotly.Fx.hover(plot, [place]);
    told.textContent = `${words}: ${has(number) ? "chosen" : "not chosen"}.`;
  };
  plot.addEventListener("keydown", (event) => {
    const points = pointsOf(plot), at = points.findIndex(({ number }) => number === current);
    if (event.ctrlKey || event.metaKey || event.altKey || !points.length) return;
    if (event.key in STEPS) go(points[at < 0 ? 0 : nearest(points, at, STEPS[event.key])]);
    else if (event.key === "Enter" && at >= 0) turn(current);
    else if (event.key === "Escape") {
      Plotly.Fx.unhover(plot);
      current = null;
      told.textContent = "";
      none();
    } else return;
    event.preventDefault();
  });
  return () => {
    const point = pointsOf(plot).find(({ number }) => number === current);
    if (point && document.activeElement === plot) go(point);
  };
};
