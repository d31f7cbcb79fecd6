"""How far a recall has come: one state for each (VIN, campaign), and what became of each reported completion.

Decides the vocabulary of states and fates, and what a count answers. Pure values: which state a pair is in is decided
by `pair_states`, and the sums by `tallies`. Does not decide who is a member (`campaign_plans`) nor read any of it.

Rules
1. A member is in exactly one state, so the states add up to the members.
2. A completion counts once per (VIN, campaign) however many dealers report it.
3. What does not count is listed with its reason and changes no total.
4. Who was a member once is counted for ever: a plan that withdraws members does not make a campaign smaller.
5. Who is withdrawn is withdrawn, whatever was done: no work hides it, and its reports stay on record.

    rate (strict)   = completed / members
    rate (adjusted) = completed / (members - removed - in stock)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.registry import Value


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
    IN_STOCK = "in_stock"
    UNREACHABLE = "unreachable"
    INTERIM_DONE = "interim_done"
    OPEN_NO_REMEDY = "open_no_remedy"
    SUPERSEDED = "superseded"
    OPEN = "open"


class ReportFate(StrEnum):
    """What became of one reported completion."""

    COUNTED = "counted"
    DUPLICATE = "duplicate"
    RETRACTED = "retracted"
    NOT_A_MEMBER = "not-a-member"
    WITHDRAWN = "withdrawn"
    """Of a vehicle that a later plan withdrew, or of a campaign that was taken back."""
    NO_METHOD = "no-method"
    PARTIAL = "partial"
    """Some of several items: others are still to do, or were done by another completion afterwards."""
    INTERIM = "interim"
    OWNER_REFUSED = "owner-refused"
    BEFORE_CAMPAIGN = "before-campaign"
    CAR_NOT_SEEN = "car-not-seen"
    """The order it names is not of this dealer and this car."""
    WRONG_PART = "wrong-part"
    """Another part number or software version than every item it names."""
    NO_ITEM = "no-item"
    """The campaign does several things, and it names none of them."""
    LACKS_EVIDENCE = "lacks-evidence"


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
STILL_OPEN: Final = frozenset({PairState.OPEN, PairState.OPEN_NO_REMEDY, PairState.INTERIM_DONE, PairState.SUPERSEDED})
"""Owners who are to come; the unreachable are to come as well and counted apart."""

SETTLED_FATES: Final = frozenset(
    {ReportFate.COUNTED, ReportFate.RETRACTED, ReportFate.PARTIAL, ReportFate.INTERIM, ReportFate.OWNER_REFUSED}
)
"""What asks nobody to look at it; the others are exceptions."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a completion shows of the work, see `carnet_protocol.remedy`.

    Attributes:
        items_done: bits; None when it says nothing of items.
        proof_level: who did the work; empty for the dealer who says so.
    """

    technician_code: str = ""
    part_no: str = ""
    software_version: str = ""
    photo_hash: bytes = b""
    signature_hash: bytes = b""
    odometer_km: int | None = None
    items_done: int | None = None
    proof_level: str = ""

    def as_values(self) -> dict[str, Value]:
        """By field name, for the rules that node and hub share."""
        return {
            "technician_code": self.technician_code,
            "part_no": self.part_no,
            "software_version": self.software_version,
            "photo_hash": self.photo_hash,
            "signature_hash": self.signature_hash,
            "odometer_km": self.odometer_km,
            "items_done": self.items_done,
        }


NO_PROOF: Final = Proof()


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
        method: one of the registry's; None when it was not said.
        taken_back: the write that took it back, or deleted it; None while it stands.
        proof: what it shows of the work.
        campaign: record id of the campaign it is about; empty when it was not said.
        is_seen: its order is of the same dealer and the same car, which has this VIN, and neither void nor a draft.
    """

    record: RecordId
    op: OpId
    dealer: bytes
    vin: str
    visit: bytes | None
    completed_at_ms: int | None
    admitted_ms: int
    method: str | None
    taken_back: OpId | None = None
    proof: Proof = NO_PROOF
    is_seen: bool = True
    campaign: bytes = b""

    @property
    def is_retracted(self) -> bool:
        """Whether it was taken back, or deleted."""
        return self.taken_back is not None

    @property
    def cited(self) -> tuple[OpId, ...]:
        """The writes that its row cites."""
        return (self.op,) if self.taken_back is None else (self.op, self.taken_back)

    @property
    def done_ms(self) -> int:
        """When the work counts as done: never after the hub learnt of it."""
        said = self.completed_at_ms
        return self.admitted_ms if said is None else min(said, self.admitted_ms)

    @property
    def is_date_bounded(self) -> bool:
        """The dealer's clock was ahead: the stated day lay behind the day on which the hub learnt of it."""
        return self.completed_at_ms is not None and self.completed_at_ms > self.admitted_ms


