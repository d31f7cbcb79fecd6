"""What a campaign asks of the desk, and how far its work on one car has come.

Decides which items are still to be done on a car, and which recorded work counts nothing, given what was recorded for
it. What the work comes to is `carnet_protocol.remedy`, which the hub asks too; so a desk does not call done what the
hub will not count. Does not decide which cars are listed (`recall_check`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from carnet_node.core.limits import CHILDREN_MAX
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import StoredRecord
from carnet_protocol.demands import NO_DEMANDS, Demands, WorkItem, demands_of, item_of
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CAMPAIGN, CAMPAIGN_ITEM, RECALL_COMPLETION
from carnet_protocol.limits import CAMPAIGN_ITEMS_MAX
from carnet_protocol.registry import Value
from carnet_protocol.remedy import (
    CLOSING,
    COUNTS_NOTHING,
    INSPECTED,
    INTERIM,
    REFUNDED,
    REFUSED,
    Outcome,
    Work,
    WorkBench,
)
from carnet_protocol.resolvers import resolve, show
from carnet_protocol.state import buried_in, heads_of

AVAILABLE: Final = "available"
NOT_YET: Final = "not_yet"
WITH_INTERIM: Final = "interim"


@dataclass(frozen=True, slots=True)
class RecallTerms:
    """What a campaign asks.

    Attributes:
        remedy_state: `available`, `interim` or `not_yet`.
        demands: items and evidence, now and before.
        interim_remedy: what is done until the remedy is there; empty for nothing.
    """

    remedy_state: str = AVAILABLE
    demands: Demands = NO_DEMANDS
    interim_remedy: str = ""

    @property
    def items(self) -> tuple[WorkItem, ...]:
        """The items by number; none for a campaign that does one thing."""
        return self.demands.listed


NO_TERMS: Final = RecallTerms()

WHY_UNCOUNTED: Final[Mapping[Outcome, str]] = {
    Outcome.NO_METHOD: "It does not say how the recall was carried out. Record it again and say how.",
    Outcome.BEFORE_CAMPAIGN: "It is dated before the campaign began. Set this machine's clock and record it again.",
    Outcome.LACKS_EVIDENCE: "It lacks evidence that was wanted when the work was done. Record it again, complete.",
    Outcome.NO_ITEM: "It names nothing of what this campaign does. Record it again and tick what was done.",
    Outcome.WRONG_PART: "It states another part or software number than was named when the work was done. "
    "Compare it with the part and record it again.",
}
"""What somebody at the desk reads of recorded work that counts nothing."""


@dataclass(frozen=True, slots=True)
class DoneSoFar:
    """How far a campaign's work on one car has come.

    Attributes:
        items: numbers of the items that are done.
        is_done: every required one is.
        has_interim: the interim remedy is on the car.
        uncounted: why recorded work counts nothing; each reason once, in the order in which the work was done.
    """

    items: frozenset[int] = field(default=frozenset())
    is_done: bool = False
    has_interim: bool = False
    uncounted: tuple[Outcome, ...] = ()

    @property
    def why(self) -> tuple[str, ...]:
        """The same in sentences."""
        return tuple(WHY_UNCOUNTED[one] for one in self.uncounted)


NOTHING_DONE: Final = DoneSoFar()


@dataclass(frozen=True, slots=True)
class Lineage:
    """Which recalls take each other's place: what was done for one counts for no other.

    Attributes:
        supersedes: number of the earlier campaign that this one replaces; empty for none, and for one not known here.
        superseded_by: numbers of the published campaigns that replace this one.
    """

    supersedes: str = ""
    superseded_by: tuple[str, ...] = ()


ALONE: Final = Lineage()


def terms_of(tx: ReadTransaction, campaign: RecordId) -> RecallTerms:
    """What a campaign asks; nothing for one that is not known here."""
    stored = tx.record(CAMPAIGN, campaign)
    values = {} if stored is None else shown_fields(stored)
    held = tx.find_equal(CAMPAIGN_ITEM, "campaign_id", campaign, CAMPAIGN_ITEMS_MAX)
    items = [item_of(shown_fields(one)) for one in held if not one.is_deleted]
    return RecallTerms(
        str(values.get("remedy_state") or AVAILABLE),
        demands_of(values, items),
        str(values.get("interim_remedy") or ""),
    )


def lineage_of(tx: ReadTransaction, campaign: RecordId) -> Lineage:
    """What a campaign replaces and what replaces it; one that was withdrawn replaces nothing."""
    stored = tx.record(CAMPAIGN, campaign)
    earlier = None if stored is None else shown_fields(stored).get("supersedes_id")
    replaced = tx.record(CAMPAIGN, RecordId(earlier)) if isinstance(earlier, bytes) else None
    later = map(shown_fields, tx.find_equal(CAMPAIGN, "supersedes_id", campaign, CHILDREN_MAX))
    return Lineage(
        "" if replaced is None else str(shown_fields(replaced).get("campaign_no") or ""),
        tuple(sorted(str(one.get("campaign_no") or "") for one in later if one.get("state") == "published")),
    )


def methods_of(terms: RecallTerms) -> tuple[str, ...]:
    """How the desk may say that something was done: no repair without a remedy, an interim one only where there is one.

    A refusal is among them in any case: owners refuse what they are told to wait for, too.
    """
    work = (*((INTERIM,) if terms.remedy_state == WITH_INTERIM else ()), *CLOSING)
    return (*((INSPECTED, REFUNDED) if terms.remedy_state == NOT_YET else work), REFUSED)


def done_so_far(terms: RecallTerms, completions: Iterable[Work]) -> DoneSoFar:
    """What some standing completions of one car and campaign come to.

    Args:
        completions: in any order.
    """
    bench = WorkBench(terms.demands)
    outcomes = [bench.hear(work) for work in sorted(completions, key=lambda work: work.done_ms)]
    uncounted = dict.fromkeys(one for one in outcomes if one in COUNTS_NOTHING)
    return DoneSoFar(bench.done, bench.closed_by is not None, bench.has_interim, tuple(uncounted))


def is_new(terms: RecallTerms, said: Iterable[Work], work: Work) -> bool:
    """Whether work adds something to what was said before.

    Args:
        said: standing completions of one car and campaign, in any order.
    """
    earlier = list(said)
    bench = WorkBench(terms.demands)
    for one in sorted(earlier, key=lambda one: one.done_ms):
        bench.hear(one)
    if work.method in CLOSING:
        return bench.hear(work) is not Outcome.DUPLICATE
    return bench.closed_by is None and work.method not in {one.method for one in earlier}


def work_of(values: Mapping[str, Value], set_ms: int | None = None) -> Work:
    """A completion as work.

    Args:
        values: by field name.
        set_ms: set time of the completion; work was done no later than it.
    """
    known = [one for one in (values.get("completed_at"), set_ms) if isinstance(one, int)]
    return Work(str(values.get("method") or ""), min(known, default=0), values)


def stored_work(stored: StoredRecord) -> Work:
    """The work of a completion as it is kept here, done no later than its set time."""
    register = RECALL_COMPLETION.register_of("completed_at")
    heads = [one for one in heads_of(stored.entries, register.number) if not one.is_delete]
    heads = heads or buried_in(stored.entries, register.number)
    set_ms = resolve(register, register.number, heads).shown.time_ms if heads else None
    return work_of(shown_fields(stored), set_ms)


def shown_fields(stored: StoredRecord) -> dict[str, Value]:
    """Shown values by field name."""
    values = show(stored.kind, stored.entries).values
    return {one.name: values[label] for label, (_, one) in stored.kind.by_label.items() if label in values}
