"""What is erased without anybody's asking: by the hub's own orders, and by a purge.

Decides I15 the other way round, and I2 for persons. For what comes late the hub writes orders of its own, and such an
order names a plate, or a visit that names nobody, only if somebody wrote it without knowing what had been erased. Who
knew what is read off the account by the identity of orders, in whichever history of the hub they were read. A purge
takes nobody whom work ties to a car that a hub had confirmed and a restored one has not got back yet. A revocation
takes nothing out that stood before its position in every history there was (I13).

Left out, because a hub cannot know it: authors who had read a history that the hub has never heard of, and orders that
came back to the author's history from one before it.
"""

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_
from typing import Final, NamedTuple

from carnet_hub.core.rows import LogKind
from carnet_protocol.ids import RECORD_ID_BYTES
from carnet_protocol.kinds import ERASURE, OWNERSHIP, PLATE, VISIT
from carnet_protocol.registry import ErasureGroup
from simulation.authored import HUB_AUTHOR, AuthoredOp, AuthoredSet
from simulation.invariants import Broken
from simulation.ledger import Body, take_apart
from simulation.stage import Stage

LOG_ROWS: Final = 2_000
_RECORD_IDS: Final = ERASURE.labels["record_ids"]
_GROUPS: Final = ERASURE.labels["groups"]
_GROUND: Final = ERASURE.labels["ground"]
_OWNER: Final = OWNERSHIP.labels["customer_id"]
_VISITOR: Final = VISIT.labels["customer_id"]
_BY_THE_HUB: Final = "order"
_BY_A_TERM: Final = "retention"
_WHO: Final = 1 << (ErasureGroup.IDENTITY - 1)
"""What an order takes of a whole person, and not of notes and messenger names, which have a term of their own."""


class _Order(NamedTuple):
    """An erasure order as the present log has it."""

    nonce: bytes
    position: int
    ground: str
    groups: int
    records: tuple[bytes, ...]


def check_orders(stage: Stage) -> None:
    """Every order that the hub wrote by itself has somebody who did not know.

    Raises:
        Broken: everybody knew.
    """
    orders = [one for made in stage.archive.sets.values() for one in _orders_of(stage, made)]
    asked = [one for one in orders if one.ground not in (_BY_THE_HUB, _BY_A_TERM)]
    own = [one for one in orders if one.ground == _BY_THE_HUB]
    if not own:
        return
    bodies = _bodies(stage)
    stage.reached["something late was erased by the hub's own order"] += 1
    for order in own:
        for record in order.records:
            ops = list(_taken(stage, record, order))
            groups = order.groups & reduce(or_, map(_groups, ops), 0)
            before = [one for one in asked if one.position < order.position and one.groups & groups]
            writers = {op.op[:-2] for op in ops}
            if ops and all(_knew_all(stage, bodies.get(nonce), before) for nonce in sorted(writers)):
                raise Broken("I15", f"{record.hex()} was erased, and whoever wrote it had read every order")


def check_purge(stage: Stage, orders: Iterable[AuthoredSet]) -> None:
    """Nobody was taken of whom a node holds newer work that the hub had confirmed.

    Args:
        orders: the sets that a purge wrote.

    Raises:
        Broken: somebody was.
    """
    written = [order for made in orders for order in _orders_of(stage, made) if order.ground == _BY_A_TERM]
    taken = {record for order in written if order.groups & _WHO for record in order.records}
    held = {nonce for one in stage.world.machines for nonce in stage.archive.logs[one.name]}
    for nonce in stage.ledger.acknowledged.keys() - stage.archive.standing.keys():
        made = stage.archive.sets[nonce]
        owners = {(op.fields or {}).get(_OWNER) for op in made.ops if op.kind is OWNERSHIP}
        owners |= {(op.fields or {}).get(_VISITOR) for op in made.ops if op.kind is VISIT}
        if nonce in held and owners & taken:
            raise Broken("I2", f"a purge took somebody of whom {made.author} holds work that had been confirmed")


