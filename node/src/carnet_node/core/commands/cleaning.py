"""From what was typed to what is stored: spelling, numbers, dates, telephone numbers, plates.

Decides how typed text becomes a value of the registry and which problems it has. Entry is forgiving in form (full-width
digits, spaces, lower case) and strict in content: nothing is guessed, cut off or dropped. Does not decide which fields
a record needs (`customers`, `vehicles`, `visits`).

    >>> phone_number("１３８ ００１３ ８０００")
    '+8613800138000'
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from carnet_master.cars import normalise_plate
from carnet_master.identifiers import read_credit_code, read_printed_id, read_resident_id
from carnet_node.core.commands.places import is_area_code, place_problems
from carnet_node.core.limits import PHONE_DIGITS_MAX, PHONE_DIGITS_MIN
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import CommandRefused, Problem, ProblemCode, refuse_if_any
from carnet_node.core.value_bounds import day_problem, length_problem, year_problem
from carnet_protocol.errors import BadValue
from carnet_protocol.kinds import ADDRESS, CUSTOMER
from carnet_protocol.registry import Kind, Value, ValueType

_SPACES: Final = re.compile(r"\s+")
_UNSEEN: Final = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
"""Marks without a glyph that no text needs, some of which turn the text beside them around. The joiners stay, because
emoji and some scripts are written with them."""

_DRAWS_NOTHING: Final = frozenset({"Cc", "Cf", "Cs", "Me", "Mn", "Zl", "Zp", "Zs"})
"""Categories whose characters are seen upon or between others at most. What is unassigned or for private use stays a
character: rare names are written so. Source: The Unicode Standard, section 4.5."""

_FILLERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159")
"""Letters and symbols by their category, and blank on every screen. Source: The Unicode Standard, the property
Default_Ignorable_Code_Point; the blank of Braille and the null notehead are blank by their names."""

_PHONE_SEPARATORS: Final = re.compile(r"[\s\-()./·]+")
_CHINESE_MOBILE: Final = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})", re.ASCII)
_MOBILE_BEGINNING: Final = re.compile(r"1[3-9]")
_MOBILE_DIGITS: Final = 11
_INTERNATIONAL: Final = re.compile(r"(?:\+|00)([1-9]\d+)", re.ASCII)
_NATIONAL: Final = re.compile(r"\d+", re.ASCII)
_EXTENSION: Final = re.compile(r"(?<=\d{7})\s*-\s*\d{1,5}$", re.ASCII)
_LONG_AREA: Final = "|".join(
    (
        r"10|2\d|3(?:11|7[179])|4(?:11|3[1-35]|51)|5(?:1\d|2[37]|3[12]|51|7[13-79]|9[15])",
        "7(?:31|5[457]|6[09]|91)|8(?:51|71|98)",
    )
)
"""Area codes behind which every number has eight digits; elsewhere it may have seven. Source: Google's libphonenumber,
the metadata of CN, fixed lines."""
_LONG_AREA_DIGITS: Final = 8
_OF_LONG_AREA: Final = re.compile(rf"(?:\+86|0)(?:{_LONG_AREA})(\d*)", re.ASCII)
_USUAL_PHONE: Final = re.compile(
    rf"\+861[3-9]\d{{9}}|(?:\+86|0)(?:(?:{_LONG_AREA})\d{{8}}|(?!{_LONG_AREA})[3-9]\d\d{{8,9}})"
    r"|(?:\+86)?[48]00\d{7}|[2-9]\d{6,7}|\+(?!86)\d+",
    re.ASCII,
)
"""Mobiles, landlines with their area code, 400 and 800, landlines of the place itself; abroad nothing is judged.
Source: the numbering plan of the ministry of industry and information technology (2017), chapters 3 and 4."""
_WHOLE_PHONE: Final = re.compile(r"\+\d+|0\d{9,}|[48]00\d{7}", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_LUNAR_DAY: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|30)", re.ASCII)
"""What a day of the Chinese calendar looks like: every month may have 30 days."""

_CREDIT_CODE_MEANT: Final = str.maketrans("IOSZ", "1052")
"""Letters that no credit code has, and the digits they look like. Source: GB 32100-2015, section 5."""


def whole_characters(text: str) -> str:
    """Text without halves of surrogate pairs: no database holds them, and nobody can have typed one."""
    return text if text.isascii() else text.encode(errors="ignore").decode()


def is_seen(text: str) -> bool:
    """Whether a text shows anything: one character at least that is no space, mark, control or filler."""
    return any(unicodedata.category(one) not in _DRAWS_NOTHING and one not in _FILLERS for one in text)


def clean_text(text: str) -> str | None:
    """Text without unseen marks, spaces at the ends and double spaces inside; None when it shows nothing.

    Every character that can be seen stays as typed.
    """
    return _SPACES.sub(" ", _UNSEEN.sub("", text)).strip() if is_seen(text) else None


def clean_code(text: str) -> str | None:
    """A code or number in one spelling: full-width forms become ASCII, nothing unseen, no spaces at the ends."""
    code = unicodedata.normalize("NFKC", _without_unseen(text)).strip()
    return code if is_seen(code) else None


def is_mobile(number: str) -> bool:
    """Whether a telephone number is a Chinese mobile one, of which there is one spelling once it is cleaned."""
    return _CHINESE_MOBILE.fullmatch(number) is not None


def phone_number(text: str) -> str | None:
    """A telephone number in one spelling, or None when it cannot be one.

    Chinese mobiles become E.164 (+86 and 11 digits) whatever prefix was typed, and so does everything typed with a
    country code. Other numbers keep their national digits, because an area code that was left out cannot be guessed.
    """
    folded = _PHONE_SEPARATORS.sub("", unicodedata.normalize("NFKC", _without_unseen(text)))
    mobile = _CHINESE_MOBILE.fullmatch(folded)
    if mobile:
        return f"+86{mobile[1]}"
    international = _INTERNATIONAL.fullmatch(folded)
    if international:
        return f"+{international[1]}" if _has_phone_length(international[1]) else None
    return folded if _NATIONAL.fullmatch(folded) and _has_phone_length(folded) else None


def is_whole_phone(text: str) -> bool:
    """Whether a text can only be a telephone number: a Chinese mobile, with its area or country code, 400 or 800.

    A landline of the place itself is no more than digits, and so is the end of a VIN.
    """
    number = phone_number(text)
    return number is not None and _WHOLE_PHONE.fullmatch(number) is not None


def check_phone(text: str) -> None:
    """Accept a telephone number that somebody typed.

    Raises:
        CommandRefused: it can be none; or it can be asked whether it is right, because numbers here look otherwise.
    """
    cleaned = clean_text(text)
    if cleaned is not None and phone_number(cleaned) is None:
        raise CommandRefused((_bad_phone("number", cleaned),))
    refuse_if_any(phone_doubts(text, field="number"))


def phone_doubts(text: str, *, field: str) -> list[Problem]:
    """What speaks against a telephone number, as a question to whoever typed it; nothing when it looks right.

    A digit that is missing or too many is seen. The end behind a dash is an extension only where the whole is no usual
    number, because people also write mobiles and 400 numbers with dashes. Programs and imports are not asked: what is
    on file is not mended so.

    Args:
        text: as typed; one that is no number at all is refused elsewhere.
        field: of the form.
    """
    typed = unicodedata.normalize("NFKC", text).strip()
    read = [phone_number(one) for one in (typed, _EXTENSION.sub("", typed))]
    numbers = [one for one in read if one is not None]
    if not numbers or any(_USUAL_PHONE.fullmatch(one) for one in numbers):
        return []
    digits = min((one.removeprefix("+86") for one in numbers), key=lambda one: abs(len(one) - _MOBILE_DIGITS))
    what = "This is neither a Chinese mobile number nor a landline with its area code."
    landline = _OF_LONG_AREA.fullmatch(numbers[-1])
    if landline:
        behind = len(landline[1])
        what = f"A landline with this area code has {_LONG_AREA_DIGITS} digits behind it, and this one has {behind}."
    if _MOBILE_BEGINNING.match(digits):
        what = f"A Chinese mobile number has {_MOBILE_DIGITS} digits, and this one has {len(digits)}."
    then = "Read it out once more. If it is right, tick that it was read out."
    return [Problem(field, ProblemCode.READ_AGAIN, what, then, is_confirmable=True)]


def plate_number(text: str) -> str | None:
    """A plate in one spelling: upper case, half width, no separators. Which plates exist is not judged."""
    plate = normalise_plate(_without_unseen(text))
    return plate if is_seen(plate) else None


def credit_code(text: str) -> str | None:
    """A unified social credit code in one spelling, or None when its check character says that it is none."""
    found = read_credit_code(_without_unseen(text))
    return None if found is None else found.code


def is_calendar_date(text: str) -> bool:
    """Whether the text is YYYY-MM-DD and such a day exists."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def no_such_day(field: str, text: str) -> Problem:
    """What is said of a text that is no day: one that looks like a day is one that the calendar lacks."""
    what = "The calendar has no such day." if _DAY.fullmatch(text) else "This is not a date: a date is YYYY-MM-DD."
    return Problem(field, ProblemCode.BAD_DATE, what, "Correct the date.")


