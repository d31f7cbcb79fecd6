// Damage marks on the car outline, by pointer or by keyboard. The field holds "scratch 120 450; dent 800 90".

const SIZE = 1000;
const STEP = 20;
const SVG = "http://www.w3.org/2000/svg";

for (const place of document.querySelectorAll("[data-damages]")) draw(place);

function draw(place) {
  const field = place.querySelector("input[name=damage_marks]");
  const frame = place.querySelector("[data-frame]");
  const svg = frame.querySelector("svg");
  const group = svg.querySelector("[data-marks]");
  const list = place.querySelector("[data-list-of-marks]");
  const kinds = place.querySelector("[data-kind]");
  let cursor = null;

  const read = () => field.value.split(";").map((one) => one.trim().split(/\s+/)).filter((one) => one.length === 3);
  const write = (marks) => {
    field.value = marks.map((one) => one.join(" ")).join("; ");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    show();
    showList();
  };
  const add = (x, y) => write([...read(), [kinds.value, String(x), String(y)]]);
  const circle = (x, y, text, name) => {
    const mark = document.createElementNS(SVG, "g");
    mark.setAttribute("class", name);
    const disc = document.createElementNS(SVG, "circle");
    for (const [key, value] of [["cx", x], ["cy", y], ["r", 22]]) disc.setAttribute(key, value);
    const label = document.createElementNS(SVG, "text");
    for (const [key, value] of [["x", x], ["y", Number(y) + 10], ["text-anchor", "middle"]]) label.setAttribute(key, value);
    label.textContent = text;
    mark.append(disc, label);
    return mark;
  };

  function show() {
    const marks = read();
    group.replaceChildren(...marks.map(([, x, y], at) => circle(x, y, at + 1, "damage")));
    if (cursor) group.append(circle(cursor.x, cursor.y, "+", "cursor"));
  }

  // Only when marks come or go: a list that is made anew takes the keyboard away from the button it goes to.
  function showList() {
    list.replaceChildren(...read().map(([kind, x, y], at) => {
      const item = document.createElement("li");
      const name = kinds.querySelector(`option[value="${CSS.escape(kind)}"]`)?.textContent ?? kind;
      item.textContent = place.dataset.mark.replace("{kind}", name).replace("{x}", x).replace("{y}", y) + " ";
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link";
      button.textContent = place.dataset.remove;
      button.addEventListener("click", () => { const left = read(); left.splice(at, 1); write(left); frame.focus(); });
      item.append(button);
      return item;
    }));
  }

  svg.addEventListener("click", (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    add(clamp(Math.round(point.x)), clamp(Math.round(point.y)));
  });
  frame.addEventListener("focus", () => { cursor ??= { x: 500, y: 500 }; show(); });
  frame.addEventListener("blur", () => { cursor = null; show(); });
  frame.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    if (moves[event.key] && cursor) {
      cursor = { x: clamp(cursor.x + moves[event.key][0]), y: clamp(cursor.y + moves[event.key][1]) };
      show();
    } else if (event.key === "Enter" || event.key === " ") add(cursor.x, cursor.y);
    else if (event.key === "Backspace") write(read().slice(0, -1));
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  show();
  showList();
}

function clamp(value) {
  return Math.min(SIZE, Math.max(0, value));
}
