"""Who owns a car, and who owned it, as this hub's records say: the ties behind `carnet_protocol.owners`.

Decides which records are ties of owners, when each was first written, and that one whose record was deleted still says
to whom the car was sold when it was new: that is kept for ever, and only an erasure takes the name, on request or by a
purge when the law's term has ended (`upkeep.purging`). Does not decide
which tie is the present owner's or the first one (`carnet_protocol.owners`, as at the desk), how somebody is reached
(`outreach`), nor which customers are one person (the master).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from carnet_hub.core.hub import Hub
from carnet_hub.core.ports import RecordReads
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shown import shown_values
from carnet_protocol.kinds import OWNERSHIP
from carnet_protocol.owners import OWNER
from carnet_protocol.registry import Value
from carnet_protocol.resolvers import resolve
from carnet_protocol.state import buried_in, first_written_ms, unpack_entries


@dataclass(frozen=True, slots=True)
class Tie:
    """Somebody owns, or owned, a car.

    Attributes:
        record: of the tie.
        site: dealer that wrote it first.
        from_on, to_on: first and last day, as ISO text; empty where nothing is said.
        written_ms: when it was first written.
        is_deleted: its record was deleted: whom it names owns nothing now.
    """

    record: bytes
    customer: bytes
    site: bytes
    from_on: str
    to_on: str
    written_ms: int
    is_deleted: bool = False


def ties_of(hub: Hub, snapshot: RecordReads, vehicles: Collection[bytes]) -> Mapping[bytes, list[Tie]]:
    """The owners that some cars have and had, by vehicle id.

    Args:
        vehicles: looked up together.
    """
    found = ties_ever(hub, snapshot, vehicles)
    return {car: [one for one in ties if not one.is_deleted] for car, ties in found.items()}


def ties_ever(hub: Hub, snapshot: RecordReads, vehicles: Collection[bytes]) -> Mapping[bytes, list[Tie]]:
    """The same with ties whose records were deleted, as they were: no deletion makes a later owner the first one.

    Args:
        vehicles: looked up together.
    """
    records = {record: car for car, kind, record in snapshot.anchored(vehicles) if kind == OWNERSHIP.number}
    found: dict[bytes, list[Tie]] = {}
    for record, row in snapshot.records(OWNERSHIP.number, records.keys()).items():
        present = shown_values(hub.registry, row)
        shown = present or _values_before(row)
        customer, vehicle = shown.get("customer_id"), shown.get("vehicle_id")
        if shown.get("role") != OWNER or not isinstance(customer, bytes) or not isinstance(vehicle, bytes):
            continue
        written_ms = first_written_ms(unpack_entries(row.entries))
        days = (str(shown.get("from_on") or ""), str(shown.get("to_on") or ""))
        found.setdefault(vehicle, []).append(Tie(record, customer, row.owner, *days, written_ms, not present))
    return found


def _values_before(row: RecordRow) -> dict[str, Value]:
    """What a deleted tie said, by field name."""
    entries = unpack_entries(row.entries)
    values: dict[int, Value] = {}
    for register in OWNERSHIP.registers:
        if buried := buried_in(entries, register.number):
            values |= resolve(register, register.number, buried).shown.fields or {}
    return {OWNERSHIP.by_label[label][1].name: value for label, value in values.items() if label in OWNERSHIP.by_label}
