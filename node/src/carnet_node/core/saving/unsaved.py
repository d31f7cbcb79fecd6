"""Forms that somebody has begun and not saved; check-ins stand side by side, one for each car.

Decides which of them a plate, VIN, telephone number or name means, and the name each is kept under. What is typed for
one car never stands in the form of another; what is asked for again finds what was begun for it. How long they live is
`form_drafts`.

    check-in-<vehicle>        a car on file
    check-in-for-<customer>   a customer on file who comes with a car that nobody knows
    check-in-new-<own id>     neither; the id is of the check-in alone
    check-in                  the same, from before each had an id
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from carnet_node.core.commands.cleaning import clean_text, is_whole_phone, phone_number, plate_number
from carnet_node.core.local_facts import FormDraft
from carnet_node.core.node import Node
from carnet_node.core.saving.form_drafts import draft_of, drafts_of, keep_draft
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import one_record, vehicle_view
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RECORD_RANDOM_BYTES, RecordId, new_record_id, parse_record_text, record_text
from carnet_protocol.kinds import APPOINTMENT, VISIT
from carnet_protocol.look_up import BY_PHONE, BY_PLATE, BY_VIN
from carnet_protocol.registry import Kind
from carnet_protocol.vin import has_vin_characters, normalise_vin

CHECK_IN: Final = "check-in"
_OF_CUSTOMER: Final = f"{CHECK_IN}-for"
_OF_NOBODY: Final = f"{CHECK_IN}-new"
UNSAVED_ID: Final = f"{_OF_NOBODY}-"
"""How the names begin that end in an id of their own and in no record's."""

APPOINTMENT_KNOWN: Final = "appointment"
APPOINTMENT_READ: Final = "appointment_based_on"
"""Fields of a check-in: the appointment that its car comes for, and the heads it was read from."""

_PLATE: Final = "car.plate"
_VIN: Final = "car.vin"
_NAME: Final = "party.full_name"
_NUMBER: Final = "party.number"
_CAR: Final = "car.known"
_CUSTOMER: Final = "party.known"
_NUMBERS: Final = (_NUMBER, "sender_phone")
_NAMES: Final = (_NAME, "party.company_name", "sender_name")
_OF_VEHICLE: Final = frozenset({"vehicle", "dates"})
_OF_ORDER: Final[Mapping[str, tuple[Kind, str]]] = {
    **dict.fromkeys(("visit", "work", "jobs", "settle", "hand-over"), (VISIT, "ro_no")),
    "appointment": (APPOINTMENT, "plate_no"),
}
"""Forms of a record: of which kind, and the field that says which one."""

_TAIL: Final = 4
"""How many characters of a number's end say which one it is; as `searching` takes them of plates and telephones."""
_WAYS: Final = {_VIN: BY_VIN, _PLATE: BY_PLATE, _NUMBER: BY_PHONE}


@dataclass(frozen=True, slots=True)
class UnsavedCheckIn:
    """A check-in that was begun.

    Attributes:
        form: the name its draft is kept under.
        plate: of the car, as typed or as on file; empty while nobody has said one.
        vin: of a car that nobody knows, as typed; empty likewise.
        name: of its customer, as typed; empty likewise.
        number: of its customer's telephone, as typed; empty likewise.
        is_of_a_car: a plate or VIN was typed, or its car is on file.
    """

    form: str
    plate: str
    vin: str
    name: str
    number: str
    is_of_a_car: bool
    saved_ms: int

    @property
    def is_of_nobody(self) -> bool:
        """Whether neither its car nor its customer was on file when it was begun."""
        return self.form == CHECK_IN or self.form.startswith(UNSAVED_ID)


@dataclass(frozen=True, slots=True)
class UnsavedForm:
    """A form other than a check-in that was begun.

    Attributes:
        form: the name its draft is kept under.
        number: of its order, or the plate or VIN of its car; empty for one of neither.
    """

    form: str
    number: str
    saved_ms: int


def form_of_car(vehicle: RecordId) -> str:
    """Under which name the check-in of a car on file is kept."""
    return f"{CHECK_IN}-{record_text(vehicle)}"


def form_for_car(node: Node, staff: RecordId, vehicle: RecordId) -> str:
    """The name of the check-in that somebody has begun for a car on file, or of the one that would begin now.

    A form that was begun without a car, and in which this one was chosen, counts too: there is one for each car.
    """
    own = form_of_car(vehicle)
    begun = [one.form for one in _drafts(node, staff) if _car_of(one) == vehicle]
    return own if own in begun else next(iter(begun), own)


