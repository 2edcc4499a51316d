// The log of a run: read on from where the page ends, and follow the end unless somebody scrolled up.
const WAIT = 1000;
const IDLE = 3000;

export function startLog(pane) {
  const button = pane.parentElement.querySelector("[data-log-follow]");
  const url = pane.dataset.logUrl;
  let offset = Number(pane.dataset.logOffset);
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
    let wait = IDLE;
    try {
      const answer = await fetch(`${url}?offset=${offset}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const piece = await answer.json();
      if (piece.text) {
        pane.append(piece.text);
        if (following) end();
        wait = WAIT;
      }
      // a run that was begun again writes its log anew
      if (piece.next_offset < offset) pane.textContent = "";
      offset = piece.next_offset;
      if (piece.done && !piece.text) return;
    } catch {
      wait = IDLE * 2;
    }
    setTimeout(read, wait);
  }
}
