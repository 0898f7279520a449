/* A panel for each environment: means with intervals, and single seeds, drawn by Vega as SVG. */

let views = [];
/** SVG prints well. */
const EMBEDDING = { mode: "vega-lite", renderer: "svg", tooltip: false, actions: false };

/** The rows of a panel by the names of its data: only what is shown. A logarithmic axis shows what is above 0. */
function rowsOf(chosen, environment) {
  const shows = ({ value }) => Number.isFinite(value) && (!chosen.logarithmic || value > 0);
  const estimateOf = chosen.logarithmic ? geometricEstimate : estimate;
  const seeds = [], means = [];
  for (const setting of chosen.settings) {
    const curves = curvesOf(runsOf(environment.name, setting), chosen.column);
    if (chosen.single) seeds.push(...curves.flatMap(({ run: { seed }, axis, values }) => (
      axis.map((timesteps, index) => ({ setting, seed, timesteps, value: values[index] })).filter(shows)
    )));
    const mean = meanCurve(curves, chosen.column, estimateOf).filter(({ count }) => count);
    means.push(...mean.map((line) => ({ setting, ...line })));
  }
  const reference = hasReference(chosen) && environment.uniform !== null ? [{ value: environment.uniform }] : [];
  return { seeds, means, bands: means.filter(({ low }) => chosen.intervals && low !== null), reference };
}

/** Whether panels show what uniform actions return. */
const hasReference = (chosen) => DATA.columns[chosen.column].name === KEPT && !chosen.logarithmic;

/** Why a panel is empty. */
function nothingOf(chosen, environment) {
  const has = ({ name }) => runsOf(environment.name, name).some((run) => run.curves[chosen.column]);
  const others = DATA.settings.filter(has);
  if (others.some(({ name }) => chosen.settings.includes(name))) return "No value is above 0, as a logarithmic axis needs.";
  const labels = others.map(({ label }) => label).join("; ");
  return labels ? `Only other settings have these values: ${labels}.` : "No run has these values.";
}

/** Draw the panels of what is chosen into #panels. The promise is kept when they are drawn. */
async function drawPanels(chosen) {
  views.forEach((view) => view.finalize());
  views = [];
  const panels = byId("panels");
  panels.replaceChildren();
  panels.classList.toggle("one", chosen.environments.length === 1);
  if (!chosen.environments.length || !chosen.settings.length) {
    panels.textContent = "Choose at least one environment and one setting.";
    return;
  }
  await Promise.all(chosen.environments.map(async (environment) => {
    const plot = element("div", "plot"), caption = element("figcaption", "", environment.title);
    const figure = element("figure", "", caption, plot);
    panels.append(figure);
    const rows = rowsOf(chosen, environment);
    if (!rows.means.length) {
      plot.textContent = nothingOf(chosen, environment);
      return;
    }
    const { view } = await vegaEmbed(plot, panelSpec(chosen, rows, limitsOf(chosen, rows)), EMBEDDING);
    views.push(view);
    addReadout(figure, plot, view, rows, chosen, environment);
    addZoom(plot, view, rows, chosen);
    figure.append(saveMenu(view, rows, chosen, environment));
  }));
}
