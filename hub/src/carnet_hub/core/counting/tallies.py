"""The sums over all pairs of a campaign, counted anew.

Decides how verdicts about single VINs (`pair_states`) add up when everything is read once. The sums that are kept while
facts arrive (`kept_sums`) give the same answer for the same facts, whatever the order in which they arrived.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final

from carnet_hub.core.counting.pair_states import UNKNOWN_CAR, CarFacts, PairVerdict, Standing, Terms, judge_pair
from carnet_hub.core.counting.progress import CompletionReport, PairState, Progress, ReportFate, Sums
from carnet_protocol.vin import normalise_vin

NO_TERMS: Final = Terms()


def count_progress(
    members: Iterable[str],
    reports: Iterable[CompletionReport],
    cars: Mapping[str, CarFacts],
    withdrawn: Mapping[str, str] | None = None,
    terms: Terms = NO_TERMS,
) -> Progress:
    """Put every member into its one state.

    Args:
        members: distinct VINs in normal form; read once and not held.
        reports: every completion record of the campaign, in any order.
        cars: by VIN, for as many cars as something is known of.
        withdrawn: reason by VIN, of those whom an earlier plan listed and this one does not.
        terms: what the campaign asks.
    """
    withdrawn = withdrawn or {}
    by_vin: dict[str, list[CompletionReport]] = {}
    for report in reports:
        by_vin.setdefault(normalise_vin(report.vin), []).append(report)
    known = {*by_vin, *cars, *withdrawn}
    member_count, listed = 0, set[str]()
    for vin in chain(members, withdrawn):
        member_count += 1
        if vin in known:
            listed.add(vin)
    standings = {vin: _standing(vin in listed, vin in withdrawn) for vin in known}
    verdicts = {
        vin: judge_pair(terms, standings[vin], cars.get(vin, UNKNOWN_CAR), by_vin.get(vin, ())) for vin in sorted(known)
    }
    totals = Counter({terms.resting: member_count - len(listed)})
    totals.update(one.state for one in verdicts.values() if one.state is not None)
    fates = Counter(judged.fate for one in verdicts.values() for judged in one.judged)
    back = sum(one.came_back for one in verdicts.values())
    return _progress(terms.resting, _sums(member_count, totals, fates, back), withdrawn, verdicts)


def _standing(is_member: bool, is_withdrawn: bool) -> Standing:  # noqa: FBT001  (two facts, not switches)
    if is_withdrawn:
        return Standing.WITHDRAWN
    return Standing.MEMBER if is_member else Standing.STRANGER


def _sums(member_count: int, totals: Mapping[PairState, int], fates: Mapping[ReportFate, int], back: int) -> Sums:
    return Sums(
        member_count,
        {state: totals.get(state, 0) for state in PairState},
        {fate: fates.get(fate, 0) for fate in ReportFate},
        back,
    )


def _progress(
    resting: PairState, sums: Sums, withdrawn: Mapping[str, str], verdicts: Mapping[str, PairVerdict]
) -> Progress:
    """The answer, from verdicts in the order of their VINs."""
    return Progress(
        sums,
        {vin: one.counted for vin, one in verdicts.items() if one.counted is not None},
        {vin: one.state for vin, one in verdicts.items() if one.state is not None and one.state is not resting},
        tuple(judged for one in verdicts.values() for judged in one.judged),
        withdrawn,
        resting,
        frozenset(vin for vin, one in verdicts.items() if one.came_back),
    )
