/* A panel for each environment: means with intervals, and single seeds, drawn by Vega as SVG. */

let views = [];
/** SVG prints well; the menu of a panel saves it as a picture. */
const ACTIONS = { export: true, source: false, compiled: false, editor: false };
const EMBEDDING = { mode: "vega", renderer: "svg", tooltip: false, actions: ACTIONS };

/** The curves of an environment for each chosen setting: [{setting, curves, mean}]. */
function groupsOf(environment, chosen) {
  const estimateOf = chosen.logarithmic ? geometricEstimate : estimate;
  return chosen.settings.map((setting) => {
    const curves = curvesOf(runsOf(environment, setting), chosen.column);
    return { setting, curves, mean: meanCurve(curves, chosen.column, estimateOf) };
  }).filter((group) => group.curves.length);
}

/**
 * The rows of a panel by the names of its data. What a logarithmic axis can't show is left out.
 * The vertical axis, `extent`, spans the values of the single runs, shown or not; intervals may go beyond.
 */
function rowsOf(groups, chosen, environment) {
  const shows = (value) => Number.isFinite(value) && (!chosen.logarithmic || value > 0);
  const rows = { extent: [], reference: [], bands: [], seeds: [], means: [], ends: [], cursor: [] };
  let lowest = Infinity, highest = -Infinity;
  for (const { setting, curves, mean } of groups) {
    for (const { run, axis, values } of curves) {
      axis.forEach((timesteps, place) => {
        const value = values[place];
        if (!shows(value)) return;
        lowest = Math.min(lowest, value);
        highest = Math.max(highest, value);
        if (chosen.single) rows.seeds.push({ setting, seed: run.seed, timesteps, value });
      });
    }
    const drawn = mean.filter((line) => line.count).map((line) => ({ setting, ...line }));
    rows.means.push(...drawn);
    rows.ends.push(...drawn.slice(-1));
  }
  if (chosen.intervals) rows.bands = rows.means.filter((line) => line.low !== null);
  if (isReturn(chosen) && !chosen.logarithmic && environment.uniform !== null) {
    rows.reference.push({ value: environment.uniform });
  }
  rows.extent = [{ value: lowest }, { value: highest }, ...rows.reference];
  return rows;
}

const isReturn = (chosen) => DATA.columns[chosen.column].name === KEPT;

/** Why a panel is empty. */
function nothingOf(groups, chosen, environment) {
  if (groups.length) return "No value is above 0, as a logarithmic axis needs.";
  const has = ({ name }) => runsOf(environment.name, name).some((run) => run.curves[chosen.column]);
  const labels = DATA.settings.filter(has).map(({ label }) => label).join("; ");
  return labels ? `Only other settings have these values: ${labels}.` : "No run has these values.";
}

/** Draw the panels of what is chosen into #panels. The promise is kept when they are drawn. */
async function drawPanels(chosen) {
  views.forEach((view) => view.finalize());
  views = [];
  const place = document.getElementById("panels");
  place.replaceChildren();
  place.classList.toggle("one", chosen.environments.length === 1);
  if (!chosen.environments.length || !chosen.settings.length) {
    place.textContent = "Choose at least one environment and one setting.";
    return;
  }
  const panels = chosen.environments.map((environment) => {
    const plot = element("div", "plot"), caption = element("figcaption", "", environment.title);
    const figure = element("figure", "", caption, plot);
    place.append(figure);
    return { environment, figure, plot };
  });
  const width = panels[0].plot.clientWidth;
  const height = Math.round(Math.min(440, Math.max(215, width * 0.55)));
  await Promise.all(panels.map(async ({ environment, figure, plot }) => {
    const groups = groupsOf(environment.name, chosen), rows = rowsOf(groups, chosen, environment);
    if (!rows.means.length) {
      plot.textContent = nothingOf(groups, chosen, environment);
      return;
    }
    const { view } = await vegaEmbed(plot, panelSpec(chosen, rows, width, height), EMBEDDING);
    views.push(view);
    addReadout(figure, plot, view, groups, chosen, environment);
  }));
}