def clean_values(
    kind: Kind, values: Mapping[str, Value], *, where: str = "", today: Today | None = None
) -> tuple[dict[str, Value], list[Problem]]:
    """Typed values as the registry wants them, and every problem they have.

    Args:
        values: by field name; empty text becomes None.
        where: stands before the field names of problems, for lists inside a form.
        today: at the site, by which days are judged; None where no day is known.
    """
    cleaned, problems = carried_values(kind, values, where=where, today=today)
    if kind is CUSTOMER:
        told = {one.field for one in problems}
        problems += [one for one in paper_problems(cleaned, where) if one.field not in told]
    if kind is ADDRESS:
        problems += place_problems(cleaned, where)
    return cleaned, problems


def carried_values(
    kind: Kind, values: Mapping[str, Value], *, where: str = "", today: Today | None = None
) -> tuple[dict[str, Value], list[Problem]]:
    """As `clean_values`, of values that are on file elsewhere: papers and codes of places stay as they were."""
    cleaned: dict[str, Value] = {}
    problems: list[Problem] = []
    for name, value in values.items():
        label = kind.labels.get(name)
        if label is None:
            problems.append(
                Problem(where + name, ProblemCode.UNKNOWN_FIELD, f"A {kind.name} has no such field.", "Leave it out.")
            )
            continue
        one = kind.by_label[label][1]
        cleaned[name] = _clean_one(kind.name, name, one.type, value)
        problem = (
            year_problem(kind.name, name, cleaned[name], today, field=where + name)
            or _problem_of(kind, name, cleaned[name], where)
            or day_problem(kind.name, name, cleaned[name], today, field=where + name)
        )
        if problem is not None:
            problems.append(problem)
    return cleaned, problems


