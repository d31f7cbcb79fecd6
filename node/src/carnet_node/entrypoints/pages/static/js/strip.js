// The strip is kept fresh without the page being loaded again; a node that does not answer is said to be unknown.

const strip = document.getElementById("strip");
let isGone = false;

/** Whether nobody answered when the node was asked last. */
export const isSilent = () => isGone;

/** What the node says now; whoever waited for it hears that it answers. */
export function showStrip(html) {
  if (isGone) document.dispatchEvent(new Event("answers"));
  isGone = false;
  if (strip) strip.innerHTML = html;
}

/** Nobody knows. */
export function showSilence() {
  isGone = true;
  if (strip) strip.textContent = strip.dataset.gone;
}

document.addEventListener("silence", showSilence);
