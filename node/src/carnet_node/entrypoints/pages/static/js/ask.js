// Asking the node: one way for all scripts. The token stands in the page, the session in a cookie no script can read.

const token = document.body.dataset.token;

/** Nobody answered: the node is down, or too slow to be waited for. */
export const UNREACHED = 0;

/** Sends JSON and returns the status and the answer's JSON; no JSON when the node cannot be reached or refuses. */
export async function send(address, body, more = {}) {
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Carnet-Token": token },
      body: JSON.stringify(body),
      ...more,
    });
    return { status: answer.status, json: answer.ok ? await answer.json() : null };
  } catch {
    return { status: UNREACHED, json: null };
  }
}

/** Sends JSON and returns the answer's JSON; null when the node cannot be reached or refuses. */
export async function ask(address, body, more = {}) {
  return (await send(address, body, more)).json;
}

/** Whether the node answers at all. */
export async function answers(more = {}) {
  try {
    await fetch("/strip", more);
    return true;
  } catch {
    return false;
  }
}

/** Who is logged in in this browser now; null for nobody, and for a node that does not answer. */
export async function whoIsHere(more = {}) {
  try {
    return (await fetch("/strip", more)).headers.get("Carnet-Person");
  } catch {
    return null;
  }
}

/** Says something to everybody, screen readers too, and takes it away again. */
export function tell(text) {
  const told = document.getElementById("told");
  told.textContent = text;
  setTimeout(() => {
    if (told.textContent === text) told.textContent = "";
  }, 6000);
}
