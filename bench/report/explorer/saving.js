/* Panels as pictures, and what they show as CSV. */

const PICTURE = { width: 640, height: 400, autosize: "pad", padding: 10 };

/** Give the browser a file to save. */
function save(name, address) {
  const link = element("a");
  Object.assign(link, { download: name, href: address });
  link.click();
}

const saveText = (name, type, text) => {
  const address = URL.createObjectURL(new Blob([text], { type }));
  save(name, address);
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
};

/** A panel as a picture of its own: with title and legend, within the limits that the panel has now. */
async function drawPicture(view, rows, chosen, environment) {
  const limits = Object.fromEntries(["left", "right", "bottom", "top"].map((name) => [name, view.signal(name)]));
  const spec = { ...panelSpec(chosen, rows, limits, true), ...PICTURE, title: environment.title };
  return (await vegaEmbed(element("div"), spec, EMBEDDING)).view;
}

/** A menu that saves a panel. */
function saveMenu(view, rows, chosen, environment) {
  const name = `${environment.name}-${DATA.columns[chosen.column].name}`;
  const picture = () => drawPicture(view, rows, chosen, environment);
  const actions = {
    SVG: async () => saveText(`${name}.svg`, "image/svg+xml", await (await picture()).toSVG()),
    PNG: async () => save(`${name}.png`, await (await picture()).toImageURL("png", 2)),
  };
  const buttons = Object.entries(actions).map(([format, action]) => {
    const button = element("button", "", format);
    button.addEventListener("click", action);
    return button;
  });
  const summary = element("summary", "", "save");
  summary.setAttribute("aria-label", `Save ${environment.title} as a picture`);
  return element("details", "save", summary, ...buttons);
}

/** The means of the shown curves as CSV, and the single runs where these are shown. */
function formatShown(chosen) {
  const column = DATA.columns[chosen.column].name, seeds = new Set(), lines = [];
  for (const environment of chosen.environments) {
    const rows = rowsOf(chosen, environment);
    const runs = Map.groupBy(rows.seeds, ({ setting, timesteps }) => keyOf(setting, timesteps));
    rows.seeds.forEach(({ seed }) => seeds.add(seed));
    for (const { setting, timesteps, mean, low, high, count } of rows.means) {
      const values = new Map(runs.get(keyOf(setting, timesteps))?.map(({ seed, value }) => [seed, value]));
      lines.push({ cells: [environment.name, setting, timesteps, column, mean, low, high, count], values });
    }
  }
  const order = [...seeds].sort((one, other) => one - other), mean = chosen.logarithmic ? "geometric_mean" : "mean";
  const head = ["environment", "setting", "timesteps", "column", mean, "low", "high", "runs"];
  const table = lines.map(({ cells, values }) => [...cells, ...order.map((seed) => values.get(seed))]);
  return [[...head, ...order.map((seed) => `seed_${seed}`)], ...table].map((cells) => `${cells.join(",")}\n`).join("");
}

/** Save what is shown as CSV. */
function saveShown() {
  const chosen = chosenNow();
  saveText(`${DATA.columns[chosen.column].name}.csv`, "text/csv", formatShown(chosen));
}
