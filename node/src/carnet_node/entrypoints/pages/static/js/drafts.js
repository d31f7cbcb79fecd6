// Nothing typed is lost: every field of a form with a draft is sent to the node as it is left, while somebody goes on
// typing, before the form is saved, and when the page goes. A node that does not answer leaves the page as it stands.
//
// The page is rendered with the draft already in it. Only what was typed while a session ended is brought back here: it
// stands in its fields at once, and goes to the node before anything else does.

import { answers, send, UNREACHED, whoIsHere } from "./ask.js";
import { held, hold, letGo } from "./held.js";

const QUIET_MS = 600;
const TYPING_MS = 2000;
const SAVING_MS = 5000;
const NOBODY = 401;
const REPLACED = 403;

const isOver = (status) => status === NOBODY || status === REPLACED;
const isRefused = (status) => status >= 400 && status < 500 && !isOver(status);

const kept = [...document.querySelectorAll("form[data-draft]")].map(keep);

/** Nobody is logged in any more: what the node has not got waits for its author. */
export function holdTyped() {
  for (const form of kept) form.holdWords();
}

/** Puts a text into the fields of a name, where it is seen; whether it stands there now. */
function fill(field, text) {
  if (!field) return false;
  const all = field instanceof RadioNodeList ? [...field] : [field];
  for (const one of all) {
    if (one.type === "checkbox") one.checked = one.value === text;
    else one.value = text;
    one.closest("details")?.setAttribute("open", "");
  }
  return all.every((one) => one.type === "checkbox" || one.value === text);
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
  let isTouched = false;
  let isEnded = false;

  const tell = (text) => { if (state) state.textContent = text; };

  const sentWith = (fields) => ({ fields, based_on: form.elements.based_on?.value ?? "", was: form.elements.was?.value ?? "" });

  const holdWords = () => {
    const fields = { ...underway, ...Object.fromEntries(waiting) };
    if (Object.keys(fields).length) hold(draft, sentWith(fields));
  };

  const tellWhy = (status) => {
    if (isOver(status)) tell(state?.dataset.ended);
    else tell(isRefused(status) ? state?.dataset.refused : state?.dataset.lost);
  };

  const put = async (more) => {
    clearTimeout(timer);
    if (!waiting.size) return null;
    const fields = Object.fromEntries(waiting);
    waiting.clear();
    underway = fields;
    const answer = await send(draft, sentWith(fields), { signal: AbortSignal.timeout(SAVING_MS), ...more });
    underway = {};
    if (answer.status !== UNREACHED) isEnded = isOver(answer.status);
    if (answer.json) {
      letGo(draft);
      tell(`${state?.dataset.kept} ${answer.json.at}`);
    } else {
      for (const [name, text] of Object.entries(fields)) if (!waiting.has(name)) waiting.set(name, text);
      since = Date.now();
      if (isEnded) holdWords();
      tellWhy(answer.status);
    }
    return answer;
  };

  // The person of this page under another session: their page is shown anew under that one, with what waits. Under the
  // session of somebody else the words stay here.
  const comeBack = async (answer) => {
    if (answer?.status !== REPLACED) return answer;
    const person = await whoIsHere({ signal: AbortSignal.timeout(SAVING_MS) });
    if (person === document.body.dataset.person) {
      holdTyped();
      location.replace(form.elements.address.value);
    }
    return answer;
  };

  // Nothing is loaded anew under somebody who types or saves.
  const bringBack = async () => {
    const sent = held(draft);
    if (!sent) return;
    for (const name of ["based_on", "was"]) if (form.elements[name] && sent[name]) form.elements[name].value = sent[name];
    let isFilled = true;
    for (const [name, text] of Object.entries(sent.fields)) {
      if (!fill(form.elements[name], text)) isFilled = false;
      waiting.set(name, text);
    }
    const answer = await put();
    if (isRefused(answer.status)) letGo(draft);
    if (answer.json && !isFilled && !isTouched) location.replace(form.elements.address.value);
  };

  // One after the other: an older text never arrives behind a newer one.
  let sending = bringBack();
  const putInTurn = (more) => (sending = sending.then(() => put(more)).then(comeBack));

  const note = (event) => {
    const field = event.target;
    if (!field.name || field.type === "hidden" && !field.dataset.typed || field.type === "file") return;
    isTouched = true;
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
    isTouched = true;
    if (!isSent) tell(state?.dataset.saving);
    const more = { signal: AbortSignal.timeout(SAVING_MS) };
    const answer = await putInTurn(more);
    const isHeard = answer ? answer.status !== UNREACHED && !isOver(answer.status) : await answers(more);
    for (const button of form.querySelectorAll("button[data-save]")) button.disabled = false;
    if (isHeard) {
      isKept = true;
      form.requestSubmit();
    } else if (!isOver(answer?.status)) tell(isSent ? state?.dataset.unknown : state?.dataset.unsaved);
  };

  form.addEventListener("input", note);
  form.addEventListener("change", note);
  form.addEventListener("focusout", () => putInTurn());
  form.addEventListener("submit", keepThenSave);
  window.addEventListener("pagehide", () => {
    clearTimeout(patience);
    isSent = false;
    if (isEnded) holdWords();
    put({ keepalive: true });
  });
  return { holdWords };
}
