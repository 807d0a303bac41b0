// Keys and speed for the steward pages. Everything here also works without it, by links and forms.
"use strict";

const csrf = document.querySelector("meta[name=csrf]").content;
const pair = document.getElementById("pair");
const form = document.getElementById("decide");
const line = document.getElementById("status");
const RETRY_SECONDS = [1, 2, 3, 5, 8];
const CLEAR_SECONDS = 60;
let leaving = false; // from the first answer until the next page: later keys must not hit this pair again
let armed = null; // a verdict that waits for its reason

function say(text, kind) {
  if (!line) return;
  line.textContent = text;
  line.className = "status " + (kind || "");
}

async function send(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(body),
  });
  if (response.status >= 502) throw new Error("no answer");
  return response.json();
}

// The answer is kept here until the server has acknowledged it. Sending it twice is safe: it carries the version seen.
async function sendUntilAnswered(path, body) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await send(path, body);
    } catch (error) {
      say(pair.dataset.retrying, "bad");
      const seconds = RETRY_SECONDS[Math.min(attempt, RETRY_SECONDS.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
  }
}

function chosenReason() {
  return form.querySelector("input[name=reason_code]:checked");
}

// A reason is offered when it fits the chosen verdict; before that, all but those whose key another reason has, too.
function offerReasons() {
  for (const input of form.querySelectorAll("input[name=reason_code]")) {
    const chip = input.closest(".chip");
    const fits = armed ? input.dataset.verdicts.split(" ").includes(armed) : !chip.classList.contains("after");
    chip.hidden = !fits;
    if (!fits) input.checked = false;
  }
}

function arm(verdict) {
  armed = verdict;
  offerReasons();
  for (const button of form.querySelectorAll(".verdict")) button.classList.toggle("armed", button.value === verdict);
}

function tryToDecide(verdict) {
  arm(verdict); // drops a reason that does not fit
  const reason = chosenReason();
  if (!reason) {
    say(pair.dataset.pickReason, "hint");
    return;
  }
  decide(verdict, reason.value);
}

async function decide(verdict, reason) {
  if (leaving) return;
  leaving = true;
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  say(pair.dataset.saving, "hint");
  const body = { version: Number(pair.dataset.version), verdict, reason_code: reason, note: form.elements.note.value };
  const answer = await sendUntilAnswered("/api/v1/tasks/" + encodeURIComponent(pair.dataset.task) + "/decision" + pair.dataset.query, body);
  if (answer.ok) {
    location.assign(answer.next);
    return;
  }
  say(answer.errors.join(" "), "bad");
  leaving = answer.status === 409; // the page is out of date: only a reload helps
  if (!leaving) for (const button of form.querySelectorAll("button")) button.disabled = false;
}

function chooseReason(input) {
  input.checked = true;
  const verdicts = input.dataset.verdicts.split(" ");
  if (armed && verdicts.includes(armed)) {
    if (input.value === "other" && !form.elements.note.value.trim()) form.elements.note.focus();
    else decide(armed, input.value);
  } else {
    say(pair.dataset.pickVerdict, "hint");
  }
}

async function reveal(revealForm) {
  const position = Number(revealForm.elements.position.value);
  const reason = revealForm.elements.reason_code.value;
  const answer = await send("/api/v1/tasks/" + encodeURIComponent(pair.dataset.task) + "/reveal", { position, reason_code: reason });
  revealForm.closest("details").open = false;
  if (!answer.ok) {
    say(answer.errors.join(" "), "bad");
    return;
  }
  const masked = [];
  for (const cell of pair.querySelectorAll("td.value")) {
    const value = answer.values[cell.dataset.field];
    if (Number(cell.dataset.position) !== position || value === undefined || cell.classList.contains("is-clear")) continue;
    masked.push([cell, [...cell.childNodes]]);
    cell.replaceChildren(value);
    cell.classList.add("is-clear");
  }
  say(pair.dataset.revealed, "hint");
  setTimeout(() => {
    for (const [cell, nodes] of masked) {
      cell.replaceChildren(...nodes);
      cell.classList.remove("is-clear");
    }
  }, CLEAR_SECONDS * 1000);
}

function isTyping(event) {
  const target = event.target;
  return event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey
    || (target.matches && target.matches("select, textarea, input:not([type=radio])"));
}

const PAIR_KEYS = {
  k: () => location.assign(pair.dataset.skip),
  q: () => location.assign(pair.dataset.back),
  n: () => form && form.elements.note.focus(),
  escape: () => form && arm(null),
};

function onKey(event) {
  if (isTyping(event) || leaving || event.repeat) return;
  const key = (event.shiftKey ? "shift+" : "") + event.key.toLowerCase();
  const marked = [...document.querySelectorAll('[data-key="' + CSS.escape(key) + '"]')].find((item) => !item.closest("[hidden]"));
  if (pair && PAIR_KEYS[key]) PAIR_KEYS[key]();
  else if (!marked || (key === "enter" && event.target.closest("a, button, summary"))) return;
  else if (marked.matches("form")) marked.requestSubmit();
  else if (marked.matches(".verdict")) tryToDecide(marked.value);
  else if (marked.matches("input[type=radio]")) chooseReason(marked);
  else marked.click();
  event.preventDefault();
}

document.addEventListener("keydown", onKey);

if (form) {
  offerReasons();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (leaving) return;
    if (event.submitter && event.submitter.value) tryToDecide(event.submitter.value);
  });
  for (const button of form.querySelectorAll(".verdict")) {
    button.addEventListener("click", (event) => { // before the browser's own "required" message
      event.preventDefault();
      if (!leaving) tryToDecide(button.value);
    });
  }
  for (const input of form.querySelectorAll("input[name=reason_code]")) input.addEventListener("click", (event) => event.isTrusted && armed && chooseReason(input));
  form.elements.note.addEventListener("keydown", (event) => {
    if (event.key === "Escape") form.elements.note.blur();
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    form.elements.note.blur();
    if (armed && !leaving) tryToDecide(armed);
  });
}

for (const revealForm of document.querySelectorAll(".reveal form")) {
  revealForm.addEventListener("submit", (event) => {
    event.preventDefault();
    reveal(revealForm).catch(() => say(pair.dataset.retrying, "bad"));
  });
}

// a page from the back/forward cache may be out of date, and after logging out it must be gone
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
