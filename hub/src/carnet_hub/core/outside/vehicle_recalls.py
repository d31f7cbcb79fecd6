"""One vehicle and every campaign: what a regulator is shown of it, and what anybody may ask.

Decides which campaigns a number belongs to and what is said of each. A state is judged by the functions that every
count uses (`pair_states`), from the same facts: whoever cannot be reached is unreachable here as in the progress. Of
owners, orders and contacts nothing but that state is handed on, so no answer can hold them.

Rules
1. A number is compared as it was typed, in normal form; a mistake is named and never mended in silence, because a
   mistyped number that is somebody else's must not read as *nothing open*. What can be no number, or a piece of one, is
   refused unless a campaign lists it just so: a list may hold whatever its producer wrote.
2. The public answer has one shape: the number, the day, what is wrong with the number, and open recalls, of which there
   may be none. An unknown car and one that is not affected read alike; so do one that was repaired and one that left.
3. A regulator sees withdrawn campaigns, too: every vehicle is withdrawn there, with the work that was done on it. The
   public is told of none.
4. A recall is open to the public until it was done: that a car was said to be scrapped or stolen repairs nothing.
"""

import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.campaigns.recall_export import cite
from carnet_hub.core.campaigns.recalls import Campaign
from carnet_hub.core.campaigns.report import Citation, citation_values
from carnet_hub.core.counting.completions import car_facts, car_of, reports_of, terms_of
from carnet_hub.core.counting.contacts import attempts_in, reaches_of, with_tries
from carnet_hub.core.counting.kept_sums import pair_of
from carnet_hub.core.counting.member_places import Rolls, member_place
from carnet_hub.core.counting.pair_states import UNKNOWN_CAR, PairVerdict, Standing, judge_pair
from carnet_hub.core.counting.progress import COMPLETED, CompletionReport, PairState
from carnet_hub.core.hub import Hub
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.sets.following_counts import are_askew
from carnet_hub.core.shown import shown_records
from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.kinds import RECALL_COMPLETION, RECALL_CONTACT
from carnet_protocol.legal_days import legal_day
from carnet_protocol.limits import CODE_CHARS_MAX
from carnet_protocol.registry import Kind, Value
from carnet_protocol.vin import VinAssessment, VinPolicy, VinProblem, assess_vin, is_piece, normalise_vin

_PUBLIC: Final = ("campaign_no", "title", "producer", "hazard_level", "defect", "hazard", "emergency_advice", "remedy")
_MOST_DANGEROUS_FIRST: Final = ("do_not_drive", "park_outside")
_SETTLED: Final = COMPLETED | {PairState.WITHDRAWN}
_NO_NUMBER: Final = frozenset({VinProblem.WRONG_LENGTH, VinProblem.FORBIDDEN_CHARACTER})


@dataclass(frozen=True, slots=True)
class VehicleRecall:
    """One campaign that a vehicle is, or was, a member of."""

    campaign: Campaign
    verdict: PairVerdict

    @property
    def number(self) -> str:
        """The campaign's."""
        return str(self.campaign.values.get("campaign_no") or "")

    @property
    def state(self) -> PairState | None:
        """The vehicle's, as it is counted."""
        return self.verdict.state


def published_campaigns(hub: Hub, snapshot: Snapshot, covers: Callable[[str], bool]) -> list[Campaign]:
    """Every campaign that is published and not withdrawn, and that the asker may see, by number."""
    return [one for one in covered_campaigns(hub, snapshot, covers) if one.values.get("state") == "published"]


def covered_campaigns(hub: Hub, snapshot: Snapshot, covers: Callable[[str], bool]) -> list[Campaign]:
    """Every campaign that the asker may see, withdrawn ones as well, by number."""
    found = [Campaign(row, values) for row, values in shown_records(hub.registry, snapshot, "campaign")]
    shown = [one for one in found if covers(str(one.values.get("campaign_no") or ""))]
    return sorted(shown, key=lambda one: str(one.values.get("campaign_no") or ""))


def require_lists(snapshot: Snapshot, campaigns: Iterable[Campaign]) -> None:
    """Go on only when every member list of some campaigns is at hand.

    Raises:
        AccessRefused: BUSY.
    """
    asked = [one.row.id for one in campaigns]
    counts = snapshot.counts(asked)
    if are_askew(snapshot) or any(record not in counts or not counts[record].is_whole for record in asked):
        raise AccessRefused(Refusal.BUSY)


def recalls_of(hub: Hub, snapshot: Snapshot, campaigns: Iterable[Campaign], vin: str) -> list[VehicleRecall]:
    """What is known of one number in those of some campaigns that it belongs to, in their order.

    Args:
        vin: in normal form.

    Raises:
        AccessRefused: BUSY, a member list is not at hand; nothing is said rather than *nothing open*.
    """
    asked = {one.row.id: one for one in campaigns}
    require_lists(snapshot, asked.values())
    rolls = Rolls(snapshot.listed_at({member_place(vin)[0]}))
    standings = {record: rolls.standing(record, vin) for record in asked}
    found = {record: one for record, one in standings.items() if one is not Standing.STRANGER}
    car = car_facts(hub, snapshot, [vin]).get(vin, UNKNOWN_CAR) if found else UNKNOWN_CAR
    done = _about(snapshot, vin, RECALL_COMPLETION, found) if found else []
    tried = list(attempts_in(hub, _about(snapshot, vin, RECALL_CONTACT, found))) if found else []
    recalls: list[VehicleRecall] = []
    for record, standing in found.items():
        campaign, reports = asked[record], reports_of(hub, snapshot, done, RecordId(record))
        terms = terms_of(hub, snapshot, RecordId(record), campaign.values)
        about = [one for one in reports if normalise_vin(one.vin) == vin]
        attempts = {vin: [one for one in tried if one.campaign == record]}
        known = with_tries({vin: car}, reaches_of(hub, snapshot, attempts, terms.tries_max))[vin]
        recalls.append(VehicleRecall(campaign, judge_pair(terms, standing, known, about)))
    return recalls


