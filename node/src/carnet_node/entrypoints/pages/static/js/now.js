// A board of today opens where the day stands now, with the row before it in sight; the page itself stays at its top.

const row = document.querySelector(".pane [aria-current=time]");
if (row) {
  const pane = row.closest(".pane");
  pane.scrollTop = (row.previousElementSibling ?? row).offsetTop - pane.querySelector("thead").offsetHeight;
}
