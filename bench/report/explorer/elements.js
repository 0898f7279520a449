/* Small parts of the page: elements, numbers as text, and a setting's label with its line. */

/** An element with a class and what is in it. */
function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

/** Three significant digits, or the whole number where that has more. */
const FEW_DIGITS = new Intl.NumberFormat("en", {
  minimumSignificantDigits: 3, maximumSignificantDigits: 3, maximumFractionDigits: 0, roundingPriority: "morePrecision",
});

/** A number in few digits: 1,759, 80.9, 0.0123, 1.76e+6. */
function short(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  return (size >= 1e6 || size < 1e-4 ? value.toExponential(2) : FEW_DIGITS.format(value)).replaceAll("-", "−");
}

/** A setting's line and marker, as in the panels. */
function swatch(setting) {
  const { colour, dash, marker } = SETTING.get(setting), box = element("span", "swatch");
  box.setAttribute("aria-hidden", "true");
  box.innerHTML = `<svg viewBox="0 0 34 12" width="34" height="12">
    <path d="M0 6H34" stroke="${colour}" stroke-width="2.2" stroke-dasharray="${dash.join(" ")}"/>
    <path d="${marker}" transform="translate(17 6) scale(3.6)" fill="${colour}"/></svg>`;
  return box;
}

/** A setting's label behind its line; ε = 0.2 stays in one line. */
function labelled(setting) {
  const label = SETTING.get(setting).label.replaceAll(" = ", "\u00a0=\u00a0");
  return element("span", "setting", swatch(setting), element("span", "", label));
}
