// A page that changes while one looks: ask whether it did, then read it anew and swap the marked regions.
const FAST = 1000;
const SLOW = 5000;
const LISTS = 4000;

export function startLive(region) {
  tick(region);
  if (!region.hasAttribute("data-live-pending")) return;
  const url = region.dataset.liveUrl;
  let version = region.dataset.liveVersion;
  let wait = url ? FAST : LISTS;
  let timer = setTimeout(look, wait);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    clearTimeout(timer);
    timer = setTimeout(look, 0);
  });

  async function look() {
    if (document.hidden) return;
    try {
      if (!url) {
        await refresh();
      } else {
        const answer = await fetch(url, { headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(String(answer.status));
        const status = await answer.json();
        wait = status.version === version ? Math.min(SLOW, wait * 1.15) : FAST;
        if (status.version !== version) {
          version = status.version;
          await refresh();
        }
        if (status.done) return;
      }
      if (!document.querySelector("[data-live-pending]")) return;
    } catch {
      wait = SLOW;
    }
    timer = setTimeout(look, wait);
  }
}

// What a person has opened or begun to type is theirs: such a region is left alone.
function isInUse(region) {
  if (region.querySelector("details[open]") || region.matches("details[open]")) return true;
  return [...region.querySelectorAll("textarea, input:not([type=hidden])")].some((field) => (field.type === "checkbox" ? field.checked : field.value !== field.defaultValue));
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const region of document.querySelectorAll("[data-live-region]")) {
    const other = fresh.querySelector(`[data-live-region="${region.dataset.liveRegion}"]`);
    if (!other || isInUse(region)) continue;
    const held = region.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    region.replaceChildren(...other.childNodes);
    region.toggleAttribute("data-live-pending", other.hasAttribute("data-live-pending"));
    if (held) region.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus();
  }
}

// Running clocks count on between two looks.
let ticking = false;
function tick() {
  if (ticking) return;
  ticking = true;
  setInterval(() => {
    for (const clock of document.querySelectorAll("[data-since]")) {
      const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(clock.dataset.since)) / 1000));
      const rest = String(seconds % 60).padStart(2, "0");
      clock.textContent = `${Math.floor(seconds / 60)}:${rest}`;
    }
  }, 1000);
}
