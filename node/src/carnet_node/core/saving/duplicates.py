"""Is this somebody we know already? Asked while a form is typed, before a second file of one person is made.

Decides which records are shown as possible duplicates and why: the same telephone, the same name or one that sounds
the same, the same plate or VIN, or one character other than in the VIN of a single car, where the check digit says that
one is wrong. Names and telephones are read as the hub reads them (`carnet_master`): 張曉明先生 is
张晓明, and 王总 is nobody. A shared telephone or a shared car is a hint, never a link: families and drivers share both.
Only a customer who has both the name and a telephone of what is typed, and a car that wears the plate or has the frame
number, is asked about once more when it is saved. What somebody at this desk has called "not the same" is not asked
again here; the hub, which sees every site, decides for itself.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from carnet_node.core.commands.cleaning import clean_text, is_mobile, phone_number, plate_number, whole_characters
from carnet_node.core.desk_limits import CANDIDATES_MAX
from carnet_node.core.limits import CHILDREN_MAX, FIND_ROWS_MAX
from carnet_node.core.local_facts import NotSame
from carnet_node.core.name_keys import compared_key
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.records import StoredRecord
from carnet_node.core.showing.record_view import RecordView, view_all, view_record
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import VIN_CHARS, RecordId, vehicle_id
from carnet_protocol.kinds import CUSTOMER, OWNERSHIP, PHONE, PLATE, VEHICLE
from carnet_protocol.resolvers import show
from carnet_protocol.vin import CHECK_DIGIT_AT, VIN_ALPHABET, check_digit, has_vin_characters, normalise_vin

if TYPE_CHECKING:
    from carnet_master.features import Features

_CHINA: Final = "+86"


class Alike(StrEnum):
    """Why somebody may be the same, the surest first."""

    VIN = "same VIN"
    PLATE = "same plate"
    VIN_SLIP = "VIN with one other character"
    PHONE = "same phone"
    NAME = "same name"
    SOUND = "same sound"


@dataclass(frozen=True, slots=True)
class TypedParty:
    """What has been typed of a customer or a car so far; anything may be missing or unfinished."""

    phones: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    plate: str | None = None
    vin: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may be the same; `alike` says why, the surest first."""

    view: RecordView
    alike: tuple[Alike, ...]


def find_candidates(
    node: Node, typed: TypedParty, *, of: RecordId | None = None, dismissed: Iterable[RecordId] = ()
) -> tuple[Candidate, ...]:
    """Customers and cars on file that what is typed may mean; those with more in common first.

    Args:
        of: the record that is edited; it is not its own duplicate, and decisions about it hold.
        dismissed: called "not the same" on this form, before it is saved.
    """
    found: dict[RecordId, tuple[RecordView, list[Alike]]] = {}
    with node.store.read() as tx:
        skipped = {*dismissed, *_told_apart(tx, of)}
        for alike, stored in _alike(tx, node, typed):
            view = view_record(tx, node.identity, stored)
            if view is None or view.id in skipped:
                continue
            reasons = found.setdefault(view.id, (view, []))[1]
            if alike not in reasons:
                reasons.append(alike)
    order = list(Alike)
    candidates = [Candidate(view, tuple(sorted(why, key=order.index))) for view, why in found.values()]
    candidates.sort(key=lambda one: (-len(one.alike), order.index(one.alike[0]), one.view.id))
    return tuple(candidates[:CANDIDATES_MAX])


def namesakes_reached_at(
    node: Node, tx: ReadTransaction, typed: TypedParty, *, dismissed: Iterable[RecordId] = ()
) -> tuple[RecordId, ...]:
    """Customers on file with a name and a telephone of what is typed, first found first; hardly ever somebody else.

    Args:
        dismissed: called "not the same" already.
    """
    skipped, found = set(dismissed), dict[RecordId, None]()
    for stored in _of_phones(tx, node, typed):
        is_known = stored is not None and view_record(tx, node.identity, stored) is not None
        if stored is not None and is_known and any(_is_called(stored, name) for name in typed.names):
            found.setdefault(stored.record)
    return tuple(one for one in found if one not in skipped)[:CANDIDATES_MAX]


