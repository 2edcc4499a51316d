// The log of a run: read on from where the page ends, and follow the end unless somebody scrolled up.
const WAIT = 300;
const IDLE = 500;
const LONGEST = 5000;

export function startLog(pane) {
  const button = pane.parentElement.querySelector("[data-log-follow]");
  const url = pane.dataset.logUrl;
  let offset = Number(pane.dataset.logOffset);
  let attempt = Number(pane.dataset.logAttempt);
  let idle = IDLE;
  let following = true;

  const end = () => (pane.scrollTop = pane.scrollHeight);
  pane.addEventListener("scroll", () => {
    following = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 24;
    button.hidden = following;
  });
  button.addEventListener("click", () => {
    end();
    pane.focus();
  });
  end();
  if (!pane.hasAttribute("data-log-done")) read();

  async function read() {
    let wait = LONGEST;
    try {
      const answer = await fetch(`${url}${url.includes("?") ? "&" : "?"}offset=${offset}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const piece = await answer.json();
      if (piece.attempt !== attempt) {
        // a run that was begun again writes its log anew
        attempt = piece.attempt;
        offset = 0;
        pane.textContent = "";
        return setTimeout(read, 0);
      }
      if (piece.text) {
        pane.append(piece.text);
        if (following) end();
        idle = IDLE;
      } else {
        // who prints little is asked less often, but within the second
        idle = piece.running ? IDLE : Math.min(LONGEST, idle * 1.2);
      }
      wait = piece.text ? WAIT : idle;
      offset = piece.next_offset;
      if (piece.done && !piece.text) return;
    } catch {
      wait = LONGEST;
    }
    setTimeout(read, wait);
  }
}
