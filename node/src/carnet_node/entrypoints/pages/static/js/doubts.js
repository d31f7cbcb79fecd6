// What is wrong with a number is said while it is typed, beside its field, with the fix where there is one.

import { ask } from "./ask.js";
import { released } from "./pressed.js";
import { put } from "./put.js";

const WHOLE_CHARS = 17;

for (const field of document.querySelectorAll("[data-asks]")) watch(field);

function watch(field) {
  const place = field.parentElement.querySelector("[data-doubts]");
  // A telephone is not asked about anew when the car was looked at: its own box would come back without its tick.
  const box = field.dataset.asks === "/vin" ? field.form.elements["car.is_vin_compared"] : null;
  const keyOf = () => `${field.value.trim()} ${Boolean(box?.checked)}`;
  // A text that was kept unsaved is asked about at once; what the page shows as saved, or speaks of already, is not.
  const isBegun = field.form.querySelector("[data-draft-state][data-begun]") && field.value.trim();
  let asked = isBegun && !place.childElementCount ? "" : keyOf();

  async function look() {
    const text = field.value.trim();
    const key = keyOf();
    if (key === asked) return;
    asked = key;
    const answer = text ? await ask(field.dataset.asks, { name: field.name, text, is_compared: Boolean(box?.checked) }) : { html: "" };
    await released();
    if (asked !== key || keyOf() !== key) return;
    if (!answer) { asked = ""; return; }
    put(place, answer.html);
    const problem = place.querySelector(".problem");
    if (problem) { field.setAttribute("aria-invalid", "true"); field.setAttribute("aria-describedby", problem.id); }
    else { field.removeAttribute("aria-invalid"); field.removeAttribute("aria-describedby"); }
  }

  field.addEventListener("input", () => { if (field.value.trim().length === WHOLE_CHARS) look(); });
  field.addEventListener("focusout", look);
  box?.addEventListener("change", look);
  look();
}
