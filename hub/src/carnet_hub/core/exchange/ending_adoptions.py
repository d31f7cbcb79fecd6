"""An operator ends a site's adoption of a car before its time: it was taken on by mistake, or without a reason.

Decides which adoptions are meant and that it is written down who ended them. What follows is the fold's: a ruling takes
the adoption back (`assigning.end_taken_back`), the history leaves that site with its next page, and nothing that
anybody recorded goes. A car that the site has a visit or a holder of stays with it: that ground is no adoption.
"""

from typing import Final

from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.exchange.look_up_ledger import ENDED, reference
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.log.authoring import write_in
from carnet_hub.core.look_up_rows import LookUpRow
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.sets.assigning import Ground, is_standing
from carnet_hub.core.shown import shown_values
from carnet_hub.core.steward_codes import require_code
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import ADOPTION
from carnet_protocol.kinds.fields import RETRACTION_REASONS
from carnet_protocol.ops import Action
from carnet_protocol.state import head_op_ids

_LOOK_UP_ID_BYTES: Final = 8
_KEEPING: Final = (Ground.VISIT, Ground.OWNERSHIP)
"""Grounds that take the place of an adoption for as long as they last."""
_REGISTER: Final = ADOPTION.register_of("retracted").number


def end_adoptions(hub: Hub, dealer_id: bytes, vehicle: bytes, *, reason: str, by: str) -> int:
    """Take every adoption back by which a site follows a car, in one transaction with the line of the ledger.

    Args:
        vehicle: record of the car.
        reason: of `RETRACTION_REASONS`; the site reads it.
        by: code of the operator; no name.

    Raises:
        Unusable: no such reason, no code, no adoption that stands, or a visit or a holder of the site keeps the car;
            nothing was changed.
        StoreBusy, StoreError: see `ports`; nothing was changed.

    Returns: adoptions that were taken back.
    """
    require_code("an operator", by)
    if reason not in RETRACTION_REASONS:
        raise Unusable(f"{reason[:40]} is no reason.", f"Give one of {', '.join(RETRACTION_REASONS)}.")
    with hub.store.write() as transaction:
        rows = _standing(hub, transaction, dealer_id, vehicle)
        _require_ground(hub, transaction, dealer_id, vehicle, rows)
        write_in(hub, transaction, [_ruling(hub, row, reason) for row in rows])
        transaction.put([_line(hub, transaction, dealer_id, vehicle, by)])
    return len(rows)


def _standing(hub: Hub, snapshot: Snapshot, dealer_id: bytes, vehicle: bytes) -> list[RecordRow]:
    """The adoptions of a car by a site that nobody has taken back."""
    made = [record for _, kind, record in snapshot.anchored([vehicle]) if kind == ADOPTION.number]
    rows = snapshot.records(ADOPTION.number, made).values()
    own = [row for row in rows if row.owner == dealer_id and not shown_values(hub.registry, row).get("retracted")]
    return sorted(own, key=lambda row: row.id)


def _require_ground(
    hub: Hub, snapshot: Transaction, dealer_id: bytes, vehicle: bytes, standing: list[RecordRow]
) -> None:
    """Refuse to end an adoption that a site does not follow the car by, and say which it is.

    Args:
        standing: its adoptions of the car that nobody has taken back.
    """
    held = [row for row in snapshot.assignments([vehicle]) if row.dealer_id == dealer_id]
    if standing and any(row.reason == Ground.ADOPTION for row in held):
        return
    now_ms = _now_ms(hub, snapshot)
    if standing and any(row.reason in _KEEPING and is_standing(row, now_ms) for row in held):
        what = "This site has taken the car on, but a visit or a holder of its own keeps the car by now."
        raise Unusable(
            what, "There is nothing to end: the site follows the car for as long as that visit or holder counts."
        )
    what = "This site has taken no such car on, or that is over."
    raise Unusable(what, "Look with `dealers assignments`, and type the VIN or the record of the car.")


def _ruling(hub: Hub, row: RecordRow, reason: str) -> Draft:
    heads = head_op_ids(plain_entries(hub.box, row.kind, row.id, row.entries), [_REGISTER])
    return Draft(ADOPTION, RecordId(row.id), {"retracted": reason}, heads, Action.RULING)


def _line(hub: Hub, transaction: Transaction, dealer_id: bytes, vehicle: bytes, by: str) -> LookUpRow:
    return LookUpRow(
        at_ms=_now_ms(hub, transaction),
        look_up_id=hub.entropy.random_bytes(_LOOK_UP_ID_BYTES),
        dealer_id=dealer_id,
        node_id=hub.node_id,
        staff_id=b"",
        way="",
        reason="",
        sought="",
        vehicle=reference(hub, vehicle),
        is_linked=False,
        outcome=ENDED,
        cars=0,
        operator=by,
    )


def _now_ms(hub: Hub, transaction: Transaction) -> int:
    """The hub's time, never behind its log."""
    return max(hub.clock.now_ms(), transaction.head().received_ms)
