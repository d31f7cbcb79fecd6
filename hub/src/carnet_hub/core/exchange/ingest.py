"""Receiving pushed sets: from bytes to signed receipts.

Decides how a push is cut into transactions and what happens when one of them fails. Bytes and signatures are judged
before the lock (`intake`), everything else under it (`admission`). Nothing is answered before the commit that makes
it durable.

Rules:
- Sets are decided in the order they came; a set that is not taken leaves a gap that its successors see.
- A set that changes its node's key is committed before the next key is looked up, so that a batch or bundle may hold
  sets signed with either.
- Several sets share a transaction. If the hub itself fails on one of them, the group is rolled back and done again
  one set at a time; the culprit is parked with the reason `internal` and reported to the operator. A set on which only
  the matcher or the count of a recall fails is admitted all the same.
- A store that is busy or broken is nobody's set's fault: the error goes to the caller, nothing of that group is kept,
  and pushing the same sets again is harmless.
"""

from collections.abc import Iterator, Sequence

from carnet_hub.core.exchange.freeing import free_waiting
from carnet_hub.core.exchange.taking_in import taking_in
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import GROUP_OPS_MAX, GROUP_SETS_MAX
from carnet_hub.core.log.admission import Decided, decide_set, park_culprit
from carnet_hub.core.log.prefetch import prefetch
from carnet_hub.core.log.releasing import release_waiting
from carnet_hub.core.ports import StoreError
from carnet_hub.core.sets.intake import Arrival, find_signers, rank_by_receipt, read_pushed, verify_arrival
from carnet_hub.core.sets.receipts import answer_with, rejection
from carnet_hub.core.sets.workspace import open_workspace
from carnet_protocol.envelope import Envelope
from carnet_protocol.errors import Refused
from carnet_protocol.hello import LostSet
from carnet_protocol.kinds import KEY_CHANGE
from carnet_protocol.messages import PushAnswer, PushCode
from carnet_protocol.reasons import Reason


def receive_sets(hub: Hub, sets: Sequence[tuple[bytes, bytes]]) -> list[PushAnswer]:
    """Take pushed sets in, or say why not.

    Args:
        sets: (message, opening) in the order of their chains; from a line, a bundle or a courier.

    Raises:
        StoreBusy: the lock was not to be had; sets answered in earlier groups are durable, pushing again is harmless.
        StoreError: the store failed; the same holds.

    Returns: one answer per set, in order.
    """
    return receive_offered(hub, [LostSet(message, opening, b"") for message, opening in sets])


def receive_offered(hub: Hub, sets: Sequence[LostSet]) -> list[PushAnswer]:
    """The same for sets that this hub had admitted before it was restored: its own receipts fix their set times again.

    Raises:
        StoreBusy, StoreError: as `receive_sets`.
    """
    answers: dict[int, PushAnswer] = {}
    envelopes: dict[int, Envelope] = {}
    for index, one in enumerate(sets):
        try:
            envelopes[index] = read_pushed(one.message, one.opening)
        except Refused as refusal:
            answers[index] = rejection(PushCode.REJECTED, refusal.reason)
    while envelopes:
        for group in _groups(_verify(hub, sets, envelopes, answers)):
            for (index, _), decided in zip(group, _admit_group(hub, [one for _, one in group]), strict=True):
                answers[index] = _answer(hub, decided)
    return [answers[index] for index in range(len(sets))]


def _verify(
    hub: Hub, sets: Sequence[LostSet], envelopes: dict[int, Envelope], answers: dict[int, PushAnswer]
) -> list[tuple[int, Arrival]]:
    """Everything that needs no lock; what is turned away here gets its answer.

    Stops behind a change of keys when the next set names a key nobody has yet: it may be the one that is just coming.

    Args:
        envelopes: by index; those that were looked at are taken out.
    """
    arrivals: list[tuple[int, Arrival]] = []
    changes_key = False
    with hub.store.read() as snapshot:
        signers = find_signers(hub, snapshot, envelopes.values())
    for index, envelope in list(envelopes.items()):
        if changes_key and envelope.key_id not in signers:
            return arrivals
        del envelopes[index]
        try:
            arrival = verify_arrival(hub, signers, envelope, sets[index].opening)
        except Refused as refusal:
            answers[index] = rejection(PushCode.REJECTED, refusal.reason)
            continue
        arrivals.append((index, rank_by_receipt(hub, arrival, sets[index].receipt)))
        changes_key = changes_key or any(op.kind == KEY_CHANGE.number for op in arrival.ops)
    return arrivals


