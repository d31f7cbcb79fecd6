// A photo or a signed sheet is named by its SHA-256: the file stays where it is, and its hash goes into the field beside.

for (const chosen of document.querySelectorAll("input[data-hashes]")) {
  chosen.addEventListener("change", async () => {
    const [file] = chosen.files;
    const field = chosen.form.elements[chosen.dataset.hashes];
    const digest = file ? await crypto.subtle.digest("SHA-256", await file.arrayBuffer()) : new ArrayBuffer(0);
    field.value = Array.from(new Uint8Array(digest), (octet) => octet.toString(16).padStart(2, "0")).join("");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
