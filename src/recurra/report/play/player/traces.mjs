// Inputs and outputs as they roll by, newest on the right, and the row of units.

import { cleared, line, mixed } from "./drawing.mjs";

const KEPT = 2400;

export class Traces {
  constructor(canvas, inputs, outputs) {
    const channels = inputs + outputs;
    Object.assign(this, { canvas, inputs, outputs, channels, values: new Float64Array(KEPT * channels), length: 0 });
  }

  forget() {
    this.length = 0;
  }

  add(inputs, outputs) {
    const begin = (this.length % KEPT) * this.channels;
    this.values.set(inputs, begin);
    this.values.set(outputs, begin + this.inputs);
    this.length++;
  }

  // A row an output, with the input of the same number behind it; further inputs have rows of their own.
  draw({ names, color, palette, steps, dtMs }) {
    const { context, width, height } = cleared(this.canvas);
    const rows = Math.max(this.inputs, this.outputs), room = height - 16, tall = room / rows;
    const shown = Math.min(steps, KEPT), left = 74;
    context.font = "12px system-ui, sans-serif";
    for (let row = 0; row < rows; row++) {
      const middle = tall * (row + 0.5), unit = tall * 0.36;
      context.strokeStyle = palette.faint;
      context.lineWidth = 1;
      for (const level of [-1, 0, 1]) {
        context.setLineDash(level ? [2, 4] : []);
        line(context, { x: left, y: middle - level * unit }, { x: width, y: middle - level * unit });
      }
      context.setLineDash([]);
      context.fillStyle = palette.soft;
      context.textAlign = "left";
      context.textBaseline = "middle";
      context.fillText(row < this.outputs ? names[row] : `input ${row + 1}`, 0, middle);
      const path = { left, width, middle, unit, shown };
      if (row < this.inputs) this.curve(context, row, palette.input, 1.4, path);
      if (row < this.outputs) this.curve(context, this.inputs + row, color, 2.2, path);
    }
    context.fillStyle = palette.soft;
    context.textBaseline = "alphabetic";
    context.fillText(`−${(shown * dtMs).toLocaleString("en")} ms`, left, height - 2);
    context.textAlign = "right";
    context.fillText("now", width, height - 2);
  }

  curve(context, channel, color, thick, { left, width, middle, unit, shown }) {
    const kept = Math.min(this.length, shown, KEPT);
    context.strokeStyle = color;
    context.lineWidth = thick;
    context.beginPath();
    for (let age = kept; age > 0; age--) {
      const value = this.values[((this.length - age) % KEPT) * this.channels + channel];
      const x = width - ((age - 1) / shown) * (width - left);
      const y = middle - unit * Math.min(1.35, Math.max(-1.35, value));
      if (age === kept) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
    context.stroke();
  }
}

// Units as squares with their rates as colours: red above 0, blue below; crossed out where silenced.
export class UnitRow {
  constructor(canvas, units) {
    Object.assign(this, { canvas, units });
  }

  get columns() {
    const widest = Math.floor(this.canvas.clientWidth / 12);
    return Math.min(this.units, Math.max(1, Math.min(widest, Math.ceil(this.units / Math.ceil(this.units / widest)))));
  }

  draw({ rates, silenced, palette, chosen }) {
    const rows = Math.ceil(this.units / this.columns);
    this.canvas.style.height = `${rows * 14}px`;
    const { context, width } = cleared(this.canvas);
    const wide = width / this.columns;
    for (let unit = 0; unit < this.units; unit++) {
      const x = (unit % this.columns) * wide, y = Math.floor(unit / this.columns) * 14;
      const rate = Math.min(1, Math.max(-1, rates[unit]));
      context.fillStyle = mixed(palette.zero, rate > 0 ? palette.excitatory : palette.inhibitory, Math.abs(rate));
      context.fillRect(x + 0.5, y + 0.5, wide - 1, 13);
      context.strokeStyle = palette.ink;
      context.lineWidth = 1.4;
      if (silenced.has(unit)) {
        context.fillStyle = palette.panel;
        context.fillRect(x + 0.5, y + 0.5, wide - 1, 13);
        line(context, { x: x + 2, y: y + 2 }, { x: x + wide - 2, y: y + 12 });
        line(context, { x: x + wide - 2, y: y + 2 }, { x: x + 2, y: y + 12 });
      }
      if (unit === chosen) context.strokeRect(x + 0.7, y + 0.7, wide - 1.4, 12.6);
    }
  }

  unitAt(x, y) {
    const unit = Math.floor(y / 14) * this.columns + Math.floor((x / this.canvas.clientWidth) * this.columns);
    return unit >= 0 && unit < this.units ? unit : null;
  }
}
