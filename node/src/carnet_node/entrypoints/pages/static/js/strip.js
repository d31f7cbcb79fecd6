// The strip is kept fresh without the page being loaded again; a node that does not answer is said to be unknown.

import { holdTyped } from "./drafts.js";

const EVERY_MS = 15000;
const ANSWER_MS = 10000;
const strip = document.getElementById("strip");

async function freshen() {
  if (document.hidden) return;
  try {
    const answer = await fetch("/strip", { signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.ok) strip.innerHTML = await answer.text();
    else if (answer.status !== 401) strip.textContent = strip.dataset.gone;
    else if (document.querySelector(".person")) { holdTyped(); location.reload(); }
  } catch {
    strip.textContent = strip.dataset.gone;
  }
}

if (strip) {
  setInterval(freshen, EVERY_MS);
  document.addEventListener("visibilitychange", freshen);
}
