// Uploads with progress, and files dropped onto the form. Without this the form posts by itself.
export function startUpload(form) {
  const input = form.querySelector("input[type=file]");
  const status = form.querySelector("[data-upload-status]");
  const words = form.querySelector("[data-upload-words]");
  const bar = form.querySelector("[data-upload-bar]");
  const button = form.querySelector("button[type=submit]");
  acceptDrops(form.querySelector("[data-drop]"), input);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });

  function send() {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", form.elements.csrf_token.value);
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = event.loaded / event.total;
      words.textContent = `${form.dataset.sending} ${Math.floor(bar.value * 100)} %`;
    });
    request.upload.addEventListener("load", () => {
      words.textContent = form.dataset.checking;
      bar.removeAttribute("value");
    });
    request.addEventListener("load", () => (request.status === 201 ? arrive(request) : refuse(request)));
    request.addEventListener("error", () => tell(form.dataset.failed, []));
    form.parentElement.querySelector("[data-refusal]")?.remove();
    status.hidden = false;
    button.disabled = true;
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
    if (event.dataTransfer.files.length > 0) input.files = event.dataTransfer.files;
  });
}
