"""A report to one authority: counted at a log position, dated with a day, the same whenever it is made.

Decides which moment a report stands for, which period it is about and what was counted for it. The figures come from
`report_record`, the items from a profile. Does not decide what its files hold (`report_parts`), and writes, hashes and
signs nothing (`adapters/report_files`).

Rules
1. A report names its log position and its day, and is a function of both, of its profile, of what was stated and of
   the rule about superseded campaigns: all of it stands in the report, so a setting that changes changes no report.
2. A flat report is about the newest period that has ended, counted at the end of that period.
3. A filing is of today (`filing`).
4. A report that restates another names it by the hash of its manifest and shows both figures; the other stays as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from carnet_hub.core.campaigns.dossiers import Dossier, read_dossier
from carnet_hub.core.campaigns.filing import Coverage, cover
from carnet_hub.core.campaigns.periods import Period, Schedule, period_of, periods_of
from carnet_hub.core.campaigns.profiles import Form, Profile
from carnet_hub.core.campaigns.recalls import Campaign, Counted, count_campaign, members_of
from carnet_hub.core.campaigns.report import ReportHead
from carnet_hub.core.campaigns.report_items import Line, filing_lines, lines_of
from carnet_hub.core.campaigns.report_record import Noted, Record, Value, record_of
from carnet_hub.core.counting.progress import Progress
from carnet_hub.core.counting.trends import (
    DayCount,
    ProvinceNames,
    SiteCount,
    completed_by_day,
    completed_by_province,
    completed_by_site,
    province_name,
    read_sites,
)
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.log.past import last_position_on, reads_at
from carnet_hub.core.ports import Outreach, Snapshot
from carnet_hub.core.sets.histories import history_at
from carnet_hub.core.shelves import SegmentShelf
from carnet_protocol.legal_days import legal_day

_BEGINS: Final = "published"


@dataclass(frozen=True, slots=True)
class Restated:
    """The report that another one takes the place of.

    Attributes:
        manifest: SHA-256 of its manifest, hexadecimal.
        profile: its name; a corrected list of items is another version of the same profile.
        items: what it said, by item id.
    """

    manifest: str
    profile: str
    campaign_no: str
    position: int
    as_of: str
    items: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants a report of.

    Attributes:
        as_of: the day; today when left out.
        position: of the log; the last one of the day when left out.
        stated: by item id, see `report_items.parse_stated`.
        counts_superseded: the authority's rule, see `Hub`; the one that is set now when left out.
    """

    profile: Profile
    campaign_no: str
    as_of: date | None = None
    position: int | None = None
    stated: Mapping[str, Value] = field(default_factory=dict)
    restated: Restated | None = None
    counts_superseded: bool | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """What a report stands for.

    Attributes:
        created_ms: when the log reached the position.
    """

    position: int
    as_of: date
    created_ms: int


@dataclass(frozen=True, slots=True)
class PreparedReport:
    """Everything a report is made of but its long lists, which are read while they are written.

    Attributes:
        coverage: of a filing, how many have what; None for other forms.
        counts_superseded: the rule it was counted by, see `Hub`.
    """

    ask: Ask
    moment: Moment
    period: Period
    head: ReportHead
    campaign: Campaign
    dossier: Dossier
    progress: Progress
    record: Record
    lines: tuple[Line, ...]
    series: tuple[DayCount, ...]
    sites: tuple[SiteCount, ...]
    provinces: tuple[tuple[str, int], ...]
    names: ProvinceNames
    coverage: Coverage | None
    counts_superseded: bool

    @property
    def began(self) -> date:
        """The first day of the plotted time."""
        days = [one.happened_on for one in self.dossier.standing if one.event == "published"]
        return min([*days, self.period.start])

    def province_name(self, code: str, language: int) -> str:
        """A province as people read it.

        Args:
            language: 0 for Chinese, 1 for English.
        """
        return province_name(self.names, code, language)


def prepare_report(
    hub: Hub, segments: SegmentShelf, snapshot: Snapshot, ask: Ask, *, outreach: Outreach, names: ProvinceNames
) -> PreparedReport:
    """Count a campaign as of the moment that was asked for, and put a report together.

    Args:
        snapshot: stays open until the files are written.

    Raises:
        Unusable: no such campaign then, a day or position that the log does not have, nothing that begins the period,
            another report than that of this profile and campaign to restate, or figures that do not add up; nothing
            was written.
    """
    _check_restated(ask)
    if ask.counts_superseded is not None:
        hub = replace(hub, counts_superseded=ask.counts_superseded)
    moment = moment_of(snapshot, _at_end_of_period(hub, snapshot, ask), legal_day(hub.clock.now_ms()))
    reads = reads_at(hub, snapshot, moment.position)
    counted = count_campaign(hub, segments, reads, ask.campaign_no)
    dossier = read_dossier(hub, reads, ask.campaign_no)
    period = _period(ask.profile, dossier, counted.campaign, moment.as_of)
    told = outreach.counts(ask.campaign_no, moment.position)
    record = record_of(counted.campaign.values, counted.progress, period, _noted(dossier), told)
    by_site = completed_by_site(counted.progress, read_sites(hub, reads))
    coverage, lines = None, lines_of(ask.profile, record, ask.stated)
    if ask.profile.form is Form.FILING:
        coverage = cover(hub, snapshot, ask.profile, members_of(segments, counted.campaign))
        lines = filing_lines(ask.profile, coverage)
    return PreparedReport(
        ask,
        moment,
        period,
        _head(hub, ask, moment, counted),
        counted.campaign,
        dossier,
        counted.progress,
        record,
        lines,
        tuple(completed_by_day(counted.progress)),
        tuple(by_site),
        tuple(completed_by_province(by_site)),
        names,
        coverage,
        hub.counts_superseded,
    )


