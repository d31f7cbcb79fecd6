"""The check-in form: from what is on file to texts, and from texts to one reception.

Decides under which names the parts of the form stand, as refusals name them: the order's own fields as they are, `car.`
and `party.` before those of car and customer, `jobs[0].parts[1].` before those of a line. Rows without a word are left
out, and so is a customer of whom nothing was said. How it is asked whether somebody is on file is `duplicates`. What a
reception needs is decided in `core.receiving`.
"""

from dataclasses import replace
from typing import Final

from carnet_node.core.commands.customers import AddCustomer
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.limits import FORM_PARTS_MAX
from carnet_node.core.saving.receiving import ReceivedCar, ReceivedParty, Reception
from carnet_node.entrypoints.pages.duplicates import (
    CHECK_IN_PHONES,
    called_same,
    called_same_car,
    told_apart,
    without_same,
)
from carnet_node.entrypoints.pages.formats import Clockface
from carnet_node.entrypoints.pages.forms import Typed
from carnet_node.entrypoints.pages.phone_forms import confirmed_as_read_out, doubted_phones
from carnet_node.entrypoints.pages.typed import READ_AGAIN, TICKED, Reader
from carnet_node.entrypoints.wording import Explained
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.kinds import ADDRESS, CUSTOMER, JOB, LABOUR_LINE, PART_LINE, PHONE, VEHICLE, VISIT

ORDER_FIELDS: Final = (
    "sender_name",
    "sender_phone",
    "odometer_in_km",
    "is_odometer_unknown",
    "fuel_level_percent",
    "is_towed_in",
    "is_walked_round",
    "damage_marks",
    "belongings",
    "visit_kind",
    "promised_at",
    "advisor_code",
    "old_part_wish",
    "estimate_fen",
    "customer_note",
    "internal_note",
)
CAR_FIELDS: Final = ("model_name", "color", "model_year")
PARTY_FIELDS: Final = ("party_kind", "full_name", "company_name")
JOB_FIELDS: Final = ("complaint", "op_name", "pay_type", "estimate_fen", "campaign_id", "approval")
LABOUR_FIELDS: Final = ("labour_name", "actual_hours", "rate_fen")
PART_FIELDS: Final = ("part_no", "part_name", "quantity_hundredths", "price_fen")
JOB_ROWS_MIN: Final = 3
ORDERS_SEEN: Final = "orders_seen"
"""The orders whose work is not done that a page named beside its cars."""
TAKEN_UP: Final = "taken_up"
"""The recalls that a form was opened with, and that stood among its work."""
_ALONE_NOTHING: Final = frozenset({"pay_type", "campaign_id"})
"""What a line says of its words; without any it says nothing."""
_BEGUN_KIND: Final = "repair"
"""The kind of order that a form begins with, before anybody has chosen one."""

"""The telephones of a check-in, as they are asked about."""

_OWN_NAMES: Final = {
    "car.plate_no": "car.plate",
    "party.phones[0].number": "party.number",
    "party.addresses[0].street": "party.street",
}


def answered(typed: Typed) -> Typed:
    """The form with whoever was called the same as its customer, and the car that was as its car."""
    named = {"party.known": called_same(typed), "car.known": called_same_car(typed)}
    known = {name: (record_text(record),) for name, record in named.items() if record is not None}
    return Typed({**without_same(typed).texts, **known}) if known else typed


def with_recall(typed: Typed, campaign: str, said: str) -> Typed:
    """The form with a recall in its first free line of work, unless it stands there or every line is taken.

    A form that took it up once keeps that in mind with what is typed: what somebody took out stays out when the page is
    loaded again.

    Args:
        said: what the line calls it.
    """
    taken, once = job_places(typed), typed.text(TAKEN_UP).split()
    free = next((place for place in range(FORM_PARTS_MAX) if place not in taken), None)
    stands = any(typed.text(f"jobs[{place}].campaign_id") == campaign for place in taken)
    if free is None or stands or campaign in once:
        return typed
    line = {"campaign_id": campaign, "op_name": said, "pay_type": "warranty"}
    texts = {f"jobs[{free}].{name}": (text,) for name, text in line.items()}
    texts[TAKEN_UP] = (" ".join([*once, campaign]),)
    is_chosen = typed.text("visit_kind") not in ("", _BEGUN_KIND)
    return Typed({**typed.texts, **texts, **({} if is_chosen else {"visit_kind": ("recall",)})})


