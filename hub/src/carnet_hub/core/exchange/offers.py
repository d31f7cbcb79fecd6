"""What nodes offer to a restored hub: their own sets with the receipts it gave, and the hub's own sets.

Decides in which order an offer is taken and what becomes of a set that the hub itself had written after the backup.
Everything in an offer is signed, so it does not matter who brings it, and bringing it twice changes nothing.

Rules:
- The hub's own sets come first: a revocation, an erasure or an enrolment counts before anything that it touches.
- A set of the hub's own is sealed again at the end of its present chain: same nonce, same ops, the set time and the
  history it had. Its old place is not used again, and sets that went to no node leave no hole.
- A ruling on a record that is not here yet is not taken: its node offers it again at the next hello.
- A revocation from a position takes out again, in the same transaction, what it had taken out.
- Sets of nodes keep the set time of their receipt. Everything else is judged anew: the log is another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from carnet_hub.core.at_rest import plain_opening
from carnet_hub.core.exchange.freeing import free_waiting
from carnet_hub.core.exchange.ingest import receive_offered
from carnet_hub.core.exchange.revoking import Suspects, take_out_again
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LIST_ROWS_MAX
from carnet_hub.core.log.admission import Fate, enter_set, examine_set
from carnet_hub.core.log.authoring import next_link
from carnet_hub.core.log.prefetch import prefetch
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.sets.intake import arrive, hub_as_node, read_pushed
from carnet_hub.core.sets.receipts import rejection
from carnet_hub.core.sets.workspace import open_workspace
from carnet_protocol.changeset import ChangeSet, read_set, reread_set, seal_set
from carnet_protocol.envelope import Envelope, Purpose, verify_envelope
from carnet_protocol.errors import NotAllowed, NotAuthentic, Refused
from carnet_protocol.hello import LostSet
from carnet_protocol.messages import PushAnswer, PushCode
from carnet_protocol.opened import nothing_erased
from carnet_protocol.reasons import Reason


def receive_offer(hub: Hub, offer: Sequence[LostSet]) -> list[PushAnswer]:
    """Take an offer in: the hub's own sets, then the others.

    Args:
        offer: in the order of their chains, the hub's own by their former position.

    Raises:
        StoreBusy, StoreError: what was taken before stays; offering it again is harmless.

    Returns: one answer per set, in order; without a receipt for the hub's own.
    """
    answers: dict[int, PushAnswer] = {}
    others: list[int] = []
    for index, one in enumerate(offer):
        try:
            envelope = read_pushed(one.message, one.opening)
        except Refused as refusal:
            answers[index] = rejection(PushCode.REJECTED, refusal.reason)
            continue
        if envelope.key_id == hub.signer.key_id:
            answers[index] = _take_own(hub, envelope, one)
        else:
            others.append(index)
    answers.update(zip(others, receive_offered(hub, [offer[index] for index in others]), strict=True))
    return [answers[index] for index in range(len(offer))]


def take_from_backup(hub: Hub, newer: Hub) -> int:
    """Take the hub's own sets from the log of a newer backup: an order that no node has read yet is nowhere else.

    Those for everybody come first, as in an offer: what an erasure covers is not taken in with a ruling.

    Args:
        newer: the same hub on the newer database; only read.

    Raises:
        StoreBusy, StoreError: what was taken before stays.

    Returns: how many sets took effect again.
    """
    with hub.store.read() as snapshot:
        head = snapshot.head().position
        last = snapshot.log_rows([head]).get(head)
    taken = 0
    with newer.store.read() as log:
        same = log.log_rows([head]).get(head)
        is_shared = last is not None and same is not None and last[:4] == same[:4]
        for is_broadcast in (True, False):
            for batch in _own_sets(newer, log, head if is_shared else 0, is_broadcast=is_broadcast):
                taken += sum(answer.code == PushCode.ACCEPTED for answer in receive_offer(hub, batch))
    return taken


def _own_sets(hub: Hub, log: Snapshot, position: int, *, is_broadcast: bool) -> Iterator[list[LostSet]]:
    """The hub's own sets behind a position, in some batches."""
    while rows := log.log_after(position, LIST_ROWS_MAX):
        position = rows[-1].position
        yield [
            LostSet(row.message, plain_opening(hub.box, row.opening, row.nonce), b"")
            for row in rows
            if row.message is not None and row.node_id == hub.node_id and bool(row.is_broadcast) is is_broadcast
        ]


def _take_own(hub: Hub, envelope: Envelope, offered: LostSet) -> PushAnswer:
    try:
        payload = verify_envelope(envelope, hub.public_key, Purpose.CHANGESET, hub.hub_id)
        own = read_set(envelope, payload, hub.hub_id)
        suspects = _seal_again(hub, own, offered.opening)
    except Refused as refusal:
        return rejection(PushCode.REJECTED, refusal.reason)
    if suspects is None:
        return PushAnswer(int(PushCode.DUPLICATE), None, None, None)
    free_waiting(hub, [own.nonce, *suspects.parked])
    return PushAnswer(int(PushCode.ACCEPTED), None, None, None)


def _seal_again(hub: Hub, own: ChangeSet, opening: bytes) -> Suspects | None:
    """Write a set of the hub's own again, unless it is there.

    Raises:
        NotAuthentic: the opening was damaged; nothing was written.
        NotAllowed: a ruling on a record that is not here yet; nothing was written, and offering it again later helps.

    Returns: what lost its effect with it; None when the set is there already.
    """
    was = own.header
    with hub.store.write() as transaction:
        workspace = open_workspace(hub, transaction)
        if workspace.ledger.arrived(own.nonce) is not None:
            return None
        link = replace(
            next_link(hub, workspace), wall_ms=was.wall_ms, hub_epoch=was.hub_epoch, hub_position=was.hub_position
        )
        message = seal_set(own.header.ops, own.nonce, link, hub.signer)
        arrival = arrive(hub, reread_set(message, hub.hub_id), opening, hub_as_node(hub), nothing_erased)
        prefetch(workspace, [arrival])
        time_ms = min(was.wall_ms, workspace.received_ms)
        finding = examine_set(workspace, arrival, time_ms=time_ms)
        if finding.fate is Fate.REJECT:
            raise NotAuthentic(finding.reason or Reason.MALFORMED, "an opening that is not that of its set")
        if finding.reason is Reason.HUB_ONLY:
            raise NotAllowed(Reason.UNKNOWN_BASE, "the record that it is about")
        enter_set(workspace, arrival, finding, time_ms=time_ms)
        workspace.flush(transaction)
        return take_out_again(hub, transaction, own)
