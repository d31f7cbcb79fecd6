"""The sums over all pairs of a campaign: counted anew, or kept as facts arrive.

Decides how verdicts about single VINs (`pair_states`) add up. `count_progress` reads everything once; a `Tally` takes
one changed fact after the other, judges that VIN alone again, and moves it from one sum to another. Both give the same
answer for the same facts, whatever the order in which they arrived.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain
from typing import Final

from carnet_hub.core.pair_states import UNKNOWN_CAR, CarFacts, PairVerdict, Standing, Terms, judge_pair
from carnet_hub.core.progress import CompletionReport, PairState, Progress, ReportFate, Sums
from carnet_protocol.ids import RecordId
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


class Tally:
    """The count of one campaign, kept while facts arrive.

    Holds what is known of the VINs that something was said about, never all members.

    Args:
        member_count: distinct members, withdrawn ones among them.
        is_member: whether the present plan lists a VIN in normal form.
        withdrawn: reason by VIN, of those whom an earlier plan listed and this one does not.
    """

    def __init__(
        self, terms: Terms, member_count: int, is_member: Callable[[str], bool], withdrawn: Mapping[str, str]
    ) -> None:
        self._terms = terms
        self._is_member = is_member
        self._withdrawn = withdrawn
        self._reports: dict[RecordId, CompletionReport] = {}
        self._records: dict[str, set[RecordId]] = {}
        self._cars: dict[str, CarFacts] = {}
        self._verdicts: dict[str, PairVerdict] = {}
        self._member_count = member_count
        self._totals: Counter[PairState] = Counter({terms.resting: member_count})
        self._fates: Counter[ReportFate] = Counter()
        self._back = 0
        for vin in withdrawn:
            self._judge(vin)

    def take_report(self, report: CompletionReport) -> None:
        """A completion record as it is now; a former statement of the same record is forgotten."""
        self.drop_report(report.record)
        vin = normalise_vin(report.vin)
        self._reports[report.record] = report
        self._records.setdefault(vin, set()).add(report.record)
        self._judge(vin)

    def drop_report(self, record: RecordId) -> None:
        """A completion record is no more: what stated it was excluded."""
        former = self._reports.pop(record, None)
        if former is not None:
            vin = normalise_vin(former.vin)
            self._records[vin].discard(record)
            self._judge(vin)

    def take_car(self, vin: str, car: CarFacts) -> None:
        """What is known of a car now; of a stranger nothing is kept.

        Args:
            vin: in normal form.
        """
        if self._is_member(vin) or vin in self._withdrawn:
            self._cars[vin] = car
            self._judge(vin)

    @property
    def sums(self) -> Sums:
        """What it adds up to; costs nothing however large the campaign is."""
        return _sums(self._member_count, self._totals, self._fates, self._back)

    @property
    def car_count(self) -> int:
        """Cars that are held because something was said about them."""
        return len(self._verdicts)

    def on_visits(self, visits: Collection[bytes]) -> list[RecordId]:
        """The completions that name one of these orders."""
        return [record for record, one in self._reports.items() if one.visit in visits]

    def progress(self) -> Progress:
        """The whole answer; its cost follows what was reported, not the members."""
        verdicts = {vin: self._verdicts[vin] for vin in sorted(self._verdicts)}
        return _progress(self._terms.resting, self.sums, self._withdrawn, verdicts)

    def _judge(self, vin: str) -> None:
        """Judge one VIN again, and move it from its former sums to its present ones."""
        standing = _standing(self._is_member(vin), vin in self._withdrawn)
        reports = [self._reports[record] for record in self._records.get(vin, ())]
        verdict = judge_pair(self._terms, standing, self._cars.get(vin, UNKNOWN_CAR), reports)
        former = self._verdicts.get(vin)
        if verdict.state is not None:
            was = former.state if former is not None else None
            self._totals[was or self._terms.resting] -= 1
            self._totals[verdict.state] += 1
        if former is not None:
            self._fates.subtract(one.fate for one in former.judged)
            self._back -= former.came_back
        self._fates.update(one.fate for one in verdict.judged)
        self._back += verdict.came_back
        self._verdicts[vin] = verdict


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