@dataclass(frozen=True, slots=True)
class Namesakes:
    """Who has which number, for many that are taken over: each number is looked up once, and names letter by letter.

    Good for one transaction, as long as no customer is written in it.
    """

    node: Node
    tx: ReadTransaction
    reached: dict[str, frozenset[str]] = field(default_factory=dict)

    def has(self, number: str, names: Iterable[str]) -> bool:
        """Whether a customer on file with this number is called so."""
        if number not in self.reached:
            self.reached[number] = frozenset(self._names_of(number))
        return any((clean_text(whole_characters(one)) or "") in self.reached[number] for one in names)

    def _names_of(self, number: str) -> Iterator[str]:
        """Without the views of a page: of every row of a long file only names are compared."""
        for one in dict.fromkeys(_numbers(number)):
            for phone in self.tx.find_equal(PHONE, "number", one, FIND_ROWS_MAX):
                holder = show(PHONE, phone.entries).values.get(PHONE.labels["customer_id"])
                stored = self.tx.record(CUSTOMER, RecordId(holder)) if isinstance(holder, bytes) else None
                if stored is not None and not stored.is_deleted and not stored.is_hidden:
                    yield from filter(None, _names(stored))


def cars_meant(
    node: Node, tx: ReadTransaction, typed: TypedParty, *, dismissed: Iterable[RecordId] = ()
) -> tuple[RecordView, ...]:
    """Cars on file that what is typed of a new one may mean; not those that a number of their own tells apart.

    A VIN names its record: one that is stated is the car on file already, or another car. A frame number names none.

    Args:
        dismissed: called "not the same" already.
    """
    number, skipped = _number(typed), set(dismissed)
    views = (view_record(tx, node.identity, stored) for _, stored in _cars(tx, node, typed))
    found = {one.id: one for one in views if one is not None and one.id not in skipped and _may_have(one, number)}
    return tuple(found.values())[:CANDIDATES_MAX]


def remember_not_same(node: Node, record: RecordId, others: Iterable[RecordId]) -> int:
    """Remember at this desk that a record is none of some others; returns how many decisions there are now."""
    with node.store.write() as tx:
        note_not_same(node, tx, record, others)
        return len(tx.local.not_same_with(record))


def note_not_same(node: Node, tx: WriteTransaction, record: RecordId, others: Iterable[RecordId]) -> None:
    """As `remember_not_same`, inside a transaction the caller has begun."""
    staff = None if node.acting is None else node.acting.staff
    for other in others:
        if other != record:
            first, second = sorted((record, other))
            tx.local.put_not_same(NotSame(first, second, staff, node.clock.now_ms()))


def forget_not_same(node: Node, record: RecordId, other: RecordId) -> None:
    """Take the decision back: they may be the same after all."""
    first, second = sorted((record, other))
    with node.store.write() as tx:
        tx.local.drop_not_same(first, second)


def _alike(tx: ReadTransaction, node: Node, typed: TypedParty) -> Iterator[tuple[Alike, StoredRecord | None]]:
    for stored in _of_phones(tx, node, typed):
        yield Alike.PHONE, stored
    for text in typed.names:
        yield from _of_name(tx, clean_text(whole_characters(text)) or "")
    for alike, car in _cars(tx, node, typed):
        yield alike, car
        for owner in tx.find_equal(OWNERSHIP, "vehicle_id", car.record, CHILDREN_MAX):
            yield alike, _referred(tx, node, owner, "customer_id")
    yield Alike.VIN_SLIP, _mistyped(tx, node, _number(typed))


def _of_phones(tx: ReadTransaction, node: Node, typed: TypedParty) -> Iterator[StoredRecord | None]:
    for number in dict.fromkeys(one for text in typed.phones for one in _numbers(text)):
        for phone in tx.find_equal(PHONE, "number", number, FIND_ROWS_MAX):
            yield _referred(tx, node, phone, "customer_id")


def _numbers(text: str) -> Iterator[str]:
    """Every spelling in which the numbers of one field may be stored: landlines are, as they were typed."""
    from carnet_master.phones import read_phones  # noqa: PLC0415  (as in `_of_name`)

    number = phone_number(text)
    if number is not None:
        yield number
        if is_mobile(number):
            return
    for one in read_phones([text]).numbers:
        yield one
        if one.startswith(_CHINA):
            yield f"0{one.removeprefix(_CHINA)}"


