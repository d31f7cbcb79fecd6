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

  const set = (name, value) => {
    form.elements[name].value = value;
    form.elements[name].dispatchEvent(new Event("input", { bubbles: true }));
  };

  form.addEventListener("focusout", (event) => { if (event.target.name) look(); });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.same) {
      set(button.dataset.same, button.dataset.id);
      setTimeout(() => location.reload(), 900);
    } else if (button?.dataset.notSame) {
      dismissed.add(button.dataset.notSame);
      const kept = document.createElement("input");
      Object.assign(kept, { type: "hidden", name: "party.not_same", value: button.dataset.notSame });
      form.append(kept);
      button.closest(".notice").remove();
    } else if (button?.dataset.forget) {
      set(button.dataset.forget, "");
      setTimeout(() => location.reload(), 900);
    }
  });
}
