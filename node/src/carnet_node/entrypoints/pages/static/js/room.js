// A field that takes no more says so: what is pasted beyond its room would be gone without a word.

import { tell } from "./ask.js";

document.addEventListener("input", (event) => {
  const field = event.target;
  const said = document.body.dataset.full;
  if (said && field.maxLength > 0 && field.type !== "search" && field.value.length >= field.maxLength) {
    tell(said.replace("{count}", field.maxLength));
  }
});
