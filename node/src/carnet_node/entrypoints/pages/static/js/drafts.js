// Nothing typed is lost: every field of a form with a draft is sent to the node as it is left, while somebody goes on
// typing, before the form is saved (`saving.js`), and when the page goes.
//
// The page is rendered with the draft already in it. Only what was typed while a session ended is brought back here: it
// stands in its fields at once, and goes to the node before anything else does.

import { askStrip, NOBODY, PATIENCE_MS, REPLACED, send, UNREACHED } from "./ask.js";
import { held, hold, letGo } from "./held.js";

const QUIET_MS = 600;
const TYPING_MS = 2000;

const isChosen = (field) => field.type === "checkbox" || field.type === "radio";
const isOver = (status) => status === NOBODY || status === REPLACED;
const isRefused = (status) => status >= 400 && status < 500 && !isOver(status);

const kept = new Map([...document.querySelectorAll("form[data-draft]")].map((form) => [form, keep(form)]));

/** Nobody is logged in any more: what the node has not got waits for its author. */
export function holdTyped() {
  for (const keeper of kept.values()) keeper.holdWords();
}

/** Puts a text into the fields of a name, where it is seen; whether it stands there now. */
function fill(field, text) {
  if (!field) return false;
  const all = field instanceof RadioNodeList ? [...field] : [field];
  for (const one of all) {
    if (isChosen(one)) one.checked = one.value === text;
    else one.value = text;
    one.closest("details")?.setAttribute("open", "");
  }
  return all.every((one) => isChosen(one) || one.value === text);
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
  let isOut = false;

  const tell = (text) => { if (state) state.textContent = text; };

  // With the key under which this page saves: what arrives behind its own save is kept no more.
  const valueOf = (name) => form.elements[name]?.value ?? "";
  const sentWith = (fields) => ({
    fields, based_on: valueOf("based_on"), was: valueOf("was"), save_key: valueOf("save_key"), action: form.getAttribute("action"),
  });

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
    if (!waiting.size || isOut) return null;
    const fields = Object.fromEntries(waiting);
    waiting.clear();
    underway = fields;
    const answer = await send(draft, sentWith(fields), { signal: AbortSignal.timeout(PATIENCE_MS), ...more });
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
      if (answer.status === NOBODY) document.dispatchEvent(new Event("nobody"));
    }
    return answer;
  };

  // The person of this page under another session: their page is shown anew under that one, with what waits. Under the
  // session of somebody else the words stay here.
  const comeBack = async (answer) => {
    if (answer?.status !== REPLACED) return answer;
    const { person } = await askStrip();
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
    if (!field.name || field.type === "hidden" && !("typed" in field.dataset) || field.type === "file") return;
    isTouched = true;
    if (!waiting.size) since = Date.now();
    waiting.set(field.name, field.type === "checkbox" && !field.checked ? "" : field.value);
    clearTimeout(timer);
    timer = setTimeout(putInTurn, Math.max(0, Math.min(QUIET_MS, since + TYPING_MS - Date.now())));
  };

  // What is thrown away does not come back behind its own end: the words underway arrive first, and no other follows.
  const thrown = document.querySelector(`form[action="${draft}/drop"]`);
  thrown?.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(timer);
    waiting.clear();
    isOut = true;
    letGo(draft);
    await sending;
    thrown.submit();
  });

  form.addEventListener("input", note);
  form.addEventListener("change", note);
  form.addEventListener("focusout", () => putInTurn());
  window.addEventListener("pagehide", () => {
    if (isEnded) holdWords();
    put({ keepalive: true });
  });

  return {
    holdWords,
    tell,

    /** The last words go to the node before the form does: how it answered, and null where nothing was left to keep. */
    async keepLast() {
      isTouched = true;
      return (await putInTurn({ signal: AbortSignal.timeout(PATIENCE_MS) }))?.status ?? null;
    },

    /** The form goes out with every word of it; what is typed from now on waits. */
    goesOut() {
      clearTimeout(timer);
      waiting.clear();
      isOut = true;
    },

    /** Nobody has said what became of it: what is typed is kept as before. */
    isBack() {
      isOut = false;
    },
  };
}

/** What looks after the words of a form; undefined for one that keeps none. */
export const keeperOf = (form) => kept.get(form);
