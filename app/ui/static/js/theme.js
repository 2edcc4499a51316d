// The theme link works without this; here it changes without loading the page again.
const ORDER = ["auto", "dark", "light"];
const YEAR = 365 * 24 * 3600;

export function startTheme() {
  const link = document.querySelector("[data-theme-switch]");
  if (!link) return;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const root = document.documentElement;
    const next = ORDER[(ORDER.indexOf(root.dataset.theme) + 1) % ORDER.length];
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${next}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`;
    root.dataset.theme = next;
    link.title = link.dataset[next];
  });
}
