"""Customers as matching sees them: what of a record is compared, and by which keys it is found.

Decides, once an entry of the log is folded, whose features it changed, and works them out anew from what the records
show: the customer, phones, addresses and ties to cars. Does not decide what a feature is (`carnet_master.features`) nor
who is the same (`linking`, `matching`).

Rules:
- Features are sealed and keys are hashed with a key that lies outside the database: both are personal.
- A number that somebody marked as wrong finds nobody; nor does a car of whom somebody only drives or pays.
- A fleet's cars say nothing: beyond `CARS_MAX` none is looked up.
- All of it is a function of what the records show at the entry, so a fold from the log makes the same rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Final

import msgspec

from carnet_hub.core.master_rows import PartyRow
from carnet_hub.core.ports import SecretBox
from carnet_hub.core.sets.effects import shown_fields
from carnet_hub.core.sets.record_book import RecordState
from carnet_hub.core.sets.workspace import Workspace
from carnet_master.features import Features, RawAddress, RawCustomer, customer_features
from carnet_master.keys import blocking_keys, identifier_tokens
from carnet_master.limits import CARS_MAX
from carnet_protocol.kinds import ADDRESS, CUSTOMER, OWNERSHIP, PHONE, PLATE, VEHICLE
from carnet_protocol.registry import Value
from carnet_protocol.state import is_deleted

_HOLDERS: Final = ("owner", "lessee")
"""Roles in which a car says something about who somebody is."""

_UNPACK: Final = msgspec.msgpack.Decoder(Features)
_TEXTS: Final = tuple(one.name for one in fields(RawCustomer) if one.type in ("str", str))
_CLUSTERED: Final = PartyRow._fields.index("keys")
"""Columns before this one are what clusters ask."""

_SAYS_WHAT: Final = ("full_name", "company_name", "credit_code", "party_kind")

Shown = Mapping[str, Value]


def refresh_parties(workspace: Workspace, position: int) -> dict[bytes, bool]:
    """Work out the parties that an entry touched, and forget that it did.

    Args:
        workspace: changed in memory; the entry is folded.
        position: of the entry.

    Returns: by customer, whether what clusters ask of it is another than before.
    """
    touched = _touched(workspace)
    if not touched:
        return {}
    workspace.master.load(touched)
    workspace.book.load([(CUSTOMER.number, one) for one in touched])
    workspace.book.load_party(touched)
    return {one: _refresh(workspace, one, position) for one in touched}


def load_parties(workspace: Workspace, customers: Iterable[bytes]) -> None:
    """Ask for everything that the parties of some customers are made of, with a handful of look-ups."""
    named = list(dict.fromkeys(customers))
    if not named:
        return
    book = workspace.book
    workspace.master.load(named)
    book.load_party(named)
    ties = [one for customer in named for one in book.party_records(customer) if one.rules.number == OWNERSHIP.number]
    cars = {one.anchor for one in ties if one.anchor is not None}
    book.load([(VEHICLE.number, car) for car in cars])
    book.load_anchored(cars)
    book.load([key for car in cars for key in book.anchored(car) if key[0] == PLATE.number])


def features_of(workspace: Workspace, row: PartyRow) -> Features:
    """What is compared of a party, opened when a transaction first asks for it.

    Args:
        row: as the workspace knows it now.

    Raises:
        HubFailure: see `plain_features`.
    """
    held = workspace.features.get(row.customer)
    if held is None:
        held = workspace.features[row.customer] = plain_features(workspace.hub.box, row)
    return held


def plain_features(box: SecretBox, row: PartyRow) -> Features:
    """What is compared of a party.

    Raises:
        HubFailure: sealed under another data key, or damaged.
    """
    return _UNPACK.decode(box.open(row.features, _place(row.customer)))


def sealed_features(box: SecretBox, customer: bytes, features: Features) -> bytes:
    """What is compared of a customer, as a party's row keeps it."""
    return box.seal(msgspec.msgpack.encode(features), _place(customer))


