// What the node would not keep because a session had ended waits in this tab, for the same person and for nobody else.
//
// It waits in plain text. It is gone when the node has it, when somebody else is logged in here, when somebody else is to
// be, and after the longest life of a session, looked at with every page. A browser that crashed, or opens a closed tab
// again, brings it back until then.

const PREFIX = "carnet-held ";
const { person, heldMs } = document.body.dataset;

const names = () => Object.keys(sessionStorage).filter((name) => name.startsWith(PREFIX));

function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}

function isToWait(one) {
  const age = Date.now() - one?.at;
  return age >= 0 && age < heldMs && (!person || one.person === person) && one.sent?.fields instanceof Object;
}

for (const name of names()) if (!isToWait(read(name))) sessionStorage.removeItem(name);

document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-lets-go]")) for (const name of names()) sessionStorage.removeItem(name);
});

/** Holds what was to be sent to a draft until its author is back. */
export function hold(draft, sent) {
  if (person) sessionStorage.setItem(PREFIX + draft, JSON.stringify({ person, sent, at: Date.now() }));
}

/** What is held for a draft; null for nothing. */
export function held(draft) {
  return person ? read(PREFIX + draft)?.sent ?? null : null;
}

/** Forgets what is held for a draft. */
export function letGo(draft) {
  sessionStorage.removeItem(PREFIX + draft);
}
