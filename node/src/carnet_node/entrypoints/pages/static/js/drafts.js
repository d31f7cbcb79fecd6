// Nothing typed is lost: every field of a form with a draft is sent to the node as it is left, and when the page goes.
//
// The page is rendered with the draft already in it, so there is nothing to bring back here.

import { ask } from "./ask.js";

const QUIET_MS = 600;

for (const form of document.querySelectorAll("form[data-draft]")) keep(form);

function keep(form) {
  // An address that does not say which draft it is would show another one when it is loaded again.
  if (form.dataset.stands && !location.search) history.replaceState(history.state, "", form.dataset.stands);
  const state = form.querySelector("[data-draft-state]");
  const waiting = new Map();
  let timer = 0;

  const send = async (more) => {
    clearTimeout(timer);
    if (!waiting.size) return;
    const fields = Object.fromEntries(waiting);
    waiting.clear();
    const answer = await ask(form.dataset.draft, { fields, based_on: form.elements.based_on?.value ?? "", was: form.elements.was?.value ?? "" }, more);
    if (!answer) for (const [name, text] of Object.entries(fields)) if (!waiting.has(name)) waiting.set(name, text);
    if (state) state.textContent = answer ? `${state.dataset.kept} ${answer.at}` : state.dataset.lost;
  };

  const note = (event) => {
    const field = event.target;
    if (!field.name || field.type === "hidden" && !field.dataset.typed || field.type === "file") return;
    waiting.set(field.name, field.type === "checkbox" && !field.checked ? "" : field.value);
    clearTimeout(timer);
    timer = setTimeout(send, QUIET_MS);
  };

  form.addEventListener("input", note);
  form.addEventListener("change", note);
  form.addEventListener("focusout", () => send());
  form.addEventListener("submit", () => { clearTimeout(timer); waiting.clear(); });
  window.addEventListener("pagehide", () => send({ keepalive: true }));
}
