/* The intervals of Table 1, drawn; the cells beside them have the numbers. */

/** The axis begins below the lowest score, but not so far below 0 that the others can't be told apart. */
const LOWEST_SCORE = Math.min(-0.1, ...DATA.table.rows.flatMap((row) => [row.score, row.untrained, row.paper_score]));
const LEFT = Math.max(-2, Math.floor(2 * LOWEST_SCORE) / 2), RIGHT = 1;
const WIDTH = 310, MARGIN = 10;
const TICKS = Array.from({ length: 2 * (RIGHT - LEFT) + 1 }, (_, number) => LEFT + number / 2);

/** Where a score lies, in pixels; what is beyond the axis lies at its end. */
function across(score) {
  const share = (Math.max(LEFT - 0.03, Math.min(RIGHT + 0.03, score)) - LEFT) / (RIGHT - LEFT);
  return (MARGIN + (WIDTH - 2 * MARGIN) * share).toFixed(1);
}

/** SVG elements as a drawing of this height. */
function drawing(height, ...parts) {
  const box = element("span", "");
  box.innerHTML = `<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">${parts.join("")}</svg>`;
  return box;
}

const line = (path, colour, dash = "") => `<path d="${path}" stroke="${colour}" stroke-width="2" ${dash}/>`;
const dot = (x, y, colour, isFilled) =>
  `<circle cx="${x}" cy="${y}" r="3.5" stroke="${colour}" stroke-width="1.5" fill="${isFilled ? colour : "white"}"/>`;
const text = (x, y, words, anchor = "start") => `<text x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`;

/** What the lines and dots mean, and below it the axis. */
function scoreAxis() {
  const key = [
    line("M4 9h22", "#444"), dot(15, 9, "#444", true), text(31, 13, "ours"),
    line("M76 9h22", "#444"), dot(87, 9, "#444", false), text(103, 13, "untrained = 0"),
    line("M206 2V16", "#000"), text(213, 13, "the paper's"),
  ];
  const label = (score) => text(across(score), 34, String(score).replace("-", "−"), "middle");
  return drawing(38, ...key, ...TICKS.map(label));
}

/** Both readings' scores with their intervals, and the paper's score. */
function drawnIntervals(row) {
  const { colour } = SETTING.get(row.setting);
  const made = drawing(
    24,
    ...TICKS.map((score) => `<path d="M${across(score)} 0V24" stroke="#ccc"/>`),
    interval(row.score, row.ci_low, row.ci_high, 8, colour, true, row.doubtful),
    interval(row.untrained, row.untrained_low, row.untrained_high, 17, colour, false, false),
    row.paper_score === null ? "" : line(`M${across(row.paper_score)} 2V22`, "#000"),
  );
  made.setAttribute("aria-hidden", "true");
  return made;
}

/** A score as a dot on its interval, dotted where that is doubtful, with an arrow where either leaves the axis. */
function interval(score, low, high, y, colour, isFilled, isDoubtful) {
  if (score === null) return "";
  const dash = isDoubtful ? 'stroke-dasharray="2 2"' : "";
  const between = low === null ? "" : line(`M${across(low)} ${y}H${across(high)}`, colour, dash);
  const arrow = Math.min(score, low ?? score) < LEFT ? `<path d="M1 ${y}l5 -4v8z" fill="${colour}"/>` : "";
  return between + arrow + (score < LEFT ? "" : dot(across(score), y, colour, isFilled));
}
