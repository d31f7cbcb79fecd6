// Where the keyboard begins: at a text that was probably meant, at what was wrong with a form, at the field a page is about, else in the search box.

const first = document.querySelector("[data-take]")
  ?? document.querySelector("[data-focus]")
  ?? document.querySelector("[data-autofocus]")
  ?? document.getElementById("search");
// An address that ends in a place of the page has the keyboard there, as long as the page has it.
const isLedElsewhere = location.hash && document.getElementById(location.hash.slice(1));
if (first && !isLedElsewhere) {
  first.focus();
  if (first.select && first.value) first.select();
}