def moment_of(snapshot: Snapshot, ask: Ask, today: date) -> Moment:
    """The moment that somebody asks for.

    Args:
        today: in mainland China.

    Raises:
        Unusable: a day ahead, a position that is none, one behind the day or passed before it, or a filing of the past.
    """
    end = snapshot.head().position
    as_of = ask.as_of or today
    if as_of > today:
        raise Unusable(f"{as_of} lies ahead.", f"Give a day up to {today}.")
    if ask.position is None:
        position = last_position_on(snapshot, as_of)
    elif 1 <= ask.position <= end:
        position = ask.position
    else:
        raise Unusable(f"The log has no position {ask.position}.", f"Name one from 1 to {end}.")
    created_ms = snapshot.commit_times([position])[position]
    day = legal_day(created_ms)
    if ask.position is not None and ask.as_of is None:
        as_of = day
    if day > as_of:
        raise Unusable(f"Position {position} was reached on {day}, behind {as_of}.", f"Give {day} or a later day.")
    left = legal_day(snapshot.commit_times([position + 1])[position + 1]) if position < end else as_of
    if left < as_of:
        raise Unusable(
            f"The log had passed position {position} on {left}, before {as_of}: things stood otherwise on that day.",
            f"Give a day from {day} to {left}, or leave --position out.",
        )
    if ask.profile.form is Form.FILING and position != end:
        raise Unusable(
            f"A filing is of today, and the log has passed position {position}: "
            "what was erased since cannot be counted again.",
            "Make a new filing, of today; bring an earlier one back from a copy of its folder and check that with "
            "`carnet-hub verify FOLDER`, which needs no counting.",
        )
    return Moment(position, as_of, created_ms)


def began_on(after: str, dossier: Dossier, campaign: Campaign | None) -> date | None:
    """The day on which an event first happened; a campaign older than its dossier knows when it was published."""
    days = [one.happened_on for one in dossier.standing if one.event == after]
    published = campaign.values.get("published_at") if campaign is not None else None
    if not days and after == _BEGINS and isinstance(published, int):
        return legal_day(published)
    return min(days, default=None)


def _check_restated(ask: Ask) -> None:
    """A correction is of the same report: whoever holds the earlier one must not lose it to an unlike one."""
    restated = ask.restated
    if restated is not None and (restated.profile, restated.campaign_no) != (ask.profile.name, ask.campaign_no):
        raise Unusable(
            f"The report to restate is {restated.profile} of {restated.campaign_no}, "
            f"and this one is {ask.profile.name} of {ask.campaign_no}.",
            "Name the folder of the report that this one corrects, or leave --restates out.",
        )


def _at_end_of_period(hub: Hub, snapshot: Snapshot, ask: Ask) -> Ask:
    """A flat report is asked for at some day behind its period; it is counted at the end of the period."""
    schedule = ask.profile.schedule
    if schedule is None or ask.position is not None:
        return ask
    today = ask.as_of or legal_day(hub.clock.now_ms())
    began = began_on(schedule.after, read_dossier(hub, snapshot, ask.campaign_no), None)
    return replace(ask, as_of=_ended(schedule, began, today).end)


def _ended(schedule: Schedule, began: date | None, day: date) -> Period:
    """The newest period of a series that has ended by a day.

    Raises:
        Unusable: nothing began the series, or its first period is not over.
    """
    if began is None:
        raise Unusable(
            f"Nothing had begun these reports by {day}: no {schedule.after} was in the log.",
            "Note it with `dossiers note`; it counts in reports from the day on which it is noted.",
        )
    periods = periods_of(schedule, began)
    ended = [one for one in periods if one.end <= day]
    if not ended:
        raise Unusable(
            f"The first of these reports is about the time up to {periods[0].end}.", "Make it when that day is over."
        )
    return ended[-1]


def _period(profile: Profile, dossier: Dossier, campaign: Campaign, as_of: date) -> Period:
    if profile.schedule is not None:
        return _ended(profile.schedule, began_on(profile.schedule.after, dossier, None), as_of)
    if profile.span is None:
        return Period(1, as_of, as_of)
    began = began_on(profile.span.after, dossier, campaign)
    if began is None or began > as_of:
        raise Unusable(
            f"This report counts from {profile.span.after}, which had not happened by {as_of}.",
            "Give a later day, or look at `dossiers show`.",
        )
    return period_of(profile.span, began, as_of)


def _noted(dossier: Dossier) -> Noted:
    def days(event: str) -> list[str]:
        """The days of an event, ascending."""
        return sorted(one.happened_on.isoformat() for one in dossier.standing if one.event == event)

    finished, told = days("recall_finished"), days("owner_notice")
    return Noted(finished[-1] if finished else None, told[0] if told else None, told[-1] if told else None)


def _head(hub: Hub, ask: Ask, moment: Moment, counted: Counted) -> ReportHead:
    restated = ask.restated
    facts = [
        ("profile", f"{ask.profile.name} {ask.profile.version}"),
        ("as-of", moment.as_of.isoformat()),
        *([("restates", restated.manifest)] if restated is not None else []),
    ]
    return ReportHead(
        hub.hub_id,
        history_at(hub, moment.position),
        counted.campaign.values,
        moment.position,
        moment.created_ms,
        counted.site_codes,
        tuple(facts),
    )
