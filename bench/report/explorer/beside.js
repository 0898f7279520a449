/* What is beside the table and the curves: scores of other methods and protocols, videos, texts. */

/** A link. */
function linkTo(address, ...content) {
  const link = element("a", "", ...content);
  link.href = address;
  return link;
}

/** A setting's label, or its name where this page has no runs of it; other texts as they are. */
const textCell = (name) => (SETTING.has(name) ? labelled(name) : name);

/** A table beside Table 1, folded: see published.py for what it has. */
function besideTable({ title, file, page, texts, numbers, rows, note }) {
  const columns = numbers.map((column) => ({ ...column, file }));
  const headings = [
    ...texts.map((name) => headCell("col", "", name)),
    ...columns.map(({ heading }) => headCell("col", "number", heading)),
  ];
  const lines = rows.map((row) => element(
    "tr", "",
    headCell("row", "", textCell(row[texts[0]])),
    ...texts.slice(1).map((name) => element("td", "", textCell(row[name]))),
    ...columns.map((column) => numberCell(row, column, row.doubtful)),
  ));
  const table = element("table", "", element("thead", "", element("tr", "", ...headings)), element("tbody", "", ...lines));
  const scroll = element("div", "scroll", table), about = element("p", "small", note);
  if (!note) about.append(linkTo(file, "all numbers (CSV)"));
  if (DATA.texts.some(({ name }) => name === page)) about.prepend(linkTo(`${page}.html`, "Read more"), " · ");
  showScrolling(scroll);
  return element("details", "part", element("summary", "", element("h3", "", title)), ...(rows.length ? [scroll] : []), about);
}

/** A video, which the browser loads when it is unfolded. */
function film({ path, title, settings }) {
  const picture = element("img"), labels = settings.map((name) => SETTING.get(name)?.label ?? name);
  const text = settings.length > 1 ? `left ${labels[0]}, right ${labels[1]}` : labels[0];
  // In this order: what has a source before it is lazy is loaded at once.
  Object.assign(picture, { loading: "lazy", alt: `${title}: ${text}`, src: path });
  return element("figure", "", element("figcaption", "", title), picture);
}

/** Fill these parts of the page; those that the folder has nothing for are hidden. */
function addBeside() {
  const parts = {
    beside: DATA.beside.map(besideTable),
    films: DATA.videos.map(film),
    "texts ul": DATA.texts.map(({ name, title }) => element("li", "", linkTo(`${name}.html`, title))),
  };
  for (const [selector, content] of Object.entries(parts)) {
    const box = document.querySelector(`#${selector}`), section = box.closest("section");
    box.append(...content);
    section.hidden = !content.length;
    document.querySelector(`nav a[href="#${section.id}"]`).hidden = section.hidden;
  }
}