def paper_problems(values: Mapping[str, Value], where: str = "") -> list[Problem]:
    """What is wrong with the numbers of a customer's papers; both have a last character that fits the others.

    Args:
        values: clean, of a customer.
        where: as of `clean_values`.
    """
    code, number = values.get("credit_code"), values.get("id_no")
    problems = []
    if isinstance(code, str) and credit_code(code) is None:
        problems.append(_bad_credit_code(where + "credit_code", code))
    is_resident = values.get("id_type") == "resident_id" and isinstance(number, str)
    if is_resident and read_resident_id(_without_unseen(str(number))) is None:
        what = "This is no number of an identity card: its last character does not fit, or its birthday is none."
        then = "Compare it with the card; if it is the same there, leave this empty and write a note."
        problems.append(Problem(where + "id_no", ProblemCode.BAD_VALUE, what, then))
    return problems


def _without_unseen(text: str) -> str:
    """A code, number or plate without format characters and fillers: none is written with them."""
    if text.isascii():
        return text
    return "".join(one for one in text if unicodedata.category(one) != "Cf" and one not in _FILLERS)


def _clean_one(kind: str, name: str, of_type: ValueType, value: Value) -> Value:
    if not isinstance(value, str):
        return value
    special = _SPECIAL.get((kind, name))
    if special is not None:
        return special(value) or clean_text(value)
    return clean_text(value) if of_type is ValueType.TEXT else clean_code(value)


