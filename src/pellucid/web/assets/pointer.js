// Dragging with mouse, pen or finger; every dragged number has a control of its own for the keyboard.

/** Let what a figure picks follow the pointer. */
export function listen(element, figure, state, frame, change) {
  let held = null;
  const at = (event) => {
    const box = element.getBoundingClientRect();
    return frame().at(event.clientX - box.left, event.clientY - box.top);
  };
  element.addEventListener("pointerdown", (event) => {
    if (!frame()) return;
    held = figure.drag.pick(state(), at(event));
    if (held === null || held === undefined) { held = null; return; }
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    element.classList.add("held");
    change(figure.drag.move(state(), held, at(event)) ?? {});
  });
  element.addEventListener("pointermove", (event) => {
    if (held !== null) change(figure.drag.move(state(), held, at(event)) ?? {});
    else if (frame()) element.style.cursor = (figure.drag.pick(state(), at(event)) ?? null) === null ? "" : "grab";
  });
  const end = () => { held = null; element.classList.remove("held"); };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  // A finger on a handle drags it; anywhere else it scrolls the page.
  element.addEventListener("touchstart", (event) => {
    if (!frame()) return;
    const touch = event.touches[0];
    if ((figure.drag.pick(state(), at(touch)) ?? null) !== null) event.preventDefault();
  }, { passive: false });
}
