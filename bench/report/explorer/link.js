/* The view as the fragment of the page's address, such as #column=kl&environments=Hopper-v4: a link keeps it. */

const SWITCHES = ["logarithmic", "intervals", "single"];
const LISTS = { environments: "environment", settings: "setting" };
/** The view of an address without a fragment. */
let firstView = null;

const boxesOf = (list) => [...document.querySelectorAll(`input[name=${LISTS[list]}]`)];

/** All that is chosen, each as text by its name. */
function viewNow() {
  const view = { column: DATA.columns[byId("column").value].name };
  SWITCHES.forEach((name) => { view[name] = byId(name).checked ? "1" : "0"; });
  for (const list of Object.keys(LISTS)) {
    view[list] = boxesOf(list).filter((box) => box.checked).map((box) => box.value).join(",");
  }
  view.pair = pairNow();
  view.sort = (sorting.isDescending ? "" : "-") + (sorting.column.key ?? "");
  return view;
}

/** Whether a text is one of what may be chosen under a name. */
function isChoice(name, text) {
  if (name === "column") return DATA.columns.some((column) => column.name === text);
  if (name === "sort") return SCORES.some(({ key }) => key && (text === key || text === `-${key}`));
  if (name === "pair") return isPair(text);
  if (SWITCHES.includes(name)) return text === "0" || text === "1";
  const names = boxesOf(name).map((box) => box.value);
  return text === "" || text.split(",").some((each) => names.includes(each));
}

/** Choose what a view says. */
function choose(view) {
  byId("column").value = DATA.columns.findIndex(({ name }) => name === view.column);
  SWITCHES.forEach((name) => { byId(name).checked = view[name] === "1"; });
  for (const list of Object.keys(LISTS)) {
    const names = view[list].split(",");
    boxesOf(list).forEach((box) => { box.checked = names.includes(box.value); });
  }
  document.querySelectorAll("#controls fieldset").forEach((group) => group.dispatchEvent(new Event("change")));
  if (view.pair) choosePair(view.pair);
  const key = view.sort.replace("-", ""), column = SCORES.find((each) => each.key === (key || undefined));
  sorting = { column, isDescending: !view.sort.startsWith("-") };
}

/** Put the view into the address, less what is as at first. */
function keepView() {
  const changed = Object.entries(viewNow()).filter(([name, text]) => text !== firstView[name]);
  const fragment = new URLSearchParams(changed).toString().replaceAll("%2C", ",");
  history.replaceState(null, "", location.href.split("#")[0] + (fragment && `#${fragment}`));
}

/** Choose what the address says; returns whether it says anything. What it can't mean is ignored. */
function readView() {
  const given = [...new URLSearchParams(location.hash.slice(1))];
  const meant = given.filter(([name, text]) => Object.hasOwn(firstView, name) && isChoice(name, text));
  if (meant.length) choose({ ...firstView, ...Object.fromEntries(meant) });
  return meant.length > 0;
}
