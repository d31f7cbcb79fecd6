// A masked value is shown when somebody asks for it; the node notes who asked, never what it showed.

import { ask, tell } from "./ask.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-reveal-button]");
  if (!button) return;
  const place = button.closest("[data-reveal]");
  const answer = await ask("/reveal", { what: place.dataset.reveal });
  if (!answer) { tell(button.textContent + " ✕"); return; }
  place.querySelector("[data-value]").textContent = answer.text;
  button.remove();
});
