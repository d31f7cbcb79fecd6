"""The one box at the desk: plate, VIN, telephone, name or repair order number.

Decides what a typed text may mean and looks all of it up. Endings are found too, because people read them out: the last
6 or more of a VIN or frame number, 4 or more of a plate or a repair order number, the last 4 of a telephone number. A
name is found by its beginning, by its pinyin and by the initials of its pinyin (`name_keys`). Every look-up is by an
index and bounded.
Ends of orders come last, and only where the text is no whole plate, VIN or number: many of them share four characters.

Last come the cars in the shop by who brought them, under a name or number of theirs: often somebody without a file of
their own. Where the list is full they keep places in it; an order of a customer who stands in it is found with them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet_node.core.commands.cleaning import (
    clean_code,
    clean_text,
    is_seen,
    phone_number,
    plate_number,
    whole_characters,
)
from carnet_node.core.desk_limits import IN_SHOP_SEARCHED_MAX, SENDERS_SHARE
from carnet_node.core.limits import FIND_ROWS_MAX, FIND_TEXT_CHARS_MAX
from carnet_node.core.name_keys import name_keys, typed_key
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import StoredRecord
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_node.core.showing.record_view import RecordView, view_record
from carnet_protocol.ids import VIN_CHARS, RecordId
from carnet_protocol.kinds import CUSTOMER, PHONE, PLATE, VEHICLE, VISIT
from carnet_protocol.registry import Kind, Value
from carnet_protocol.resolvers import show
from carnet_protocol.vin import has_vin_characters, normalise_vin

_VIN_TAIL = 6
_PHONE_TAIL = 4
_PREFIX_CHARS_MIN = 2
_PHONE_BEGINNING_MIN = 5
_MOBILE_DIGITS = 11
PLATE_LENGTHS: Final = (7, 8)
"""Source: GA 36-2018: seven characters, eight of a new-energy car."""


class FoundBy(StrEnum):
    """Which reading of the text led to a hit; the order is the order of hits."""

    RO_NO = "repair order"
    VIN = "VIN"
    PLATE = "plate"
    PHONE = "phone"
    NAME = "name"
    VIN_TAIL = "end of the VIN"
    PLATE_TAIL = "end of the plate"
    PHONE_TAIL = "end of the phone"
    PLATE_BEGINNING = "beginning of the plate"
    PHONE_BEGINNING = "beginning of the phone"
    RO_TAIL = "end of the repair order"
    SENDER = "who brought the car"


@dataclass(frozen=True, slots=True)
class Found:
    """One hit.

    Attributes:
        view: the customer, vehicle or visit to open.
        matched: the record that matched (a phone, a plate), or the same.
        phone: of a customer, by which two of one name are told apart; None when none is known here.
    """

    by: FoundBy
    view: RecordView
    matched: RecordView
    phone: RecordView | None = None


def find(node: Node, text: str, *, limit: int = FIND_ROWS_MAX, kind: Kind | None = None) -> tuple[Found, ...]:
    """Customers, vehicles and visits that the text may mean; the surest reading first, each record once.

    Args:
        text: as typed; only the first 64 characters are looked at.
        limit: 1 to `FIND_ROWS_MAX`.
        kind: of the only records asked for, so that no others take places; None asks for all three.
    """
    typed = whole_characters(text[:FIND_TEXT_CHARS_MAX]).strip()
    if not is_seen(typed):
        return ()
    with node.store.read() as tx:
        hits = _hits(tx, node, typed, limit, kind)
        brought = _brought_by(tx, node, typed) if kind is None or kind is VISIT else []
        shown, others = _share_places(hits, brought, limit)
        views = (view_record(tx, node.identity, one) for one in others)
        return (*shown, *(Found(FoundBy.SENDER, view, view) for view in views if view is not None))


def is_whole_plate(text: str) -> bool:
    """Whether a text reads as a Chinese plate from end to end: a province, a letter, five or six characters."""
    plate = plate_number(text) or ""
    is_long_enough = len(plate) in PLATE_LENGTHS
    return is_long_enough and _has_province(plate) and plate.isalnum() and any(one.isdigit() for one in plate)


def one_customer(node: Node, text: str, field: str) -> RecordId:
    """The one customer that a text means.

    Args:
        field: of the form, for the refusal.

    Raises:
        CommandRefused: nobody here is called that, or several are.
    """
    found = [one.view for one in find(node, text, kind=CUSTOMER)]
    if not found:
        raise refuse(field, ProblemCode.NOT_FOUND, "No customer here is called that.", "Record the customer first.")
    if len(found) > 1:
        raise refuse(field, ProblemCode.BAD_VALUE, "Several customers are called that.", "Type the phone number.")
    return found[0].id


def _phone_of(node: Node, tx: ReadTransaction, view: RecordView, matched: RecordView) -> RecordView | None:
    if view.kind is not CUSTOMER or matched.kind is PHONE:
        return matched if matched.kind is PHONE else None
    phones = tx.find_equal(PHONE, "customer_id", view.id, 1)
    return view_record(tx, node.identity, phones[0]) if phones else None


def _hits(tx: ReadTransaction, node: Node, typed: str, limit: int, kind: Kind | None) -> list[Found]:
    """What the indexes find, each record once under its surest reading."""
    hits: dict[tuple[int, RecordId], Found] = {}
    for by, stored in _matches(tx, typed, limit):
        opened = _record_to_open(tx, stored)
        if opened is None or (kind is not None and opened.kind is not kind):
            continue
        matched = view_record(tx, node.identity, stored)
        view = matched if opened is stored else view_record(tx, node.identity, opened)
        if matched is None or view is None:
            continue
        hits.setdefault((view.kind.number, view.id), Found(by, view, matched, _phone_of(node, tx, view, matched)))
        if len(hits) >= limit:
            break
    return list(hits.values())


def _share_places(
    hits: Sequence[Found], brought: Sequence[StoredRecord], limit: int
) -> tuple[Sequence[Found], Sequence[StoredRecord]]:
    """Which hits and which orders fill the list: as many hits as leave room for the orders, or for a share of them.

    An order is left out only beside a hit that is shown: itself, or its customer.
    """
    share = limit // SENDERS_SHARE
    whose = [(one, {one.record, _value_of(one, "customer_id")}) for one in brought]
    for count in range(len(hits), -1, -1):
        shown: set[Value] = {one.view.id for one in hits[:count]}
        others = [one for one, ids in whose if shown.isdisjoint(ids)]
        if min(len(others), share) <= limit - count:
            return hits[:count], others[: limit - count]
    raise AssertionError("a list without hits has room for a share of itself")


def _brought_by(tx: ReadTransaction, node: Node, typed: str) -> list[StoredRecord]:
    """Orders in the shop whose car was brought by somebody of this name, telephone or end of one."""
    name, code = clean_text(typed) or "", clean_code(typed) or ""
    number = code if len(code) == _PHONE_TAIL and code.isdigit() else phone_number(typed)
    if number is None and (len(name) < _name_chars_min(name) or any(one.isdigit() for one in code)):
        return []
    here = tx.newest_in_shop(node.identity.dealer_id, IN_SHOP_SEARCHED_MAX)
    if number is not None:
        return [one for one in here if _text_of(one, "sender_phone").endswith(number)]
    return [one for one in here if _is_called(_text_of(one, "sender_name"), name)]


def _is_called(who: str, name: str) -> bool:
    """Whether a name begins so, in whatever case, or by its pinyin, its initials or one of its Latin words.

    The keys of such a name stand in no table; they are made at each search, so that no memory outlives an erasure.
    """
    if who.casefold().startswith((name.casefold(), name.casefold().replace(" ", ""))):
        return True
    key = _key_of(name)
    return key is not None and any(one.startswith(key) for one in name_keys(who))


def _matches(tx: ReadTransaction, typed: str, limit: int) -> Iterator[tuple[FoundBy, StoredRecord]]:
    code = (clean_code(typed) or "").upper()
    plate = plate_number(typed) or ""
    vin = normalise_vin(typed)
    whole = list(_whole(tx, typed, code, limit))
    yield from whole
    yield from _names(tx, typed, limit)
    if _VIN_TAIL <= len(vin) < VIN_CHARS:
        yield from _marked(FoundBy.VIN_TAIL, tx.find_tail(VEHICLE, "vin", vin, limit))
        yield from _marked(FoundBy.VIN_TAIL, tx.find_tail(VEHICLE, "chassis_no", vin, limit))
    yield from _marked(FoundBy.PLATE_TAIL, tx.find_tail(PLATE, "plate_no", plate, limit))
    if len(plate) >= _PREFIX_CHARS_MIN and not plate.isascii():
        yield from _marked(FoundBy.PLATE_BEGINNING, tx.find_prefix(PLATE, "plate_no", plate, limit))
    if _PHONE_BEGINNING_MIN <= len(code) < _MOBILE_DIGITS and code.isdecimal() and code.startswith("1"):
        yield from _marked(FoundBy.PHONE_BEGINNING, tx.find_prefix(PHONE, "number", f"+86{code}", limit))
    if len(code) == _PHONE_TAIL and code.isdigit():
        yield from _marked(FoundBy.PHONE_TAIL, tx.find_tail(PHONE, "number", code, limit))
    if not whole and not _is_no_order(typed):
        yield from _marked(FoundBy.RO_TAIL, tx.find_tail(VISIT, "ro_no", code, limit))


def _whole(tx: ReadTransaction, typed: str, code: str, limit: int) -> Iterator[tuple[FoundBy, StoredRecord]]:
    """What has the text as its whole number, plate or VIN."""
    vin, number = normalise_vin(typed), phone_number(typed)
    yield from _marked(FoundBy.RO_NO, tx.find_equal(VISIT, "ro_no", code, limit))
    if len(vin) == VIN_CHARS:
        yield from _marked(FoundBy.VIN, tx.find_equal(VEHICLE, "vin", vin, limit))
    yield from _marked(FoundBy.VIN, tx.find_equal(VEHICLE, "chassis_no", vin, limit))
    yield from _marked(FoundBy.PLATE, tx.find_equal(PLATE, "plate_no", plate_number(typed) or "", limit))
    if number is not None:
        yield from _marked(FoundBy.PHONE, tx.find_equal(PHONE, "number", number, limit))


def _is_no_order(typed: str) -> bool:
    """Whether a text is a VIN, a number with its country or a plate with its province: no order's number ends so."""
    plate, number = plate_number(typed) or "", phone_number(typed) or ""
    return _has_province(plate) or number.startswith("+") or has_vin_characters(normalise_vin(typed))