def _touched(workspace: Workspace) -> list[bytes]:
    """Customers about whom the entry says something, and those tied to cars that are new or have another plate."""
    book = workspace.book
    parties = dict.fromkeys(book.touched_parties)
    for car in sorted(book.touched_cars):
        keys = [key for key in book.anchored(car) if key[0] == OWNERSHIP.number]
        book.load(keys)
        tied = [state.parent for key in keys if (state := book.state(key)) is not None]
        parties.update(dict.fromkeys(one for one in tied if one is not None))
    book.touched_parties.clear()
    book.touched_cars.clear()
    return sorted(parties)


def _refresh(workspace: Workspace, customer: bytes, position: int) -> bool:
    state = workspace.book.state((CUSTOMER.number, customer))
    if state is None:
        return False  # a phone that came before its customer
    box, before = workspace.hub.box, workspace.master.party(customer)
    shown = shown_fields(state)
    features = customer_features(_raw(workspace, customer, shown))
    made = _party(box, state, shown, features)._replace(since=before.since if before is not None else position)
    is_same = before is not None and before[:-1] == made[:-1]
    if before is not None and is_same and features_of(workspace, before) == features:
        return False
    workspace.fresh_parties.add(customer)
    workspace.features[customer] = features
    workspace.master.put_party(made._replace(features=sealed_features(box, customer, features)))
    return before is None or before[:_CLUSTERED] != made[:_CLUSTERED]


def _party(box: SecretBox, state: RecordState, shown: Shown, features: Features) -> PartyRow:
    """The row of a customer but for its place in time and its sealed features."""
    is_live = bool(state.entries) and not is_deleted(state.entries)
    says_what = any(shown.get(name) for name in _SAYS_WHAT)
    return PartyRow(
        state.id,
        state.owner,
        0,
        features.party if says_what else "",
        is_live,
        b"".join(sorted(identifier_tokens(features, box.blind_key))) if is_live else b"",
        b"".join(sorted(blocking_keys(features, box.blind_key))) if is_live else b"",
        b"",
    )


def _raw(workspace: Workspace, customer: bytes, shown: Shown) -> RawCustomer:
    about = [one for one in workspace.book.party_records(customer) if not is_deleted(one.entries)]
    numbers = [shown_fields(one) for one in about if one.rules.number == PHONE.number]
    places = [shown_fields(one) for one in about if one.rules.number == ADDRESS.number]
    vins, plates = _cars(workspace, [one for one in about if one.rules.number == OWNERSHIP.number])
    return RawCustomer(
        **{name: str(shown[name]) for name in _TEXTS if shown.get(name) is not None},
        birth_leap_month=shown.get("birth_leap_month") is True,
        wechats=tuple({_text(shown, "wechat")} - {""}),
        phones=tuple(sorted(_text(one, "number") for one in numbers if one.get("is_bad") is not True)),
        addresses=tuple(
            RawAddress(_text(one, "street"), _text(one, "district_code"), _text(one, "city_code")) for one in places
        ),
        vins=vins,
        plates=plates,
    )


def _cars(workspace: Workspace, ties: list[RecordState]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """VINs and plates of the cars that somebody holds or held."""
    book = workspace.book
    held = sorted({one.anchor for one in ties if one.anchor is not None and shown_fields(one).get("role") in _HOLDERS})
    if len(held) > CARS_MAX:
        return (), ()
    book.load([(VEHICLE.number, car) for car in held])
    book.load_anchored(held)
    keys = [key for car in held for key in book.anchored(car) if key[0] == PLATE.number]
    book.load(keys)
    cars = [state for car in held if (state := book.state((VEHICLE.number, car))) is not None]
    worn = [state for key in keys if (state := book.state(key)) is not None and not is_deleted(state.entries)]
    vins = sorted({_text(shown_fields(one), "vin") for one in cars} - {""})
    plates = sorted({_text(shown_fields(one), "plate_no") for one in worn} - {""})
    return tuple(vins), tuple(plates)


def _text(shown: Shown, name: str) -> str:
    value = shown.get(name)
    return value if isinstance(value, str) else ""


def _place(customer: bytes) -> bytes:
    return b"features" + customer
