"""What was assigned to a site: the audit of who may see which car's history.

Decides what the list shows: the vehicle, the ground, the op it stands on, and when. It reads assignments and the log
and changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LIST_ROWS_MAX
from carnet_hub.core.rows import AssignmentRow
from carnet_hub.core.shown import shown_values
from carnet_protocol.kinds import VEHICLE


@dataclass(frozen=True, slots=True)
class Granted:
    """One assignment.

    Attributes:
        vin: as the vehicle shows it; empty when it has none.
        ground: see `assigning`.
        op: the op that is the ground.
        node_id, seq: of the set that brought the assignment.
        granted_ms, expires_ms: ms since 1970 UTC.
        is_shared: other sites had written about the vehicle before.
    """

    vehicle_id: bytes
    vin: str
    ground: str
    op: bytes
    position: int
    node_id: bytes
    seq: int
    granted_ms: int
    expires_ms: int
    is_shared: bool


def every_assignment(hub: Hub, dealer_id: bytes, *, batch: int = LIST_ROWS_MAX) -> Iterator[Granted]:
    """All assignments of a site, oldest first.

    Args:
        batch: assignments per look-up, 1 to `LIST_ROWS_MAX`.
    """
    after = (0, b"")
    while some := _granted_after(hub, dealer_id, after, min(batch, LIST_ROWS_MAX)):
        yield from some
        after = (some[-1].position, some[-1].vehicle_id)


def _granted_after(hub: Hub, dealer_id: bytes, after: tuple[int, bytes], limit: int) -> list[Granted]:
    with hub.store.read() as snapshot:
        found = snapshot.assignments_of(dealer_id, after, limit)
        log = snapshot.log_rows({row.since for row in found})
        vehicles = snapshot.records(VEHICLE.number, [row.vehicle_id for row in found])
    vins = {one: str(shown_values(hub.registry, row).get("vin") or "") for one, row in vehicles.items()}

    def granted(row: AssignmentRow) -> Granted:
        """One assignment with what people call the car, and when it came."""
        entry = log[row.since]
        return Granted(
            row.vehicle_id,
            vins.get(row.vehicle_id, ""),
            row.reason,
            row.op,
            row.since,
            entry.node_id,
            entry.seq,
            entry.received_ms,
            row.expires_ms,
            row.is_shared,
        )

    return [granted(row) for row in found]
