/* A panel as Vega-Lite describes it: https://vega.github.io/vega-lite/docs. */

/** The least and the greatest of some values. */
const extentOf = (values) => (
  values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity])
);

/** What is drawn in a panel of these rows, which are as `rowsOf` has them. */
function panelSpec(chosen, rows) {
  const settings = chosen.settings.map((name) => SETTING.get(name));
  const look = (part) => ({
    field: "setting", legend: null, scale: { domain: chosen.settings, range: settings.map((setting) => setting[part]) },
  });
  const color = look("colour"), strokeDash = look("dash"), shape = look("marker");
  const x = {
    field: "timesteps", type: "quantitative", scale: { domain: extentOf([0, ...rows.means.map(({ timesteps }) => timesteps)]) },
    axis: { title: "timesteps", format: "~s", tickCount: 5, grid: false },
  };
  // The axis spans the values of the single runs, drawn or not; intervals may go beyond.
  const domain = extentOf([...rows.seeds, ...rows.reference].map(({ value }) => value));
  const scale = { type: chosen.logarithmic ? "log" : "linear", domain, nice: true };
  const axis = { title: null, format: chosen.logarithmic ? "~g" : "~s", tickCount: 5, labelOverlap: true };
  const y = (field) => ({ field, type: "quantitative", scale, axis });
  const layer = (name, mark, encoding) => ({ data: { name }, mark, encoding });
  const bands = layer("bands", { type: "area", clip: true, opacity: 0.13 },
    { x, y: y("low"), y2: { field: "high" }, color });
  const seeds = layer("seeds", { type: "line", clip: true, strokeWidth: 0.8, opacity: 0.55 },
    { x, y: y("value"), color, strokeDash, detail: { field: "seed" } });
  const end = { x: { ...x, aggregate: "max" }, y: { ...y("mean"), aggregate: { argmax: "timesteps" } } };
  return {
    width: "container", height: "container", padding: 2, autosize: { type: "fit", contains: "padding" },
    datasets: rows,
    layer: [
      layer("reference", { type: "rule", color: "#888" }, { y: y("value") }),
      ...(chosen.intervals ? [bands] : []),
      ...(chosen.single ? [seeds] : []),
      layer("means", { type: "line", clip: true, strokeWidth: 1.8 }, { x, y: y("mean"), color, strokeDash }),
      layer("means", { type: "point", filled: true, size: 45, opacity: 1 }, { ...end, color, shape }),
      layer("cursor", { type: "rule", color: "#555", strokeDash: [2, 2] }, { x }),
    ],
    config: {
      font: "system-ui, sans-serif", view: { stroke: null },
      axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelColor: "#222", gridColor: "#e5e5e5" },
    },
  };
}