def vehicle_values(
    snapshot: Snapshot, assessed: VinAssessment, recalls: Collection[VehicleRecall], now_ms: int
) -> dict[str, object]:
    """What a regulator is told of a vehicle: its state in each campaign, and the completions with where they stand.

    Raises:
        AccessRefused: see `require_number`.
    """
    require_number(assessed, recalls)
    return {
        **_asked(assessed, now_ms),
        "log_position": snapshot.head().position,
        "recalls": [_regulator_values(snapshot, one) for one in recalls],
    }


def public_values(assessed: VinAssessment, recalls: Iterable[VehicleRecall], now_ms: int) -> dict[str, object]:
    """What anybody is told of a number: the most dangerous open recall stands first.

    Raises:
        AccessRefused: see `require_number`; a listed one that is done reads as one that is not listed.
    """
    opened = [one for one in recalls if one.verdict.state not in _SETTLED]
    require_number(assessed, opened)
    opened.sort(key=_danger_of)
    return {**_asked(assessed, now_ms), "recalls": [_public_values(one.campaign.values) for one in opened]}


def assess_typed(text: str) -> VinAssessment | None:
    """What somebody typed as a vehicle number; None for what no list can hold either (`carnet_protocol.segments`)."""
    assessed = assess_vin(text, VinPolicy.STRICT)
    is_text = not any(unicodedata.category(character) == "Cs" for character in assessed.vin)
    return assessed if is_text and 1 <= len(assessed.vin) <= CODE_CHARS_MAX else None


def require_number(assessed: VinAssessment, recalls: Collection[object]) -> None:
    """Go on with what can be a whole vehicle number, or is listed as one.

    A frame number of before the standard is one, and so is a number with a mistake: the answer names it.

    Args:
        recalls: what is about to be answered.

    Raises:
        AccessRefused: NO_VEHICLE_NUMBER.
    """
    if not recalls and (is_piece(assessed) or _NO_NUMBER.intersection(assessed.problems)):
        raise AccessRefused(Refusal.NO_VEHICLE_NUMBER)


def _asked(assessed: VinAssessment, now_ms: int) -> dict[str, object]:
    return {
        "vin": assessed.vin,
        "as_of": legal_day(now_ms).isoformat(),
        "problems": [one.value for one in assessed.problems],
        "suggestion": assessed.suggestion,
    }


def _about(snapshot: Snapshot, vin: str, kind: Kind, campaigns: Iterable[bytes]) -> list[RecordRow]:
    """Every record of a kind that is anchored to a vehicle; of a number without one, what names it in a campaign."""
    car = car_of(vin)
    if car is not None:
        records = [record for _, number, record in snapshot.anchored([car]) if number == kind.number]
    else:
        sources = snapshot.pair_sources_of([pair_of(campaign, vin) for campaign in campaigns])
        records = [row.record for row in sources if row.kind == kind.number]
    return list(snapshot.records(kind.number, records).values())


def _regulator_values(snapshot: Snapshot, one: VehicleRecall) -> dict[str, object]:
    cited = cite(snapshot, [op for judged in one.verdict.judged for op in judged.report.cited])
    return {
        "campaign_no": one.number,
        "title": one.campaign.values.get("title"),
        "hazard_level": one.campaign.values.get("hazard_level"),
        "campaign_state": one.campaign.values.get("state"),
        "state": one.state.value if one.state is not None else None,
        "came_back": one.verdict.came_back,
        "completions": [
            {
                "fate": judged.fate.value,
                "method": judged.report.method,
                "done_on": legal_day(judged.report.done_ms).isoformat(),
                **citation_values(cited.get(judged.report.op)),
                "retracted_by": _taken_back_values(judged.report, cited),
            }
            for judged in one.verdict.judged
        ],
    }


def _taken_back_values(report: CompletionReport, cited: Mapping[OpId, Citation]) -> dict[str, object] | None:
    return None if report.taken_back is None else citation_values(cited.get(report.taken_back))


def _danger_of(one: VehicleRecall) -> int:
    """The place of a recall among others: 0 for what must not be driven."""
    level = str(one.campaign.values.get("hazard_level"))
    return _MOST_DANGEROUS_FIRST.index(level) if level in _MOST_DANGEROUS_FIRST else len(_MOST_DANGEROUS_FIRST)


def _public_values(values: Mapping[str, Value]) -> dict[str, object]:
    return {**{name: values.get(name) or "" for name in _PUBLIC}, "has_remedy": values.get("remedy_state") != "not_yet"}