def form_of_customer(customer: RecordId) -> str:
    """Under which name the check-in of a customer's unknown car is kept."""
    return f"{_OF_CUSTOMER}-{record_text(customer)}"


def form_of_id(text: str) -> str:
    """Under which name the check-in with an id of its own is kept; without an id the one from before there were any.

    Raises:
        BadValue: no id.
    """
    return UNSAVED_ID + record_text(parse_record_text(text)) if text else CHECK_IN


def another_form(node: Node) -> str:
    """The name of a check-in that nobody has begun yet; nothing is kept under it before something is typed."""
    own_id = new_record_id(node.clock.now_ms(), node.entropy.random_bytes(RECORD_RANDOM_BYTES))
    return UNSAVED_ID + record_text(own_id)


def unsaved_check_ins(node: Node, staff: RecordId) -> tuple[UnsavedCheckIn, ...]:
    """What somebody has begun and not saved, newest first."""
    return tuple(_unsaved(node, one) for one in _drafts(node, staff))


def unsaved_beside(node: Node, staff: RecordId) -> tuple[UnsavedForm, ...]:
    """What else somebody has begun and not saved, newest first."""
    others = (one for one in drafts_of(node, staff) if not _is_check_in(one))
    return tuple(UnsavedForm(one.form, _number_of(node, one), one.saved_ms) for one in others)


def _number_of(node: Node, draft: FormDraft) -> str:
    """The order or the car that a form is about."""
    if draft.record is None:
        return ""
    form = draft.form.removesuffix(f"-{record_text(draft.record)}")
    if form in _OF_VEHICLE:
        return _number_of_car(node, draft.record)
    kind, field = _OF_ORDER.get(form, (None, ""))
    view = None if kind is None else one_record(node, kind, draft.record)
    return "" if view is None else str(view.values.get(field) or "")


def _drafts(node: Node, staff: RecordId) -> Iterator[FormDraft]:
    return filter(_is_check_in, drafts_of(node, staff))


def _is_check_in(draft: FormDraft) -> bool:
    return draft.form == CHECK_IN or draft.form.startswith(f"{CHECK_IN}-")


def _unsaved(node: Node, draft: FormDraft) -> UnsavedCheckIn:
    vin = _text(draft, _VIN)
    return UnsavedCheckIn(
        draft.form,
        _plate_of(node, draft),
        vin,
        _text(draft, _NAME),
        _text(draft, _NUMBER),
        bool(_text(draft, _PLATE) or vin) or _car_of(draft) is not None,
        draft.saved_ms,
    )


def unsaved_with(node: Node, staff: RecordId, text: str) -> UnsavedCheckIn | None:
    """The newest check-in that somebody has begun for a plate, VIN, telephone number or name, however it is spelled.

    By a number or name only while nobody has said which car it is: a namesake, or the same person with another car,
    begins anew. None where none was begun for it, and for a text that shows nothing.
    """
    meant = _spellings(text)
    return next((one for one in unsaved_check_ins(node, staff) if meant & _known_by(one)), None)


def unsaved_found(node: Node, staff: RecordId, text: str, found: Iterable[RecordId] = ()) -> tuple[UnsavedCheckIn, ...]:
    """Every check-in that somebody has begun with a plate, VIN, telephone number or name, newest first.

    Whoever brings the car counts too. Of what was typed the last four characters are enough, as in the search box.

    Args:
        text: what is searched for.
        found: the cars and customers on file that it finds; a check-in of one of them is found by it too.
    """
    meant, on_file = _spellings(text), set(found)
    return tuple(
        _unsaved(node, one)
        for one in _drafts(node, staff)
        if not on_file.isdisjoint(_on_file(one)) or any(_says(one, spelling) for spelling in meant)
    )


def _says(draft: FormDraft, spelling: str) -> bool:
    """Whether a text stands in a check-in, or one of its numbers ends so."""
    codes = {plate_number(_text(draft, name)) for name in (_PLATE, _VIN)}
    codes |= {phone_number(_text(draft, name)) for name in _NUMBERS}
    ends = len(spelling) >= _TAIL and any(one is not None and one.endswith(spelling) for one in codes)
    return ends or spelling in codes or spelling in {clean_text(_text(draft, name)) for name in _NAMES}


def _on_file(draft: FormDraft) -> set[RecordId]:
    """The car and the customer on file that a check-in names."""
    of_form = draft.record if draft.form.startswith(_OF_CUSTOMER) else None
    return {one for one in (_car_of(draft), of_form, _named(draft, _CUSTOMER)) if one is not None}


