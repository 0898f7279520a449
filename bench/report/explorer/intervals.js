/* The intervals of Table 1, drawn on the whole scale and, enlarged, where most scores are; cells beside them have the numbers. */

const HEIGHT = 24, GAP = 34, MARGIN = 10;
/** How far below the highest score a setting may be in the enlarged span. */
const NEAR = 0.5;
/** The whole scale begins not so far below 0 that the scores above can't be told apart. */
const FARTHEST = -2;

/** A span of scores as ticks, `step` apart, that takes some pixels from a start. */
function spanOf(scores, step, start, width) {
  const finite = scores.filter((score) => typeof score === "number");
  const first = Math.max(FARTHEST / step, Math.floor(Math.min(...finite) / step + 1e-9)), last = Math.ceil(Math.max(...finite) / step);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toFixed(2)));
  return { ticks, low: ticks[0], high: ticks.at(-1), start, width };
}

const shownScores = (row) => [row.score, row.untrained, row.paper_score];
const HIGHEST_SCORE = Math.max(...DATA.table.rows.map(({ score }) => score));
const NEAR_ROWS = DATA.table.rows.filter((row) => shownScores(row).every((score) => score === null || score > HIGHEST_SCORE - NEAR));
const SPANS = [
  spanOf([0, 1, ...DATA.table.rows.flatMap(shownScores)], 1, MARGIN, 114),
  spanOf(NEAR_ROWS.flatMap((row) => [row.ci_low, row.ci_high, ...shownScores(row)]), 0.1, MARGIN + 114 + GAP, 166),
];
const WIDTH = SPANS[1].start + SPANS[1].width + MARGIN;

/** Where a score lies, in pixels; what is beyond a span lies at its end. */
function across(score, { low, high, start, width }) {
  const share = (Math.max(low, Math.min(high, score)) - low) / (high - low);
  return (start + width * share).toFixed(1);
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

/** What the lines and dots mean, and below it the axes. */
function scoreAxis() {
  const key = [
    line("M4 9h22", "#444"), dot(15, 9, "#444", true), text(31, 13, "ours"),
    line("M76 9h22", "#444"), dot(87, 9, "#444", false), text(103, 13, "untrained = 0"),
    line("M206 2V16", "#000"), text(213, 13, "the paper's"),
  ];
  const captions = ["whole scale", "enlarged"].map((words, index) => text(SPANS[index].start + SPANS[index].width / 2, 29, words, "middle"));
  const label = (score, span) => text(across(score, span), 44, String(score).replace("-", "−"), "middle");
  return drawing(48, ...key, ...captions, ...SPANS.flatMap((span) => span.ticks.map((score) => label(score, span))));
}

/** Both readings' scores with their intervals, and the paper's score, on each span. */
function drawnIntervals(row) {
  const { colour } = SETTING.get(row.setting), { paper_score: paper } = row;
  const made = drawing(HEIGHT, ...SPANS.flatMap((span) => [
    ...span.ticks.map((score) => `<path d="M${across(score, span)} 0V${HEIGHT}" stroke="#ccc"/>`),
    interval(row.score, row.ci_low, row.ci_high, 8, colour, true, row.doubtful, span),
    interval(row.untrained, row.untrained_low, row.untrained_high, 17, colour, false, false, span),
    paper === null || paper < span.low ? "" : line(`M${across(paper, span)} 2V22`, "#000"),
  ]));
  made.setAttribute("aria-hidden", "true");
  return made;
}

/** A score as a dot on its interval, dotted where that is doubtful, with an arrow where either leaves the span. */
function interval(score, low, high, y, colour, isFilled, isDoubtful, span) {
  if (score === null) return "";
  const dash = isDoubtful ? 'stroke-dasharray="2 2"' : "";
  const between = low === null || high < span.low ? "" : line(`M${across(low, span)} ${y}H${across(high, span)}`, colour, dash);
  const arrow = Math.min(score, low ?? score) < span.low ? `<path d="M${span.start - 8} ${y}l6 -4v8z" fill="${colour}"/>` : "";
  return between + arrow + (score < span.low ? "" : dot(across(score, span), y, colour, isFilled));
}
