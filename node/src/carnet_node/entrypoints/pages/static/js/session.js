// No window of this browser shows personal values once the screen is locked or nobody is logged in.
//
//   every page   asks the node whether its session is open: every few seconds, when it is looked at again, when it comes
//                out of the browser's memory, and when another window says that the session may be over; no -> the door
//   lock, log out   covers every window at once, before the node has heard of it; each stays covered until the node has
//   no answer    the page may be read as long as a session that is used stays open, unless another window said otherwise
//   the door     says that the session is over; it goes on by itself once the session is open again
//
// What one window says to the others is a word and a time in the memory that all windows share, so that one that was
// asleep finds it. A covered page keeps what was typed on it.

import { askStrip, NOBODY, pause, sendFields, UNREACHED } from "./ask.js";
import { holdTyped } from "./drafts.js";
import { showSilence, showStrip } from "./strip.js";

const EVERY_MS = 5000;
const ANSWER_MS = 10000;
const ASLEEP_MS = 20000;
const TOLD = "carnet-session";
const AT_DOOR = "carnet-at-door";
const ENDS = "ends";
const OVER = "over";
const OPEN = "open";
const LOCK = "/lock";
const LOG_OUT = "/logout";
const FAULT = 500;

const { person, idleMs, address, token } = document.body.dataset;
const door = document.querySelector("form[data-door]");
const isWatched = Boolean(person) && !door;
const title = document.title;

let heardMs = Date.now();
let usedMs = heardMs;
let askedMs = heardMs;
let isEnding = false;
let asked = null;

function saidLast() {
  const [word, at] = (localStorage.getItem(TOLD) ?? "").split(" ");
  return { word, at: Number(at) || 0 };
}

function isDoubted(sinceMs) {
  const { word, at } = saidLast();
  return word !== OPEN && at > sinceMs;
}

function sayToAll(word) {
  localStorage.setItem(TOLD, `${word} ${Date.now()}`);
}

function cover() {
  document.documentElement.dataset.covered = "";
  document.title = "Carnet";
}

function uncover() {
  delete document.documentElement.dataset.covered;
  document.title = title;
}

function goToDoor(to = address ?? location.pathname + location.search) {
  cover();
  holdTyped();
  location.replace(`/locked?to=${encodeURIComponent(to)}`);
}

const isHeard = ({ status }) => status !== UNREACHED && status < FAULT;

// The session ends here, and this page is not read meanwhile; a node that is down hears of it when it is back.
async function end(action) {
  if (isEnding) return;
  isEnding = true;
  cover();
  while (!isHeard(await sendFields(action, { token }))) await pause(EVERY_MS);
  if (action === LOG_OUT) goToDoor("/");
  else goToDoor();
}

// Nobody answers: what was known last counts, for as long as a session that is used stays open.
function meetSilence() {
  showSilence();
  if (!isWatched) return;
  const isKnown = Date.now() - Math.max(heardMs, usedMs) < Number(idleMs) && !isDoubted(heardMs);
  if (isKnown) uncover();
  else cover();
}

async function askNow() {
  const begunMs = Date.now();
  askedMs = begunMs;
  const answer = await askStrip(ANSWER_MS);
  if (isEnding) return;
  if (answer.status === UNREACHED) { meetSilence(); return; }
  if (isWatched && answer.status === NOBODY) { goToDoor(); return; }
  if (answer.html) showStrip(answer.html);
  else if (answer.status !== NOBODY) showSilence();
  if (isWatched && isDoubted(begunMs)) { await askNow(); return; }
  heardMs = begunMs;
  if (isWatched) uncover();
  else if (door && answer.html) goOn();
}

function look() {
  if (isWatched && Date.now() - askedMs > ASLEEP_MS) cover();
  asked ??= askNow().finally(() => { asked = null; });
}

// Somebody has opened the session in another window; nothing is loaded under somebody who types.
function goOn() {
  const isTouched = [...door.querySelectorAll("input:not([type=hidden]):not([readonly])")].some((one) => one.value);
  if (!isTouched) location.replace(door.elements.to.value);
}

function hear(word, at) {
  if (isWatched && word === ENDS && Date.now() - at < EVERY_MS) end(LOCK);
  else if (isWatched || word === OPEN) look();
}

if (door) {
  sessionStorage.setItem(AT_DOOR, "1");
  sayToAll(OVER);
} else if (isWatched && sessionStorage.getItem(AT_DOOR)) {
  sessionStorage.removeItem(AT_DOOR);
  sayToAll(OPEN);
}
if (isWatched) {
  setInterval(look, EVERY_MS);
  for (const use of ["keydown", "pointerdown"]) addEventListener(use, () => { usedMs = Date.now(); }, true);
}
addEventListener("storage", (event) => {
  if (event.key === TOLD && event.newValue) hear(saidLast().word, saidLast().at);
});
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  if (isWatched) cover();
  look();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && (isWatched || door)) look();
});
document.addEventListener("nobody", () => { if (isWatched) look(); });
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !isWatched || !event.target.matches("[data-ends]")) return;
  event.preventDefault();
  sayToAll(ENDS);
  end(event.target.getAttribute("action"));
});
