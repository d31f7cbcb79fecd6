// "On file already?" while somebody types: same phone, same name, same plate or VIN. Choosing is the person's.

import { ask } from "./ask.js";

const PHONES = ["party.number", "sender_phone"];
const NAMES = ["party.full_name", "party.company_name"];

for (const form of document.querySelectorAll("form[data-duplicates]")) watch(form);

function watch(form) {
  const place = form.querySelector("[data-candidates]");
  const dismissed = new Set();
  const text = (name) => form.elements[name]?.value?.trim() ?? "";
  const texts = (names) => names.map(text).filter(Boolean);
  let asked = "";

  async function look() {
    const known = [text("party.known"), text("car.known")].filter(Boolean);
    const typed = {
      phones: text("party.known") ? [] : texts(PHONES),
      names: text("party.known") ? [] : texts(NAMES),
      plate: text("car.known") ? null : text("car.plate") || null,
      vin: text("car.known") ? null : text("car.vin") || null,
      dismissed: [...dismissed, ...known],
    };
    const key = JSON.stringify(typed);
    if (key === asked) return;
    asked = key;
    const answer = await ask(form.dataset.duplicates, typed);
    if (answer) place.innerHTML = answer.html;
  }

  // The choice is kept first, then the page is shown anew with what is on file.
  const choose = async (name, value) => {
    form.elements[name].value = value;
    const answer = await ask(form.dataset.draft, { fields: { [name]: value }, based_on: "" });
    if (answer) location.reload();
  };

  form.addEventListener("focusout", (event) => { if (event.target.name) look(); });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.same) {
      choose(button.dataset.same, button.dataset.id);
    } else if (button?.dataset.notSame) {
      dismissed.add(button.dataset.notSame);
      const kept = document.createElement("input");
      Object.assign(kept, { type: "hidden", name: "party.not_same", value: button.dataset.notSame });
      form.append(kept);
      button.closest(".notice").remove();
    } else if (button?.dataset.forget) {
      choose(button.dataset.forget, "");
    }
  });
}