def _spellings(text: str) -> set[str]:
    """A text as a plate or VIN, as a telephone number and as a name, as far as it can be each."""
    return {one for one in (plate_number(text), phone_number(text), clean_text(text)) if one is not None}


def _known_by(begun: UnsavedCheckIn) -> set[str]:
    """What a check-in is found by: each of its fields in its own spelling."""
    car = {plate_number(begun.plate), plate_number(begun.vin)}
    party = set() if begun.is_of_a_car else {phone_number(begun.number), clean_text(begun.name)}
    return {one for one in car | party if one is not None}


def begin_with(node: Node, staff: RecordId, text: str) -> str:
    """The name of the check-in that was begun for a text, see `unsaved_with`, or of a new one.

    Args:
        text: what was searched for; a new check-in begins with it in the field it belongs into.
    """
    begun = unsaved_with(node, staff, text)
    if begun is not None:
        return begun.form
    form = another_form(node)
    field = _field_of(text)
    if field is not None:
        keep_draft(node, staff, form, {field: (text,)})
    return form


def _form_with(node: Node, staff: RecordId, text: str) -> str:
    begun = unsaved_with(node, staff, text)
    return another_form(node) if begun is None else begun.form


def _field_of(text: str) -> str | None:
    """The field of a check-in that a text fills which was searched for in vain; None where it may be anything."""
    typed = text.strip()
    if has_vin_characters(normalise_vin(typed)):
        return _VIN
    if is_whole_phone(typed):
        return _NUMBER
    if any(one.isdigit() for one in typed):
        return _PLATE
    return _NAME if typed and all(_is_han(one) for one in typed) and len(typed) > 1 else None


def _is_han(character: str) -> bool:
    """Whether a character may stand in a Chinese name."""
    return "\u4e00" <= character <= "\u9fff" or character == "·"


def way_of(text: str) -> str | None:
    """How the hub is asked for a text that was searched for in vain, of `WAYS`; None for a name or for anything."""
    return _WAYS.get(_field_of(text) or "")


def begin_with_appointment(node: Node, staff: RecordId, appointment: RecordView, car: RecordId | None) -> str:
    """The name of the check-in of whoever comes as booked, filled in with what the call said.

    What was typed into it before stays; it is kept for the appointment from now on.

    Args:
        car: on file; None for one that nobody knows.
    """
    said = appointment.values
    plate = str(said.get("plate_no") or "")
    form = _form_with(node, staff, plate) if car is None else form_for_car(node, staff, car)
    customer = said.get("customer_id")
    told = {
        _PLATE: plate if car is None else "",
        _CAR: "" if car is None else record_text(car),
        _CUSTOMER: record_text(RecordId(customer)) if isinstance(customer, bytes) else "",
        "sender_name": str(said.get("caller_name") or ""),
        "sender_phone": str(said.get("caller_phone") or "").removeprefix("+86"),
        "jobs[0].complaint": str(said.get("wish") or ""),
        "advisor_code": str(said.get("advisor_code") or ""),
    }
    known = draft_of(node, staff, form)
    fields = {name: (text,) for name, text in told.items() if text} | ({} if known is None else dict(known.fields))
    booked = {APPOINTMENT_KNOWN: (record_text(appointment.id),), APPOINTMENT_READ: (appointment.heads.to_text(),)}
    heads = "" if known is None else known.heads
    keep_draft(node, staff, form, {**fields, **booked}, heads=heads, record=car)
    return form


def _plate_of(node: Node, draft: FormDraft) -> str:
    typed = _text(draft, _PLATE)
    vehicle = None if typed else _car_of(draft)
    return typed if vehicle is None else _number_of_car(node, vehicle)


def _number_of_car(node: Node, vehicle: RecordId) -> str:
    """The plate that a car on file wears, else its VIN; empty for one that is not known here."""
    view = vehicle_view(node, vehicle)
    if view is None:
        return ""
    worn = (one.values.get("plate_no") for one in view.plates if not one.values.get("to_on"))
    return str(next(worn, None) or view.vehicle.values.get("vin") or "")


def _car_of(draft: FormDraft) -> RecordId | None:
    """The car on file that a draft is about: by its name, or because somebody chose it."""
    if draft.record is not None and draft.form == form_of_car(draft.record):
        return draft.record
    return _named(draft, _CAR)


def _named(draft: FormDraft, field: str) -> RecordId | None:
    """The record on file that somebody chose in a field."""
    try:
        return parse_record_text(_text(draft, field))
    except BadValue:  # nobody has chosen one
        return None


def _text(draft: FormDraft, name: str) -> str:
    return next(iter(draft.fields.get(name, ())), "").strip()
