"""The one state of one (VIN, campaign), and what became of each completion reported for it.

Decides it from facts: what the campaign asks (`Terms`), what is known of the car (`CarFacts`), who is a member, and the
reports, in any order. What their work comes to is `carnet_protocol.remedy`, as at the desk. Pure. Does not add anything
up (`tallies`) nor read anything (`completions`).

Rules
1. Reports are judged by the day the work was done, bounded by the hub's own admission time, then by op id.
2. One that is retracted, of no member, of one that is withdrawn, without a known method, of a car that its dealer's
   order does not show, from before the campaign, without the evidence that was demanded when it was done, or with
   another number fitted than every item it names then had: closes nothing, under the first of these reasons. Nor do
   `interim` and `refused`.
3. A pair closes with the report that does the last required item; its state is that report's method, but *inspected, no
   defect* only when every item was. Money back closes it whatever the items. Whatever comes later is a duplicate.
4. One that a later plan withdrew is withdrawn, and so is everyone in a campaign that was taken back: they are out of
   the population, and work that was done on them, before or after, stays on record and completes nothing.
5. Any other member that was completed stays completed, whatever happens to the car later. Else one whose car was
   exported, scrapped or stolen is removed until a dealer sees the car again, which opens it and is an alarm; an unsold
   one is in stock, for the stop-sale list and not for owners.
6. Whoever is left is open: unreachable after as many failed attempts since the last contact as the campaign says, else
   with an interim remedy, else as the campaign rests: no remedy yet, superseded, or plainly open.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from carnet_hub.core.counting.progress import COMPLETED, CompletionReport, Judged, PairState, ReportFate
from carnet_hub.core.limits import UNREACHABLE_TRIES
from carnet_protocol.demands import NO_DEMANDS, Demands
from carnet_protocol.kinds import COMPLETION_METHODS
from carnet_protocol.remedy import Work, WorkBench

_METHODS: Final = {state.value: state for state in COMPLETED}
_LEFT: Final = {state.value: state for state in (PairState.EXPORTED, PairState.SCRAPPED, PairState.STOLEN)}


class Standing(Enum):
    """Whether a VIN belongs to a campaign."""

    STRANGER = 0
    MEMBER = 1
    WITHDRAWN = 2


@dataclass(frozen=True, slots=True)
class Terms:
    """What a campaign asks of a completion.

    Attributes:
        demands: items and evidence, now and before.
        resting: state of a member about whom nothing is known; `WITHDRAWN` for a campaign that was taken back.
        tries_max: failed attempts since the last contact after which an owner is unreachable.
    """

    demands: Demands = NO_DEMANDS
    resting: PairState = PairState.OPEN
    tries_max: int = UNREACHABLE_TRIES


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
    if standing is Standing.MEMBER and terms.resting is PairState.WITHDRAWN:
        standing = Standing.WITHDRAWN
    bench = WorkBench(terms.demands)
    judged: list[Judged] = []
    counted: CompletionReport | None = None
    for report in sorted(reports, key=lambda one: (one.done_ms, one.op)):
        fate = _fault(standing, report) or _heard(bench, report)
        judged.append(Judged(report, fate))
        counted = report if fate is ReportFate.COUNTED else counted
    state = _state(terms, standing, car, bench)
    has_left = car.lifecycle in _LEFT and car.is_back
    came_back = standing is Standing.MEMBER and has_left and counted is None
    return PairVerdict(state, counted, tuple(judged), came_back)


def _fault(standing: Standing, report: CompletionReport) -> ReportFate | None:
    """Why a report counts nothing whatever its work; None for one that may count."""
    if report.is_retracted:
        return ReportFate.RETRACTED
    if standing is Standing.STRANGER:
        return ReportFate.NOT_A_MEMBER
    if standing is Standing.WITHDRAWN:
        return ReportFate.WITHDRAWN
    if report.method not in COMPLETION_METHODS:
        return ReportFate.NO_METHOD
    return None if report.is_seen else ReportFate.CAR_NOT_SEEN


def _heard(bench: WorkBench, report: CompletionReport) -> ReportFate:
    """What the work of a report comes to, the earlier ones having been heard."""
    return ReportFate(bench.hear(Work(report.method or "", report.done_ms, report.proof.as_values())).value)


def _state(terms: Terms, standing: Standing, car: CarFacts, bench: WorkBench) -> PairState | None:
    closed = _METHODS.get(bench.closed_by or "")
    match standing:
        case Standing.STRANGER:
            return None
        case Standing.WITHDRAWN:
            return PairState.WITHDRAWN
        case Standing.MEMBER:
            return closed or _unfinished(terms, car, has_interim=bench.has_interim)
    assert_never(standing)


def _unfinished(terms: Terms, car: CarFacts, *, has_interim: bool) -> PairState:
    """The state of a member that no completion has closed."""
    left = _LEFT.get(car.lifecycle)
    is_over = terms.resting is PairState.SUPERSEDED
    if left is not None and not car.is_back:
        return left
    if car.lifecycle == PairState.IN_STOCK.value:
        return PairState.IN_STOCK
    if car.failed_tries >= terms.tries_max and not is_over:
        return PairState.UNREACHABLE
    return PairState.INTERIM_DONE if has_interim and not is_over else terms.resting
