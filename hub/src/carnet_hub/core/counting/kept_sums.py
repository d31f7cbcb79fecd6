"""Sums of a campaign from one verdict after the other: what each adds, and what a reader makes of them.

Decides which sums are kept and what their keys mean, purely. Neither reads nor judges anything (`following_counts`,
`pair_states`). How a campaign rests is said when the sums are read: no row changes when a remedy becomes available, nor
by the setting that counts superseded campaigns apart, nor when a campaign is taken back.

    key = campaign, one letter, what is alike: s state, f fate, b back at a dealer's, d day of work, o site that did it
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.count_rows import PairRow, SumRow
from carnet_hub.core.counting.pair_states import PairVerdict, Standing
from carnet_hub.core.counting.progress import PairState, ReportFate, Sums
from carnet_hub.core.counting.trends import work_day

CAMPAIGN_BYTES: Final = 16

_STATE, _FATE, _BACK, _DAY, _SITE = b"s", b"f", b"b", b"d", b"o"
_DAY_BYTES: Final = 8
_DAY_BIAS: Final = 1 << 62
"""A clock may stand before 1970, and keys ascend."""

_IF_SUPERSEDED: Final = (PairState.UNREACHABLE, PairState.INTERIM_DONE)
"""Open states that nobody tells apart in a campaign that another one supersedes."""


_FOR_EVER: Final = frozenset({ReportFate.RETRACTED, ReportFate.NOT_A_MEMBER})
"""What a report is, whatever becomes of its campaign."""


@dataclass(frozen=True, slots=True)
class SumsApart:
    """The sums of a campaign as they are kept.

    Attributes:
        states: members by `PairState`; those that rest are left out.
        fates: reports by `ReportFate`.
        days: completions by day of work, see `trends.work_day`.
        dealers: completions by the site that did them.
    """

    states: Mapping[str, int]
    fates: Mapping[str, int]
    came_back: int
    days: Mapping[int, int]
    dealers: Mapping[bytes, int]


def pair_of(campaign: bytes, vin: str) -> bytes:
    """The key of a pair.

    Args:
        vin: in normal form.
    """
    return campaign + vin.encode()


def split_pair(pair: bytes) -> tuple[bytes, str]:
    """Campaign and VIN of a pair."""
    return pair[:CAMPAIGN_BYTES], pair[CAMPAIGN_BYTES:].decode()


def pair_row(pair: bytes, standing: Standing, verdict: PairVerdict) -> PairRow | None:
    """What is kept of a verdict that was reached as if the campaign rested open; None when nothing is."""
    state = "" if verdict.state in (None, PairState.OPEN) else str(verdict.state)
    if not state and not verdict.judged and not verdict.came_back:
        return None
    done = verdict.counted
    return PairRow(
        pair,
        standing.value,
        state,
        done.dealer if done is not None else b"",
        work_day(done.done_ms) if done is not None else 0,
        " ".join(judged.fate.value for judged in verdict.judged),
        verdict.came_back,
    )


def moves(former: PairRow | None, present: PairRow | None) -> Counter[bytes]:
    """By sum, what changes when a pair becomes another; a sum that stays is not there."""
    changes = Counter(_adds(present))
    changes.subtract(_adds(former))
    return Counter({key: change for key, change in changes.items() if change})


def read_sums(rows: Iterable[SumRow]) -> SumsApart:
    """The sums of one campaign, told apart by their keys."""
    kept: dict[bytes, dict[bytes, int]] = {}
    for row in rows:
        letter, what = row.key[CAMPAIGN_BYTES : CAMPAIGN_BYTES + 1], row.key[CAMPAIGN_BYTES + 1 :]
        kept.setdefault(letter, {})[what] = row.number
    return SumsApart(
        {what.decode(): count for what, count in kept.get(_STATE, {}).items()},
        {what.decode(): count for what, count in kept.get(_FATE, {}).items()},
        sum(kept.get(_BACK, {}).values()),
        {int.from_bytes(what, "big") - _DAY_BIAS: count for what, count in kept.get(_DAY, {}).items()},
        kept.get(_SITE, {}),
    )


def sums_of(apart: SumsApart, member_count: int, resting: PairState) -> Sums:
    """What the sums say of a campaign.

    Args:
        member_count: distinct members, withdrawn ones among them.
        resting: state of a member of whom nothing is known.
    """
    if resting is PairState.WITHDRAWN:
        return _taken_back(apart, member_count)
    totals = {state: apart.states.get(state.value, 0) for state in PairState}
    if resting is PairState.SUPERSEDED:
        totals |= dict.fromkeys(_IF_SUPERSEDED, 0)
    totals[resting] += member_count - sum(totals.values())
    return Sums(member_count, totals, {fate: apart.fates.get(fate.value, 0) for fate in ReportFate}, apart.came_back)


def _taken_back(apart: SumsApart, member_count: int) -> Sums:
    """What the sums say of a campaign that was taken back: everybody is withdrawn, and no report counts."""
    fates = dict.fromkeys(ReportFate, 0)
    for name, count in apart.fates.items():
        fates[ReportFate(name) if name in _FOR_EVER else ReportFate.WITHDRAWN] += count
    return Sums(member_count, dict.fromkeys(PairState, 0) | {PairState.WITHDRAWN: member_count}, fates, came_back=0)


def _adds(row: PairRow | None) -> Iterator[bytes]:
    """The sums that a pair is part of, once for each time."""
    if row is None:
        return
    campaign = row.pair[:CAMPAIGN_BYTES]
    if row.state:
        yield campaign + _STATE + row.state.encode()
    if row.dealer:
        yield campaign + _DAY + (row.work_day + _DAY_BIAS).to_bytes(_DAY_BYTES, "big")
        yield campaign + _SITE + row.dealer
    for fate in row.fates.split():
        yield campaign + _FATE + fate.encode()
    if row.came_back:
        yield campaign + _BACK
