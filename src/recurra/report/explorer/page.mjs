// The page of a report: figures are drawn when they are reached, in light and in dark, on the screen and on paper.
import { startExplorer } from "./explorer.mjs";
import { unpack } from "./unpack.mjs";

const NEAR = "700px";     // figures this far outside the window are drawn already
const CONTEXTS = 9;       // figures in space that are alive at once; browsers allow about 16 WebGL contexts
const PRINT = { page: 884, half: 430, zoom: 0.77 };  // px of a figure on A4, drawn larger and shrunk
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const palette = JSON.parse(document.getElementById("palette").textContent);
const plots = [...document.querySelectorAll(".plot")];
const config = {
  displaylogo: false,
  showSendToCloud: false,  // plotly would offer to upload the figure
  plotlyServerURL: "",
  responsive: true,
  scrollZoom: false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "resetCameraLastSave3d", "tableRotation"],
};
const brushed = { ...config, modeBarButtonsToRemove: config.modeBarButtonsToRemove.slice(2) };
let shared = null;  // what packed figures have in common
let printing = false;

// Neutral colours of the figures are those of the light page; the dark page has a partner for each.
const themed = (value) => {
  if (typeof value === "string") return palette[value] ?? value;
  if (Array.isArray(value)) return value.map(themed);
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value) || "bdata" in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, themed(inner)]));
};

const chosen = (plot) => {
  const panels = JSON.parse(plot.dataset.panels);
  const radio = plot.dataset.switch && document.querySelector(`input[name="${plot.dataset.switch}"]:checked`);
  return panels[radio ? radio.value : ""] ?? Object.values(panels)[0];
};

// Points with a link are clicked; the page has the same links as text.
const follows = new WeakSet();
const link = (plot) => {
  if (follows.has(plot)) return;
  follows.add(plot);
  if (explorer) {
    explorer.listen(plot);
    return;
  }
  plot.on("plotly_click", ({ points }) => {
    const target = points[0]?.customdata;
    if (typeof target === "string" && document.getElementById(target)) location.hash = target;
  });
};

// What is shown of one network at a time.
const choose = () => document.querySelectorAll("[data-of]").forEach((block) => {
  const radio = document.querySelector(`input[name="${block.dataset.of}"]:checked`);
  block.hidden = radio !== null && radio.value !== block.dataset.value;
});

const figureOf = (data) => {
  if (data.type !== "text/plain") return JSON.parse(data.textContent);
  shared ??= unpack(document.getElementById("shared").textContent);
  return unpack(data.textContent, shared);
};

// To run the drawing library takes a second of a slow processor, so that the first figure does it and not the page.
const startPlotly = () => {
  if (window.Plotly) return;
  const script = document.createElement("script");
  script.textContent = document.getElementById("plotly").textContent;
  document.head.append(script);
};

const draw = (plot) => {
  startPlotly();
  const key = chosen(plot);
  const data = document.getElementById(`data-${key}`);
  const stored = figureOf(data);
  const parsed = explorer ? explorer.figure(key, stored) : stored;
  const figure = dark.matches && !printing ? themed(parsed) : parsed;
  const camera = plot.dataset.camera && plot.dataset.key === key ? JSON.parse(plot.dataset.camera) : null;
  if (camera && figure.layout.scene) figure.layout.scene.camera = camera;
  if (printing) figure.layout.width = plot.closest(".grid") ? PRINT.half : PRINT.page;
  plot.style.zoom = printing ? PRINT.zoom : "";
  plot.style.height = `${figure.layout.height}px`;
  plot.setAttribute("aria-label", data.dataset.label);
  plot.dataset.key = key;
  plot.dataset.spatial = data.dataset.spatial;
  plot.dataset.drawn = "yes";
  const drawn = Plotly.react(plot, figure.data, figure.layout, explorer && key === "census" ? brushed : config);
  if (key === "census") link(plot);
  return drawn;
};

