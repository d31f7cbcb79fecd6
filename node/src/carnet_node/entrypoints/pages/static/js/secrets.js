// A password can be looked at while it is typed. It is hidden again before it goes out, and no page comes back with it.

for (const button of document.querySelectorAll("[data-looks]")) {
  const field = document.getElementById(button.dataset.looks);
  const show = (isSeen) => {
    field.type = isSeen ? "text" : "password";
    button.setAttribute("aria-pressed", String(isSeen));
  };
  button.hidden = false;
  button.addEventListener("click", () => show(field.type === "password"));
  field.form.addEventListener("submit", () => show(false));
}