def _has_province(plate: str) -> bool:
    return not plate[:1].isascii() and plate[1:2].isascii() and plate[1:2].isalpha()


def _names(tx: ReadTransaction, typed: str, limit: int) -> Iterator[tuple[FoundBy, StoredRecord]]:
    """Beginnings of names."""
    name = clean_text(typed) or ""
    if len(name) < _name_chars_min(name) or (name.isascii() and name.isdigit()):
        return
    spellings = (name,) if name.isascii() else dict.fromkeys((name, name.replace(" ", ""), clean_code(name) or name))
    for spelling in spellings:
        for field in ("full_name", "company_name"):
            yield from _marked(FoundBy.NAME, tx.find_prefix(CUSTOMER, field, spelling, limit))
    key = _key_of(name)
    if key is not None:
        yield from _marked(FoundBy.NAME, tx.find_name_key(key, limit))


def _key_of(name: str) -> str | None:
    """The letters of a name that are looked up: two at least, in whatever width they are typed."""
    key = typed_key(name)
    return key if key is not None and len(key) >= _PREFIX_CHARS_MIN else None


def _name_chars_min(name: str) -> int:
    """One Chinese character is enough for a name, one Latin letter is not."""
    return _PREFIX_CHARS_MIN if name.isascii() else 1


def _text_of(stored: StoredRecord, field: str) -> str:
    value = _value_of(stored, field)
    return value if isinstance(value, str) else ""


def _value_of(stored: StoredRecord, field: str) -> Value:
    return show(stored.kind, stored.entries).values.get(stored.kind.labels[field])


def _marked(by: FoundBy, found: list[StoredRecord]) -> Iterator[tuple[FoundBy, StoredRecord]]:
    for stored in found:
        yield by, stored


def _record_to_open(tx: ReadTransaction, stored: StoredRecord) -> StoredRecord | None:
    """The customer of a phone, the vehicle of a plate, or the record itself."""
    parents = {PHONE.name: (CUSTOMER, "customer_id"), PLATE.name: (VEHICLE, "vehicle_id")}
    if stored.kind.name not in parents:
        return stored
    parent, field = parents[stored.kind.name]
    reference = _value_of(stored, field)
    return tx.record(parent, RecordId(reference)) if isinstance(reference, bytes) else None
