// A text that was probably meant instead of the one that was typed: one key takes it, and the field has the keyboard.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-take]");
  if (!button) return;
  const field = document.getElementById(button.dataset.for);
  field.value = button.dataset.take;
  field.removeAttribute("aria-invalid");
  button.closest(".problem").remove();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