def _problem_of(kind: Kind, name: str, cleaned: Value, where: str) -> Problem | None:
    field = where + name
    special = _SPECIAL.get((kind.name, name))
    if isinstance(cleaned, str) and special is phone_number and phone_number(cleaned) is None:
        return _bad_phone(field, cleaned)
    one = kind.by_label[kind.labels[name]][1]
    if one.type is ValueType.DATE and isinstance(cleaned, str) and not _may_be_day(kind.name, name, cleaned):
        return no_such_day(field, cleaned)
    if isinstance(cleaned, str) and one.type in (ValueType.TEXT, ValueType.CODE) and not one.codes:
        too_long = length_problem(one, cleaned, field=field)
        if too_long is not None:
            return too_long
    try:
        one.check(cleaned)
    except BadValue as refused:
        rule = refused.detail.removeprefix(f"{name}: ")
        said = [f"The value is {rule}.", *([f"It is one of these: {', '.join(one.codes)}."] if one.codes else ())]
        bounds = (one.minimum, one.maximum) if one.type is ValueType.INT and type(cleaned) is int else None
        return Problem(field, ProblemCode.BAD_VALUE, " ".join(said), "Correct it.", bounds=bounds)
    return None


def _may_be_day(kind: str, name: str, text: str) -> bool:
    """Whether there may be such a day; a birthday is one of the calendar that stands beside it (`customers`)."""
    return is_calendar_date(text) or ((kind, name) == ("customer", "birth_on") and bool(_LUNAR_DAY.fullmatch(text)))


def _bad_phone(field: str, typed: str) -> Problem:
    if read_printed_id(typed) is not None:
        return Problem(
            field,
            ProblemCode.BAD_PHONE,
            "This is an identity card number and no telephone number.",
            "Take it out of this field and type the telephone number.",
        )
    if is_area_code(typed):
        what = "This is the area code of a telephone without its number."
        return Problem(field, ProblemCode.BAD_PHONE, what, "Type the number behind it too.")
    return Problem(
        field,
        ProblemCode.BAD_PHONE,
        f"A telephone number has {PHONE_DIGITS_MIN} to {PHONE_DIGITS_MAX} digits, perhaps with + in front.",
        "Read the number out to the customer and type it again.",
    )


def _bad_credit_code(field: str, typed: str) -> Problem:
    meant = credit_code(typed.upper().translate(_CREDIT_CODE_MEANT))
    what = "A credit code has 18 digits and capital letters without I, O, S, V and Z, and the last one fits the others."
    then = "Compare it with the business licence; if it is the same there, leave this empty and write a note."
    if meant is not None:
        then = "Compare it with the business licence. Digits instead of letters like them would make it valid."
    return Problem(field, ProblemCode.BAD_VALUE, what, then, meant)


def _has_phone_length(digits: str) -> bool:
    return PHONE_DIGITS_MIN <= len(digits) <= PHONE_DIGITS_MAX


_SPECIAL: Final[dict[tuple[str, str], Callable[[str], str | None]]] = {
    ("phone", "number"): phone_number,
    ("visit", "sender_phone"): phone_number,
    ("appointment", "caller_phone"): phone_number,
    ("customer", "credit_code"): credit_code,
    ("plate", "plate_no"): plate_number,
    ("appointment", "plate_no"): plate_number,
    ("visit", "plate_at_visit"): plate_number,
}
"""Fields with a spelling of their own."""
