/* Table 1, which can be sorted, and the last line of every run. Each number leads to its CSV. */

const FILES = new Set(DATA.files);
/** The columns of Table 1: the number that each shows, by which it is sorted, and the file that has it. */
const SCORES = [
  { heading: "algorithm" },
  { heading: "paper", key: "paper_score", file: "table1.csv" },
  { heading: "as of 3 seeds", key: "score_of_three", file: "table1.csv" },
  { heading: "ours (uniform actions = 0)", key: "score", low: "ci_low", high: "ci_high", file: "table1.csv" },
  {
    heading: "untrained policy = 0", key: "untrained", low: "untrained_low", high: "untrained_high",
    file: "readings.csv",
  },
  { heading: "runs", key: "runs", file: "scores.csv", kind: "count" },
  { heading: "diverged", key: "diverged", file: "scores.csv", kind: "count", isRare: true },
  { isDrawn: true },
];
/** The column that Table 1 is sorted by; the first one is the order of the paper. */
let sorting = { column: SCORES[0], isDescending: true };

const TWO_DIGITS = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "negative" });

/** A score as in the other tables; -0.001 is 0.00. */
const twoDigits = (score) => TWO_DIGITS.format(score).replace("-", "−");

/** A p value as in the other tables. */
const formatP = (p) => (p < 0.001 ? "<\u00a00.001" : p.toFixed(3));

/** A number as a link to the CSV that has it, where the folder has that file. */
function linked(text, file) {
  if (!FILES.has(file)) return text;
  const link = element("a", "", text);
  link.href = file;
  return link;
}

/** A cell at the head of a column or row. */
function headCell(scope, className, ...content) {
  const cell = element("th", className, ...content);
  cell.scope = scope;
  return cell;
}

function drawScores() {
  const table = document.getElementById("scores"), { column, isDescending } = sorting;
  table.replaceChildren();
  if (!DATA.table.rows.length) return;
  const columns = SCORES.filter((each) => !each.isRare || DATA.table.rows.some((row) => row[each.key]));
  const rows = [...DATA.table.rows], missing = isDescending ? -Infinity : Infinity;
  if (column.key) {
    const ascending = (one, other) => (one[column.key] ?? missing) - (other[column.key] ?? missing) || 0;
    rows.sort((one, other) => (isDescending ? ascending(other, one) : ascending(one, other)));
  }
  const body = rows.map((row) => element("tr", "", ...columns.map((each) => scoreCell(row, each))));
  table.append(element("thead", "", element("tr", "", ...columns.map(scoreHeading))), element("tbody", "", ...body));
}

/** The head of a column of Table 1: a button that sorts by it, descending at first. */
function scoreHeading(column, index) {
  if (column.isDrawn) return headCell("col", "drawn", scoreAxis());
  const isSorted = column.key && column === sorting.column;
  const arrow = isSorted ? (sorting.isDescending ? " ▼" : " ▲") : "";
  const button = element("button", "", column.heading + arrow);
  button.type = "button";
  button.title = column.key ? `Sort by “${column.heading}”` : "Sort as in the paper";
  button.addEventListener("click", () => {
    sorting = { column, isDescending: isSorted ? !sorting.isDescending : true };
    drawScores();
    keepView();
    document.querySelectorAll("#scores thead th")[index].querySelector("button").focus();
  });
  const cell = headCell("col", column.key ? "number" : "", button);
  if (isSorted) cell.ariaSort = sorting.isDescending ? "descending" : "ascending";
  return cell;
}

function scoreCell(row, column) {
  if (column.isDrawn) return element("td", "drawn", drawnIntervals(row));
  return column.key ? numberCell(row, column, row.doubtful && column.key === "score") : headCell("row", "", labelled(row.setting));
}

/** A number of a row, or a text for one, with its interval below; in brackets if that is doubtful. */
function numberCell(row, { key, low, high, kind, file }, isDoubtful = false) {
  const number = row[key];
  if (number === null) return element("td", "number");
  if (typeof number === "string") return element("td", "number", number);
  const text = kind === "count" ? String(number) : kind === "p" ? formatP(number) : twoDigits(number);
  const cell = element("td", "number", linked(text, file));
  if (typeof row[low] === "number") {
    const between = `${twoDigits(row[low])} to ${twoDigits(row[high])}`;
    cell.append(element("span", "interval", isDoubtful ? `(${between})` : between));
  }
  return cell;
}

/** The keys of the cells of runs that are open; they stay so when other runs are shown. */
const opened = new Set();

/** Fill the list of runs: a row for each chosen setting, a cell for each chosen environment. */
function drawRuns(chosen) {
  const table = document.getElementById("last");
  table.replaceChildren();
  if (!chosen.environments.length || !chosen.settings.length) return;
  const headings = ["algorithm", ...chosen.environments.map(({ title }) => title)];
  const rows = chosen.settings.map((setting) => {
    const cells = chosen.environments.map(({ name }) => element("td", "number", lastOf(name, setting, chosen.column)));
    return element("tr", "", headCell("row", "", labelled(setting)), ...cells);
  });
  const head = element("tr", "", ...headings.map((text, index) => headCell("col", index ? "number" : "", text)));
  table.append(element("thead", "", head), element("tbody", "", ...rows));
}

/** Mean ± standard deviation of the last lines of some runs; opened, each run's number, which leads to its CSV. */
function lastOf(environment, setting, column) {
  const runs = runsOf(environment, setting), key = keyOf(environment, setting);
  if (!runs.length) return "";
  const { mean, std, count } = estimate(runs.map((run) => run.last[column] ?? NaN));
  const text = count ? short(mean) + (std === null ? "" : ` ± ${short(std)}`) : "no value";
  const details = element("details", "", element("summary", "", text));
  details.open = opened.has(key);
  details.addEventListener("toggle", () => {
    opened[details.open ? "add" : "delete"](key);
    if (details.childElementCount === 1) details.append(element("ul", "", ...runs.map((run) => runLine(run, column))));
  });
  return details;
}

function runLine(run, column) {
  const link = element("a", "", String(run.last[column] ?? "no value"));
  link.href = csvOf(run);
  const end = DATA.axes[run.axis].at(-1).toLocaleString("en");
  return element("li", "", `seed ${run.seed}: `, link, run.diverged ? ` (diverged at ${end})` : "");
}
