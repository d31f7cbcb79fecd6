"""What is on file about the vehicles of a campaign, their owners and the sites: item by item, per vehicle, per site.

Decides when an item counts as on file: a value stands there and was not erased. Says how many and which are missing,
and never what a personal value is. Does not decide which items an authority wants (`profiles`).

A filing is of today. Personal values that were erased since cannot be counted again, so it is never made for a
position that has passed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.campaigns.profiles import NOT_KEPT, Item, Profile
from carnet_hub.core.counting.owners import ties_ever
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import COUNTED_VEHICLES_BATCH
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shown import shown_records, shown_values
from carnet_protocol.ids import VIN_CHARS, vehicle_id
from carnet_protocol.registry import Kind
from carnet_protocol.resolvers import show
from carnet_protocol.state import is_deleted, unpack_entries

_OWNER: Final = "owner"
_OWNER_REGISTERS: Final = {"name": ("name", "company"), "id_document": ("id_document", "company")}
"""Registers of a customer that answer an item; a company's credit code is its identity number."""

_OF_OWNER: Final = {"phone": "phone", "address": "address"}
"""Items that are records of their own, beside the customer."""


@dataclass(frozen=True, slots=True)
class OnFile:
    """What is on file about one vehicle or one site.

    Attributes:
        name: VIN or site code.
        missing: ids of required items that are not.
        held: ids of the items that are.
    """

    name: str
    held: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many have what.

    Attributes:
        asked, held: by item id.
        vehicles, sites: how many there are, and how many lack nothing that is required.
    """

    asked: Mapping[str, int]
    held: Mapping[str, int]
    vehicles: tuple[int, int]
    sites: tuple[int, int]


def cover(hub: Hub, snapshot: Snapshot, profile: Profile, members: Iterable[str]) -> Coverage:
    """Count who has which item.

    Args:
        members: VINs in normal form; read once.
    """
    asked: Counter[str] = Counter()
    held: Counter[str] = Counter()
    totals: list[tuple[int, int]] = []
    for items, rows in (
        (vehicle_items(profile), vehicles_on_file(hub, snapshot, vehicle_items(profile), members)),
        (site_items(profile), sites_on_file(hub, snapshot, site_items(profile))),
    ):
        count = complete = 0
        for one in rows:
            count += 1
            complete += not one.missing
            held.update(one.held)
        asked.update({item.id: count for item in items})
        totals.append((count, complete))
    return Coverage(asked, held, totals[0], totals[1])


def vehicle_items(profile: Profile) -> tuple[Item, ...]:
    """The items that are looked up for each vehicle and its owner."""
    return tuple(one for one in profile.items if one.of in {"vehicle", _OWNER} and one.value != NOT_KEPT)


def site_items(profile: Profile) -> tuple[Item, ...]:
    """The items that each site should have; those that Carnet does not keep are missing at every one."""
    return tuple(one for one in profile.items if one.of == "site")


def vehicles_on_file(hub: Hub, snapshot: Snapshot, items: tuple[Item, ...], members: Iterable[str]) -> Iterator[OnFile]:
    """One row for each member, in their order.

    Args:
        items: from `vehicle_items`.
        members: VINs in normal form; looked up in batches.
    """
    waiting = iter(members)
    while batch := list(islice(waiting, COUNTED_VEHICLES_BATCH)):
        by_id = {bytes(vehicle_id(vin)): vin for vin in batch if len(vin) == VIN_CHARS}
        values = _vehicles(hub, snapshot, by_id)
        owned = _owned(hub, snapshot, by_id) if any(one.value.startswith(_OWNER) for one in items) else {}
        for vin in batch:
            known = {"vehicle.vin", *values.get(vin, ()), *owned.get(vin, ())}
            yield _row(vin, items, known)


def sites_on_file(hub: Hub, snapshot: Snapshot, items: tuple[Item, ...]) -> Iterator[OnFile]:
    """One row for each site, by its id."""
    for _, values in shown_records(hub.registry, snapshot, "dealer_site"):
        known = {f"site.{name}" for name, value in values.items() if value not in (None, "")}
        yield _row(str(values.get("site_code") or ""), items, known)


def _row(name: str, items: tuple[Item, ...], known: set[str]) -> OnFile:
    held = tuple(one.id for one in items if one.value in known)
    return OnFile(name, held, tuple(one.id for one in items if one.is_required and one.value not in known))


def _vehicles(hub: Hub, snapshot: Snapshot, by_id: Mapping[bytes, str]) -> dict[str, set[str]]:
    """What the records of vehicles say, by VIN."""
    rows = snapshot.records(hub.registry["vehicle"].number, by_id.keys())
    return {
        by_id[record]: {f"vehicle.{name}" for name, value in shown_values(hub.registry, row).items() if value}
        for record, row in rows.items()
    }


def _owned(hub: Hub, snapshot: Snapshot, by_id: Mapping[bytes, str]) -> dict[str, set[str]]:
    """What is on file about the owners of vehicles, by VIN: of anybody who is tied to one as its owner."""
    ever = ties_ever(hub, snapshot, by_id.keys())
    ties = [(car, one) for car, some in ever.items() if car in by_id for one in some]
    people = {one.customer for _, one in ties}
    held = {person: set[str]() for person in people}
    for person, row in snapshot.records(hub.registry["customer"].number, people).items():
        held[person] |= _of_customer(hub, hub.registry["customer"], row)
    for row in snapshot.children(people):
        kind = hub.registry.by_number.get(row.kind)
        if (
            kind is not None
            and kind.name in _OF_OWNER
            and row.parent in held
            and not is_deleted(unpack_entries(row.entries))
        ):
            held[row.parent].add(f"owner.{_OF_OWNER[kind.name]}")
    found: dict[str, set[str]] = {}
    for car, tie in ties:
        dated = {"owner.from_on"} if tie.from_on else set[str]()
        found.setdefault(by_id[car], set()).update(held[tie.customer] | dated)
    return found


def _of_customer(hub: Hub, kind: Kind, row: RecordRow) -> set[str]:
    """Which of the wanted values a customer's record shows; no value leaves this function."""
    values = show(kind, plain_entries(hub.box, row.kind, row.id, row.entries)).values
    shown = {kind.by_label[label][0].name for label, value in values.items() if value and label in kind.by_label}
    return {f"owner.{what}" for what, names in _OWNER_REGISTERS.items() if shown.intersection(names)}
