// Nothing typed is lost: every field of a form with a draft is sent to the node as it is left, while somebody goes on
// typing, before the form is saved, and when the page goes. A node that does not answer leaves the page as it stands.
//
// The page is rendered with the draft already in it. Only what was typed while a session ended is brought back here: it
// goes to the node first, and the page is shown anew.

import { answers, send, UNREACHED } from "./ask.js";
import { held, hold, letGo } from "./held.js";

const QUIET_MS = 600;
const TYPING_MS = 2000;
const SAVING_MS = 5000;
const ENDED = 401;

const kept = [...document.querySelectorAll("form[data-draft]")].map(keep);

/** Nobody is logged in any more: what the node has not got waits for its author. */
export function holdTyped() {
  for (const form of kept) form.holdTyped();
}

function keep(form) {
  // An address that does not say which draft it is would show another one when it is loaded again.
  if (form.dataset.stands && !location.search) history.replaceState(history.state, "", form.dataset.stands);
  const state = form.querySelector("[data-draft-state]");
  const draft = form.dataset.draft;
  const waiting = new Map();
  let underway = {};
  let timer = 0;
  let since = 0;
  let sending = Promise.resolve();

  const tell = (text) => { if (state) state.textContent = text; };

  const sentWith = (fields) => ({ fields, based_on: form.elements.based_on?.value ?? "", was: form.elements.was?.value ?? "" });

  const holdTyped = () => {
    const fields = { ...underway, ...Object.fromEntries(waiting) };
    if (Object.keys(fields).length) hold(draft, sentWith(fields));
  };

  const put = async (more) => {
    clearTimeout(timer);
    if (!waiting.size) return null;
    const fields = Object.fromEntries(waiting);
    waiting.clear();
    underway = fields;
    const answer = await send(draft, sentWith(fields), { signal: AbortSignal.timeout(SAVING_MS), ...more });
    underway = {};
    if (answer.json) {
      letGo(draft);
      tell(`${state?.dataset.kept} ${answer.json.at}`);
    } else {
      for (const [name, text] of Object.entries(fields)) if (!waiting.has(name)) waiting.set(name, text);
      since = Date.now();
      if (answer.status === ENDED) holdTyped();
      tell(answer.status === ENDED ? state?.dataset.ended : state?.dataset.lost);
    }
    return answer;
  };

  const bringBack = async () => {
    const sent = held(draft);
    const answer = sent && await send(draft, sent, { signal: AbortSignal.timeout(SAVING_MS) });
    if (!answer) return;
    if (answer.json) { letGo(draft); location.reload(); return; }
    for (const [name, text] of Object.entries(sent.fields)) if (!waiting.has(name)) waiting.set(name, text);
    tell(state?.dataset.lost);
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

  // A form on its way may be saved or not: it is sent under one key, so sending it again saves it once.
  let isSent = false;
  let patience = 0;
  const sayUnknown = () => {
    for (const button of form.querySelectorAll("button[data-save]")) button.disabled = false;
    tell(state?.dataset.unknown);
  };

  let isKept = false;
  const keepThenSave = async (event) => {
    if (event.defaultPrevented) { isKept = false; return; }
    if (isKept) {
      isKept = false;
      isSent = true;
      clearTimeout(timer);
      waiting.clear();
      patience = setTimeout(sayUnknown, SAVING_MS);
      return;
    }
    event.preventDefault();
    if (!isSent) tell(state?.dataset.saving);
    const more = { signal: AbortSignal.timeout(SAVING_MS) };
    const answer = await putInTurn(more);
    const isHeard = answer ? ![UNREACHED, ENDED].includes(answer.status) : await answers(more);
    for (const button of form.querySelectorAll("button[data-save]")) button.disabled = false;
    if (isHeard) {
      isKept = true;
      form.requestSubmit();
    } else if (answer?.status !== ENDED) tell(isSent ? state?.dataset.unknown : state?.dataset.unsaved);
  };

  form.addEventListener("input", note);
  form.addEventListener("change", note);
  form.addEventListener("focusout", () => putInTurn());
  form.addEventListener("submit", keepThenSave);
  window.addEventListener("pagehide", () => {
    clearTimeout(patience);
    isSent = false;
    put({ keepalive: true });
  });
  bringBack();
  return { holdTyped };
}
