/* The values under the pointer, or under a cursor that the arrow keys move. */

const HELP = "The arrow keys move through the timesteps, Home and End go to the first and last, Escape closes.";

/** Move a box right of a panel, or left of it, or below or above it: it must not hide the curves. */
function moveBeside(box, panel) {
  const around = panel.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = box;
  const within = (start, size, room) => Math.max(0, Math.min(start, room - size));
  const gap = 6, room = document.documentElement.clientWidth;
  const fitsRight = around.right + gap + width <= room, fitsLeft = around.left - gap - width >= 0;
  const beside = fitsRight ? around.right + gap : around.left - gap - width;
  const below = around.bottom + height <= window.innerHeight ? around.bottom : Math.max(0, around.top - height);
  const fits = fitsRight || fitsLeft;
  const left = fits ? beside : within(around.left, width, room);
  const top = fits ? within(around.top, height, window.innerHeight) : below;
  box.style.left = `${left - around.left}px`;
  box.style.top = `${top - around.top}px`;
}

/** The index of the number in a list that is nearest to another. */
function nearestIndex(axis, number) {
  return axis.reduce((best, each, index) => (Math.abs(each - number) < Math.abs(axis[best] - number) ? index : best), 0);
}

/** A table of some means with their intervals and counts, the highest first. */
function tableOf(means, isGeometric) {
  const rows = means.toSorted((one, other) => other.mean - one.mean).map(({ setting, mean, low, high, count }) => {
    const numbers = [short(mean), low === null ? "" : `${short(low)} to ${short(high)}`, String(count)];
    const cells = numbers.map((text) => element("td", "number", text));
    return element("tr", "", element("td", "", labelled(setting)), ...cells);
  });
  const headings = ["", isGeometric ? "geometric mean" : "mean", "95 % interval", "runs"];
  return element("table", "", element("tr", "", ...headings.map((text) => element("th", "number", text))), ...rows);
}

/** Of some values of single runs, the one nearest to the pointer, as text; `heightOf` says how high a value lies. */
function nearestOf(seeds, pointer, heightOf) {
  const { setting, seed, value } = seeds[nearestIndex(seeds.map((each) => heightOf(each.value)), pointer)];
  return `nearest: seed ${seed} of ${SETTING.get(setting).label}, ${short(value)}`;
}

/** Let pointer and keys show the values of a panel's rows at a timestep. */
function addReadout(figure, plot, view, rows, chosen, environment) {
  const axis = [...new Set(rows.means.map(({ timesteps }) => timesteps))].sort((one, other) => one - other);
  const at = (timesteps) => (row) => row.timesteps === timesteps;
  const box = element("div", "readout");
  let index = axis.length - 1;
  box.setAttribute("role", "status");
  box.hidden = true;
  figure.append(box);
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", `Curves of ${environment.title}. ${HELP} ${ZOOM_HELP}`);

  function show(newIndex, pointer = null) {
    index = Math.max(0, Math.min(axis.length - 1, newIndex));
    const timesteps = axis[index];
    const heading = element("strong", "", `${timesteps.toLocaleString("en")} timesteps`);
    box.replaceChildren(heading, tableOf(rows.means.filter(at(timesteps)), chosen.logarithmic));
    const seeds = rows.seeds.filter(at(timesteps));
    if (pointer !== null && seeds.length) box.append(nearestOf(seeds, pointer, view.scale("y")));
    box.hidden = false;
    moveBeside(box, figure);
    view.data("cursor", [{ timesteps }]).run();
  }

  function hide() {
    box.hidden = true;
    view.data("cursor", []).run();
  }

  const showAt = (event) => {
    const frame = plot.querySelector("svg").getBoundingClientRect(), [left, top] = view.origin();
    const timesteps = view.scale("x").invert(event.clientX - frame.left - left);
    show(nearestIndex(axis, timesteps), event.clientY - frame.top - top);
  };
  plot.addEventListener("pointermove", showAt);
  plot.addEventListener("pointerdown", showAt);
  // What a tap has shown stays until the next tap elsewhere.
  plot.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });
  plot.addEventListener("focus", () => { if (plot.matches(":focus-visible")) show(index); });
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: axis.length - 1 };
    if (event.key in moves) show(moves[event.key]);
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
  });
}
