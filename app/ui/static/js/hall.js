// The hall answers while one types or chooses: the page is read anew and its parts are swapped.
// Choices are steps in the history, typing is not; the way back loads the page of that address.
const PAUSE = 250;

export function startHall(form) {
  const swapped = ["[data-hall-count]", "[data-hall-results]"];
  let timer = 0;
  let turn = 0;
  form.addEventListener("change", (event) => event.target.tagName === "SELECT" && show(true));
  form.addEventListener("input", (event) => {
    if (event.target.type !== "search") return;
    clearTimeout(timer);
    timer = setTimeout(() => show(false), PAUSE);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(true);
  });
  window.addEventListener("popstate", () => location.reload());

  async function show(isStep) {
    clearTimeout(timer);
    const mine = (turn += 1);
    const asked = new URLSearchParams([...new FormData(form)].filter(([name, value]) => value && !(name === "sort" && value === "newest")));
    const address = `${location.pathname}${asked.size ? `?${asked}` : ""}`;
    let page;
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      page = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      location.assign(address);
      return;
    }
    if (mine !== turn) return; // a later question is on its way
    history[isStep ? "pushState" : "replaceState"](null, "", address);
    for (const mark of swapped) document.querySelector(mark).replaceChildren(...page.querySelector(mark).childNodes);
    for (const select of form.querySelectorAll("select")) {
      const fresh = page.getElementById(select.id);
      for (const option of select.options) option.textContent = [...fresh.options].find((one) => one.value === option.value).textContent;
    }
  }
}
