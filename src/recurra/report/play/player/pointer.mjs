// Pointer and arrow keys on the cube: the dot is dragged, everything else turns the view.

const TURN = 0.01; // radians a pixel
const STEP = 0.06; // of the view, a press of an arrow key

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `stage` is moved; `hold(true)` stops the clock while the dot is dragged; `changed()` asks for a drawing.
export const listenToSpace = (stage, camera, { hold, changed }) => {
  const canvas = stage.canvases.space;
  let last = null, dragging = false;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const end = () => {
    if (dragging) hold(false);
    last = null;
    dragging = false;
  };
  canvas.addEventListener("pointerdown", (event) => {
    last = at(event);
    dragging = stage.space.isOnDot(last.x, last.y);
    canvas.setPointerCapture(event.pointerId);
    if (dragging) hold(true);
  });
  canvas.addEventListener("pointermove", (event) => {
    const here = at(event);
    if (last === null) {
      stage.point(here);
      canvas.style.cursor = stage.space.isOnDot(here.x, here.y) ? "move" : "grab";
      return;
    }
    const dx = here.x - last.x, dy = here.y - last.y;
    if (dragging) {
      camera.look(canvas.clientWidth, canvas.clientHeight, stage.network.view.limit);
      stage.kick(camera.movement(dx, dy));
    } else camera.rotate(-TURN * dx, TURN * dy);
    last = here;
    changed();
  });
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow || event.ctrlKey || event.metaKey || event.altKey) return;
    const [across, down] = arrow;
    camera.look(canvas.clientWidth, canvas.clientHeight, stage.network.view.limit);
    const far = STEP * Math.min(canvas.clientWidth, canvas.clientHeight);
    if (event.shiftKey) stage.kick(camera.movement(far * across, far * down));
    else camera.rotate(-0.15 * across, 0.15 * down);
    changed();
    event.preventDefault();
  });
};
