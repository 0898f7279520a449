/* The values under the pointer, or under a cursor that the arrow keys move. */

const HELP = "The arrow keys move through the timesteps, Home and End go to the first and last, Escape closes.";

/** Put a box right of a panel, or left of it, or below or above it: it must not hide the curves. */
function placeBeside(box, panel) {
  const around = panel.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = box;
  const within = (start, size, room) => Math.max(0, Math.min(start, room - size));
  const gap = 6, room = document.documentElement.clientWidth;
  const fitsRight = around.right + gap + width <= room, fitsLeft = around.left - gap - width >= 0;
  const beside = fitsRight ? around.right + gap : around.left - gap - width;
  const below = around.bottom + height <= window.innerHeight ? around.bottom : Math.max(0, around.top - height);
  const fits = fitsRight || fitsLeft;
  box.style.left = `${fits ? beside : within(around.left, width, room)}px`;
  box.style.top = `${fits ? within(around.top, height, window.innerHeight) : below}px`;
}

/** The place of the number in a growing list that is nearest to another. */
function nearestPlace(axis, number) {
  return axis.reduce((best, each, place) => (Math.abs(each - number) < Math.abs(axis[best] - number) ? place : best), 0);
}

/** The mean, interval and count of each setting at a timestep, the highest first. */
function valuesAt(groups, timesteps, isGeometric) {
  const lines = groups.map(({ setting, mean }) => ({ setting, ...mean.find((line) => line.timesteps === timesteps) }));
  const rows = lines.filter(({ count }) => count).sort((one, other) => other.mean - one.mean).map((line) => {
    const between = line.low === null ? "" : `${short(line.low)} to ${short(line.high)}`;
    const numbers = [short(line.mean), between, String(line.count)];
    const cells = numbers.map((text) => element("td", "number", text));
    return element("tr", "", element("td", "", labelled(line.setting)), ...cells);
  });
  const headings = ["", isGeometric ? "geometric mean" : "mean", "95 % interval", "runs"];
  return element("table", "", element("tr", "", ...headings.map((text) => element("th", "number", text))), ...rows);
}

/** The single run that is nearest to the pointer at a timestep, as text; `heightOf` says how high a value lies. */
function nearestRun(groups, timesteps, pointer, heightOf) {
  let best = null;
  for (const { setting, curves } of groups) {
    for (const { run, axis, values } of curves) {
      const value = values[axis.indexOf(timesteps)], distance = Math.abs(heightOf(value) - pointer);
      if (Number.isFinite(distance) && (!best || distance < best.distance)) best = { setting, run, value, distance };
    }
  }
  return best ? `nearest: seed ${best.run.seed} of ${SETTING.get(best.setting).label}, ${short(best.value)}` : "";
}

/** Let pointer and keys show the values of a panel at a timestep. */
function addReadout(figure, plot, view, groups, chosen, environment) {
  const longest = groups.reduce((best, group) => (group.mean.length > best.length ? group.mean : best), []);
  const axis = longest.map((line) => line.timesteps), box = element("div", "readout");
  let place = axis.length - 1;
  box.setAttribute("role", "status");
  box.hidden = true;
  figure.append(box);
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", `Curves of ${environment.title}. ${HELP}`);

  function show(newPlace, pointer = null) {
    place = Math.max(0, Math.min(axis.length - 1, newPlace));
    const timesteps = axis[place];
    const heading = element("strong", "", `${timesteps.toLocaleString("en")} timesteps`);
    box.replaceChildren(heading, valuesAt(groups, timesteps, chosen.logarithmic));
    if (chosen.single && pointer !== null) box.append(nearestRun(groups, timesteps, pointer, view.scale("y")));
    box.hidden = false;
    placeBeside(box, figure);
    view.data("cursor", [{ timesteps }]).run();
  }

  function hide() {
    box.hidden = true;
    view.data("cursor", []).run();
  }

  plot.addEventListener("pointermove", (event) => {
    const frame = plot.querySelector("svg").getBoundingClientRect(), [left, top] = view.origin();
    const timesteps = view.scale("x").invert(event.clientX - frame.left - left);
    show(nearestPlace(axis, timesteps), event.clientY - frame.top - top);
  });
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("focus", () => { if (plot.matches(":focus-visible")) show(place); });
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: axis.length - 1 };
    if (event.key in moves) show(moves[event.key]);
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
  });
}
