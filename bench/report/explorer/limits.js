/* What part of its values a panel shows, and the markers and arrows on its curves there. */

/** The span of a curve is without these shares of its lowest and highest values, such as a start far off. */
const FAR_SHARE = 0.05;
/** How far from the usual span a shown value and the end of an interval may be, as multiples of that span. */
const REACH = 2, BAND_REACH = 0.5;
/** Space above and below the curves, as a share of what they span. */
const MARGIN_SHARE = 0.04;
/** How many markers a curve has before its end. */
const MARKERS = 3;

/** The least and the greatest of some values. */
const extentOf = (values) => (
  values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity])
);

/** A quantile of some values, linear between neighbours. */
function quantile(values, share) {
  const sorted = [...values].sort((one, other) => one - other), index = share * (sorted.length - 1);
  const before = Math.floor(index), after = Math.ceil(index);
  return sorted[before] + (sorted[after] - sorted[before]) * (index - before);
}

/** From values to where they are along the vertical axis, and back. */
const directions = (chosen) => (chosen.logarithmic ? [Math.log, Math.exp] : [Number, Number]);

/**
 * The first view of a panel: {left, right, bottom, top}. From bottom to top it has the curves that are near the
 * usual span, and what is near of their starts, of intervals and of single runs. The usual span goes from
 * the median of the lower ends to that of the upper ones; that of three curves or fewer spans all.
 */
function limitsOf(chosen, rows) {
  const [along, back] = directions(chosen);
  const spans = new Map([...Map.groupBy(rows.means, ({ setting }) => setting)].map(([setting, curve]) => (
    [setting, [FAR_SHARE, 1 - FAR_SHARE].map((share) => quantile(curve.map(({ mean }) => along(mean)), share))]
  )));
  const [lows, highs] = [0, 1].map((end) => [...spans.values()].map((ends) => ends[end]).sort((one, other) => one - other));
  const leftOut = spans.size > 3 ? Math.floor((spans.size - 1) / 2) : 0;
  const low = lows[leftOut], high = highs.at(-1 - leftOut);
  const span = high - low;
  const isNear = (reach) => (value) => !(span > 0) || Math.abs(value - (low + high) / 2) <= (0.5 + reach) * span;
  const ofNear = (lines) => lines.filter(({ setting }) => spans.get(setting).every(isNear(REACH)));
  const single = [...rows.seeds, ...rows.reference].map(({ value }) => value);
  const values = [...ofNear(rows.means).map(({ mean }) => mean), ...single];
  const ends = ofNear(rows.bands).flatMap((band) => [band.low, band.high]);
  const [least, greatest] = extentOf([
    ...values.map(along).filter(isNear(REACH)), ...ends.map(along).filter(isNear(BAND_REACH)),
  ]);
  const margin = MARGIN_SHARE * (greatest - least || Math.abs(greatest) || 1);
  const [left, right] = extentOf([0, ...rows.means.map(({ timesteps }) => timesteps)]);
  return { left, right, bottom: back(least - margin), top: back(greatest + margin) };
}

/** Markers on the means that are within limits, and arrows where a mean goes above or below them. */
function marksOf(chosen, rows, limits) {
  const marks = { markers: [], above: [], below: [] };
  const isAcross = ({ timesteps }) => timesteps >= limits.left && timesteps <= limits.right;
  const sideOf = ({ mean }) => (mean > limits.top ? "above" : mean < limits.bottom ? "below" : "markers");
  for (const [setting, curve] of Map.groupBy(rows.means.filter(isAcross), (row) => row.setting)) {
    const every = Math.ceil(curve.length / MARKERS);
    // Each setting begins elsewhere, so that markers do not hide each other.
    const first = Math.floor(every * (chosen.settings.indexOf(setting) + 0.5) / chosen.settings.length);
    curve.forEach((row, index) => {
      const side = sideOf(row), isMarked = index % every === first || index === curve.length - 1;
      const isLeaving = index === 0 || sideOf(curve[index - 1]) !== side;
      if (side === "markers" ? isMarked : isLeaving) marks[side].push({ ...row, marker: SETTING.get(setting).marker });
    });
  }
  return marks;
}
