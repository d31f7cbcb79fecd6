"""Figures about reported completions that an auditor may want to look into. Figures, and no verdict about anybody.

Decides what is counted and from which figure on it is listed; the figures stand in `limits`. Pure but for
`read_signals`. Does not decide which completion counts (`pair_states`), and nothing here changes a state.

| Signal | One row is | The figure |
|---|---|---|
| `per-day` | a dealer and a day | completions of that day |
| `outside-hours` | a dealer | completions done outside the hours in which workshops work |
| `two-dealers` | a car and two dealers | minutes between two completions; with it cities and what the odometer says |
| `odometer-back` | a car | kilometres by which a later completion shows less |
| `photo-again` | a photo | cars for which the same photo was given |

Completions that were taken back, and refusals, are left out. Days and hours are those of mainland China.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from carnet_hub.core.campaigns.recalls import require_campaign
from carnet_hub.core.counting.completions import completion_reports
from carnet_hub.core.counting.progress import CompletionReport
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import (
    SIGNAL_OUTSIDE_HOURS,
    SIGNAL_PER_DAY,
    SIGNAL_PHOTO_CARS,
    SIGNAL_TWO_DEALERS_MINUTES,
    WORK_FROM_HOUR,
    WORK_TO_HOUR,
)
from carnet_hub.core.shown import shown_records
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.legal_days import legal_day, legal_hour
from carnet_protocol.remedy import REFUSED
from carnet_protocol.vin import normalise_vin

_MINUTE_MS = 60 * 1000
Watched = Callable[[Iterable[CompletionReport]], Iterable[CompletionReport]]
"""Hands reports on, and shows somebody that they come."""


@dataclass(frozen=True, slots=True)
class Site:
    """A dealer as a list names it; the city is empty where none is noted."""

    code: str
    city: str


@dataclass(frozen=True, slots=True)
class Signal:
    """One figure at or beyond its threshold.

    Attributes:
        name: of the signal.
        site: code of the dealer, or of both; empty for a photo of several.
        vin: of the car; empty for a figure about a dealer.
        day: legal day of the later completion; empty for a figure over all days.
        threshold: in the unit of the figure.
        detail: what else was said, in words and numbers.
    """

    name: str
    figure: int
    unit: str
    threshold: int
    site: str = ""
    vin: str = ""
    day: str = ""
    detail: str = ""


def read_signals(hub: Hub, campaign_no: str | None, watched: Watched) -> list[Signal]:
    """The signals of one campaign, or of all that was ever reported.

    Raises:
        Unusable: no such campaign.
    """
    with hub.store.read() as snapshot:
        campaign = None if campaign_no is None else RecordId(require_campaign(hub, snapshot, campaign_no).row.id)
        sites = {
            row.id: Site(str(values.get("site_code") or ""), str(values.get("city_name") or ""))
            for row, values in shown_records(hub.registry, snapshot, "dealer_site")
        }
        return find_signals(watched(completion_reports(hub, snapshot, campaign)), sites)


def find_signals(reports: Iterable[CompletionReport], sites: Mapping[bytes, Site]) -> list[Signal]:
    """Every figure at or beyond its threshold, by signal, the largest first.

    Args:
        reports: in any order.
        sites: by dealer id.
    """
    by_vin: dict[str, list[CompletionReport]] = {}
    days: Counter[tuple[bytes, date]] = Counter()
    outside: Counter[bytes] = Counter()
    totals: Counter[bytes] = Counter()
    photos: dict[bytes, set[str]] = {}
    for one in reports:
        if one.is_retracted or one.method == REFUSED:
            continue
        vin = normalise_vin(one.vin)
        by_vin.setdefault(vin, []).append(one)
        days[one.dealer, legal_day(_done_ms(one))] += 1
        totals[one.dealer] += 1
        outside[one.dealer] += not WORK_FROM_HOUR <= legal_hour(_done_ms(one)) < WORK_TO_HOUR
        if one.proof.photo_hash:
            photos.setdefault(one.proof.photo_hash, set()).add(vin)
    found = [*_per_day(days, sites), *_outside_hours(outside, totals, sites), *_photos_again(photos)]
    for vin, told in by_vin.items():
        found += _of_one_car(vin, sorted(told, key=lambda one: (one.done_ms, one.op)), sites)
    return sorted(found, key=lambda one: (one.name, -one.figure, one.site, one.vin, one.day))


def _per_day(days: Mapping[tuple[bytes, date], int], sites: Mapping[bytes, Site]) -> Iterator[Signal]:
    for (dealer, day), count in days.items():
        if count >= SIGNAL_PER_DAY:
            code = _code(dealer, sites)
            yield Signal("per-day", count, "completions", SIGNAL_PER_DAY, code, day=day.isoformat())


def _outside_hours(
    outside: Mapping[bytes, int], totals: Mapping[bytes, int], sites: Mapping[bytes, Site]
) -> Iterator[Signal]:
    for dealer, count in outside.items():
        if count >= SIGNAL_OUTSIDE_HOURS:
            detail = f"of {totals[dealer]}; before {WORK_FROM_HOUR}:00 or from {WORK_TO_HOUR}:00 on"
            code = _code(dealer, sites)
            yield Signal("outside-hours", count, "completions", SIGNAL_OUTSIDE_HOURS, code, detail=detail)


def _photos_again(photos: Mapping[bytes, set[str]]) -> Iterator[Signal]:
    for photo, vins in photos.items():
        if len(vins) >= SIGNAL_PHOTO_CARS:
            named = ", ".join(sorted(vins)[:SIGNAL_PHOTO_CARS])
            detail = f"photo {photo.hex()}; among others {named}"
            yield Signal("photo-again", len(vins), "cars", SIGNAL_PHOTO_CARS, detail=detail)


def _of_one_car(vin: str, told: list[CompletionReport], sites: Mapping[bytes, Site]) -> Iterator[Signal]:
    """What two completions of one car, one after the other, say of each other."""
    for former, later in pairwise(told):
        day = legal_day(_done_ms(later)).isoformat()
        codes = " ".join(dict.fromkeys((_code(former.dealer, sites), _code(later.dealer, sites))))
        apart = (_done_ms(later) - _done_ms(former)) // _MINUTE_MS
        driven = _driven_km(former, later)
        if former.dealer != later.dealer and apart <= SIGNAL_TWO_DEALERS_MINUTES:
            cities = " and ".join(_city(one.dealer, sites) for one in (former, later))
            detail = f"{cities}; odometer {'unknown' if driven is None else f'{driven:+} km'}"
            yield Signal("two-dealers", apart, "minutes", SIGNAL_TWO_DEALERS_MINUTES, codes, vin, day, detail)
        if driven is not None and driven < 0:
            yield Signal("odometer-back", -driven, "km", 1, codes, vin, day)


def _done_ms(report: CompletionReport) -> int:
    """When the work counts as done; a clock from before 1970 shows 1970, because no calendar goes back at will."""
    return max(0, report.done_ms)


def _driven_km(former: CompletionReport, later: CompletionReport) -> int | None:
    first, second = former.proof.odometer_km, later.proof.odometer_km
    return None if first is None or second is None else second - first


def _code(dealer: bytes, sites: Mapping[bytes, Site]) -> str:
    site = sites.get(dealer)
    return site.code if site is not None and site.code else record_text(dealer)


def _city(dealer: bytes, sites: Mapping[bytes, Site]) -> str:
    site = sites.get(dealer)
    return site.city if site is not None and site.city else "no city noted"
