"""The one state of one (VIN, campaign), and what became of each completion reported for it.

Decides it from facts: what the campaign asks (`Terms`), what is known of the car (`CarFacts`), who is a member, and the
reports, in any order. Pure. Does not add anything up (`tallies`) nor read anything (`completions`).

Rules
1. Reports are judged by the day the work was done, bounded by the hub's own admission time, then by op id.
2. One that is retracted, of no member, without a known method, of a car that its dealer's order does not show, from
   before the campaign, without the evidence that was asked for when it was done, or with another number fitted than
   every item it names has: closes nothing, under the first of these reasons. Nor do `interim` and `refused`.
3. A pair closes with the report that does the last required item; its state is that report's method, but *inspected, no
   defect* only when every item was. Money back closes it whatever the items. Whatever comes later is a duplicate.
4. A member that was completed stays completed, whatever happens to the car or to the plan later. Else one that a later
   plan withdrew is withdrawn; one whose car was exported, scrapped or stolen is removed until a dealer sees the car
   again, which opens it and is an alarm; an unsold one is in stock, for the stop-sale list and not for owners.
5. Whoever is left is open: unreachable after `UNREACHABLE_TRIES` attempts since the last contact, else with an interim
   remedy, else as the campaign rests: no remedy yet, superseded, or plainly open.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from carnet_hub.core.campaign_work import WorkItem
from carnet_hub.core.limits import UNREACHABLE_TRIES
from carnet_hub.core.progress import COMPLETED, CompletionReport, Judged, PairState, ReportFate
from carnet_protocol.kinds import COMPLETION_METHODS
from carnet_protocol.remedy import INTERIM, REFUSED, claimed_items, contradicts, missing_evidence

_METHODS: Final = {state.value: state for state in COMPLETED}
_LEFT: Final = {state.value: state for state in (PairState.EXPORTED, PairState.SCRAPPED, PairState.STOLEN)}
_ONE_ITEM: Final = WorkItem(1, "")
"""What a campaign without items does."""


class Standing(Enum):
    """Whether a VIN belongs to a campaign."""

    STRANGER = 0
    MEMBER = 1
    WITHDRAWN = 2


@dataclass(frozen=True, slots=True)
class Terms:
    """What a campaign asks of a completion.

    Attributes:
        items: what is done on a car; none for a campaign that does one thing.
        evidence_bits: see `remedy.evidence_bits`.
        evidence_asked_ms: since when; 0 for always.
        begins_ms: work that was done earlier belongs to no campaign; 0 for always.
        resting: state of a member about whom nothing is known.
    """

    items: tuple[WorkItem, ...] = ()
    evidence_bits: int = 0
    evidence_asked_ms: int = 0
    begins_ms: int = 0
    resting: PairState = PairState.OPEN

    @property
    def work(self) -> tuple[WorkItem, ...]:
        """The items, at least one."""
        return self.items or (_ONE_ITEM,)

    @property
    def required(self) -> frozenset[int]:
        """Numbers of the items that have to be done."""
        return frozenset(item.item_no for item in self.work if item.is_required)


@dataclass(frozen=True, slots=True)
class CarFacts:
    """What is known of a car apart from completions.

    Attributes:
        lifecycle: as shown; empty when nothing is said.
        is_back: some dealer has opened an order for it after it was said to be gone, and not voided it.
        failed_tries: attempts to reach its owner since the last contact.
    """

    lifecycle: str = ""
    is_back: bool = False
    failed_tries: int = 0


UNKNOWN_CAR: Final = CarFacts()


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """What is known of one VIN.

    Attributes:
        state: None for a stranger.
        counted: the report that closed the pair.
        judged: every report, in the order of rule 1.
        came_back: the car had left, is open again and wants somebody to look.
    """

    state: PairState | None
    counted: CompletionReport | None
    judged: tuple[Judged, ...]
    came_back: bool = False


def judge_pair(terms: Terms, standing: Standing, car: CarFacts, reports: Iterable[CompletionReport]) -> PairVerdict:
    """The state of one VIN in one campaign.

    Args:
        reports: every completion record for this VIN in this campaign, in any order.
    """
    bench = _Bench(terms, standing)
    judged = [Judged(one, bench.judge(one)) for one in sorted(reports, key=lambda one: (one.done_ms, one.op))]
    state = _state(terms, standing, car, bench)
    has_left = car.lifecycle in _LEFT and car.is_back
    return PairVerdict(
        state, bench.counted, tuple(judged), standing is Standing.MEMBER and has_left and not bench.closed
    )


class _Bench:
    """The reports of one pair, heard one after the other."""

    def __init__(self, terms: Terms, standing: Standing) -> None:
        self._terms = terms
        self._standing = standing
        self._done: set[int] = set()
        self._last_work = ""
        self.counted: CompletionReport | None = None
        self.closed: PairState | None = None
        self.has_interim = False

    def judge(self, report: CompletionReport) -> ReportFate:
        """What a report comes to, the earlier ones having been heard."""
        fault = _fault(self._terms, self._standing, report)
        if fault is not None:
            return fault
        if report.method == INTERIM:
            self.has_interim = True
            return ReportFate.INTERIM
        if report.method == REFUSED:
            return ReportFate.OWNER_REFUSED
        claimed = _claimed(self._terms, report)
        if not claimed:
            return ReportFate.NO_ITEM
        done = {item.item_no for item in claimed if not _contradicts(item, report)}
        if not done:
            return ReportFate.WRONG_PART
        return self._take(report, done)

    def _take(self, report: CompletionReport, done: set[int]) -> ReportFate:
        if self.closed is not None or done <= self._done:
            return ReportFate.DUPLICATE
        self._done |= done
        if report.method != PairState.INSPECTED_NO_DEFECT.value:
            self._last_work = report.method or ""
        if not self._terms.required <= self._done:
            return ReportFate.PARTIAL
        self.counted = report
        self.closed = _METHODS[self._last_work or PairState.INSPECTED_NO_DEFECT.value]
        return ReportFate.COUNTED


def _fault(terms: Terms, standing: Standing, report: CompletionReport) -> ReportFate | None:
    """Why a report counts nothing whatever else was reported; None for one that may count."""
    if report.is_retracted:
        return ReportFate.RETRACTED
    if standing is Standing.STRANGER:
        return ReportFate.NOT_A_MEMBER
    if report.method not in COMPLETION_METHODS:
        return ReportFate.NO_METHOD
    if not report.is_seen:
        return ReportFate.CAR_NOT_SEEN
    if report.done_ms < terms.begins_ms:
        return ReportFate.BEFORE_CAMPAIGN
    bits = terms.evidence_bits if report.done_ms >= terms.evidence_asked_ms else 0
    return ReportFate.LACKS_EVIDENCE if missing_evidence(bits, report.method, report.proof.as_values()) else None


def _claimed(terms: Terms, report: CompletionReport) -> tuple[WorkItem, ...]:
    """The items that a report says it did."""
    numbers = [item.item_no for item in terms.work]
    named = claimed_items(numbers, report.method or "", report.proof.items_done)
    return tuple(item for item in terms.work if item.item_no in named)


def _contradicts(item: WorkItem, report: CompletionReport) -> bool:
    is_asked = report.done_ms >= item.numbers_asked_ms
    return is_asked and contradicts(item.numbers, report.method or "", report.proof.as_values())


def _state(terms: Terms, standing: Standing, car: CarFacts, bench: _Bench) -> PairState | None:
    match standing:
        case Standing.STRANGER:
            return None
        case Standing.WITHDRAWN:
            return bench.closed or PairState.WITHDRAWN
        case Standing.MEMBER:
            return bench.closed or _unfinished(terms, car, has_interim=bench.has_interim)
    assert_never(standing)


def _unfinished(terms: Terms, car: CarFacts, *, has_interim: bool) -> PairState:
    """The state of a member that no completion has closed."""
    left = _LEFT.get(car.lifecycle)
    is_over = terms.resting is PairState.SUPERSEDED
    if left is not None and not car.is_back:
        return left
    if car.lifecycle == PairState.IN_STOCK.value:
        return PairState.IN_STOCK
    if car.failed_tries >= UNREACHABLE_TRIES and not is_over:
        return PairState.UNREACHABLE
    return PairState.INTERIM_DONE if has_interim and not is_over else terms.resting
