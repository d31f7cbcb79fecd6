// The board: the car that is chosen goes where a digit says, or where it is dragged. The form that is sent is the page's own.
//
//   digit    the stage of that number; a second one behind a stage on hold, the reason of that number
//   Enter    moves the car, as the browser does it

import { say } from "./ask.js";

const HOLD = "on_hold";

for (const form of document.querySelectorAll("form[data-board]")) {
  const { stage, hold_reason: why } = form.elements;
  let asksWhy = false;

  const isHold = () => stage.selectedOptions[0]?.dataset.sense === HOLD;

  const tellChosen = () => {
    const chosen = [stage, why].map((one) => one.selectedOptions[0]?.textContent).filter(Boolean).join(" · ");
    say(asksWhy ? `${chosen} — ${form.dataset.asksWhy}` : chosen);
  };

  const choose = (select, number) => {
    if (number < 1 || number >= select.options.length) return;
    select.selectedIndex = number;
    asksWhy = select === stage && isHold();
    if (!isHold()) why.value = "";
    tellChosen();
  };

  form.addEventListener("keydown", (event) => {
    if (event.target.name !== "visit" || event.altKey || event.ctrlKey || event.metaKey || !/^[1-9]$/.test(event.key)) return;
    event.preventDefault();
    event.target.checked = true;
    choose(asksWhy ? why : stage, Number(event.key));
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "visit") asksWhy = false;
    if (event.target === stage && !isHold()) why.value = "";
  });

  form.addEventListener("dragstart", (event) => {
    const card = event.target.closest?.(".card");
    if (!card) return;
    card.querySelector("[name=visit]").checked = true;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
  });
  for (const column of form.querySelectorAll("[data-stage]")) {
    column.addEventListener("dragover", (event) => event.preventDefault());
    column.addEventListener("drop", (event) => {
      event.preventDefault();
      stage.value = column.dataset.stage;
      if (!isHold()) why.value = "";
      asksWhy = isHold() && !why.value;
      tellChosen();
      if (asksWhy) why.focus();
      else form.requestSubmit();
    });
  }
}
