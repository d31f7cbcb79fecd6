"""Everybody weighed once more: customers that were here before the matcher, or before it might link as much.

Decides who is weighed when, and how far a sweep has come. Each customer meets what it would meet if it arrived today
(`matching.match_fresh`), in the order in which the log first folded them, a bounded number in a transaction. Does not
decide about anybody, and never waits for a person.

Rules:
- A sweep that was stopped goes on behind the last customer that was committed. Under other rules (mode, models, version
  of the features) it begins anew.
- What has been decided is not said again: a second sweep writes nothing into the log.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.master_limits import WEIGHED_TOGETHER_MAX
from carnet_hub.core.master_rows import PartyPlace
from carnet_hub.core.matching import match_fresh, read_policy
from carnet_hub.core.models_in_use import active_models
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.workspace import open_workspace
from carnet_master.features import FEATURE_VERSION
from carnet_protocol.ids import RECORD_ID_BYTES

SWEEP: Final = "master_sweep"
"""Setting: position and customer up to which a sweep has come, then the rules it follows; none when nothing is left."""

_BEGIN: Final[PartyPlace] = (0, b"")


@dataclass(frozen=True, slots=True)
class Swept:
    """How far a sweep has come.

    Attributes:
        done, total: customers, those of an earlier run of the same sweep among them.
        decided: decisions that this run has written; 0 when there was nothing new.
        is_resumed: an earlier run was gone on with.
    """

    done: int
    total: int
    decided: int
    is_resumed: bool


def weigh_everybody(hub: Hub) -> Iterator[Swept]:
    """Weigh every customer as if it had just arrived, `WEIGHED_TOGETHER_MAX` in a transaction.

    Raises:
        StoreBusy, StoreError, HistoryEnded: see `ports` and `present`; what was yielded stands, calling again goes on.

    Returns: how far it has come, at the beginning and after every transaction.
    """
    with hub.store.read() as snapshot:
        rules = _rules(snapshot)
        after = _left_at(snapshot, rules)
        total = snapshot.party_count()
        waiting = b"".join(customer for _, customer in snapshot.party_places(after))
    is_resumed = after != _BEGIN
    done, decided = total - len(waiting) // RECORD_ID_BYTES, 0
    yield Swept(done, total, decided, is_resumed)
    step = WEIGHED_TOGETHER_MAX * RECORD_ID_BYTES
    for start in range(0, len(waiting), step):
        piece = waiting[start : start + step]
        batch = [piece[at : at + RECORD_ID_BYTES] for at in range(0, len(piece), RECORD_ID_BYTES)]
        decided += _weigh(hub, batch, rules)
        done += len(batch)
        yield Swept(done, total, decided, is_resumed)
    with hub.store.write() as transaction:
        transaction.set_setting(SWEEP, b"")


def _weigh(hub: Hub, batch: list[bytes], rules: str) -> int:
    """Weigh some customers in one transaction; the number of decisions that it wrote."""
    with hub.store.write() as transaction:
        workspace = open_workspace(hub, transaction)
        workspace.fresh_parties.update(batch)
        decided = match_fresh(hub, workspace)
        workspace.flush(transaction)
        last = workspace.master.party(batch[-1])
        since = last.since if last is not None else 0
        transaction.set_setting(SWEEP, f"{since} {batch[-1].hex()} {rules}".encode())
    return decided


def _left_at(snapshot: Snapshot, rules: str) -> PartyPlace:
    """Behind whom a sweep of the same rules was left."""
    words = (snapshot.setting(SWEEP) or b"").decode().split(" ", 2)
    is_known = len(words) > len(_BEGIN) and words[2] == rules
    return (int(words[0]), bytes.fromhex(words[1])) if is_known else _BEGIN


def _rules(snapshot: Snapshot) -> str:
    policy = read_policy(snapshot)
    models = (f"{kind}={model_id.hex()}" for kind, model_id in sorted(active_models(snapshot).items()))
    return " ".join((policy.mode.value, str(policy.links_by_car), str(FEATURE_VERSION), *models))