const erase = (plot) => {
  const camera = plot._fullLayout?.scene?._scene?.getCamera?.();
  if (camera) plot.dataset.camera = JSON.stringify(camera);
  Plotly.purge(plot);
  follows.delete(plot);
  plot.dataset.drawn = "no";
};

const near = new Set();
const spare = () => {
  const alive = plots.filter((plot) => plot.dataset.drawn === "yes" && plot.dataset.spatial === "yes");
  const far = alive.filter((plot) => !near.has(plot));
  far.slice(0, Math.max(0, alive.length - CONTEXTS)).forEach(erase);
};

const watch = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) near.add(target); else near.delete(target);
  }
  spare();
  for (const { target } of entries) {
    if (near.has(target) && target.dataset.drawn !== "yes") draw(target);
  }
  spare();
}, { rootMargin: NEAR });

const redraw = () => plots.filter((plot) => plot.dataset.drawn === "yes").forEach(draw);

// Figures that are to be drawn again follow one by one, so that the page answers at once; one that is not near is drawn
// when it is reached.
const late = new Set();
const next = () => {
  if (!late.size) return;
  const plot = [...late].find((one) => near.has(one)) ?? [...late][0];
  late.delete(plot);
  if (near.has(plot)) draw(plot);
  else erase(plot);
  if (late.size) setTimeout(next);
};
const refresh = (plot) => {
  if (plot.dataset.drawn !== "yes") return;
  if (late.size === 0) requestAnimationFrame(() => setTimeout(next));
  late.add(plot);
};

const explorer = startExplorer({
  choose: () => choose(),
  unfold: (dossier) => unfold(dossier),
  redraw: (keys) => plots.filter((plot) => keys.includes(plot.dataset.key)).forEach(refresh),
  turn: (plot, panels) => {
    const text = JSON.stringify(panels);
    if (text === plot.dataset.panels || text === "{}") return;
    plot.dataset.panels = text;
    delete plot.dataset.camera;
    refresh(plot);
  },
});

document.addEventListener("change", ({ target }) => {
  if (target.matches(".switch input")) {
    choose();
    plots.filter((plot) => plot.dataset.drawn === "yes" && plot.dataset.switch === target.name).forEach(draw);
  }
});
dark.addEventListener("change", redraw);

// The inside of a dossier is unpacked when it is first asked for.
const unfold = (dossier) => {
  const packed = dossier.querySelector("script[data-inside]");
  if (!packed) return;
  const inside = document.createElement("template");
  inside.innerHTML = unpack(packed.textContent);
  const own = [...inside.content.querySelectorAll(".plot")];
  packed.replaceWith(inside.content);
  plots.push(...own);
  own.forEach((plot) => watch.observe(plot));
};
document.addEventListener("toggle", ({ target }) => { if (target.matches(".dossier")) unfold(target); }, true);

// A link to a dossier opens it.
const open = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target?.matches("details")) {
    unfold(target);
    target.open = true;
    target.scrollIntoView();
  }
};
window.addEventListener("hashchange", open);

window.addEventListener("beforeprint", () => {
  printing = true;
  late.clear();
  let left = CONTEXTS + 3;
  for (const plot of plots) {
    if (plot.closest("details:not([open])")) continue;
    const spatial = document.getElementById(`data-${chosen(plot)}`).dataset.spatial === "yes";
    if (!spatial || plot.dataset.drawn === "yes" || left-- > 0) draw(plot);
  }
});
window.addEventListener("afterprint", () => {
  printing = false;
  redraw();
});

// The table of contents follows the reader.
const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
const sections = [...links.keys()].map((id) => document.getElementById(id));
const follow = () => {
  const passed = sections.filter((section) => section.getBoundingClientRect().top < window.innerHeight * 0.35);
  const current = (passed.at(-1) ?? sections[0]).id;
  links.forEach((link, id) => (id === current ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
};
window.addEventListener("scroll", follow, { passive: true });

explorer?.start();
choose();
plots.forEach((plot) => watch.observe(plot));
follow();
open();
