/* The difference of two settings of Table 1, which one picks. */

const PAIRS = new Map(DATA.pairs.map((pair) => [keyOf(pair.setting, pair.other), pair]));
/** Settings with differences, in the order of Table 1. */
const PAIRED = DATA.table.rows.map(({ setting }) => setting).filter((name) => (
  DATA.pairs.some((pair) => pair.setting === name || pair.other === name)
));
const SCORE_OF = new Map(DATA.table.rows.map(({ setting, score }) => [setting, score]));
const isDoubtful = (name) => DATA.table.rows.find(({ setting }) => setting === name).doubtful;

/** The difference of one setting less another, whichever of them comes first in the file. */
function differenceOf(first, second) {
  const found = PAIRS.get(keyOf(first, second)), turned = PAIRS.get(keyOf(second, first));
  if (found || !turned) return found;
  const negated = (number) => (number === null ? null : -number);
  return {
    ...turned, difference: negated(turned.difference), paper_difference: negated(turned.paper_difference),
    ci_low: negated(turned.ci_high), ci_high: negated(turned.ci_low),
  };
}

/** The settings that are chosen, as text. */
const pairNow = () => (PAIRED.length ? `${byId("first").value},${byId("second").value}` : "");

/** Whether a text names two settings with a difference. */
const isPair = (text) => Boolean(differenceOf(...text.split(",", 2)));

function choosePair(text) {
  [byId("first").value, byId("second").value] = text.split(",");
  drawPair();
}

/** Fill the table of the difference. */
function drawPair() {
  const names = [byId("first").value, byId("second").value], pair = differenceOf(...names);
  byId("difference").replaceChildren();
  if (!pair) {
    byId("difference").append(element("caption", "", "Choose two different settings."));
    return;
  }
  const interval = pair.ci_low === null ? null : `${twoDigits(pair.ci_low)} to ${twoDigits(pair.ci_high)}`;
  const lines = {
    "difference": pair.difference === null ? "not all environments have runs of both" : twoDigits(pair.difference),
    "95 % interval": interval && names.some(isDoubtful) ? `(${interval})` : interval,
    "p, permutation test": pair.p === null ? null : formatP(pair.p),
    "p, Holm": pair.p_holm === null ? null : formatP(pair.p_holm),
    "significant under readings of the scale": pair.p === null ? null : `${pair.significant_readings} of 4`,
    "the paper’s difference": pair.paper_difference === null ? null : twoDigits(pair.paper_difference),
  };
  const rows = Object.entries(lines).filter(([, text]) => text).map(([heading, text]) => (
    element("tr", "", headCell("row", "", heading), element("td", "number", linked(text, "pairs.csv")))
  ));
  byId("difference").append(element("tbody", "", ...rows));
}

/** Let one pick two settings: at first those with the highest scores. */
function addPairs() {
  byId("pair").hidden = !PAIRED.length;
  if (!PAIRED.length) return;
  const best = PAIRED.toSorted((one, other) => (SCORE_OF.get(other) ?? -Infinity) - (SCORE_OF.get(one) ?? -Infinity) || 0);
  for (const [index, id] of ["first", "second"].entries()) {
    byId(id).append(...PAIRED.map((name) => new Option(SETTING.get(name).label, name)));
    byId(id).value = best[index];
    byId(id).addEventListener("change", () => {
      keepView();
      drawPair();
    });
  }
  byId("pair-notes").textContent = "p of the paper’s settings is corrected for all their pairs, that of another setting" +
    " for its pairs with them. The interval is of this difference alone, without a correction.";
  drawPair();
}
