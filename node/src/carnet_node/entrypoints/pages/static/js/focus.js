// Where the keyboard begins: at a text that was probably meant, at what was wrong with a form, at the field a page is about, else in the search box.

const first = document.querySelector("[data-take]")
  ?? document.querySelector("[data-focus]")
  ?? document.querySelector("[data-autofocus]")
  ?? document.getElementById("search");
if (first && !location.hash) {
  first.focus();
  if (first.select && first.value) first.select();
}
