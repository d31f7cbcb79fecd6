// What an answer puts into a page is seen, and moves as little as that allows under a hand that types: what has the
// keyboard stays where it stood in the window, unless a recall or a question would be put out of sight. Where it went
// with what was there before, the keyboard goes to the same thing in what came, else to the next field of the form, and
// never to nowhere.

const FIELDS = "input:not([type=hidden]):not([disabled]), select:not([disabled]), textarea:not([disabled])";
const CHOICES = "a[href], button, input, select";

/** Height in CSS pixels that the bars at the foot of a page take at most. */
const FOOT = 120;

/** Puts HTML into a place instead of what stood there. */
export function put(place, html) {
  change(place, () => { place.innerHTML = html; });
}

/** Takes out one part of a place. */
export function takeOut(place, part) {
  change(place, () => part.remove());
}

function change(place, work) {
  const hand = document.activeElement;
  const isWithin = place.contains(hand);
  const html = isWithin ? hand.outerHTML : "";
  const before = hand.getBoundingClientRect().top;
  work();
  if (hand === document.body) return;
  if (hand.isConnected) hold(place, hand, before);
  else if (isWithin) (again(place, hand.id, html) ?? nextField(place))?.focus();
}

function hold(place, hand, before) {
  const now = hand.getBoundingClientRect();
  const moved = now.top - before;
  const head = document.querySelector("header")?.getBoundingClientRect().bottom ?? 0;
  const room = place.getBoundingClientRect().top - head;
  const seen = place.childElementCount ? Math.min(moved, room) : moved;
  // Back to what came, but never so far that the hand goes out of sight.
  const top = seen < moved ? Math.min(moved, Math.max(seen, now.bottom - (window.innerHeight - FOOT))) : moved;
  window.scrollBy({ top, behavior: "instant" });
}

function again(place, id, html) {
  return [...place.querySelectorAll(CHOICES)].find((one) => (id ? one.id === id : one.outerHTML === html));
}

function nextField(place) {
  const isBehind = (one) => place.compareDocumentPosition(one) === Node.DOCUMENT_POSITION_FOLLOWING;
  return [...place.closest("form").querySelectorAll(FIELDS)].find((one) => isBehind(one) && one.checkVisibility());
}
