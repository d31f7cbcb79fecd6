"""Everybody weighed once more: customers that were here before the matcher, or before it might link as much.

Decides who is weighed when, and how far a sweep has come. Each customer meets what it would meet if it arrived today
(`matching.match_fresh`), in the order in which the log first folded them, a bounded number in a transaction. Does not
decide about anybody, and never waits for a person.

Rules:
- A sweep that was stopped goes on behind the last customer that was committed. Under other rules (mode, models, version
  of the features) it begins anew.
- What has been decided is not said again: a second sweep writes nothing into the log.
- A customer on whom the matcher fails holds nobody up: the transaction is done again one by one, that customer is left
  as it was and named at the end. The next call tries those first, and when all is done but they, only those.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.master_limits import UNWEIGHED_MAX, WEIGHED_TOGETHER_MAX
from carnet_hub.core.master_rows import PartyPlace
from carnet_hub.core.ports import Snapshot, StoreError, Transaction
from carnet_hub.core.sets.workspace import open_workspace
from carnet_hub.core.stewardship.master_failures import MatcherFails
from carnet_hub.core.stewardship.matching import match_fresh, read_policy
from carnet_hub.core.stewardship.models_in_use import active_models
from carnet_master.features import FEATURE_VERSION
from carnet_protocol.ids import RECORD_ID_BYTES

SWEEP: Final = "master_sweep"
"""Setting: position and customer up to which a sweep has come, then the rules it follows; none when nothing is left."""

UNWEIGHED: Final = "master_unweighed"
"""Setting: ids of the customers on whom the matcher has failed in that sweep, joined."""

_BEGIN: Final[PartyPlace] = (0, b"")


@dataclass(frozen=True, slots=True)
class Swept:
    """How far a sweep has come.

    Attributes:
        done, total: customers, those of an earlier run of the same sweep among them.
        decided: decisions that this run has written; 0 when there was nothing new.
        is_resumed: an earlier run was gone on with.
        unweighed: customers on whom the matcher failed, also in an earlier run while they were not tried again.
    """

    done: int
    total: int
    decided: int
    is_resumed: bool
    unweighed: tuple[bytes, ...]


@dataclass(slots=True)
class _Sweep:
    """A sweep on its way.

    Attributes:
        rules: by which everybody is weighed.
        place: behind whom it goes on.
        unweighed: as in `Swept`.
    """

    hub: Hub
    rules: str
    place: PartyPlace
    unweighed: dict[bytes, None]
    unweighed_max: int
    decided: int = 0

    def weigh(self, batch: Sequence[bytes]) -> None:
        """Weigh some customers in one transaction, or, where the matcher fails on one of them, one by one."""
        try:
            self._decide(batch)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  (one customer must not stop the others; it is found and reported)
            if len(batch) > 1:
                for one in batch:
                    self.weigh([one])
            else:
                self._leave(batch[0], error)

    def _decide(self, batch: Sequence[bytes]) -> None:
        left = {one: None for one in self.unweighed if one not in batch}
        with self.hub.store.write() as transaction:
            workspace = open_workspace(self.hub, transaction)
            workspace.fresh_parties.update(batch)
            decided = match_fresh(self.hub, workspace)
            workspace.flush(transaction)
            place = self._note(transaction, batch[-1], left)
        self.decided += decided
        self.place, self.unweighed = place, left

    def _leave(self, customer: bytes, error: Exception) -> None:
        """Go on behind a customer on whom the matcher fails.

        Raises:
            MatcherFails: on too many; the sweep stays in front of this one.
        """
        self.hub.alarms.customer_unweighed(customer, error)
        left = {**self.unweighed, customer: None}
        if len(left) > self.unweighed_max:
            raise MatcherFails(self.unweighed_max) from error
        with self.hub.store.write() as transaction:
            place = self._note(transaction, customer, left)
        self.place, self.unweighed = place, left

    def _note(self, transaction: Transaction, last: bytes, unweighed: Collection[bytes]) -> PartyPlace:
        """Write down how far the sweep has come; who is tried again stands in front of that already."""
        party = transaction.parties([last]).get(last)
        since, customer = place = max(self.place, _BEGIN if party is None else (party.since, last))
        transaction.set_setting(SWEEP, f"{since} {customer.hex()} {self.rules}".encode())
        transaction.set_setting(UNWEIGHED, b"".join(unweighed))
        return place


def weigh_everybody(hub: Hub, *, unweighed_max: int = UNWEIGHED_MAX) -> Iterator[Swept]:
    """Weigh every customer as if it had just arrived, `WEIGHED_TOGETHER_MAX` in a transaction.

    Args:
        unweighed_max: customers on whom the matcher may fail before it is the matcher that has to be looked at.

    Raises:
        StoreBusy, StoreError, HistoryEnded: see `ports` and `present`; what was yielded stands, calling again goes on.
        MatcherFails: on more customers than that; likewise.

    Returns: how far it has come, at the beginning and after every transaction.
    """
    with hub.store.read() as snapshot:
        sweep = _begin(hub, snapshot, unweighed_max)
        total = snapshot.party_count()
        waiting = b"".join(customer for _, customer in snapshot.party_places(sweep.place))
    again, is_resumed = b"".join(sweep.unweighed), sweep.place != _BEGIN
    done = total - (len(again) + len(waiting)) // RECORD_ID_BYTES
    yield Swept(done, total, 0, is_resumed, tuple(sweep.unweighed))
    for batch in chain(_batches(again), _batches(waiting)):
        sweep.weigh(batch)
        done += len(batch)
        yield Swept(done, total, sweep.decided, is_resumed, tuple(sweep.unweighed))
    if not sweep.unweighed:
        with hub.store.write() as transaction:
            transaction.set_setting(SWEEP, b"")
            transaction.set_setting(UNWEIGHED, b"")


def _batches(customers: bytes) -> Iterator[list[bytes]]:
    step = WEIGHED_TOGETHER_MAX * RECORD_ID_BYTES
    for start in range(0, len(customers), step):
        yield _split(customers[start : start + step])


def _split(customers: bytes) -> list[bytes]:
    return [customers[at : at + RECORD_ID_BYTES] for at in range(0, len(customers), RECORD_ID_BYTES)]


def _begin(hub: Hub, snapshot: Snapshot, unweighed_max: int) -> _Sweep:
    """A sweep that goes on where one of the same rules was left, or a new one."""
    rules = _rules(snapshot)
    words = (snapshot.setting(SWEEP) or b"").decode().split(" ", 2)
    if len(words) <= len(_BEGIN) or words[2] != rules:
        return _Sweep(hub, rules, _BEGIN, {}, unweighed_max)
    unweighed = dict.fromkeys(_split(snapshot.setting(UNWEIGHED) or b""))
    return _Sweep(hub, rules, (int(words[0]), bytes.fromhex(words[1])), unweighed, unweighed_max)


def _rules(snapshot: Snapshot) -> str:
    policy = read_policy(snapshot)
    models = (f"{kind}={model_id.hex()}" for kind, model_id in sorted(active_models(snapshot).items()))
    return " ".join((policy.mode.value, str(policy.links_by_car), str(FEATURE_VERSION), *models))
