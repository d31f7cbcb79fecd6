// The strip is kept fresh without the page being loaded again; a node that does not answer is said to be unknown.

const strip = document.getElementById("strip");

/** What the node says now. */
export function showStrip(html) {
  if (strip) strip.innerHTML = html;
}

/** Nobody knows. */
export function showSilence() {
  if (strip) strip.textContent = strip.dataset.gone;
}
