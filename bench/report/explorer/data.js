/* The data of the page: unpacked when it is needed. See series.py for how it is packed. */

const DATA = JSON.parse(document.getElementById("data").textContent);
const SETTING = new Map(DATA.settings.map((setting) => [setting.name, setting]));
/** A run that diverged keeps its last value of this column, as its score does. */
const KEPT = "return_last100";

/** The numbers of a packed text, NaN where they are not finite. */
function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const wordAt = (start) => (bytes[start] << 24) | (bytes[start + 1] << 16) | (bytes[start + 2] << 8);
  const words = Uint32Array.from({ length: bytes.length / 3 }, (_, index) => wordAt(3 * index));
  return Float64Array.from(new Float32Array(words.buffer));
}

/** A run's values of a column, one for each timestep of its axis; null for a column that it does not have. */
function curveOf(run, column) {
  if (!run.curves[column]) return null;
  const axis = DATA.axes[run.axis];
  let values = unpacked(run.curves[column]);
  if (values.length < axis.length) values = new Float64Array(axis.length).fill(values[0]);
  values[axis.length - 1] = run.last[column] ?? NaN;
  return values;
}

const keyOf = (environment, setting) => `${environment}/${setting}`;
const GROUPS = Map.groupBy(DATA.runs, (run) => keyOf(run.environment, run.setting));

/** The runs of an environment and a setting, such as runsOf("Hopper-v4", "clip-0.2"). */
const runsOf = (environment, setting) => GROUPS.get(keyOf(environment, setting)) ?? [];

/** The path of a run's CSV, from the folder of this page. */
function csvOf(run) {
  return `runs/${run.environment}/${run.setting}/seed-${String(run.seed).padStart(2, "0")}.csv`;
}

/** Mean, 95 % interval (Student's; null for one value) and count of the finite ones of some values. */
function estimate(values) {
  const finite = values.filter(Number.isFinite), count = finite.length;
  if (!count) return { mean: NaN, low: null, high: null, std: null, count };
  const mean = finite.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { mean, low: null, high: null, std: null, count };
  const std = Math.sqrt(finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1));
  const half = DATA.student[count] * std / Math.sqrt(count);
  return { mean, low: mean - half, high: mean + half, std, count };
}

/** As `estimate`, of the positive values on the scale of their logarithms: the geometric mean and its interval. */
function geometricEstimate(values) {
  const { mean, low, high, count } = estimate(values.filter((value) => value > 0).map(Math.log));
  const back = (logarithm) => (logarithm === null ? null : Math.exp(logarithm));
  return { mean: back(mean), low: back(low), high: back(high), count };
}

/** The curves of some runs, [{run, axis, values}]; runs without the column are left out. */
function curvesOf(runs, column) {
  const curves = runs.map((run) => ({ run, axis: DATA.axes[run.axis], values: curveOf(run, column) }));
  return curves.filter(({ values }) => values);
}

/** The value of a curve at a timestep, NaN where it has none. Beyond its end, it may keep its last value. */
function valueAt({ axis, values }, timesteps, keepsLast) {
  return values[keepsLast && timesteps > axis.at(-1) ? axis.length - 1 : axis.indexOf(timesteps)] ?? NaN;
}

/** An estimate, `estimate` or another, at each timestep of the longest of some curves. */
function meanCurve(curves, column, estimateOf) {
  const keepsLast = DATA.columns[column].name === KEPT;
  const axis = curves.reduce((longest, curve) => (curve.axis.length > longest.length ? curve.axis : longest), []);
  return axis.map((timesteps) => (
    { timesteps, ...estimateOf(curves.map((curve) => valueAt(curve, timesteps, keepsLast))) }
  ));
}
