// A photo or a signed sheet is named by its SHA-256: the file stays where it is, and its hash goes into the field beside.
// A hash stands there for the file that is chosen now or for none, and nothing is saved while a file is read: the
// browser refuses to send the form, by button or by key, and shows why.

import { sayChosen } from "./files.js";

const hexOf = (digest) => Array.from(new Uint8Array(digest), (octet) => octet.toString(16).padStart(2, "0")).join("");

for (const chosen of document.querySelectorAll("input[data-hashes]")) if (crypto.subtle) watch(chosen);

function watch(chosen) {
  const field = chosen.form.elements[chosen.dataset.hashes];
  let latest = 0;
  chosen.closest(".pick").hidden = false;

  const put = (text) => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // No file is chosen then: what was refused is told, and the form may go without it.
  const refuse = (why) => {
    chosen.value = "";
    sayChosen(chosen, why, "wrong");
  };

  chosen.addEventListener("change", async () => {
    const mine = (latest += 1);
    const [file] = chosen.files;
    chosen.setCustomValidity("");
    put("");
    if (!file) return;
    if (file.size > Number(chosen.dataset.bytesMax)) { refuse(chosen.dataset.tooLong); return; }
    chosen.setCustomValidity(chosen.dataset.reading);
    sayChosen(chosen, `${file.name} · ${chosen.dataset.reading}`);
    const digest = await file.arrayBuffer().then((octets) => crypto.subtle.digest("SHA-256", octets)).catch(() => null);
    if (mine !== latest) return;
    chosen.setCustomValidity("");
    if (!digest) { refuse(chosen.dataset.unread); return; }
    put(hexOf(digest));
    sayChosen(chosen, file.name);
  });
}
