// Open recalls of a car that nobody has on file are told as soon as its VIN is whole: before the form is saved. A recall
// goes among the work by its button, as a line of its own. A line whose words are taken out is no recall any more.

import { ask, tell } from "./ask.js";
import { released } from "./pressed.js";
import { put } from "./put.js";

const WHOLE_CHARS = 17;

/** What a new form says of its visit before anybody has chosen. */
const USUAL_KIND = "repair";
const chosen = new WeakSet();

/** What a line calls a recall that says neither its number nor its title. */
const NAMELESS = "—";

for (const place of document.querySelectorAll("[data-recalls-of]")) watch(place);

function watch(place) {
  const form = place.closest("form");
  const [field, box] = [form.elements[place.dataset.recallsOf], form.elements["car.is_vin_compared"]];
  form.elements.visit_kind.addEventListener("change", (event) => chosen.add(event.target));
  form.addEventListener("input", () => keepTaken(form), { once: true });
  form.addEventListener("input", (event) => letOut(form, event.target));
  showTaken(form);
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
    showTaken(form);
  }

  field.addEventListener("input", () => { if (field.value.trim().length === WHOLE_CHARS) look(); });
  field.addEventListener("focusout", look);
  box?.addEventListener("change", look);
}

// What the page itself took up is kept with the first word that is typed: the draft is all that the page has to go by when
// it is loaded again.
function keepTaken(form) {
  if (!form.elements.taken_up?.value) return;
  said(form.elements.taken_up);
  said(form.elements.visit_kind);
  for (const line of linesOf(form)) if (line.campaign.value) [line.campaign, line.work, line.payer].forEach(said);
}

// What stands among the work already, because the page or the draft brought it, is not offered.
function showTaken(form) {
  const taken = new Set(linesOf(form).map((line) => line.campaign.value));
  for (const button of document.querySelectorAll("[data-recall]")) button.disabled = taken.has(button.dataset.recall);
}

function letOut(form, field) {
  const line = linesOf(form).find((one) => one.work === field || one.words === field);
  if (!line?.campaign.value || line.work.value.trim() || line.words.value.trim()) return;
  const button = document.querySelector(`[data-recall="${line.campaign.value}"]`);
  if (button) button.disabled = false;
  line.campaign.value = "";
  said(line.campaign);
}

function linesOf(form) {
  const of = (row, name) => form.elements[`jobs[${row}].${name}`];
  const line = (row) => ({ campaign: of(row, "campaign_id"), work: of(row, "op_name"), words: of(row, "complaint"), payer: of(row, "pay_type") });
  const lines = [];
  while (of(lines.length, "op_name")) lines.push(line(lines.length));
  return lines;
}

/** Whoever listens hears of a field that a script filled in. */
const said = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));

// The first line of work without a word becomes the recall's, unless one is already: the field that says it, and null where
// every line has words. The kind of the visit becomes a recall too, unless somebody has chosen one.
function takeUp(form, { recall, work }) {
  const lines = linesOf(form);
  const has = lines.find((one) => one.campaign.value === recall);
  if (has) return has.work;
  const line = lines.find((one) => !one.work.value && !one.words.value);
  if (!line) return null;
  const kind = form.elements.visit_kind;
  // The words first: a line without any is no recall's.
  const texts = [[line.work, work.trim() || NAMELESS], [line.campaign, recall], [line.payer, "warranty"]];
  if (!chosen.has(kind) && kind.value === USUAL_KIND) texts.push([kind, "recall"]);
  for (const [field, text] of texts) {
    field.value = text;
    said(field);
  }
  return line.work;
}
