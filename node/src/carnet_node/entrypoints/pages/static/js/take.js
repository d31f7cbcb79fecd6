// A text that was probably meant instead of the one that was refused: one key takes it, and the field has the keyboard.

for (const button of document.querySelectorAll("[data-take]")) {
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.for);
    field.value = button.dataset.take;
    field.removeAttribute("aria-invalid");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    button.closest(".problem").remove();
    field.focus();
  });
}
