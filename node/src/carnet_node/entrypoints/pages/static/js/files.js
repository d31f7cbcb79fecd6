// Which file is chosen, in our words: the browser's own field is not seen, because it speaks the browser's language.

/** Says beside a file's field what there is to say of it: the name of the file, or what is wrong. */
export function sayChosen(chosen, text, mood = "") {
  const said = document.createElement("span");
  said.className = mood;
  said.textContent = text;
  chosen.closest(".pick").querySelector("[data-chosen]").replaceChildren(said);
}

for (const chosen of document.querySelectorAll(".pick input[type=file]")) {
  const line = chosen.closest(".pick").querySelector("[data-chosen]");
  const empty = [...line.children].filter((said) => !said.classList.contains("kept"));
  chosen.addEventListener("change", () => {
    chosen.setCustomValidity("");
    if (chosen.files.length) return sayChosen(chosen, chosen.files[0].name);
    for (const said of empty) said.hidden = false;
    line.replaceChildren(...empty);
  });
  chosen.addEventListener("invalid", () => {
    if (chosen.validity.valueMissing) chosen.setCustomValidity(chosen.dataset.missing);
  });
}
