// Uploads with progress, files dropped onto the form, and a look at them before they are sent.
// Without this the form posts by itself.
import { checkFile } from "./answers.js";
import { remember, sendInPieces } from "./resumable.js";

const SPEED_AFTER = 0.5;
const AT_ONCE = 8 << 20; // larger files go in pieces, where the page says where to
const SETTLED = [404, 413, 422]; // nothing of the upload is left

export function startUpload(form) {
  const input = form.querySelector("input[type=file]");
  const status = form.querySelector("[data-upload-status]");
  const words = form.querySelector("[data-upload-words]");
  const bar = form.querySelector("[data-upload-bar]");
  const button = form.querySelector("button[type=submit]");
  const started = { at: 0 };
  acceptDrops(form.querySelector("[data-drop]"), input);
  nameTheFile(form, input);
  startChecking(form, input);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const file = input.files[0];
    if (form.dataset.uploads && file.size > AT_ONCE) sendLarge(file);
    else send();
  });
  if (form.dataset.uploads) recall();

  // What did not arrive goes on when the same file is chosen again.
  function recall() {
    const line = form.querySelector("[data-unfinished]");
    const names = remember(form.dataset.uploads).list().map((one) => one.name);
    line.hidden = names.length === 0;
    line.textContent = line.dataset.unfinished.replace("{name}", names.join(", "));
  }

  async function sendLarge(file) {
    const kept = remember(form.dataset.uploads);
    const token = form.elements.csrf_token.value;
    begin();
    try {
      const at = await sendInPieces(file, form.elements.kind.value, {
        home: form.dataset.uploads,
        token,
        kept,
        show: (sent, from) => show(sent, file.size, sent - from),
        wait: (sent) => (words.textContent = `${form.dataset.waiting} ${percent(sent / file.size)}`),
      });
      checking();
      await handIn(at, token, kept);
    } catch (refusal) {
      tell(refusal.answer?.detail || form.dataset.broken, refusal.answer?.errors ?? []);
    }
    recall();
  }

  async function handIn(at, token, kept) {
    const body = new FormData(form);
    for (const name of ["file", "kind", "csrf_token"]) body.delete(name);
    const headers = { "X-CSRFToken": token, Accept: "application/json" };
    const answer = await fetch(`${at}/submission`, { method: "POST", headers, body });
    const told = await answer.json();
    if (answer.ok || SETTLED.includes(answer.status)) kept.drop(at);
    if (answer.ok) location.assign(told.location);
    else tell(told.detail, told.errors ?? []);
  }

  function begin() {
    form.parentElement.querySelector("[data-refusal]")?.remove();
    status.hidden = false;
    button.disabled = true;
    started.at = performance.now();
  }

  function show(sent, size, since) {
    bar.value = size ? sent / size : 1;
    const seconds = (performance.now() - started.at) / 1000;
    const speed = seconds > SPEED_AFTER && since > 0 ? ` · ${sizeOf(since / seconds)}/s` : "";
    words.textContent = `${form.dataset.sending} ${percent(bar.value)}${speed}`;
  }

  function checking() {
    words.textContent = form.dataset.checking;
    bar.removeAttribute("value");
  }

  function send() {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", form.elements.csrf_token.value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) show(event.loaded, event.total, event.loaded);
    });
    request.upload.addEventListener("load", checking);
    request.addEventListener("load", () => (request.status === 201 ? arrive(request) : refuse(request)));
    request.addEventListener("error", () => tell(form.dataset.failed, []));
    begin();
    request.send(new FormData(form));
  }

  function arrive(request) {
    location.assign(request.response.location);
  }

  function refuse(request) {
    tell(request.response?.detail ?? form.dataset.failed, request.response?.errors ?? []);
  }

  function tell(text, issues) {
    status.hidden = true;
    button.disabled = false;
    const box = document.createElement("div");
    box.className = "notice notice--error";
    box.setAttribute("role", "alert");
    box.dataset.refusal = "";
    box.tabIndex = -1;
    const first = document.createElement("strong");
    first.textContent = text;
    box.append(first);
    if (issues.length > 0) box.append(listOf(issues));
    form.before(box);
    box.focus();
  }

  function listOf(issues) {
    const list = document.createElement("ol");
    list.className = "issues";
    for (const issue of issues) {
      const item = document.createElement("li");
      item.append(issue.message);
      list.append(item);
    }
    return list;
  }
}

function acceptDrops(area, input) {
  const mark = (on) => area.toggleAttribute("data-over", on);
  area.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  area.addEventListener("dragleave", () => mark(false));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    if (event.dataTransfer.files.length === 0) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

// The browser's own button speaks the browser's language: ours stands in its place.
function nameTheFile(form, input) {
  const line = form.querySelector("[data-choose]");
  const name = line.querySelector("[data-chosen]");
  const none = name.textContent;
  input.classList.add("sr-only");
  line.hidden = false;
  line.querySelector("button").addEventListener("click", () => input.click());
  const show = () => {
    const file = input.files[0];
    name.textContent = file ? `${file.name} · ${sizeOf(file.size)}` : none;
  };
  input.addEventListener("change", show);
  show();
}

function startChecking(form, input) {
  const box = form.querySelector("[data-check]");
  if (!box) return;
  const rules = JSON.parse(box.dataset.check);
  if (rules.table) rules.table = Object.fromEntries(rules.table.map((column) => [column.name, column]));
  const list = box.querySelector("ol");
  let turn = 0;
  const look = async () => {
    const mine = (turn += 1);
    const file = input.files[0];
    box.hidden = true;
    if (!file) return;
    const kind = form.elements.kind?.value ?? "code";
    const faults = await checkFile(file, kind, rules, box.dataset).catch(() => []);
    if (mine !== turn) return; // another file was chosen meanwhile
    list.replaceChildren(...faults.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    box.hidden = faults.length === 0;
  };
  input.addEventListener("change", look);
  form.addEventListener("change", (event) => event.target.name === "kind" && look());
}

function percent(share) {
  return `${Math.floor(share * 100)} %`;
}

function sizeOf(bytes) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let at = 0;
  for (; bytes >= 1024 && at < units.length - 1; at += 1) bytes /= 1024;
  return `${at === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)} ${units[at]}`;
}