@dataclass(frozen=True, slots=True)
class Judged:
    """A completion report and what became of it."""

    report: CompletionReport
    fate: ReportFate


@dataclass(frozen=True, slots=True)
class Sums:
    """What a count adds up to.

    Attributes:
        member_count: distinct members.
        totals: members by state; every state is there, and the sum is `member_count`.
        fates: reports by fate; every fate is there.
        came_back: members that were exported, scrapped or stolen and have been at a dealer's since: open, and an alarm.
    """

    member_count: int
    totals: Mapping[PairState, int]
    fates: Mapping[ReportFate, int]
    came_back: int

    @property
    def completed_count(self) -> int:
        """Members with a counting completion."""
        return self._sum(COMPLETED)

    @property
    def removed_count(self) -> int:
        """Members that were exported, scrapped, stolen or withdrawn before completion."""
        return self._sum(REMOVED)

    @property
    def open_count(self) -> int:
        """Members whose owners are to come and can be reached."""
        return self._sum(STILL_OPEN)

    @property
    def strict_rate_ppm(self) -> int:
        """Completed per million members, rounded down; 0 without members."""
        return _ppm(self.completed_count, self.member_count)

    @property
    def adjusted_rate_ppm(self) -> int:
        """Completed per million members that were neither removed nor unsold, rounded down."""
        absent = self.removed_count + self.totals[PairState.IN_STOCK]
        return _ppm(self.completed_count, self.member_count - absent)

    def _sum(self, states: frozenset[PairState]) -> int:
        return sum(self.totals[state] for state in states)


@dataclass(frozen=True, slots=True)
class Progress:
    """One campaign's count, pair by pair.

    Attributes:
        sums: what it adds up to.
        counted: the completion that closed the pair, by VIN.
        states: by VIN, the state of every member that is not in the resting one.
        judged: every report, by (VIN, done, op id).
        withdrawn: by VIN, why a later plan lists somebody no longer; completed ones among them.
        resting: the state of a member about whom nothing is known.
        came_back: the members of whom `Sums.came_back` speaks.
    """

    sums: Sums
    counted: Mapping[str, CompletionReport]
    states: Mapping[str, PairState]
    judged: tuple[Judged, ...]
    withdrawn: Mapping[str, str]
    resting: PairState
    came_back: frozenset[str]

    @property
    def member_count(self) -> int:
        """See `Sums`."""
        return self.sums.member_count

    @property
    def totals(self) -> Mapping[PairState, int]:
        """See `Sums`."""
        return self.sums.totals

    @property
    def fates(self) -> Mapping[ReportFate, int]:
        """See `Sums`."""
        return self.sums.fates

    @property
    def completed_count(self) -> int:
        """See `Sums`."""
        return self.sums.completed_count

    @property
    def removed_count(self) -> int:
        """See `Sums`."""
        return self.sums.removed_count

    @property
    def open_count(self) -> int:
        """See `Sums`."""
        return self.sums.open_count

    @property
    def strict_rate_ppm(self) -> int:
        """See `Sums`."""
        return self.sums.strict_rate_ppm

    @property
    def adjusted_rate_ppm(self) -> int:
        """See `Sums`."""
        return self.sums.adjusted_rate_ppm

    @property
    def exceptions(self) -> tuple[Judged, ...]:
        """Reports that somebody has to look at."""
        return tuple(one for one in self.judged if one.fate not in SETTLED_FATES)

    def state_of(self, vin: str) -> PairState:
        """The state of one member.

        Args:
            vin: of a member; for any other VIN the answer means nothing.
        """
        return self.states.get(vin, self.resting)


def _ppm(part: int, whole: int) -> int:
    return part * 1_000_000 // whole if whole > 0 else 0
