"""How a recall came along: completions by day, by site and by province.

Decides that a completion belongs to the day its work was done, in mainland China's time, and to the province of the
site that did it. Where the others of a campaign are is nobody's knowledge here: an owner's province is personal.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from carnet_hub.core.counting.progress import Progress
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import PLOT_POINTS_MAX
from carnet_hub.core.ports import RecordReads
from carnet_hub.core.shown import shown_records
from carnet_protocol.ids import record_text

_DAY_MS: Final = 24 * 3600 * 1000
_BEIJING_MS: Final = 8 * 3600 * 1000
_EPOCH: Final = date(1970, 1, 1)
_PROVINCE_DIGITS: Final = 2

UNKNOWN_PROVINCE: Final = ""
"""Of a site nobody has said it of."""

ProvinceNames = Mapping[str, tuple[str, str]]
"""Chinese and English name by the first two digits of the division code."""

_NOT_STATED: Final = ("未注明", "not stated")


@dataclass(frozen=True, slots=True)
class DayCount:
    """Completions whose work was done on a day, and up to it."""

    day: date
    completed: int
    cumulative: int


@dataclass(frozen=True, slots=True)
class Site:
    """A dealer site as a report names it.

    Attributes:
        province: its code.
        city: its name; may be empty.
    """

    code: str
    name: str
    province: str
    city: str = ""


@dataclass(frozen=True, slots=True)
class SiteCount:
    """What one site has completed."""

    site: Site
    completed: int


def completed_by_day(progress: Progress) -> list[DayCount]:
    """Every day on which something that counts was completed, ascending."""
    return cumulated(Counter(work_day(one.done_ms) for one in progress.counted.values()))


def work_day(done_ms: int) -> int:
    """The day of an instant in mainland China, counted from 1970."""
    return (done_ms + _BEIJING_MS) // _DAY_MS


def cumulated(days: Mapping[int, int]) -> list[DayCount]:
    """Completions by `work_day` as a line, ascending."""
    found: list[DayCount] = []
    cumulative = 0
    for number in sorted(days):
        cumulative += days[number]
        found.append(DayCount(_EPOCH + timedelta(number), days[number], cumulative))
    return found


def completed_by_site(progress: Progress, sites: Mapping[bytes, Site]) -> list[SiteCount]:
    """Every site that completed something that counts; most first, then by code."""
    return named_sites(Counter(report.dealer for report in progress.counted.values()), sites)


def named_sites(by_dealer: Mapping[bytes, int], sites: Mapping[bytes, Site]) -> list[SiteCount]:
    """Completions by dealer id as a list; most first, then by code."""
    counts = [
        SiteCount(sites.get(dealer, Site(record_text(dealer), "", UNKNOWN_PROVINCE)), count)
        for dealer, count in by_dealer.items()
    ]
    return sorted(counts, key=lambda one: (-one.completed, one.site.code))


def completed_by_province(counts: Sequence[SiteCount]) -> list[tuple[str, int]]:
    """(province code, completions); most first, then by code."""
    found: Counter[str] = Counter()
    for one in counts:
        found[one.site.province] += one.completed
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))


def province_name(names: ProvinceNames, code: str, language: int) -> str:
    """A province as people read it.

    Args:
        language: 0 for Chinese, 1 for English.
    """
    found = names.get(code)
    return found[language] if found is not None else (code or _NOT_STATED[language])


def read_sites(hub: Hub, reads: RecordReads) -> dict[bytes, Site]:
    """Every site by dealer id; a city says in which province it lies."""
    return {
        row.id: Site(
            str(values.get("site_code") or ""),
            str(values.get("site_name") or ""),
            str(values.get("province_code") or values.get("city_code") or UNKNOWN_PROVINCE)[:_PROVINCE_DIGITS],
            str(values.get("city_name") or ""),
        )
        for row, values in shown_records(hub.registry, reads, "dealer_site")
    }


def points_of(series: Sequence[DayCount], start: date, end: date) -> list[tuple[int, int]]:
    """A line to plot: (days since `start`, completed up to then), at most `PLOT_POINTS_MAX` of them.

    Args:
        series: from `completed_by_day`.
        start, end: of the plot; what was done earlier stands at its left edge.
    """
    last = max((end - start).days, 1)
    points = {0: 0}
    for one in series:
        points[min(max((one.day - start).days, 0), last)] = one.cumulative
    points[last] = series[-1].cumulative if series else 0
    step = max(len(points) // PLOT_POINTS_MAX, 1)
    days = sorted(points)
    kept = sorted({0, last, *days[::step]})
    return [(day, points[day]) for day in kept]
