/* The data of the page: unpacked when it is needed. See series.py for how it is packed. */

const DATA = JSON.parse(document.getElementById("data").textContent);
const SETTING = new Map(DATA.settings.map((setting) => [setting.name, setting]));
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const LARGEST = 10000, EXPONENTS = 700, LOWEST = 350, NOT_FINITE = 64 ** 4 - 1;
/** A run that diverged keeps its last value of this column, as its score does. */
const KEPT = "return_last100";

const digitOf = new Uint8Array(128);
[...ALPHABET].forEach((sign, place) => { digitOf[sign.charCodeAt(0)] = place; });

/** The numbers of a packed text, NaN where they are not finite. */
function unpacked(text) {
  const values = new Float64Array(text.length / 4);
  for (let place = 0; place < values.length; place++) {
    let code = 0;
    for (let sign = 0; sign < 4; sign++) code = code * 64 + digitOf[text.charCodeAt(4 * place + sign)];
    const mantissa = Math.floor(code / EXPONENTS) - LARGEST, exponent = (code % EXPONENTS) - LOWEST;
    values[place] = code === NOT_FINITE ? NaN : Number(`${mantissa}e${exponent}`);
  }
  return values;
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

/** The runs by environment and setting, such as runsOf("Hopper-v4", "clip-0.2"). */
const runsOf = (() => {
  const groups = new Map();
  for (const run of DATA.runs) {
    const key = `${run.environment}/${run.setting}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(run);
  }
  return (environment, setting) => groups.get(`${environment}/${setting}`) ?? [];
})();

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

/** The curves of some runs, [{run, axis, values}]; runs without the column are left out. */
function curvesOf(runs, column) {
  const curves = runs.map((run) => ({ run, axis: DATA.axes[run.axis], values: curveOf(run, column) }));
  return curves.filter(({ values }) => values);
}

/** As `estimate`, of the positive values on the scale of their logarithms: the geometric mean and its interval. */
function geometricEstimate(values) {
  const { mean, low, high, count } = estimate(values.filter((value) => value > 0).map(Math.log));
  const back = (logarithm) => (logarithm === null ? null : Math.exp(logarithm));
  return { mean: back(mean), low: back(low), high: back(high), count };
}

/** An estimate, `estimate` or another, at each timestep of the longest of some curves. */
function meanCurve(curves, column, estimateOf) {
  if (!curves.length) return [];
  const keeps = DATA.columns[column].name === KEPT;
  const axis = curves.reduce((longest, curve) => (curve.axis.length > longest.length ? curve.axis : longest), []);
  const places = curves.map(() => 0);
  return axis.map((timesteps) => {
    const values = curves.map((curve, number) => {
      while (places[number] < curve.axis.length && curve.axis[places[number]] <= timesteps) places[number]++;
      const place = places[number] - 1;
      if (place < 0) return NaN;
      const isOver = place === curve.axis.length - 1;
      return curve.axis[place] === timesteps || (keeps && isOver) ? curve.values[place] : NaN;
    });
    return { timesteps, ...estimateOf(values) };
  });
}
