// Asking the node: one way for all scripts. The token stands in the page, the session in a cookie no script can read.

const token = document.body.dataset.token;

/** Sends JSON and returns the answer's JSON; null when the node cannot be reached or refuses. */
export async function ask(address, body, more = {}) {
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Carnet-Token": token },
      body: JSON.stringify(body),
      ...more,
    });
    return answer.ok ? await answer.json() : null;
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
