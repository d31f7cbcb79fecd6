// The keyboard. Nothing is decided by a key that an input method is still using.
//
//   Enter        the next field of a form that saves; nothing is submitted by it
//   Enter        in a list of a form that asks, asks; in an open list it chooses, as everywhere
//   Enter        at the door, the next field that is empty; sends when none is
//   Ctrl+Enter   saves
//   Alt+digit    a screen; Alt+0 the search box
//   Alt+L        locks the screen
//   arrows       from the search box to the first hit, and from one hit to the next; Escape goes back to the box

let composing = false;
document.addEventListener("compositionstart", () => { composing = true; });
document.addEventListener("compositionend", () => { setTimeout(() => { composing = false; }, 0); });

const busyWithInput = (event) => composing || event.isComposing || event.keyCode === 229;

const FIELDS = "input:not([type=hidden]):not([disabled]), select:not([disabled]), textarea:not([disabled]), button[data-take], button[data-save]:not([disabled])";

function nextField(field) {
  // What stands in a closed part of a page has its place there, and takes no keyboard.
  const all = [...field.form.elements].filter((one) => one.matches(FIELDS) && one.checkVisibility() && one.tabIndex >= 0);
  return all[all.indexOf(field) + 1];
}

function saveButtonNear(element) {
  // A question goes out by the one button that it has.
  if (element?.form?.matches("[data-queries]")) return element.form.querySelector("button[type=submit]");
  // Out of another form of the page nothing is saved that its author does not see.
  if (element?.form?.matches("main form:not([data-saves])")) return null;
  const form = element?.closest?.("form[data-saves]") ?? document.querySelector("form[data-saves][data-draft]");
  return form?.querySelector("button[data-save]");
}

function onEnter(event) {
  const field = event.target;
  if (event.ctrlKey || event.metaKey) {
    const door = field.closest?.("form[data-enters]");
    const button = door ? door.querySelector("button[type=submit]") : saveButtonNear(field);
    if (button) { event.preventDefault(); button.click(); }
    return;
  }
  if (field.form?.hasAttribute("data-enters")) { toEmpty(event); return; }
  if (field.form?.hasAttribute("data-queries") && field.matches("select")) { askFrom(event); return; }
  if (!field.form?.matches("[data-saves]")) return;
  if (field.matches("textarea, button, a, summary")) return;
  event.preventDefault();
  const next = nextField(field);
  next?.focus();
  // As Tab does it: what is typed now takes the place of what stands there.
  if (next?.matches("input")) next.select();
}

function toEmpty(event) {
  if (!event.target.matches("input")) return;
  const next = [...event.target.form.querySelectorAll("input:not([type=hidden])")].find((one) => one !== event.target && one.value === "");
  if (next && event.target.value) { event.preventDefault(); next.focus(); }
}

// Most browsers keep the keys of a list that hangs open to themselves; one that tells the page can also say that it does.
const hangsOpen = (list) => CSS.supports("selector(select:open)") && list.matches(":open");

function askFrom(event) {
  if (hangsOpen(event.target)) return;
  event.preventDefault();
  event.target.form.requestSubmit();
}

const searchBox = () => document.getElementById("search");

function onDigit(event) {
  if (event.code === "Digit0") {
    const box = searchBox();
    if (box) { event.preventDefault(); box.focus(); box.select(); }
    return;
  }
  const link = document.querySelector(`a[data-digit="${event.code.slice(5)}"]`);
  if (link) { event.preventDefault(); link.click(); }
}

function onLock(event) {
  const button = document.querySelector("[data-lock]");
  if (button) { event.preventDefault(); button.click(); }
}

function onArrow(event) {
  if (event.target === searchBox()) {
    const first = event.key === "ArrowDown" && document.querySelector("main [data-list] a");
    if (first) { event.preventDefault(); first.focus(); }
    return;
  }
  const list = event.target.closest?.("[data-list]");
  if (!list) return;
  const links = [...list.querySelectorAll("a")];
  const next = links[links.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) { event.preventDefault(); next.focus(); }
  else if (event.key === "ArrowUp") toSearch(event);
}

function toSearch(event) {
  const box = searchBox();
  if (!box || !event.target.closest?.("[data-list]")) return;
  event.preventDefault();
  box.focus();
  box.select();
}

document.addEventListener("keydown", (event) => {
  if (busyWithInput(event)) return;
  if (event.key === "Enter") onEnter(event);
  else if (event.altKey && !event.ctrlKey && !event.metaKey && /^Digit\d$/.test(event.code)) onDigit(event);
  else if (event.altKey && !event.ctrlKey && !event.metaKey && event.code === "KeyL") onLock(event);
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") onArrow(event);
  else if (event.key === "Escape") toSearch(event);
});

// An Enter that ends a composition must not send a search either.
document.addEventListener("submit", (event) => {
  if (composing) { event.preventDefault(); return; }
  const button = event.target.querySelector("button[data-save]");
  if (button) setTimeout(() => { button.disabled = true; }, 0);
}, true);
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[data-save][disabled]")) button.disabled = false;
});
