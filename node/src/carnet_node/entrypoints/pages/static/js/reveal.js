// A masked value is shown when somebody asks for it; the node notes who asked, never what it showed.

import { ask, tell } from "./ask.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-reveal-button]");
  if (!button) return;
  const place = button.closest("[data-reveal]");
  const answer = await ask("/reveal", { what: place.dataset.reveal });
  if (!answer) { tell(button.textContent + " ✕"); return; }
  const value = place.querySelector("[data-value]");
  value.textContent = answer.text;
  // The keyboard stays where it was, and a screen reader reads what was asked for, though the button goes.
  const had = button === document.activeElement;
  button.remove();
  if (!had) return;
  value.tabIndex = -1;
  value.focus();
});
