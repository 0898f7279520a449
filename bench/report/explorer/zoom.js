/* A part of a panel, larger: by Ctrl and the wheel, by dragging, and by keys. */

const ZOOM_HELP = "Plus and minus zoom, 0 shows all.";
const ZOOM_STEP = 1.25, DEEPEST = 1e-3;

/** Let pointer and keys change the limits of a panel. */
function addZoom(plot, view, rows, chosen) {
  const [along, back] = directions(chosen), whole = limitsOf(chosen, rows);
  let limits = whole;

  function show(newLimits) {
    limits = newLimits;
    Object.entries(limits).forEach(([name, value]) => view.signal(name, value));
    Object.entries(marksOf(chosen, rows, limits)).forEach(([name, marks]) => view.data(name, marks));
    view.run();
  }

  /** Limits that begin and end at these shares of the present width and height, from the lower left. */
  function part([left, right], [bottom, top]) {
    const between = (low, high, share) => low + (high - low) * share;
    const across = (share) => Math.max(whole.left, Math.min(whole.right, between(limits.left, limits.right, share)));
    const up = (share) => back(between(along(limits.bottom), along(limits.top), share));
    const made = { left: across(left), right: across(right), bottom: up(bottom), top: up(top) };
    if (made.right - made.left > DEEPEST * (whole.right - whole.left) && made.top > made.bottom) show(made);
  }

  /** Zoom so that what is at these shares stays there. */
  const zoom = (factor, x = 0.5, y = 0.5) => (
    part([x - x * factor, x + (1 - x) * factor], [y - y * factor, y + (1 - y) * factor])
  );

  /** Where the pointer is, in shares of width and height. */
  function sharesAt(event) {
    const frame = plot.querySelector("svg").getBoundingClientRect(), [left, top] = view.origin();
    const y = (event.clientY - frame.top - top) / view.height();
    return [(event.clientX - frame.left - left) / view.width(), 1 - y];
  }

  plot.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? ZOOM_STEP : 1 / ZOOM_STEP, ...sharesAt(event));
  }, { passive: false });
  plot.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse" || !(event.buttons & 1) || limits === whole) return;
    const x = -event.movementX / view.width(), y = event.movementY / view.height();
    part([x, 1 + x], [y, 1 + y]);
  });
  plot.addEventListener("dblclick", () => show(whole));
  plot.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") zoom(1 / ZOOM_STEP);
    else if (event.key === "-") zoom(ZOOM_STEP);
    else if (event.key === "0") show(whole);
    else return;
    event.preventDefault();
  });
}
