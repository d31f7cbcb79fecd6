"""Revoking a node: its keys sign nothing any more, and what a thief may have signed counts as if it had never been.

Decides which keys an order names and which sets are suspect. Does not decide what an exclusion does to the state
(`exclusion`, `rebuild`), nor who obeys a revocation (`effects`, `greeting`, `intake`).

    order          keys of the node   its sets in the log
    -------------  -----------------  --------------------------------------------------------------------------
    retired        all revoked        all stay
    compromised    all revoked        those logged after the position are excluded; parked ones are given up

Only the order of the hub's log is trusted time: a thief sets any clock. Order, exclusions and the new fold are one
transaction. An order may follow another one: a machine that was retired may turn out to have been stolen.

A hub that was restored gets its orders back from nodes (`offers`) and takes the suspect sets out again. Behind the
shared history positions do not tell any more which set came first: there every set of the node is suspect, and its
site can confirm what was honest.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.exchange.freeing import free_waiting
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LIST_ROWS_MAX, TEXT_CHARS_MAX
from carnet_hub.core.log.admission import Fate, Finding
from carnet_hub.core.log.authoring import write_in
from carnet_hub.core.log.entries import Detail
from carnet_hub.core.log.exclusion import log_exclusions
from carnet_hub.core.log.rebuild import fold_again
from carnet_hub.core.log.releasing import log_release, parked_row, stored_arrival
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.rows import SetState
from carnet_hub.core.sets.histories import shared_up_to
from carnet_hub.core.sets.workspace import open_workspace
from carnet_protocol.changeset import ChangeSet, Draft
from carnet_protocol.ids import RECORD_RANDOM_BYTES, NodeId, new_record_id, record_text
from carnet_protocol.kinds import REVOCATION
from carnet_protocol.reasons import Reason

RETIRED: Final = "retired"
COMPROMISED: Final = "compromised"

_REVOKED: Final = "revoked"


@dataclass(frozen=True, slots=True)
class Suspects:
    """A node's sets behind a position of the log, by nonce, oldest first.

    Attributes:
        folded: have an effect.
        parked: wait at the hub.
    """

    folded: tuple[bytes, ...] = ()
    parked: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Revoked:
    """What a revocation did.

    Attributes:
        position: of the order in the log.
        keys: how many keys of the node it names.
        suspects: sets that have no effect any more.
    """

    node_id: NodeId
    position: int
    keys: int
    suspects: Suspects


def retire_node(hub: Hub, node_id: NodeId, *, reason: str) -> Revoked:
    """Take nothing from a node any more, for ever; all it has sent stays.

    Args:
        reason: 1 to 500 characters. Every node receives it: no personal value.

    Raises:
        Unusable: no such node, no reason, or revoked already; nothing was changed.
        StoreBusy, StoreError: see `ports`.
    """
    with hub.store.write() as transaction:
        if all(key.status == _REVOKED for key in transaction.keys_of([node_id])):
            raise _unusable_node(transaction, node_id)
        position, keys = _order(hub, transaction, node_id, kind=RETIRED, suspect_from=None, reason=reason)
    return Revoked(node_id, position, keys, Suspects())


def revoke_compromised(hub: Hub, node_id: NodeId, *, suspect_from: int, reason: str) -> Revoked:
    """Take nothing from a node any more, and fold the log as if its sets behind a position had never been.

    Args:
        suspect_from: last position at which the key was certainly in honest hands; 0 suspects everything.
        reason: 1 to 500 characters. Every node receives it: no personal value.

    Raises:
        Unusable: no such node, no reason, or a position outside the log; nothing was changed.
        StoreBusy, StoreError: see `ports`.
    """
    with hub.store.write() as transaction:
        suspects = find_suspects(transaction, node_id, suspect_from)
        position, keys = _order(hub, transaction, node_id, kind=COMPROMISED, suspect_from=suspect_from, reason=reason)
        _give_up(hub, transaction, suspects.parked, note=reason)
        if suspects.folded:
            workspace = open_workspace(hub, transaction)
            log_exclusions(workspace, suspects.folded, reason)
            workspace.flush(transaction)
            fold_again(hub, transaction)
    free_waiting(hub, suspects.parked)
    return Revoked(node_id, position, keys, suspects)


def take_out_again(hub: Hub, transaction: Transaction, own: ChangeSet) -> Suspects:
    """Exclude again what the revocations in a set of the hub's own had excluded before the hub was restored.

    Args:
        own: the set as it was first written; it has taken effect again in this transaction.

    Returns: what lost its effect; whoever waits for the parked ones has to be freed after the commit.
    """
    shared = shared_up_to(hub, own.header.hub_epoch)
    taken = Suspects()
    for node_id, (position, reason) in _compromised_in(own).items():
        suspects = find_suspects(transaction, node_id, position if shared is None else min(position, shared))
        _give_up(hub, transaction, suspects.parked, note=reason)
        workspace = open_workspace(hub, transaction)
        log_exclusions(workspace, suspects.folded, reason)
        workspace.flush(transaction)
        taken = Suspects((*taken.folded, *suspects.folded), (*taken.parked, *suspects.parked))
    if taken.folded:
        fold_again(hub, transaction)
    return taken


def find_suspects(snapshot: Snapshot, node_id: NodeId, suspect_from: int) -> Suspects:
    """A node's sets that were first logged behind a position.

    Raises:
        Unusable: a position outside the log.
    """
    head = snapshot.head().position
    if not 0 <= suspect_from <= head:
        raise Unusable(f"The log has positions 0 to {head}, not {suspect_from}.", "Name a position of the log.")
    places = sorted(_places_behind(snapshot, node_id, suspect_from))
    states = {}
    for at in range(0, len(places), LIST_ROWS_MAX):
        found = snapshot.admissions([nonce for _, nonce in places[at : at + LIST_ROWS_MAX]])
        states.update({nonce: row.state for nonce, row in found.items()})
    folded = tuple(nonce for _, nonce in places if states.get(nonce) == SetState.FOLDED)
    return Suspects(folded, tuple(nonce for _, nonce in places if states.get(nonce) == SetState.PARKED))


def position_before(snapshot: Snapshot, moment_ms: int) -> int:
    """The last position logged before a moment of the hub's clock; 0 when there is none."""
    head = snapshot.head().position
    return bisect_left(range(1, head + 1), moment_ms, key=lambda position: snapshot.commit_times([position])[position])


