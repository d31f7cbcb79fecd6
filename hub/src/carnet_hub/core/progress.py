"""How far a recall has come: one state for each (VIN, campaign), derived from facts.

Decides which state each member is in and what became of each reported completion. Pure: the same members, completions
and removals give the same answer in any order. Does not decide who is a member (`campaign_plans`) nor read any of it.

Rules
1. A member is in exactly one state, so the states add up to the members.
2. A completion counts once per (VIN, campaign) however many dealers report it: the earliest valid one, by the day the
   work was done, bounded by the hub's own admission time, then by op id. The others are *duplicate* reports.
3. A retracted or deleted completion counts nothing. One without a method, or for a VIN that is no member, counts
   nothing either and is an *exception* somebody looks at.
4. A member that was completed stays completed, whatever happens to the car or to the plan later; else one that a later
   plan withdrew, or whose car was exported, scrapped or stolen, is *removed*; else it is open.
5. Who was a member once is counted for ever: a plan that withdraws members does not make a campaign smaller.

    rate (strict)   = completed / members
    rate (adjusted) = completed / (members - removed)
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import Final

from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.vin import normalise_vin


class PairState(StrEnum):
    """The one state of a (VIN, campaign)."""

    REPAIRED = "repaired"
    REPLACED = "replaced"
    SOFTWARE = "software"
    INSPECTED_NO_DEFECT = "inspected_no_defect"
    REFUNDED = "refunded"
    EXPORTED = "exported"
    SCRAPPED = "scrapped"
    STOLEN = "stolen"
    WITHDRAWN = "withdrawn"
    OPEN = "open"


class ReportFate(StrEnum):
    """What became of one reported completion."""

    COUNTED = "counted"
    DUPLICATE = "duplicate"
    RETRACTED = "retracted"
    NOT_A_MEMBER = "not-a-member"
    NO_METHOD = "no-method"


COMPLETED: Final = frozenset(
    {
        PairState.REPAIRED,
        PairState.REPLACED,
        PairState.SOFTWARE,
        PairState.INSPECTED_NO_DEFECT,
        PairState.REFUNDED,
    }
)
REMOVED: Final = frozenset({PairState.EXPORTED, PairState.SCRAPPED, PairState.STOLEN, PairState.WITHDRAWN})

_METHODS: Final = {state.value: state for state in COMPLETED}
_REMOVALS: Final = {state.value: state for state in REMOVED - {PairState.WITHDRAWN}}


@dataclass(frozen=True, slots=True)
class CompletionReport:
    """One completion record as the hub shows it.

    Attributes:
        record: its record id.
        op: the write that is shown; cites the change set.
        dealer: site that wrote it.
        vin: as written.
        visit: the repair order.
        completed_at_ms: when the work was done, by the dealer's clock; None when it was not said.
        admitted_ms: set time fixed at admission.
        method: one of the completed `PairState` values; None when it was not said.
        is_retracted: taken back, or deleted.
    """

    record: RecordId
    op: OpId
    dealer: bytes
    vin: str
    visit: bytes | None
    completed_at_ms: int | None
    admitted_ms: int
    method: str | None
    is_retracted: bool

    @property
    def done_ms(self) -> int:
        """When the work counts as done: never after the hub learnt of it."""
        said = self.completed_at_ms
        return self.admitted_ms if said is None else min(said, self.admitted_ms)


@dataclass(frozen=True, slots=True)
class Judged:
    """A completion report and what became of it."""

    report: CompletionReport
    fate: ReportFate


@dataclass(frozen=True, slots=True)
class Progress:
    """One campaign's count.

    Attributes:
        member_count: distinct members.
        totals: members by state; every state is there, and the sum is `member_count`.
        counted: the completion that counts, by VIN.
        removed: state by VIN, for members that left without completion.
        withdrawn: by VIN, why a later plan lists somebody no longer; completed ones among them.
        judged: every report, by (VIN, done, op id).
    """

    member_count: int
    totals: Mapping[PairState, int]
    counted: Mapping[str, CompletionReport]
    removed: Mapping[str, PairState]
    judged: tuple[Judged, ...]
    fates: Mapping[ReportFate, int] = field(default_factory=dict)
    withdrawn: Mapping[str, str] = field(default_factory=dict)

    @property
    def completed_count(self) -> int:
        """Members with a counting completion."""
        return sum(self.totals[state] for state in COMPLETED)

    @property
    def removed_count(self) -> int:
        """Members that were exported, scrapped, stolen or withdrawn before completion."""
        return sum(self.totals[state] for state in REMOVED)

    @property
    def strict_rate_ppm(self) -> int:
        """Completed per million members, rounded down; 0 without members."""
        return _ppm(self.completed_count, self.member_count)

    @property
    def adjusted_rate_ppm(self) -> int:
        """Completed per million members that were not removed, rounded down."""
        return _ppm(self.completed_count, self.member_count - self.removed_count)

    def state_of(self, vin: str) -> PairState:
        """The state of one member.

        Args:
            vin: of a member; for any other VIN the answer means nothing.
        """
        counted = self.counted.get(vin)
        if counted is not None and counted.method is not None:
            return _METHODS[counted.method]
        return self.removed.get(vin, PairState.OPEN)


def count_progress(
    members: Iterable[str],
    reports: Iterable[CompletionReport],
    lifecycles: Mapping[str, str],
    withdrawn: Mapping[str, str] | None = None,
) -> Progress:
    """Put every member into its one state.

    Args:
        members: distinct VINs in normal form; read once.
        reports: every completion record of the campaign, in any order.
        lifecycles: shown vehicle lifecycle by VIN, for as many vehicles as are known.
        withdrawn: reason by VIN, of those whom an earlier plan listed and this one does not.
    """
    withdrawn = withdrawn or {}
    waiting = sorted(reports, key=lambda one: (normalise_vin(one.vin), one.done_ms, one.op))
    reported = {normalise_vin(one.vin) for one in waiting}
    member_count = 0
    listed: set[str] = set()
    leaving: dict[str, PairState] = {}
    for vin in chain(members, withdrawn):
        member_count += 1
        if vin in reported:
            listed.add(vin)
        gone = PairState.WITHDRAWN if vin in withdrawn else _REMOVALS.get(lifecycles.get(vin, ""))
        if gone is not None:
            leaving[vin] = gone
    counted: dict[str, CompletionReport] = {}
    judged: list[Judged] = []
    for report in waiting:
        vin = normalise_vin(report.vin)
        fate = _fate(report, is_member=vin in listed, is_counted=vin in counted)
        if fate is ReportFate.COUNTED:
            counted[vin] = report
        judged.append(Judged(report, fate))
    removed = {vin: state for vin, state in leaving.items() if vin not in counted}
    return Progress(
        member_count,
        _totals(member_count, counted, removed),
        counted,
        removed,
        tuple(judged),
        Counter(one.fate for one in judged),
        withdrawn,
    )


def _fate(report: CompletionReport, *, is_member: bool, is_counted: bool) -> ReportFate:
    """What one report comes to, the earlier reports of its VIN having been judged."""
    if report.is_retracted:
        return ReportFate.RETRACTED
    if not is_member:
        return ReportFate.NOT_A_MEMBER
    if report.method not in _METHODS:
        return ReportFate.NO_METHOD
    return ReportFate.DUPLICATE if is_counted else ReportFate.COUNTED


def _totals(
    member_count: int, counted: Mapping[str, CompletionReport], removed: Mapping[str, PairState]
) -> dict[PairState, int]:
    totals = dict.fromkeys(PairState, 0)
    for report in counted.values():
        totals[_METHODS[report.method or ""]] += 1
    for state in removed.values():
        totals[state] += 1
    totals[PairState.OPEN] = member_count - len(counted) - len(removed)
    return totals


def _ppm(part: int, whole: int) -> int:
    return part * 1_000_000 // whole if whole > 0 else 0
