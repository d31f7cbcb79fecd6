// A page stays while its node does not answer: a link or a small form would lead to the browser's own error page, which
// says nothing of what is safe here. Once the strip, or a word on its way to the node, has found nobody, whatever leaves
// the page asks the node first.
//
// Before either has, five seconds at most, a click may still meet a node that has just died. To ask before every click
// would make each of them wait for an answer more. A service worker would cover those seconds too, and is not used:
// browsers allow none where a certificate is not trusted, as on the machines beside this one, and it would keep pages
// of customers in a store of the browser that no lock screen empties. Going back shows the page again.

import { askStrip, raiseAlarm, UNREACHED } from "./ask.js";
import { isSilent, showStrip } from "./strip.js";

const ANSWER_MS = 2000;
const { away } = document.getElementById("told")?.dataset ?? {};
const passing = new WeakSet();

const isPlain = (event) => !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
const isOfThisPage = (link) => link.hash !== "" && link.pathname + link.search === location.pathname + location.search;
const leadsAway = (link) => link.origin === location.origin && !link.target && !isOfThisPage(link);

async function leave(go) {
  const answer = await askStrip(ANSWER_MS);
  if (answer.status === UNREACHED) { raiseAlarm(away); return; }
  raiseAlarm("");
  if (answer.html) showStrip(answer.html);
  go();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || !isSilent() || event.defaultPrevented || !isPlain(event) || !leadsAway(link)) return;
  event.preventDefault();
  leave(() => location.assign(link.href));
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || passing.delete(form) || !isSilent()) return;
  event.preventDefault();
  leave(() => {
    passing.add(form);
    form.requestSubmit(event.submitter);
  });
});

document.addEventListener("answers", () => raiseAlarm(""));
