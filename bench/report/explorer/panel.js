/* A panel as Vega-Lite describes it: https://vega.github.io/vega-lite/docs. */

/** What is drawn in a panel of these rows, which are as `rowsOf` has them, within limits as of `limitsOf`. A picture has labels. */
function panelSpec(chosen, rows, limits, isPicture = false) {
  const settings = chosen.settings.map((name) => SETTING.get(name));
  const labels = Object.fromEntries(settings.map(({ name, label }) => [name, label]));
  const line = { symbolType: "stroke", symbolSize: 900, symbolStrokeWidth: 2, symbolOpacity: 1 };
  const labelExpr = `(${JSON.stringify(labels)})[datum.value]`;
  const legend = isPicture ? { title: null, labelLimit: 400, labelExpr, ...line } : null;
  const look = (part) => ({
    field: "setting", legend, scale: { domain: chosen.settings, range: settings.map((setting) => setting[part]) },
  });
  const color = look("colour"), strokeDash = look("dash");
  const shape = { field: "marker", type: "nominal", scale: null };
  const within = (low, high) => ({ domain: [{ expr: low }, { expr: high }], nice: false });
  const x = {
    field: "timesteps", type: "quantitative", scale: within("left", "right"),
    axis: { title: "timesteps", format: "~s", tickCount: 5, grid: false, labelOverlap: true },
  };
  const scale = { type: chosen.logarithmic ? "log" : "linear", ...within("bottom", "top") };
  const title = isPicture ? DATA.columns[chosen.column].label : null;
  const axis = { title, format: chosen.logarithmic ? "~g" : "~s", tickCount: 5, labelOverlap: true };
  const y = (field) => ({ field, type: "quantitative", scale, axis });
  const layer = (name, mark, encoding) => ({ name, data: { name }, mark, encoding });
  const point = (look) => ({ type: "point", filled: true, opacity: 1, ...look });
  return {
    width: "container", height: "container", padding: 2, autosize: { type: "fit", contains: "padding" },
    params: Object.entries(limits).map(([name, value]) => ({ name, value })),
    datasets: { ...rows, ...marksOf(chosen, rows, limits), cursor: [] },
    layer: [
      layer("reference", { type: "rule", clip: true, color: "#888" }, { y: y("value") }),
      layer("bands", { type: "area", clip: true, opacity: 0.13 }, { x, y: y("low"), y2: { field: "high" }, color }),
      layer("seeds", { type: "line", clip: true, strokeWidth: 0.8, opacity: 0.55 },
        { x, y: y("value"), color, strokeDash, detail: { field: "seed" } }),
      layer("means", { type: "line", clip: true, strokeWidth: 1.8 }, { x, y: y("mean"), color, strokeDash }),
      layer("markers", point({ size: 36 }), { x, y: y("mean"), color, shape }),
      layer("above", point({ shape: "triangle-up", size: 90, yOffset: 5 }), { x, y: { value: 0 }, color }),
      layer("below", point({ shape: "triangle-down", size: 90, yOffset: -5 }), { x, y: { value: "height" }, color }),
      layer("cursor", { type: "rule", color: "#555", strokeDash: [2, 2] }, { x }),
    ],
    config: {
      font: "system-ui, sans-serif", view: { stroke: null },
      axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelColor: "#222", gridColor: "#e5e5e5" },
    },
  };
}
