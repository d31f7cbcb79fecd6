// Who brings the car is offered from the customer just typed: most people bring their own. What somebody typed stays.

for (const field of document.querySelectorAll("[data-same-as]")) offer(field);

function offer(field) {
  const source = field.form.elements[field.dataset.sameAs];
  if (!source) return;
  let offered = source.value === field.value ? field.value : "";

  source.addEventListener("change", () => {
    if (field.value !== "" && field.value !== offered) return;
    offered = source.value;
    field.value = offered;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
