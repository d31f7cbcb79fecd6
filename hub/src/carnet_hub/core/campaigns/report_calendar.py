"""Which reports are due when: of the duties that a profile keeps, or of the series that it belongs to.

Decides, for one campaign and one profile, every report that has begun with its period and its last day, and how near
that day is. A report counts as filed by the event of the dossier that says so, in the order of days: the n-th
`stage_report` keeps the n-th. A hub keeps what one country's law asks: what its dossiers call filed is filed there, and
never keeps a report to another country's authority. Terms of a country's law are counted by `duties`, periods by
`periods`: a report made as of the end of the period that stands here has this number and this period.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from carnet_hub.core.campaigns.dossiers import Dossier
from carnet_hub.core.campaigns.duties import WITHDRAWN, Due, Duty, Standing, dues, standing_of
from carnet_hub.core.campaigns.periods import Period, last_day_for, periods_of, stage_of
from carnet_hub.core.campaigns.profile_report import began_on
from carnet_hub.core.campaigns.profiles import Profile
from carnet_hub.core.campaigns.working_days import WorkingDays
from carnet_hub.core.limits import REMIND_DAYS, REMIND_SOON_DAYS

_FILED: Final = "stage_report"
_ENDED: Final = "recall_finished"


class Reminder(StrEnum):
    """How near the last day is."""

    OVERDUE = "overdue"
    SOON = "soon"
    AHEAD = "ahead"
    LATER = "later"
    DONE = "done"
    """Filed, or nothing is to be filed any more."""


@dataclass(frozen=True, slots=True)
class ReportDue:
    """A report of a campaign with its last day.

    Attributes:
        number: of the report.
        filed: the day it was filed; None while it was not.
        days_left: to the last day; negative behind it.
        is_provisional: the last day rests on an entry nobody has checked, or on a calendar that is not known yet.
    """

    profile: str
    campaign_no: str
    number: int
    period_start: date
    period_end: date
    last_day: date
    filed: date | None
    standing: Standing
    days_left: int
    reminder: Reminder
    is_provisional: bool


def report_dues(
    profile: Profile, dossier: Dossier, duties: Iterable[Duty], calendar: WorkingDays, today: date, *, country: str
) -> tuple[ReportDue, ...]:
    """Every report of a profile that has begun in a campaign, by number.

    Args:
        duties: of the profile's country.
        today: of the time zone the law is read in.
        country: whose authority the hub's dossiers speak of.
    """
    if profile.duty:
        kept = [one for one in duties if one.id == profile.duty]
        return tuple(_of_duty(profile, dossier, one, today) for one in dues(kept, dossier.happened, calendar, today))
    return tuple(_of_series(profile, dossier, today, is_filed_here=profile.country == country))


def _of_duty(profile: Profile, dossier: Dossier, due: Due, today: date) -> ReportDue:
    period = _period_of_duty(profile, dossier, due)
    return ReportDue(
        profile.name,
        dossier.campaign_no,
        period.number,
        period.start,
        period.end,
        due.last_day,
        due.done,
        due.standing,
        (due.last_day - today).days,
        _reminder(due.last_day, due.standing, today),
        due.is_provisional,
    )


def _period_of_duty(profile: Profile, dossier: Dossier, due: Due) -> Period:
    """What the report is about: a stage, all of it up to what sets the report off, or the time that there is for it."""
    began = began_on(profile.span.after, dossier, None) if profile.span is not None else None
    if profile.span is None or began is None:
        return Period(due.number, due.began, due.last_day)
    if profile.span.months:
        return stage_of(profile.span, began, due.number)
    return Period(due.number, began, due.began)


def _of_series(profile: Profile, dossier: Dossier, today: date, *, is_filed_here: bool) -> Iterator[ReportDue]:
    schedule = profile.schedule
    began = began_on(schedule.after, dossier, None) if schedule is not None else None
    if schedule is None or began is None:
        return
    withdrawn = began_on(WITHDRAWN, dossier, None)
    ended = min((day for day in (began_on(_ENDED, dossier, None), withdrawn) if day is not None), default=None)
    told = [one.happened_on for one in dossier.standing if one.event == _FILED and one.happened_on >= began]
    filed = sorted(told) if is_filed_here else []
    for period in periods_of(schedule, began):
        if period.start > today or (ended is not None and period.start > ended):
            return
        done = filed[period.number - 1] if period.number <= len(filed) else None
        last = last_day_for(schedule, period)
        standing = standing_of(last, done, today, withdrawn)
        yield ReportDue(
            profile.name,
            dossier.campaign_no,
            period.number,
            period.start,
            period.end,
            last,
            done,
            standing,
            (last - today).days,
            _reminder(last, standing, today),
            not profile.is_verified,
        )


def _reminder(last: date, standing: Standing, today: date) -> Reminder:
    left = (last - today).days
    if standing not in {Standing.WAITING, Standing.OVERDUE}:
        return Reminder.DONE
    if left < 0:
        return Reminder.OVERDUE
    if left <= REMIND_SOON_DAYS:
        return Reminder.SOON
    return Reminder.AHEAD if left <= REMIND_DAYS else Reminder.LATER
