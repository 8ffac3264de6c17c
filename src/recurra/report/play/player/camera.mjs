// A view of three coordinates that can be turned.

export class Camera {
  constructor() {
    this.turn = -0.6;
    this.tilt = 0.45;
    this.look(1, 1, 1);
  }

  // Width and height in pixels, and the largest distance from the origin.
  look(width, height, limit) {
    Object.assign(this, { width, height, scale: (0.47 * Math.min(width, height)) / limit, far: 7 * limit });
  }

  rotate(turn, tilt) {
    this.turn = (this.turn + turn) % (2 * Math.PI);
    this.tilt = Math.min(1.5, Math.max(-1.5, this.tilt + tilt));
  }

  get axes() {
    const [st, ct, sp, cp] = [Math.sin(this.turn), Math.cos(this.turn), Math.sin(this.tilt), Math.cos(this.tilt)];
    return { right: [ct, st, 0], up: [st * sp, -ct * sp, cp], near: [st * cp, -ct * cp, -sp] };
  }

  // Place on the screen, and the nearness, which is larger for what is in front.
  project(points, at = 0) {
    const { right, up, near } = this.axes;
    const [x, y, z] = [points[at], points[at + 1], points[at + 2]];
    const depth = near[0] * x + near[1] * y + near[2] * z;
    const size = (this.scale * this.far) / Math.max(this.far * 0.2, this.far - depth);
    return {
      x: this.width / 2 + size * (right[0] * x + right[1] * y + right[2] * z),
      y: this.height / 2 - size * (up[0] * x + up[1] * y + up[2] * z),
      depth,
    };
  }

  // The movement in space that is seen as this movement on the screen.
  movement(dx, dy) {
    const { right, up } = this.axes;
    return [0, 1, 2].map((axis) => (right[axis] * dx - up[axis] * dy) / this.scale);
  }
}
