"""Releasing parked sets in transactions of their own.

Decides how what is left to release after a transaction gets its turn, and what happens when the hub fails on one of
those sets: it stays parked and is reported, and the others go on. Whoever decided the sets they waited for has
committed already; a process that dies between the two leaves sets that have what they waited for, and a service that
runs looks for them now and then. Decides too what is judged again at the start of the hub: sets that wait for no op,
which no arrival would set free (an unknown kind, a newer version, too many heads, a failure of the hub itself).
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from carnet_hub.core.exchange.taking_in import taking_in
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import JUDGED_AGAIN_MAX, LIST_ROWS_MAX
from carnet_hub.core.log.entries import Detail
from carnet_hub.core.log.releasing import release_set, release_waiting
from carnet_hub.core.ports import StoreError
from carnet_hub.core.rows import SetState
from carnet_hub.core.sets.ledger import Ledger
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.ids import OpId


def free_waiting(hub: Hub, nonces: Sequence[bytes]) -> tuple[bytes, ...]:
    """Release whatever waits for some sets, and what waits for that in turn.

    Args:
        nonces: of sets that were decided in transactions before.

    Raises:
        StoreBusy, StoreError: see `ports`; what was released before stays released.

    Returns: nonces of the released sets, in order.
    """
    freed: list[bytes] = []
    rest: Sequence[bytes] = nonces
    while rest:
        try:
            with taking_in(hub) as workspace:
                releases = release_waiting(workspace, rest)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001  (found and reported one by one)
            return (*freed, *_free_one_by_one(hub, rest))
        freed += [row.nonce for row in releases.rows]
        rest = releases.rest
    return tuple(freed)


@dataclass(frozen=True, slots=True)
class JudgedAgain:
    """What another look at parked sets came to.

    Attributes:
        judged: how many waited for no op and were judged.
        released: nonces of those that went on, and of what waited for them, in order.
    """

    judged: int
    released: tuple[bytes, ...]


def judge_again(hub: Hub) -> JudgedAgain:
    """Judge every parked set that waits for no op: what kept it may be gone with an update of this program.

    At most `JUDGED_AGAIN_MAX`, oldest first, each in a transaction of its own.

    Raises:
        StoreBusy, StoreError: see `ports`; what was released before stays released.
    """
    return _judge(hub, _waiting_for_nothing(hub, is_any=True))


def free_forgotten(hub: Hub) -> JudgedAgain:
    """Release parked sets whose bases have all come: whoever decided those died before it was their turn.

    Bounds and errors are those of `judge_again`, which does the same and more.
    """
    return _judge(hub, _waiting_for_nothing(hub, is_any=False))


def _judge(hub: Hub, nonces: Sequence[bytes]) -> JudgedAgain:
    released: list[bytes] = []
    for nonce in nonces:
        if _is_released(hub, nonce):
            released += [nonce, *free_waiting(hub, [nonce])]
    return JudgedAgain(len(nonces), tuple(released))


def _waiting_for_nothing(hub: Hub, *, is_any: bool) -> list[bytes]:
    """Nonces of parked sets that no arrival would set free.

    Args:
        is_any: also those that never waited for an op.
    """
    found: list[bytes] = []
    after = 0
    with hub.store.read() as snapshot:
        ledger = Ledger(snapshot)
        while some := snapshot.admissions_in(SetState.PARKED, after, LIST_ROWS_MAX):
            waits = snapshot.waiting_of([one.nonce for one in some])
            waiting = {row.nonce for row in waits if ledger.is_missing(OpId(row.base))}
            left = {one.nonce for one in some} if is_any else {row.nonce for row in waits}
            found += [one.nonce for one in some if one.nonce in left - waiting]
            after = some[-1].decided_at
            if len(found) >= JUDGED_AGAIN_MAX:
                break
    return found[:JUDGED_AGAIN_MAX]


def _free_one_by_one(hub: Hub, nonces: Sequence[bytes]) -> list[bytes]:
    freed: list[bytes] = []
    queue = deque(nonces)
    while queue:
        with hub.store.read() as snapshot:
            waiters = Workspace(hub, snapshot, snapshot.head()).ledger.waiters(queue.popleft())
        released = [waiter for waiter in waiters if _is_released(hub, waiter)]
        freed += released
        queue.extend(released)
    return freed


def _is_released(hub: Hub, nonce: bytes) -> bool:
    """Release one set if it can go on; one that makes the hub fail stays parked."""
    try:
        with taking_in(hub) as workspace:
            row = release_set(workspace, nonce, Detail("", b""))
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  (reported as an alarm; the set is kept for the operator)
        hub.alarms.set_failed(nonce, error)
        return False
    return row is not None
