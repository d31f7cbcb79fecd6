// Open recalls of a car that nobody has on file are told as soon as its VIN is whole: before the form is saved. A recall
// goes among the work by its button, as a line of its own.

import { ask, tell } from "./ask.js";
import { released } from "./pressed.js";
import { put } from "./put.js";

const WHOLE_CHARS = 17;

/** What a new form says of its visit before anybody has chosen. */
const USUAL_KIND = "repair";
const chosen = new WeakSet();

for (const place of document.querySelectorAll("[data-recalls-of]")) watch(place);

function watch(place) {
  const form = place.closest("form");
  const [field, box] = [form.elements[place.dataset.recallsOf], form.elements["car.is_vin_compared"]];
  form.elements.visit_kind.addEventListener("change", (event) => chosen.add(event.target));
  // The banner of a car on file stands above the form, that of a typed VIN within it.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-recall]");
    if (!button) return;
    const line = takeUp(form, button.dataset);
    if (!line) { tell(button.dataset.full); return; }
    tell(button.dataset.taken);
    button.disabled = true;
    line.focus();
  });
  if (!field) return;
  const keyOf = () => JSON.stringify({ vin: field.value.trim(), is_compared: Boolean(box?.checked) });
  let asked = keyOf();

  async function look() {
    const key = keyOf();
    if (key === asked) return;
    asked = key;
    const answer = await ask("/recalls/vin", JSON.parse(key));
    await released();
    if (asked !== key) return;
    if (!answer) { asked = ""; return; }
    put(place, answer.html);
  }

  field.addEventListener("input", () => { if (field.value.trim().length === WHOLE_CHARS) look(); });
  field.addEventListener("focusout", look);
  box?.addEventListener("change", look);
}

// The first line of work without a word becomes the recall's, unless one is already: the field that says it, and null where
// every line has words.
// The kind of the visit becomes a recall too, unless somebody has chosen one.
function takeUp(form, { recall, work }) {
  const has = [...form.elements].find((one) => one.name.endsWith(".campaign_id") && one.value === recall);
  if (has) return form.elements[has.name.replace("campaign_id", "op_name")];
  for (let row = 0; form.elements[`jobs[${row}].op_name`]; row += 1) {
    const of = (name) => form.elements[`jobs[${row}].${name}`];
    if (of("op_name").value || of("complaint").value) continue;
    const said = [[of("campaign_id"), recall], [of("op_name"), work.trim()], [of("pay_type"), "warranty"]];
    const kind = form.elements.visit_kind;
    if (!chosen.has(kind) && kind.value === USUAL_KIND) said.push([kind, "recall"]);
    for (const [field, text] of said) {
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    return of("op_name");
  }
  return null;
}
