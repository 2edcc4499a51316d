// The wall: a caption for the window under the pointer or in focus, arrow keys, and areas to single out.
export function startWall(sheet) {
  const panes = [...sheet.querySelectorAll("a.pane")].map((element) => {
    const title = element.querySelector("title");
    const fields = title.textContent.split("\n").map((line) => line.trim());
    // the caption shows it all, so the browser's own tip would only cover the neighbours
    element.setAttribute("aria-label", fields.filter(Boolean).join(", "));
    title.remove();
    return { element, fields, box: element.querySelector("use").getBBox() };
  });
  const caption = sheet.querySelector("[data-wall-caption]");
  const resting = [...caption.childNodes];
  const labels = sheet.querySelector("[data-wall-template]").dataset;

  for (const pane of panes) {
    pane.element.addEventListener("mouseenter", () => show(pane));
    pane.element.addEventListener("focus", () => enter(pane));
    pane.element.addEventListener("keydown", (event) => walk(event, pane));
  }
  sheet.addEventListener("mouseleave", rest);
  // one stop for the tab key: from there the arrows lead on
  for (const { element } of panes.slice(1)) element.tabIndex = -1;

  function enter(pane) {
    for (const { element } of panes) element.tabIndex = element === pane.element ? 0 : -1;
    show(pane);
  }

  function show({ element, fields }) {
    const [code, title, owner, teams, best, base, covered] = fields;
    const words = document.createElement("div");
    words.append(line("plate__code", [code, owner].filter(Boolean).join(" · ")), line("plate__what", title));
    const facts = line("plate__line", teams);
    if (best) facts.append(fact(labels.best, best));
    if (base) facts.append(fact(labels.base, base));
    if (covered) facts.append(fact("", covered));
    words.append(facts);
    caption.replaceChildren(enlarged(element), words);
  }

  function rest() {
    caption.replaceChildren(...resting);
  }

  function walk(event, from) {
    const end = { Home: panes[0], End: panes.at(-1) }[event.key];
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step && !end) return;
    event.preventDefault();
    (end ?? nearest(from, step))?.element.focus();
  }

  // the closest window that lies in the direction of the arrow; off-axis distance counts double
  function nearest(from, [dx, dy]) {
    let best = null;
    let least = Infinity;
    for (const pane of panes) {
      const along = (pane.box.x - from.box.x) * dx + (pane.box.y - from.box.y) * dy;
      const across = Math.abs((pane.box.x - from.box.x) * dy) + Math.abs((pane.box.y - from.box.y) * dx);
      if (along <= 0) continue;
      const far = along + 2 * across;
      if (far < least) [best, least] = [pane, far];
    }
    return best;
  }

  const filter = sheet.querySelector("[data-wall-filter]");
  filter.hidden = false;
  filter.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-area]");
    if (!chip) return;
    const only = chip.getAttribute("aria-pressed") === "true" ? null : chip.dataset.area;
    for (const other of filter.querySelectorAll("[data-area]")) {
      other.setAttribute("aria-pressed", String(other.dataset.area === only));
    }
    sheet.toggleAttribute("data-only", only !== null);
    for (const { element } of panes) element.toggleAttribute("data-dim", only !== null && !element.classList.contains(`area--${only}`));
  });
}

function line(name, text) {
  const made = document.createElement("div");
  made.className = name;
  made.textContent = text;
  return made;
}

function fact(label, value) {
  const made = document.createElement("span");
  const number = document.createElement("b");
  number.textContent = value;
  made.append(label && `${label} `, number);
  return made;
}

function enlarged(pane) {
  const box = pane.querySelector("use").getBBox();
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `${box.x - 1} ${box.y - 1} ${box.width + 2} ${box.height + 2}`);
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "plate__sample");
  const inside = document.createElementNS("http://www.w3.org/2000/svg", "g");
  inside.setAttribute("class", pane.getAttribute("class").replace("pane--moved", ""));
  for (const part of pane.children) inside.append(part.cloneNode(true));
  svg.append(inside);
  return svg;
}
