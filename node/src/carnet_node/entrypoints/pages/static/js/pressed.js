// Nothing moves under a finger: what an answer adds to a page waits until the mouse button or the finger is up again.
// Leaving a field asks the node, and a press on the next field is what leaves it; an answer that came between press and
// release would move that field away, and the click would be lost. Some presses have no release that a page hears of (a
// scrollbar, a menu of the browser): a menu or a key ends the wait too.

let isDown = false;
let waiting = [];

const press = () => { isDown = true; };

/** The click belongs to the release, and comes right behind it. */
const release = () => setTimeout(() => {
  isDown = false;
  const all = waiting;
  waiting = [];
  for (const go of all) go();
});

document.addEventListener("pointerdown", press, { capture: true });
for (const end of ["pointerup", "pointercancel", "dragend", "contextmenu", "keydown"]) document.addEventListener(end, release, { capture: true });
window.addEventListener("blur", release);

/** When nothing is pressed: at once, or at the release. */
export const released = () => (isDown ? new Promise((go) => waiting.push(go)) : Promise.resolve());
