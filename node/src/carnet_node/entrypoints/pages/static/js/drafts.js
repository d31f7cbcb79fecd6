// Nothing typed is lost: every field of a form with a draft is sent to the node as it is left, while somebody goes on
// typing, before the form is saved, and when the page goes. A node that does not answer leaves the page as it stands.
//
// The page is rendered with the draft already in it, so there is nothing to bring back here.

import { answers, send, UNREACHED } from "./ask.js";

const QUIET_MS = 600;
const TYPING_MS = 2000;
const SAVING_MS = 5000;
const ENDED = 401;

for (const form of document.querySelectorAll("form[data-draft]")) keep(form);

function keep(form) {
  // An address that does not say which draft it is would show another one when it is loaded again.
  if (form.dataset.stands && !location.search) history.replaceState(history.state, "", form.dataset.stands);
  const state = form.querySelector("[data-draft-state]");
  const waiting = new Map();
  let timer = 0;
  let since = 0;
  let sending = Promise.resolve();

  const tell = (text) => { if (state) state.textContent = text; };

  const put = async (more) => {
    clearTimeout(timer);
    if (!waiting.size) return null;
    const fields = Object.fromEntries(waiting);
    waiting.clear();
    const answer = await send(form.dataset.draft, { fields, based_on: form.elements.based_on?.value ?? "", was: form.elements.was?.value ?? "" }, { signal: AbortSignal.timeout(SAVING_MS), ...more });
    if (answer.json) tell(`${state?.dataset.kept} ${answer.json.at}`);
    else {
      for (const [name, text] of Object.entries(fields)) if (!waiting.has(name)) waiting.set(name, text);
      since = Date.now();
      tell(answer.status === ENDED ? state?.dataset.ended : state?.dataset.lost);
    }
    return answer;
  };
  // One after the other: an older text never arrives behind a newer one.
  const putInTurn = (more) => (sending = sending.then(() => put(more)));

  const note = (event) => {
    const field = event.target;
    if (!field.name || field.type === "hidden" && !field.dataset.typed || field.type === "file") return;
    if (!waiting.size) since = Date.now();
    waiting.set(field.name, field.type === "checkbox" && !field.checked ? "" : field.value);
    clearTimeout(timer);
    timer = setTimeout(putInTurn, Math.max(0, Math.min(QUIET_MS, since + TYPING_MS - Date.now())));
  };

  let isKept = false;
  const keepThenSave = async (event) => {
    if (event.defaultPrevented) { isKept = false; return; }
    if (isKept) { isKept = false; clearTimeout(timer); waiting.clear(); return; }
    event.preventDefault();
    const more = { signal: AbortSignal.timeout(SAVING_MS) };
    const answer = await putInTurn(more);
    const isHeard = answer ? ![UNREACHED, ENDED].includes(answer.status) : await answers(more);
    for (const button of form.querySelectorAll("button[data-save]")) button.disabled = false;
    if (isHeard) {
      isKept = true;
      form.requestSubmit();
    } else if (answer?.status !== ENDED) tell(state?.dataset.unsaved);
  };

  form.addEventListener("input", note);
  form.addEventListener("change", note);
  form.addEventListener("focusout", () => putInTurn());
  form.addEventListener("submit", keepThenSave);
  window.addEventListener("pagehide", () => put({ keepalive: true }));
}
