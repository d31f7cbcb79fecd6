// "On file already?" while somebody types: same phone, same name, same plate or VIN. Choosing is the person's.

import { ask } from "./ask.js";
import { released } from "./pressed.js";
import { put, takeOut } from "./put.js";

const ANSWER = "alike.";

for (const form of document.querySelectorAll("form[data-duplicates]")) watch(form);

function watch(form) {
  const place = form.querySelector("[data-candidates]");
  const [phones, names] = [form.dataset.phones.split(" "), form.dataset.names.split(" ")];
  // What was answered, or is asked, stands in a field for each record: it is kept with the draft, and not shown again.
  const answered = () => [...form.elements].map((one) => one.name).filter((one) => one.startsWith(ANSWER)).map((one) => one.slice(ANSWER.length));
  // As it stands now, or as the page was rendered: what that means is shown already.
  const typedAs = (which) => {
    const text = (name) => form.elements[name]?.[which]?.trim() ?? "";
    const texts = (names) => names.map(text).filter(Boolean);
    const known = [text("party.known"), text("car.known")].filter(Boolean);
    return {
      phones: text("party.known") ? [] : texts(phones),
      names: text("party.known") ? [] : texts(names),
      plate: text("car.known") ? null : text("car.plate") || null,
      vin: text("car.known") ? null : text("car.vin") || null,
      dismissed: [...new Set([...answered(), ...known])],
    };
  };
  let asked = JSON.stringify(typedAs("defaultValue"));

  async function look() {
    const typed = typedAs("value");
    const key = JSON.stringify(typed);
    if (key === asked) return;
    asked = key;
    const answer = await ask(form.dataset.duplicates, typed);
    await released();
    if (asked !== key) return;
    if (!answer) { asked = ""; return; }
    put(place, answer.html);
  }

  // The choice is kept first, then the page is shown anew with what is on file.
  const choose = async (name, value, more = {}) => {
    form.elements[name].value = value;
    const answer = await ask(form.dataset.draft, { fields: { [name]: value, ...more }, based_on: "" });
    if (answer) location.reload();
  };

  const answer = (id, said) => {
    const kept = document.createElement("input");
    Object.assign(kept, { type: "hidden", name: ANSWER + id, value: said });
    kept.dataset.typed = "";
    form.append(kept);
    kept.dispatchEvent(new Event("input", { bubbles: true }));
  };

  form.addEventListener("focusout", (event) => { if (event.target.name) look(); });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.same && form.elements[button.dataset.same]) {
      choose(button.dataset.same, button.dataset.id);
    } else if (button?.dataset.same) {
      // A form without a place for somebody on file goes out with the answer, and leads to their page.
      answer(button.dataset.id, "same");
      form.requestSubmit(form.querySelector("[data-save]"));
    } else if (button?.dataset.notSame) {
      answer(button.dataset.notSame, "other");
      takeOut(place, button.closest(".notice"));
    } else if (button?.dataset.forget) {
      choose(button.dataset.forget, "", { [ANSWER + form.elements[button.dataset.forget].value]: "" });
    }
  });
  look();
}
