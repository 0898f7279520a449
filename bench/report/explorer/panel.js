/* A panel as Vega describes it: https://vega.github.io/vega/docs/specification. */

/** What is drawn in a panel; `rows` are those of each part by its name, as `rowsOf` has them. */
function panelSpec(chosen, rows, width, height) {
  const settings = chosen.settings.map((name) => SETTING.get(name)), names = settings.map(({ name }) => name);
  const rangeOf = (part) => settings.map((setting) => setting[part]);
  const look = (part) => ({ name: part, type: "ordinal", domain: names, range: rangeOf(part) });
  const x = { scale: "x", field: "timesteps" }, y = (field) => ({ scale: "y", field });
  const ofSetting = (part) => ({ scale: part, field: "setting" }), colour = ofSetting("colour");
  const curve = { stroke: colour, strokeDash: ofSetting("dash") };
  const everywhere = { x: { value: 0 }, x2: { signal: "width" } }, whole = { y: { value: 0 }, y2: { signal: "height" } };
  const mark = (type, data, update) => ({ type, from: { data }, encode: { update } });
  const band = { x, y: y("low"), y2: y("high"), fill: colour, fillOpacity: { value: 0.13 } };
  const thin = { x, y: y("value"), ...curve, strokeWidth: { value: 0.8 }, strokeOpacity: { value: 0.55 } };
  const thick = { x, y: y("mean"), ...curve, strokeWidth: { value: 1.8 } };
  const end = { x, y: y("mean"), fill: colour, shape: ofSetting("marker"), size: { value: 45 } };
  const dashed = { stroke: { value: "#555" }, strokeDash: { value: [2, 2] } };
  const type = chosen.logarithmic ? "log" : "linear", format = chosen.logarithmic ? "~g" : "~s";
  const font = "system-ui, sans-serif", fontSize = 12;
  return {
    width, height, padding: 2, autosize: { type: "fit", contains: "padding" },
    data: Object.entries(rows).map(([name, values]) => ({ name, values })),
    scales: [
      { name: "x", type: "linear", range: "width", zero: true, domain: { data: "means", field: "timesteps" } },
      { name: "y", type, range: "height", nice: true, zero: false, domain: { data: "extent", field: "value" } },
      look("colour"), look("dash"), look("marker"),
    ],
    axes: [
      { scale: "x", orient: "bottom", format: "~s", tickCount: 5, title: "timesteps" },
      { scale: "y", orient: "left", format, tickCount: 5, grid: true, labelOverlap: true },
    ],
    marks: [
      mark("rule", "reference", { ...everywhere, y: y("value"), stroke: { value: "#888" } }),
      eachOf("bands", ["setting"], mark("area", "one", band)),
      eachOf("seeds", ["setting", "seed"], mark("line", "one", thin)),
      eachOf("means", ["setting"], mark("line", "one", thick)),
      mark("symbol", "ends", end),
      mark("rule", "cursor", { ...whole, x, ...dashed }),
    ],
    config: {
      axis: {
        labelFont: font, titleFont: font, labelFontSize: fontSize, titleFontSize: fontSize,
        titleFontWeight: "normal", labelColor: "#222", gridColor: "#e5e5e5",
      },
    },
  };
}

/** A mark for each group of some rows, cut off where the panel ends. */
function eachOf(data, groupby, mark) {
  const size = { width: { signal: "width" }, height: { signal: "height" } };
  const from = { facet: { name: "one", data, groupby } };
  return { type: "group", clip: true, from, encode: { update: size }, marks: [mark] };
}
