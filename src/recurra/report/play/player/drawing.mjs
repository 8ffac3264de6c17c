// Canvases: their size on the screen, their colours, and marks.

const NAMES = ["ink", "soft", "faint", "paper", "panel", "excitatory", "inhibitory", "zero", "stable", "saddle", "input"];

// The colours of the page, light or dark, read from its style.
export const paletteOf = (host) => {
  const style = getComputedStyle(host);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim() || "#888888"]));
};

// The context of a canvas, cleared, in units of CSS pixels.
export const cleared = (canvas) => {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
};

export const line = (context, from, to) => {
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
};

// A filled circle is stable, an open diamond a saddle: shape and filling say it as well as colour.
export const mark = (context, { x, y }, stable, size) => {
  context.beginPath();
  if (stable) {
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  context.moveTo(x, y - 1.5 * size);
  context.lineTo(x + 1.5 * size, y);
  context.lineTo(x, y + 1.5 * size);
  context.lineTo(x - 1.5 * size, y);
  context.closePath();
  context.stroke();
};

const channels = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));

// `color` with a share of `other` in it; both as #rrggbb.
export const mixed = (color, other, share) => {
  const [one, two] = [channels(color), channels(other)];
  return `rgb(${one.map((value, at) => Math.round((1 - share) * value + share * two[at])).join(" ")})`;
};
