// A bill, while its discounts and payers are typed: what is due of each pay type, what its payers pay of that so far, and
// what is left or too much.
//
//   an amount   yuan with at most two places        a percentage   40%, of what is due        nothing   the rest
//
// It only tells; what adds up is decided when the form is sent. Money is whole fen here too, and no float comes near it.

const ALL = 10000n;

/** Yuan, or percent, as hundredths; null for what is neither. */
function hundredths(text) {
  const [, sign, whole, places = ""] = /^(-?)(\d{1,12})(?:\.(\d{1,2}))?$/.exec(text.trim().replaceAll(/[,，¥￥]/g, "")) ?? [];
  if (whole === undefined) return null;
  const found = BigInt(whole + places.padEnd(2, "0"));
  return sign ? -found : found;
}

/** Fen by parts of all; what is left over goes to the largest remainders, of equal ones to the first. */
function split(fen, parts) {
  const size = fen < 0n ? -fen : fen;
  const whole = parts.map((part) => (size * part) / ALL);
  const order = parts.map((part, place) => [(size * part) % ALL, place]).sort(([one, at], [other, by]) => (one === other ? at - by : one < other ? 1 : -1));
  const left = Number(size - whole.reduce((sum, one) => sum + one, 0n));
  for (const [, place] of order.slice(0, left)) whole[place] += 1n;
  return fen < 0n ? whole.map((one) => -one) : whole;
}

function yuan(fen) {
  const [size, sign] = fen < 0n ? [-fen, "-"] : [fen, ""];
  return `${sign}¥${(size / 100n).toLocaleString("en")}.${String(size % 100n).padStart(2, "0")}`;
}

/** What the rows of a pay type say: fen of all that is stated, and whether somebody pays the rest; null while a field means nothing. */
function stated(rows, due) {
  const amounts = [];
  const percents = [];
  let hasRest = false;
  for (const text of rows) {
    const isPercent = /[%％]$/.test(text);
    const found = text && hundredths(isPercent ? text.slice(0, -1) : text);
    if (found === null) return null;
    if (text === "") hasRest = true;
    else (isPercent ? percents : amounts).push(found);
  }
  const parts = percents.reduce((sum, one) => sum + one, 0n);
  if (parts > ALL) return null;
  const fen = [...amounts, ...split(due, [...percents, ALL - parts]).slice(0, -1)].reduce((sum, one) => sum + one, 0n);
  return { fen, hasRest };
}

for (const form of document.querySelectorAll("form.bill")) {
  const dues = [...form.querySelectorAll("[data-due-of]")];
  const told = [...form.querySelectorAll("[data-sum-of]")];
  const valueOf = (name) => form.elements[name]?.value.trim() ?? "";

  const rowsOf = (payType) =>
    [...form.querySelectorAll("[name^='shares['][name$='].payer_kind']")]
      .map((one) => one.name.replace("payer_kind", ""))
      .filter((where) => valueOf(`${where}pay_type`) === payType && (valueOf(`${where}payer_kind`) || valueOf(`${where}share_fen`)))
      .map((where) => valueOf(`${where}share_fen`));

  const dueOf = (payType, before) => {
    const discount = hundredths(valueOf(`${payType}_discount_fen`) || "0");
    return discount === null ? null : BigInt(before) - discount;
  };

  // A discount that is none leaves nothing due that anybody could read: it is refused when the form is sent.
  const tellDue = (line) => {
    const { dueOf: payType, before, gross } = line.dataset;
    const due = dueOf(payType, before);
    const off = due === null ? -1n : BigInt(before) - due;
    line.textContent = off < 0n || off > BigInt(gross) ? "" : yuan(due);
  };

  const tell = (line) => {
    const { sumOf, before, adds, left, much } = line.dataset;
    const due = dueOf(sumOf, before);
    const found = due === null ? null : stated(rowsOf(sumOf), due);
    const rest = found && due - found.fen;
    const isOver = found !== null && rest !== 0n && rest < 0n !== due < 0n;
    const words = isOver ? much : rest === 0n || found?.hasRest ? adds : left;
    line.textContent = found ? words.replace("{stated}", yuan(found.fen)).replace("{rest}", yuan(isOver ? -rest : rest)) : "";
    line.classList.toggle("late-word", isOver);
  };

  const tellAll = () => {
    dues.forEach(tellDue);
    told.forEach(tell);
  };
  form.addEventListener("input", tellAll);
  form.addEventListener("change", tellAll);
  tellAll();
}
