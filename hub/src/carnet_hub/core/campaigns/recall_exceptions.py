"""What somebody has to look at in a campaign: reports that count nothing, days that cannot be, cars that came back.

Decides what is listed and under which name. Judges nothing: the fates are `pair_states`, and what follows from a row is
for people.
"""

from dataclasses import dataclass
from typing import Final

from carnet_hub.core.campaigns.recalls import Counted, count_campaign
from carnet_hub.core.counting.progress import CompletionReport
from carnet_hub.core.hub import Hub
from carnet_hub.core.shelves import SegmentShelf
from carnet_protocol.ids import OpId, record_text

CAME_BACK: Final = "came-back"
"""A car that was exported, scrapped or stolen has been at a dealer's since."""

DATE_BOUNDED: Final = "date-bounded"
"""The dealer's clock was ahead; the day of the hub's receipt counts."""


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """One thing to look at.

    Attributes:
        why: the fate of a report, `CAME_BACK` or `DATE_BOUNDED`.
        site: the dealer's code; empty for a car.
        done_ms, admitted_ms: of the report; None for a car.
        op: the write that says so; None for a car.
    """

    vin: str
    why: str
    site: str = ""
    method: str = ""
    done_ms: int | None = None
    admitted_ms: int | None = None
    op: OpId | None = None


def list_exceptions(hub: Hub, segments: SegmentShelf, campaign_no: str) -> list[ExceptionRow]:
    """Everything to look at in a campaign, by VIN.

    Raises:
        Unusable: no such campaign, or a segment is missing.
    """
    with hub.store.read() as snapshot:
        counted = count_campaign(hub, segments, snapshot, campaign_no)
    progress = counted.progress
    bounded = [one.report for one in progress.judged if one.report.is_date_bounded and not one.report.is_retracted]
    rows = [_row(counted, one.report, one.fate.value) for one in progress.exceptions]
    rows += [_row(counted, report, DATE_BOUNDED) for report in bounded]
    rows += [ExceptionRow(vin, CAME_BACK) for vin in progress.came_back]
    return sorted(rows, key=lambda row: (row.vin, row.why, row.op or b""))


def _row(counted: Counted, report: CompletionReport, why: str) -> ExceptionRow:
    site = counted.site_codes.get(report.dealer) or record_text(report.dealer)
    return ExceptionRow(report.vin, why, site, report.method or "", report.done_ms, report.admitted_ms, report.op)