def _groups(arrivals: Sequence[tuple[int, Arrival]]) -> Iterator[list[tuple[int, Arrival]]]:
    group: list[tuple[int, Arrival]] = []
    ops = 0
    for one in arrivals:
        size = len(one[1].ops)
        if group and (len(group) >= GROUP_SETS_MAX or ops + size > GROUP_OPS_MAX):
            yield group
            group, ops = [], 0
        group.append(one)
        ops += size
    if group:
        yield group


def _admit_group(hub: Hub, group: list[Arrival]) -> list[Decided]:
    """Decide a group in one transaction, or, when the hub fails on it, one by one."""
    try:
        return _admit_together(hub, group)
    except StoreError:
        raise
    except Exception:  # noqa: BLE001  (a poison set must not stop the others; it is found and reported below)
        return [_admit_alone(hub, arrival) for arrival in group]


def _admit_together(hub: Hub, group: list[Arrival]) -> list[Decided]:
    with taking_in(hub) as workspace:
        prefetch(workspace, group)
        decided: list[Decided] = []
        rest: list[bytes] = []
        for arrival in group:
            decided.append(decide_set(workspace, arrival))
            if decided[-1].row is not None and not decided[-1].is_duplicate:
                rest += release_waiting(workspace, [arrival.change_set.nonce]).rest
    free_waiting(hub, rest)
    return decided


def _admit_alone(hub: Hub, arrival: Arrival) -> Decided:
    """Decide one set without touching what waits for it, then release that; whatever fails stays parked.

    A set on which only the matcher or the count of a recall fails is admitted without: nobody's work waits for a guess
    about who is who, nor for a sum.
    """
    nonce = arrival.change_set.nonce
    try:
        decided = _admit_one(hub, arrival)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  (reported as an alarm; the set is kept for the operator)
        hub.alarms.set_failed(nonce, error)
        unfollowed = _admit_unfollowed(hub, arrival)
        if unfollowed is None:
            return _park_culprit(hub, arrival)
        decided = unfollowed
    if decided.row is not None and not decided.is_duplicate:
        free_waiting(hub, [nonce])
    return decided


def _admit_unfollowed(hub: Hub, arrival: Arrival) -> Decided | None:
    """Decide a set once more, without matcher and count; None when that fails too."""
    try:
        return _admit_one(hub, arrival, is_followed=False)
    except StoreError:
        raise
    except Exception:  # noqa: BLE001  (it failed before and was reported then)
        return None


def _admit_one(hub: Hub, arrival: Arrival, *, is_followed: bool = True) -> Decided:
    with taking_in(hub, is_followed=is_followed) as workspace:
        prefetch(workspace, [arrival])
        return decide_set(workspace, arrival)


def _park_culprit(hub: Hub, arrival: Arrival) -> Decided:
    """Keep a set for the operator; if even that fails it is turned away, and only its own chain waits."""
    try:
        with hub.store.write() as transaction:
            workspace = open_workspace(hub, transaction)
            prefetch(workspace, [arrival])
            decided = park_culprit(workspace, arrival)
            workspace.flush(transaction)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  (reported as an alarm; nothing of the set was kept)
        hub.alarms.set_failed(arrival.change_set.nonce, error)
        return Decided(None, PushCode.REJECTED, Reason.INTERNAL)
    return decided


def _answer(hub: Hub, decided: Decided) -> PushAnswer:
    if decided.row is not None:
        return answer_with(hub, decided.row, is_duplicate=decided.is_duplicate)
    return rejection(decided.code, decided.reason or Reason.INTERNAL, decided.expected_seq)
