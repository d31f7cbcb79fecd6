// A field that takes no more says so when something was typed or pasted that it did not take: it would be gone without a
// word. A field that is exactly full has lost nothing.

import { tell } from "./ask.js";

let composedAt = 0;

const hasRoomFor = (field, others, text) => field.maxLength < 0 || others + text.length <= field.maxLength;
const othersThan = (field) => field.value.length - ((field.selectionEnd ?? 0) - (field.selectionStart ?? 0));

function say(field) {
  const said = document.body.dataset.full;
  if (said && field.type !== "search") tell(said.replace("{count}", field.maxLength));
}

// While an input method composes, a field may hold more than it takes; what is too much goes when the composition ends.
document.addEventListener("beforeinput", (event) => {
  const field = event.target;
  if (!field.maxLength || event.isComposing || !event.data) return;
  if (!hasRoomFor(field, othersThan(field), event.data)) say(field);
});
document.addEventListener("compositionstart", (event) => { composedAt = othersThan(event.target); });
document.addEventListener("compositionend", (event) => {
  if (event.target.maxLength && !hasRoomFor(event.target, composedAt, event.data ?? "")) say(event.target);
});
