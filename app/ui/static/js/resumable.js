// Large files in pieces (tus 1.0): what broke off goes on where it was, after a reload too.
const PIECE = 8 << 20;
const WAITS = [1000, 2000, 4000, 8000, 15000, 30000];
const VERSION = { "Tus-Resumable": "1.0.0" };

export class UploadRefusal extends Error {
  constructor(answer) {
    super(answer?.detail ?? "");
    this.answer = answer;
  }
}

// Where the uploads of a page that have not arrived are remembered, by what the file is.
export function remember(home) {
  const name = `baijing.uploads ${home}`;
  const all = () => {
    try {
      return JSON.parse(localStorage.getItem(name)) ?? {};
    } catch {
      return {};
    }
  };
  const write = (kept) => {
    try {
      localStorage.setItem(name, JSON.stringify(kept));
    } catch {
      // private windows keep nothing: the upload works, and begins anew after a reload
    }
  };
  const mark = (file, kind) => [kind, file.name, file.size, file.lastModified].join(" ");
  return {
    find: (file, kind) => all()[mark(file, kind)]?.at,
    list: () => Object.values(all()),
    keep: (file, kind, at) => write({ ...all(), [mark(file, kind)]: { at, name: file.name } }),
    drop: (at) => write(Object.fromEntries(Object.entries(all()).filter(([, one]) => one.at !== at))),
  };
}

// Sends a file; `show(sent, from)` is told how far it is and where this run of it began.
// Returns the address of the complete upload.
export async function sendInPieces(file, kind, { home, token, kept, show, wait }) {
  let at = kept.find(file, kind);
  let offset = at ? await ask(at) : null;
  if (offset === null) {
    at = await begin(file, kind, home, token);
    kept.keep(file, kind, at);
    offset = 0;
  }
  const from = offset;
  let failures = 0;
  show(offset, from);
  while (offset < file.size) {
    const answer = await sendPiece(at, file, offset, token, (sent) => show(offset + sent, from));
    if (answer?.ok) {
      offset = answer.offset;
      failures = 0;
    } else if (answer && answer.status !== 409 && answer.status < 500) {
      kept.drop(at);
      throw new UploadRefusal(answer.body);
    } else {
      if (failures === WAITS.length) throw new UploadRefusal(null);
      wait(offset);
      await pause(WAITS[failures]);
      failures += 1;
      offset = (await ask(at)) ?? offset;
    }
  }
  return at;
}

async function begin(file, kind, home, token) {
  const metadata = Object.entries({ kind, filename: file.name }).map(([name, text]) => `${name} ${encode(text)}`);
  const answer = await fetch(home, {
    method: "POST",
    headers: { ...VERSION, ...asking(token), "Upload-Length": file.size, "Upload-Metadata": metadata.join(",") },
  }).catch(() => null);
  if (!answer?.ok) throw new UploadRefusal(await answer?.json().catch(() => null));
  return answer.headers.get("Location");
}

// How many bytes are there; null where the upload is unknown, or nobody answers.
async function ask(at) {
  const answer = await fetch(at, { method: "HEAD", headers: VERSION }).catch(() => null);
  return answer?.ok ? Number(answer.headers.get("Upload-Offset")) : null;
}

// Resolves to null where the connection broke. `fetch` tells nothing of an upload's progress.
function sendPiece(at, file, offset, token, progress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("PATCH", at);
    request.responseType = "json";
    const headers = { ...VERSION, ...asking(token), "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("load", () => {
      const { status } = request;
      resolve({ ok: status === 204, status, body: request.response, offset: Number(request.getResponseHeader("Upload-Offset")) });
    });
    for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => resolve(null));
    request.send(file.slice(offset, offset + PIECE));
  });
}

function asking(token) {
  return { "X-CSRFToken": token, Accept: "application/json" };
}

function encode(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    addEventListener("online", resolve, { once: true });
  });
}
