// What the node would not keep because a session had ended waits in this tab, for the same person and for nobody else.
//
// It is gone when the node has it, when somebody else is logged in here, and when the tab is closed.

const PREFIX = "carnet-held ";
const person = document.body.dataset.person;

if (person) {
  for (const name of Object.keys(sessionStorage)) {
    if (name.startsWith(PREFIX) && JSON.parse(sessionStorage.getItem(name)).person !== person) sessionStorage.removeItem(name);
  }
}

/** Holds what was to be sent to a draft until its author is back. */
export function hold(draft, sent) {
  if (person) sessionStorage.setItem(PREFIX + draft, JSON.stringify({ person, sent }));
}

/** What is held for a draft; null for nothing. */
export function held(draft) {
  const text = person && sessionStorage.getItem(PREFIX + draft);
  return text ? JSON.parse(text).sent : null;
}

/** Forgets what is held for a draft. */
export function letGo(draft) {
  sessionStorage.removeItem(PREFIX + draft);
}