def _of_name(tx: ReadTransaction, name: str) -> Iterator[tuple[Alike, StoredRecord]]:
    from carnet_master.common_ground import NameAgreement, name_agreement  # noqa: PLC0415  (not before a name is typed)
    from carnet_master.features import RawCustomer, customer_features  # noqa: PLC0415  (as above)

    for one in ("full_name", "company_name") if name else ():
        for stored in tx.find_equal(CUSTOMER, one, name, FIND_ROWS_MAX):
            yield Alike.NAME, stored
    typed = customer_features(RawCustomer(full_name=name))
    key = compared_key(typed)
    for stored in tx.find_name_key(key, FIND_ROWS_MAX) if key is not None else ():
        agreement = name_agreement(typed, _named(stored))
        if agreement is NameAgreement.SAME:
            yield Alike.NAME, stored
        elif agreement is NameAgreement.SOUND:
            yield Alike.SOUND, stored


def _is_called(stored: StoredRecord, name: str) -> bool:
    """Whether a customer has this name, letter by letter or as the hub reads it."""
    from carnet_master.common_ground import NameAgreement, name_agreement  # noqa: PLC0415  (as above)
    from carnet_master.features import RawCustomer, customer_features  # noqa: PLC0415  (as above)

    wanted = clean_text(whole_characters(name)) or ""
    if not wanted:
        return False
    typed = customer_features(RawCustomer(full_name=wanted))
    return wanted in _names(stored) or name_agreement(typed, _named(stored)) is NameAgreement.SAME


def _named(stored: StoredRecord) -> "Features":
    """What is compared of a customer's names."""
    from carnet_master.features import RawCustomer, customer_features  # noqa: PLC0415  (as above)

    full_name, pinyin, company_name = _names(stored)
    return customer_features(RawCustomer(full_name=full_name, pinyin=pinyin, company_name=company_name))


def _names(stored: StoredRecord) -> list[str]:
    """Name, pinyin and company of a customer; empty texts for what is not known."""
    values = show(CUSTOMER, stored.entries).values
    texts = (values.get(CUSTOMER.labels[name]) for name in ("full_name", "pinyin", "company_name"))
    return [text if isinstance(text, str) else "" for text in texts]


def _cars(tx: ReadTransaction, node: Node, typed: TypedParty) -> Iterator[tuple[Alike, StoredRecord]]:
    plate = plate_number(whole_characters(typed.plate or ""))
    for stored in tx.find_equal(PLATE, "plate_no", plate, FIND_ROWS_MAX) if plate else ():
        car = _referred(tx, node, stored, "vehicle_id")
        if car is not None:
            yield Alike.PLATE, car
    number = _number(typed)
    for stored in tx.find_equal(VEHICLE, "chassis_no", number, FIND_ROWS_MAX) if number else ():
        yield Alike.VIN, stored
    try:
        car = tx.record(VEHICLE, vehicle_id(number))
    except BadValue:
        return
    if car is not None:
        yield Alike.VIN, car


def _mistyped(tx: ReadTransaction, node: Node, number: str) -> StoredRecord | None:
    """The one car on file whose VIN has another character somewhere than one that cannot be right as it stands."""
    if not has_vin_characters(number) or check_digit(number) == number[CHECK_DIGIT_AT]:
        return None
    others = (number[:at] + one + number[at + 1 :] for at in range(VIN_CHARS) for one in VIN_ALPHABET)
    right = {one for one in others if check_digit(one) == one[CHECK_DIGIT_AT]}
    cars = [tx.record(VEHICLE, vehicle_id(one)) for one in (number, *right)]
    found = [one for one in cars if view_record(tx, node.identity, one) is not None]
    return found[0] if len(found) == 1 and found[0] is not cars[0] else None


def _number(typed: TypedParty) -> str:
    """The VIN or frame number as it is stored; an empty text where none was typed."""
    return normalise_vin(whole_characters(typed.vin or ""))


def _may_have(car: RecordView, number: str) -> bool:
    """Whether a car on file may be the one of a number: none was stated, it has none, or has this very frame number."""
    return not number or (not car.values.get("vin") and car.values.get("chassis_no") in (None, "", number))


def _referred(tx: ReadTransaction, node: Node, stored: StoredRecord, field: str) -> StoredRecord | None:
    """The customer or car that a phone, a plate or a link belongs to; None for a link that has ended."""
    for view in view_all(tx, node.identity, (stored,)):
        reference = view.values.get(field)
        if isinstance(reference, bytes) and not view.values.get("to_on"):
            return tx.record(VEHICLE if field == "vehicle_id" else CUSTOMER, RecordId(reference))
    return None


def _told_apart(tx: ReadTransaction, record: RecordId | None) -> set[RecordId]:
    if record is None:
        return set()
    decisions = tx.local.not_same_with(record)
    return {record, *(one.first for one in decisions), *(one.second for one in decisions)}