def _order(
    hub: Hub, transaction: Transaction, node_id: NodeId, *, kind: str, suspect_from: int | None, reason: str
) -> tuple[int, int]:
    """Write one revocation per key of a node; returns the order's position and how many keys it names."""
    if not 0 < len(reason.strip()) <= TEXT_CHARS_MAX:
        raise Unusable(f"A revocation needs a reason of 1 to {TEXT_CHARS_MAX} characters.", "Give one with --reason.")
    keys = transaction.keys_of([node_id])
    if not keys:
        raise _unusable_node(transaction, node_id)
    now_ms = hub.clock.now_ms()
    drafts = [
        Draft(
            REVOCATION,
            new_record_id(now_ms, hub.entropy.random_bytes(RECORD_RANDOM_BYTES)),
            {
                "node_id": node_id,
                "key_id": key.key_id,
                "revocation_kind": kind,
                "suspect_from_position": suspect_from,
                "reason": reason.strip(),
            },
        )
        for key in keys
    ]
    row, _ = write_in(hub, transaction, drafts)
    return row.position, len(keys)


def _give_up(hub: Hub, transaction: Transaction, nonces: Sequence[bytes], *, note: str) -> None:
    """Decide that parked sets never have an effect."""
    workspace = open_workspace(hub, transaction)
    for nonce in nonces:
        parked = parked_row(workspace, nonce)
        if parked is not None:
            arrival = stored_arrival(workspace, parked)
            log_release(workspace, arrival, parked, Finding(Fate.REFUSE, Reason.EXCLUDED), Detail(note, b""))
    workspace.flush(transaction)


def _compromised_in(own: ChangeSet) -> dict[NodeId, tuple[int, str]]:
    """The nodes that a set reports as compromised: the last honest position of each, and the reason given."""
    label = REVOCATION.labels
    found: dict[NodeId, tuple[int, str]] = {}
    for op in own.ops:
        if op.kind != REVOCATION.number or op.fields.get(label["revocation_kind"]) != COMPROMISED:
            continue
        node_id, position = op.fields.get(label["node_id"]), op.fields.get(label["suspect_from_position"])
        if isinstance(node_id, bytes) and isinstance(position, int):
            found[NodeId(node_id)] = (position, str(op.fields.get(label["reason"]) or COMPROMISED))
    return found


def _places_behind(snapshot: Snapshot, node_id: NodeId, position: int) -> Iterator[tuple[int, bytes]]:
    """(position, nonce) of every set of a node that was first logged behind a position."""
    for epoch in snapshot.epochs([node_id]):
        seq = 0
        while places := snapshot.chain_after(node_id, epoch.epoch, seq, LIST_ROWS_MAX):
            yield from ((one.position, one.nonce) for one in places if one.position > position and not one.is_repeat)
            seq = places[-1].seq


def _unusable_node(snapshot: Snapshot, node_id: NodeId) -> Unusable:
    name = record_text(node_id)
    if snapshot.keys_of([node_id]):
        return Unusable(f"The node {name} is revoked already.", "Nothing is left to do.")
    return Unusable(f"There is no node {name}.", "Look it up with `nodes list`.")
