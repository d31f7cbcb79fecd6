// The board: the car that is chosen goes where a digit says, or where it is dragged. The form that is sent is the page's own.
//
//   digit    the stage of that number; a second one behind a stage on hold, the reason of that number
//   Enter    moves the car, as the browser does it
//
// A board that is left open shows twice a minute what others did, unless somebody is about to move a car on it; nor under
// a finger. The car that is chosen, or has the keyboard, keeps the heads it was chosen with until somebody reaches for it.

import { askPage, say } from "./ask.js";
import { released } from "./pressed.js";

const HOLD = "on_hold";
const EVERY_MS = 30000;
const CARS = "[data-cars]";
const COUNT = "h1 .kind";

for (const form of document.querySelectorAll("form[data-board]")) {
  const { stage, hold_reason: why } = form.elements;
  let asksWhy = false;
  let isDragged = false;

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
    isDragged = true;
    card.querySelector("[name=visit]").checked = true;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
  });
  form.addEventListener("dragend", () => {
    isDragged = false;
  });
  form.addEventListener("dragover", (event) => {
    if (event.target.closest("[data-stage]")) event.preventDefault();
  });
  form.addEventListener("drop", (event) => {
    const column = event.target.closest("[data-stage]");
    if (!column) return;
    event.preventDefault();
    stage.value = column.dataset.stage;
    if (!isHold()) why.value = "";
    asksWhy = isHold() && !why.value;
    tellChosen();
    if (asksWhy) why.focus();
    else form.requestSubmit();
  });

  const isSeen = () => !document.hidden && !("covered" in document.documentElement.dataset);
  const isLeftAlone = () => isSeen() && !isDragged && !stage.value && !why.value && !document.getElementById("summary");

  /** The car of a radio button, whatever has been written about it since. */
  const orderOf = (radio) => radio?.value.split("=")[0];

  const showAnew = (page) => {
    const [old, anew] = [form.querySelector(CARS), page.querySelector(CARS)];
    if (!old || !anew) return;
    const chosen = orderOf(old.querySelector("[name=visit]:checked"));
    const read = new Map([...old.querySelectorAll("[name=visit]")].map((radio) => [orderOf(radio), radio.value]));
    const line = old.contains(document.activeElement) ? document.activeElement.closest(".card, tr") : null;
    const standing = orderOf(line?.querySelector("[name=visit]"));
    old.replaceChildren(...anew.childNodes);
    document.querySelector(COUNT).replaceChildren(...page.querySelector(COUNT).childNodes);
    for (const radio of old.querySelectorAll("[name=visit]")) {
      radio.checked = orderOf(radio) === chosen;
      if (orderOf(radio) === standing) radio.focus({ preventScroll: true });
      if ([chosen, standing].includes(orderOf(radio))) keepAsRead(radio, read.get(orderOf(radio)));
    }
  };

  /** Whoever moves a car without reaching for it anew moves it as they saw it, and is told when it stands elsewhere. */
  const keepAsRead = (radio, value) => {
    radio.dataset.anew = radio.value;
    radio.value = value;
  };
  // A window that somebody comes back to gives the keyboard back to where it was: nobody has reached for that car.
  let givenBack = null;
  window.addEventListener("focus", () => { givenBack = document.activeElement; });
  const takeAsShown = (event) => {
    const isGivenBack = event.type === "focusin" && event.target === givenBack;
    givenBack = null;
    if (isGivenBack) return;
    const radio = event.target.closest?.(".card, tr")?.querySelector("[name=visit][data-anew]");
    if (!radio) return;
    radio.value = radio.dataset.anew;
    delete radio.dataset.anew;
  };
  for (const reach of ["focusin", "pointerdown"]) form.addEventListener(reach, takeAsShown);

  setInterval(async () => {
    if (!isLeftAlone()) return;
    const page = await askPage(location.pathname);
    await released();
    if (page && isLeftAlone()) showAnew(page);
  }, EVERY_MS);
}