def check_taken_out(stage: Stage) -> None:
    """A revocation takes out nothing that stood at or before its position, as far as its history is the present one.

    Raises:
        Broken: honest work has gone.
    """
    bounds: dict[bytes, list[int]] = {}
    for one in stage.holders.compromises:
        order = stage.ledger.log.nonces[one.ordered_at - 1]
        given_in = next(epoch for epoch, account in stage.archive.histories.items() if order in account.standing)
        shared = stage.ledger.shared_with(given_in)
        bounds.setdefault(one.node, []).append(one.suspect_from if shared is None else min(one.suspect_from, shared))
    for nonce, node in stage.holders.authors.items():
        standing = stage.archive.standing[nonce]
        came_at = standing.parked_at or standing.folded_at or 0
        is_out = standing.excluded_at is not None and nonce not in stage.excluded
        if is_out and node in bounds and came_at <= min(bounds[node]):
            raise Broken("I13", f"{came_at}: honest work of a machine that was stolen later was taken out")


def _orders_of(stage: Stage, made: AuthoredSet) -> Iterator[_Order]:
    standing = stage.archive.standing.get(made.nonce)
    if made.author != HUB_AUTHOR or standing is None or standing.folded_at is None:
        return
    for op in (one for one in made.ops if one.kind is ERASURE and one.fields is not None):
        fields = op.fields or {}
        joined, groups = fields[_RECORD_IDS], fields[_GROUPS]
        assert isinstance(joined, bytes)
        assert isinstance(groups, int)
        records = tuple(joined[at : at + RECORD_ID_BYTES] for at in range(0, len(joined), RECORD_ID_BYTES))
        yield _Order(made.nonce, standing.folded_at, str(fields[_GROUND]), groups, records)


def _taken(stage: Stage, record: bytes, order: _Order) -> Iterator[AuthoredOp]:
    """What an order takes of a record that names nobody; nothing of other records."""
    ops = [*stage.archive.touching.get((PLATE.number, record), ())]
    visit = stage.archive.touching.get((VISIT.number, record), ())
    if not any((one.fields or {}).get(_VISITOR) for one in visit):
        ops += visit
    for op in ops:
        standing = stage.archive.standing.get(op.op[:-2])
        is_here = standing is not None and standing.folded_at is not None and standing.folded_at < order.position
        if is_here and _groups(op) & order.groups:
            yield op


def _groups(op: AuthoredOp) -> int:
    """The groups of what an op states, as bits."""
    groups = {op.kind.by_label[label][0].group for label in op.fields or {}}
    return sum(1 << (group - 1) for group in groups if group is not None)


def _bodies(stage: Stage) -> dict[bytes, Body]:
    """Every set in the present log by nonce, taken apart."""
    with stage.world.hub.store.read() as snapshot:
        rows = snapshot.log_after(0, LOG_ROWS)
    return {
        row.nonce: take_apart(row.message) for row in rows if row.message is not None and row.kind != LogKind.REPEAT
    }


def _knew_all(stage: Stage, body: Body | None, orders: list[_Order]) -> bool:
    """Whether an author had certainly read some orders, and the hub can tell."""
    if body is None or body.hub_epoch not in {one.hub_epoch for one in stage.world.hub.known_histories}:
        return False
    return all(_knew(stage, body, one) for one in orders)


def _knew(stage: Stage, body: Body, order: _Order) -> bool:
    standing = stage.archive.histories[body.hub_epoch].standing.get(order.nonce)
    read_at = None if standing is None else standing.folded_at
    if read_at is None or read_at > body.hub_position:
        return False
    shared = stage.ledger.shared_with(body.hub_epoch)
    first = next(epoch for epoch, one in stage.archive.histories.items() if order.nonce in one.standing)
    return shared is None or read_at <= shared or first == body.hub_epoch
