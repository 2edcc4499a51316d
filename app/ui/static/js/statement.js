// The editor of a statement: what is typed is shown as it will be, and is not lost by a slip.
// Without this the form has a button that shows it.
const WAIT = 400;

export function startStatement(form) {
  const regions = document.querySelectorAll("[data-preview]");
  let timer = 0;
  let asked = 0;
  let isSaved = true;
  form.addEventListener("input", () => {
    isSaved = false;
    clearTimeout(timer);
    timer = setTimeout(show, WAIT);
  });
  form.addEventListener("submit", () => {
    isSaved = true;
  });
  addEventListener("beforeunload", (event) => {
    if (!isSaved) event.preventDefault();
  });

  async function show() {
    const mine = ++asked;
    try {
      const answer = await fetch(form.dataset.statement, { method: "POST", body: new FormData(form) });
      if (!answer.ok || mine !== asked) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const region of regions) {
        const other = fresh.querySelector(`[data-preview="${region.dataset.preview}"]`);
        if (other) region.replaceChildren(...other.childNodes);
      }
    } catch {
      // no network for a moment: the next keystroke asks again
    }
  }
}
