/* What can be chosen, and drawing what is chosen. */

const byId = (id) => document.getElementById(id);

/** A checkbox with its label; without a name, it stands for those of its group. */
function checkbox(name, value, isChecked, ...label) {
  const input = element("input");
  Object.assign(input, { type: "checkbox", name, value, checked: isChecked });
  return element("label", "", input, ...label);
}

/** A checkbox for all others of a group. */
function checkboxForAll(group, label) {
  const all = checkbox("", "", false, label), input = all.querySelector("input");
  const others = () => [...group.querySelectorAll("input")].filter((each) => each.name);
  const follow = () => {
    const checked = others().filter((each) => each.checked).length;
    input.checked = checked === others().length;
    input.indeterminate = checked > 0 && !input.checked;
  };
  input.addEventListener("change", () => others().forEach((each) => { each.checked = input.checked; }));
  group.addEventListener("change", follow);
  follow();
  return all;
}

/** The checkboxes of a family's settings, in its colour. */
function familyGroup([family, members]) {
  const boxes = members.map(({ name, shown }) => checkbox("setting", name, shown, labelled(name)));
  const group = element("fieldset", "", ...boxes), legend = element("legend");
  legend.style.color = members[0].colour;
  legend.append(members.length > 1 ? checkboxForAll(group, family) : family);
  group.prepend(legend);
  return group;
}

function addControls() {
  const options = DATA.columns.map(({ label, name }, index) => new Option(label, index, name === KEPT, name === KEPT));
  byId("column").append(...options);
  const environments = byId("environments");
  environments.append(...DATA.environments.map(({ name, title }) => checkbox("environment", name, true, title)));
  environments.querySelector("legend").after(checkboxForAll(environments, "all"));
  byId("families").append(...[...Map.groupBy(DATA.settings, ({ family }) => family)].map(familyGroup));
}

/** What is chosen now. */
function chosenNow() {
  const checked = (name) => [...document.querySelectorAll(`input[name=${name}]:checked`)].map((input) => input.value);
  const names = new Set(checked("environment"));
  return {
    column: Number(byId("column").value),
    environments: DATA.environments.filter((environment) => names.has(environment.name)),
    settings: checked("setting"),
    logarithmic: byId("logarithmic").checked,
    intervals: byId("intervals").checked,
    single: byId("single").checked,
  };
}

/** What the lines of the panels are. */
function explanation(chosen) {
  const parts = [`Lines are ${chosen.logarithmic ? "geometric means" : "means"} over seeds`];
  if (chosen.intervals) parts.push("bands pointwise 95 % intervals of these (Student's)");
  if (chosen.single) parts.push("thin lines single runs");
  if (hasReference(chosen)) parts.push("the grey line what uniform actions return");
  return `${parts.join(", ")}. An arrow at the border is where a mean leaves the panel.`;
}

const READING = "For values point at a panel or tap it.";
const KEYS = "By Tab and the arrow keys they are read, too. Ctrl and the wheel, or + and −, zoom; then a panel can be" +
  " dragged, and a double click or 0 shows all.";

/** Kept when the last choice is drawn. */
let drawn = Promise.resolve(), latest = null;

/** Draw what is chosen, once the choice before it is drawn. */
function draw() {
  const chosen = chosenNow(), { label } = DATA.columns[chosen.column];
  byId("what").replaceChildren(`${label}. ${explanation(chosen)} ${READING} `, element("span", "screen", KEYS));
  byId("legend").replaceChildren(...chosen.settings.map((name) => element("span", "setting", swatch(name), name)));
  byId("runs-what").textContent = `${label}: what the last lines of the runs say, as mean ± standard deviation over` +
    " seeds. Open a cell for its runs; each number leads to the run's CSV.";
  drawRuns(chosen);
  latest = chosen;
  drawn = drawn.then(() => (chosen === latest ? drawPanels(chosen) : null));
}

/** Table and controls fold where each would take a screen. */
function foldParts() {
  const narrow = matchMedia("screen and (max-width: 760px)");
  const fold = () => document.querySelectorAll(".folds").forEach((part) => { part.open = !narrow.matches; });
  narrow.addEventListener("change", fold);
  fold();
}

/** Unfold the part of the page that the address names. */
function unfoldPart() {
  document.querySelector(`section[id="${CSS.escape(location.hash.slice(1))}"] > details`)?.setAttribute("open", "");
}

/** Show by a shadow that a table goes on beyond its right edge. */
function showScrolling(box) {
  const follow = () => box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  box.addEventListener("scroll", follow);
  new ResizeObserver(follow).observe(box.firstElementChild);
  new ResizeObserver(follow).observe(box);
}

function start() {
  byId("runs-summary").textContent = DATA.summary.runs;
  byId("points-summary").textContent = DATA.summary.points;
  byId("table-notes").append(...DATA.table.notes.map((note) => element("p", "", note)));
  addControls();
  foldParts();
  document.querySelectorAll(".scroll").forEach(showScrolling);
  addBeside();
  addPairs();
  firstView = viewNow();
  unfoldPart();
  readView();
  drawScores();
  byId("column").addEventListener("change", () => {
    byId("logarithmic").checked = DATA.columns[byId("column").value].logarithmic;
  });
  byId("controls").addEventListener("change", () => {
    keepView();
    draw();
  });
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("save-shown").addEventListener("click", saveShown);
  addEventListener("hashchange", () => {
    unfoldPart();
    // A link to a part of the page does not change the view: it goes back into the address.
    if (!readView()) return keepView();
    drawScores();
    draw();
  });
  draw();
}

start();
