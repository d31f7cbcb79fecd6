"""The one progress record behind every report: each figure once, and a sum that has to come out.

Decides what each value of a report is called and where it comes from, so that a Chinese stage report and an American
quarterly file never disagree. Does not decide which values an authority wants (`profiles`) nor count any
(`progress`).

Rules
1. involved = every kind of remedied + exported, scrapped, stolen and other removals + unsold + open and reachable +
   unreachable.
2. What nobody can know yet is *absent* and said to be so, never guessed: an absent count adds nothing to the sum.
3. Rates are in percent with four decimals, cut and never rounded, without floating point; pages cut after two. So no
   figure says 100 before every vehicle is done, and the short one is the beginning of the long one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.campaigns.periods import Period
from carnet_hub.core.campaigns.report import percent_text
from carnet_hub.core.count_ports import OutreachCounts
from carnet_hub.core.counting.progress import COMPLETED, REMOVED, PairState, Progress
from carnet_hub.core.failures import Unusable

Value = int | str | None

_REMEDIED: Final = {
    "repaired": "remedied_repaired",
    "replaced": "remedied_replaced",
    "refunded": "remedied_refunded",
    "software": "remedied_software",
    "inspected_no_defect": "remedied_inspected_ok",
}
_REMOVED: Final = {"exported": "exported", "scrapped": "scrapped", "stolen": "stolen"}
EXCLUSIVE: Final = (*_REMEDIED.values(), "remedied_other", *_REMOVED.values(), "removed_other", "in_stock")
"""States that shut each other out; with the open and the unreachable ones they are all involved vehicles."""


OUTREACH: Final = ("unreachable", *OutreachCounts._fields)
"""What only outreach can know; without it nobody is counted as unreachable."""


@dataclass(frozen=True, slots=True)
class Noted:
    """Days of the dossier that reports state, as ISO text; None for what has not happened."""

    finished_on: str | None
    owner_notice_first: str | None
    owner_notice_last: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """Every value that a report of one campaign can state.

    Attributes:
        values: by name, see `profiles.COUNTED`.
        absent: names of figures that nobody knows yet; their value is 0 where the sum needs one, else None.
    """

    values: Mapping[str, Value]
    absent: tuple[str, ...]


def record_of(
    campaign: Mapping[str, object], progress: Progress, period: Period, noted: Noted, outreach: OutreachCounts | None
) -> Record:
    """Put the record of a campaign together.

    Args:
        campaign: its public fields by name.
        outreach: None while nobody keeps it.

    Raises:
        Unusable: figures that do not add up.
    """
    told = outreach._asdict() if outreach is not None else dict.fromkeys(OutreachCounts._fields)
    values: dict[str, Value] = {
        **{name: _public(campaign.get(name)) for name in ("campaign_no", "authority_no", "producer", "title")},
        "plan_version": _public(campaign.get("plan_version")),
        "report_no": period.number,
        "period_start": period.start.isoformat(),
        "period_end": period.end.isoformat(),
        "period_quarter": period.last_quarter,
        "period_quarters": f"{period.first_quarter} to {period.last_quarter}",
        "involved": progress.member_count,
        "remedied": progress.completed_count,
        "removed": progress.removed_count,
        **_by_state(progress, COMPLETED, _REMEDIED, "remedied_other"),
        **_by_state(progress, REMOVED, _REMOVED, "removed_other"),
        "in_stock": progress.totals[PairState.IN_STOCK],
        "open_reachable": progress.open_count,
        "open_interim": progress.totals[PairState.INTERIM_DONE],
        "open_no_remedy": progress.totals[PairState.OPEN_NO_REMEDY],
        "unreachable": progress.totals[PairState.UNREACHABLE],
        **told,
        "rate_strict": percent_text(progress.strict_rate_ppm),
        "rate_adjusted": percent_text(progress.adjusted_rate_ppm),
        "finished_on": noted.finished_on,
        "owner_notice_first": noted.owner_notice_first,
        "owner_notice_last": noted.owner_notice_last,
    }
    check_sum(values)
    return Record(values, OUTREACH if outreach is None else ())


def check_sum(values: Mapping[str, object]) -> None:
    """Rule 1, for figures that were counted or read from a file.

    Raises:
        Unusable: a figure is none or negative, or they do not add up.
    """
    parts = [values.get(name) for name in (*EXCLUSIVE, "open_reachable", "unreachable")]
    figures = [one for one in parts if type(one) is int and one >= 0]
    if len(figures) != len(parts) or sum(figures) != values.get("involved"):
        raise Unusable(
            "The figures do not add up: involved is not remedied + removed + open + unreachable.",
            "File no such report; send its folder to the maintainers.",
        )


def _by_state(
    progress: Progress, states: frozenset[PairState], names: Mapping[str, str], other: str
) -> dict[str, Value]:
    figures = dict.fromkeys((*names.values(), other), 0)
    for state in states:
        figures[names.get(state.value, other)] += progress.totals.get(state, 0)
    return dict(figures)


def _public(value: object) -> Value:
    return value if isinstance(value, int | str) else None
