// A form that is saved once under its key is sent from here, so that its page stays while nobody answers, and says what is
// known: not saved, saved, or that nobody can know yet. Sending it again is always safe, and saves it once.
//
//   saved      -> where it stands, as soon as the node answers: one that dies in between leaves the page as it is
//   no answer  -> the page says that nobody knows; the same button sends it again
//   any other  -> sent once more, as browsers do it: nothing was saved, and the node's answer is the page to be read; so
//                 is a form that was saved and has other words now, which that page shows
//
// Without scripts every form goes as browsers send it.

import { askStrip, NOBODY, PATIENCE_MS, pause, raiseAlarm, REPLACED, say, sendFields, UNREACHED } from "./ask.js";
import { keeperOf } from "./drafts.js";

const AGAIN_MS = 1000;
const { saving, unsaved, unknown, saved } = document.getElementById("told").dataset;
const sent = new WeakSet();
const passing = new WeakSet();

// What is known of a form with a draft stands in its save bar, which may lie below the window: what stops a save is said
// where everybody sees it too.
function tellOf(form, text) {
  const keeper = keeperOf(form);
  if (keeper) keeper.tell(text);
  else say(text);
  raiseAlarm(keeper && text !== saving ? text : "");
}

function makeReady(form) {
  for (const button of form.querySelectorAll("button[data-save]")) button.disabled = false;
}

function sayUnknown(form) {
  keeperOf(form)?.isBack();
  makeReady(form);
  tellOf(form, unknown);
}

// Whether the node is there to take a form, after the last word has gone to it.
async function isTaken(form) {
  const status = (await keeperOf(form)?.keepLast()) ?? (await askStrip()).status;
  if (status === UNREACHED) tellOf(form, sent.has(form) ? unknown : unsaved);
  const isLeftToSay = status === UNREACHED || (keeperOf(form) && (status === NOBODY || status === REPLACED));
  return !isLeftToSay;
}

const wordsOf = (form, submitter) => String(new URLSearchParams(new FormData(form, submitter)));

async function openSaved(form, address) {
  while ((await askStrip()).status === UNREACHED) {
    tellOf(form, saved);
    await pause(AGAIN_MS);
  }
  location.assign(address);
}

function sendAsBrowsersDo(form, submitter) {
  makeReady(form);
  passing.add(form);
  form.requestSubmit(submitter);
}

async function save(form, submitter) {
  if (!sent.has(form)) tellOf(form, saving);
  if (!(await isTaken(form))) { makeReady(form); return; }
  const words = wordsOf(form, submitter);
  sent.add(form);
  keeperOf(form)?.goesOut();
  const patience = setTimeout(sayUnknown, PATIENCE_MS, form);
  const answer = await sendFields(form.getAttribute("action"), words);
  clearTimeout(patience);
  if (answer.status === UNREACHED) sayUnknown(form);
  else if (answer.json && words === wordsOf(form, submitter)) openSaved(form, answer.json.go);
  else sendAsBrowsersDo(form, submitter);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.elements.save_key || passing.delete(form)) return;
  event.preventDefault();
  save(form, event.submitter);
});
