// The state of a network along its principal components: the paper's cube, the path of the state, fixed points.

import { cleared, line, mark } from "./drawing.mjs";

const TRAIL = 1500;
const DOT = 7;

export class Space {
  constructor(canvas, camera) {
    Object.assign(this, { canvas, camera, trail: new Float64Array(3 * TRAIL), colors: new Array(TRAIL), length: 0 });
  }

  forget() {
    this.length = 0;
  }

  // Remember where the state is now, and in which colour it is drawn.
  add(where, color) {
    const at = this.length % TRAIL;
    this.trail.set(where, 3 * at);
    this.colors[at] = color;
    this.length++;
  }

  draw({ network, where, color, palette, showPoints, ownPoints, cloud }) {
    const { context, width, height } = cleared(this.canvas);
    if (!width) return;
    this.camera.look(width, height, network.view.limit);
    this.drawFrame(context, network.view, palette);
    this.drawPaths(context, network.view);
    if (cloud) this.drawCloud(context, cloud);
    this.drawTrail(context, palette);
    if (showPoints) this.drawPoints(context, network.points, palette, ownPoints);
    this.drawNames(context, network.view, palette);
    this.dot = this.camera.project(where);
    context.fillStyle = color;
    context.strokeStyle = palette.paper;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(this.dot.x, this.dot.y, DOT, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }

  drawFrame(context, { corners, edges, axes, limit }, palette) {
    context.lineWidth = 1;
    context.strokeStyle = palette.faint;
    const origin = this.camera.project([0, 0, 0]);
    axes.forEach((name, axis) => name && line(context, origin, this.axisEnd(axis, limit)));
    context.strokeStyle = palette.soft;
    for (let at = 0; at < edges.length; at += 2) {
      line(context, this.camera.project(corners, 3 * edges[at]), this.camera.project(corners, 3 * edges[at + 1]));
    }
  }

  // The names of the axes, over the lines and with an edge in the colour of the page, so that no line runs through one.
  drawNames(context, { axes, limit }, palette) {
    Object.assign(context, { fillStyle: palette.soft, strokeStyle: palette.paper, lineWidth: 4, lineJoin: "round" });
    context.font = "12px system-ui, sans-serif";
    axes.forEach((name, axis) => {
      if (!name) return;
      const end = this.axisEnd(axis, limit);
      context.textAlign = end.x < this.camera.width / 2 ? "right" : "left";
      const room = context.measureText(name).width + 4;
      const x = context.textAlign === "right" ? Math.max(end.x, room) : Math.min(end.x, this.camera.width - room);
      context.strokeText(name, x, end.y);
      context.fillText(name, x, end.y);
    });
  }

  axisEnd(axis, limit) {
    return this.camera.project([0, 1, 2].map((one) => (one === axis ? 0.72 * limit : 0)));
  }

  // The paths of the rates in the conditions of the probe.
  drawPaths(context, { paths, pathPoints, pathColors }) {
    context.globalAlpha = 0.45;
    pathColors.forEach((color, path) => {
      context.strokeStyle = color;
      context.beginPath();
      for (let at = 0; at < pathPoints; at++) {
        const { x, y } = this.camera.project(paths, 3 * (path * pathPoints + at));
        context.lineTo(x, y);
      }
      context.stroke();
    });
    context.globalAlpha = 1;
  }

  drawTrail(context, palette) {
    const kept = Math.min(this.length, TRAIL);
    context.lineWidth = 1.6;
    context.lineJoin = "round";
    let before = null, color = null;
    for (let age = kept; age > 0; age--) {
      const at = (this.length - age) % TRAIL;
      const here = this.camera.project(this.trail, 3 * at);
      const own = this.colors[at] ?? palette.soft;
      if (own !== color) {
        if (before) context.stroke();
        color = own;
        context.strokeStyle = own;
        context.beginPath();
        if (before) context.moveTo(before.x, before.y);
      }
      if (before) context.lineTo(here.x, here.y);
      else context.moveTo(here.x, here.y);
      before = here;
    }
    if (before) context.stroke();
  }

  drawPoints(context, { where, stable }, palette, own) {
    context.globalAlpha = own ? 1 : 0.35;
    context.lineWidth = 1.4;
    const places = stable.map((_, at) => ({ at, ...this.camera.project(where, 3 * at) }));
    places.sort((one, other) => one.depth - other.depth);
    for (const place of places) {
      context.fillStyle = palette.stable;
      context.strokeStyle = palette.saddle;
      mark(context, place, stable[place.at], 4);
    }
    context.globalAlpha = 1;
  }

  drawCloud(context, { places, colors }) {
    context.globalAlpha = 0.75;
    for (let at = 0; at < colors.length; at++) {
      const { x, y } = this.camera.project(places, 3 * at);
      context.fillStyle = colors[at];
      context.fillRect(x - 2, y - 2, 4, 4);
    }
    context.globalAlpha = 1;
  }

  isOnDot(x, y) {
    return this.dot !== undefined && Math.hypot(x - this.dot.x, y - this.dot.y) < 22;
  }

  // The fixed point under the pointer, if there is one.
  pointAt(x, y, { where, stable, texts }) {
    let nearest = null, least = 10;
    stable.forEach((_, at) => {
      const place = this.camera.project(where, 3 * at);
      const distance = Math.hypot(x - place.x, y - place.y);
      if (distance < least) [nearest, least] = [texts[at], distance];
    });
    return nearest;
  }
}
