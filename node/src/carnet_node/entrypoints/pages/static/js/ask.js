// Asking the node: one way for all scripts. The token stands in the page, the session in a cookie no script can read.

const { token } = document.body.dataset;
const JSON_TYPE = "application/json";

/** Nobody answered: the node is down, or too slow to be waited for. */
export const UNREACHED = 0;

/** Nobody is logged in, or the screen is locked. */
export const NOBODY = 401;

/** The page belongs to a session that another one has replaced in this browser. */
export const REPLACED = 403;

/** How long an answer is waited for before the page says that there is none. */
export const PATIENCE_MS = 5000;

async function hear(address, options) {
  try {
    const answer = await fetch(address, options);
    const isJson = answer.ok && (answer.headers.get("Content-Type") ?? "").startsWith(JSON_TYPE);
    return { status: answer.status, json: isJson ? await answer.json() : null };
  } catch (problem) {
    // A question that was taken back says nothing of the node; anything else is heard by the strip.
    if (problem.name !== "AbortError") document.dispatchEvent(new Event("silence"));
    return { status: UNREACHED, json: null };
  }
}

/** Sends JSON and returns the status and the answer's JSON; no JSON when the node cannot be reached or refuses. */
export function send(address, body, more = {}) {
  const headers = { "Content-Type": JSON_TYPE, "Carnet-Token": token };
  return hear(address, { method: "POST", headers, body: JSON.stringify(body), ...more });
}

/** Sends fields as a form does; the answer's JSON says where what was saved stands, and is missing for any other answer. */
export function sendFields(address, fields, more = {}) {
  return hear(address, { method: "POST", headers: { "Carnet-Script": "1" }, body: new URLSearchParams(fields), ...more });
}

/** Sends JSON and returns the answer's JSON; null when the node cannot be reached or refuses. */
export async function ask(address, body, more = {}) {
  return (await send(address, body, more)).json;
}

/** The strip as it is now, whose session asks, and whether there is one; the status alone where nobody may see it. */
export async function askStrip(patienceMs = PATIENCE_MS) {
  try {
    const answer = await fetch("/strip", { signal: AbortSignal.timeout(patienceMs) });
    const text = await answer.text();
    return { status: answer.status, person: answer.headers.get("Carnet-Person"), html: answer.ok ? text : "" };
  } catch {
    return { status: UNREACHED, person: null, html: "" };
  }
}

/** A page of the node as it is now, asked for by no person; null when there is none, or it leads elsewhere. */
export async function askPage(address, patienceMs = PATIENCE_MS) {
  try {
    const answer = await fetch(address, { headers: { "Carnet-Script": "1" }, signal: AbortSignal.timeout(patienceMs) });
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return null;
  }
}

/** Says something to everybody, screen readers too. */
export function say(text) {
  document.getElementById("told").textContent = text;
}

/** Says something at the top of the window, while the cursor stays where it is; an empty text takes it away. */
export function raiseAlarm(text) {
  document.getElementById("alarm")?.remove();
  if (!text) return;
  const alarm = Object.assign(document.createElement("div"), { id: "alarm", textContent: text });
  alarm.setAttribute("role", "alert");
  document.body.append(alarm);
}

/** Says something, and takes it away again. */
export function tell(text) {
  say(text);
  setTimeout(() => {
    if (document.getElementById("told").textContent === text) say("");
  }, 6000);
}

/** Some time later. */
export const pause = (ms) => new Promise((go) => setTimeout(go, ms));