def reception_of(typed: Typed, clockface: Clockface) -> Reception:
    """The reception behind a form; what means nothing is told in it, and then nothing of it is saved."""
    typed, reader = answered(typed), Reader(clockface)
    car = ReceivedCar(
        known=_record(typed.text("car.known")),
        vin=typed.text("car.vin") or None,
        is_vin_compared=typed.text("car.is_vin_compared") == TICKED,
        values=reader.stated(VEHICLE, _texts(typed, "car.", CAR_FIELDS), "car."),
        plate=typed.text("car.plate") or None,
        not_same=told_apart(typed),
        orders_seen=tuple(parse_record_text(one) for one in typed.text(ORDERS_SEEN).split()),
    )
    party = _party(typed, reader)
    values = reader.stated(VISIT, {name: typed.text(name) for name in ORDER_FIELDS}, "")
    jobs = [_job(typed, place, reader) for place in job_places(typed)]
    is_read_again = typed.text(READ_AGAIN) == TICKED
    unread = [*reader.problems, *doubted_phones(typed, *CHECK_IN_PHONES)]
    return Reception(party, car, values, jobs, is_read_again=is_read_again, unread=unread)


def as_read_out(reception: Reception, typed: Typed, now_ms: int) -> Reception:
    """The reception with the number of a new customer as confirmed now, where the form says that it was read out."""
    new = reception.party.new
    if new is None:
        return reception
    confirmed = confirmed_as_read_out(new, typed, now_ms, *CHECK_IN_PHONES)
    return replace(reception, party=replace(reception.party, new=confirmed))


def at_own_fields(explained: Explained) -> Explained:
    """A refusal beside the fields of this form, where the core names a plate or a phone by its place in a record."""
    renamed = [replace(one, field=_OWN_NAMES.get(one.field, one.field)) for one in explained.problems]
    return replace(explained, problems=tuple(renamed))


def job_places(typed: Typed) -> tuple[int, ...]:
    """Places of the jobs in which something was said; neither who pays nor a recall whose words were taken out is."""
    return tuple(
        place
        for place in typed.places("jobs")
        if any(text for name, text in typed.below(f"jobs[{place}].").items() if name not in _ALONE_NOTHING)
        or _is_filled(typed, f"jobs[{place}].labour[0].", LABOUR_FIELDS)
        or _is_filled(typed, f"jobs[{place}].parts[0].", PART_FIELDS)
    )


def jobs_of_form(typed: Typed, reader: Reader) -> list[NewJob]:
    """The jobs of a form that holds nothing else."""
    return [_job(typed, place, reader) for place in job_places(typed)]


def _party(typed: Typed, reader: Reader) -> ReceivedParty:
    known = _record(typed.text("party.known"))
    role = typed.text("party.role") or None
    number = typed.text("party.number")
    phones = [reader.stated(PHONE, {"number": number, "phone_kind": "mobile"}, "party.")] if number else []
    street = typed.text("party.street")
    addresses = [reader.stated(ADDRESS, {"street": street}, "party.")] if street else []
    not_same = told_apart(typed)
    if known is not None:
        confirmed = tuple(filter(None, map(_record, typed.all("confirmed"))))
        return ReceivedParty(known, None, role, confirmed, phones, addresses, not_same)
    values = reader.stated(CUSTOMER, _texts(typed, "party.", PARTY_FIELDS), "party.")
    if not values.keys() - {"party_kind"} and not phones and not addresses:
        return ReceivedParty(role=role, not_same=not_same)
    return ReceivedParty(new=AddCustomer(values, phones, addresses), role=role, not_same=not_same)


def _job(typed: Typed, place: int, reader: Reader) -> NewJob:
    where = f"jobs[{place}]."
    lines = {}
    for name, kind, fields in (("labour", LABOUR_LINE, LABOUR_FIELDS), ("parts", PART_LINE, PART_FIELDS)):
        prefixes = [f"{where}{name}[{one}]." for one in typed.places(f"{where}{name}")]
        filled = [one for one in prefixes if _is_filled(typed, one, fields)]
        lines[name] = [reader.stated(kind, _texts(typed, one, fields), one) for one in filled]
    return NewJob(reader.stated(JOB, _texts(typed, where, JOB_FIELDS), where), lines["labour"], lines["parts"])


def _is_filled(typed: Typed, prefix: str, fields: tuple[str, ...]) -> bool:
    return any(_texts(typed, prefix, fields).values())


def _texts(typed: Typed, prefix: str, fields: tuple[str, ...]) -> dict[str, str]:
    return {name: typed.text(prefix + name) for name in fields}


def _record(text: str) -> RecordId | None:
    return parse_record_text(text) if text else None
