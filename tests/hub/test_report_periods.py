"""Which time a stage report is about: the list of what is due and the making of a report read one rule."""

from datetime import date, timedelta
from importlib import resources

import pytest

from carnet_hub.core.campaigns.dossiers import CampaignEvent, Dossier
from carnet_hub.core.campaigns.duties import parse_duties
from carnet_hub.core.campaigns.periods import Period, period_of
from carnet_hub.core.campaigns.profiles import parse_profile
from carnet_hub.core.campaigns.report_calendar import ReportDue, report_dues
from carnet_hub.core.campaigns.working_days import parse_working_days
from carnet_protocol.ids import RecordId

DATA = resources.files("carnet_hub").joinpath("data")
DUTIES = parse_duties(DATA.joinpath("duties_cn.toml").read_text(encoding="utf-8")).duties
CALENDAR = parse_working_days(DATA.joinpath("working_days_cn.toml").read_text(encoding="utf-8"))
STAGE, FINAL = (
    parse_profile(DATA.joinpath("profiles", f"cn-{name}.toml").read_text(encoding="utf-8"))
    for name in ("stage", "final")
)
BEGAN = date(2024, 4, 22)
DAY = timedelta(1)


def event(at: int, name: str, day: date) -> CampaignEvent:
    """Something that happened in the campaign."""
    return CampaignEvent(RecordId(bytes([at] * 16)), "S2024M0001", name, day, "", 0, b"", at, "")


def stages(began: date, today: date) -> tuple[ReportDue, ...]:
    """The stage reports of a recall that was published on a day."""
    dossier = Dossier("S2024M0001", (event(1, "published", began),))
    return report_dues(STAGE, dossier, DUTIES, CALENDAR, today, country="cn")


@pytest.mark.parametrize(
    "began",
    [
        pytest.param(BEGAN, id="a day that every month has"),
        pytest.param(date(2024, 8, 31), id="the last day of a long month"),
        pytest.param(date(2024, 2, 29), id="a leap day"),
    ],
)
def test_a_stage_made_as_of_the_end_of_its_period_is_the_one_that_is_due(began: date):
    """`report make --as-of PERIOD_END` gives the number and the period that `report due` names."""
    assert STAGE.span is not None
    due = [Period(one.number, one.period_start, one.period_end) for one in stages(began, began + 800 * DAY)]

    made = [period_of(STAGE.span, began, one.end) for one in due]

    assert made == due
    assert [one.number for one in due] == list(range(1, len(due) + 1))


def test_stages_follow_each_other_without_gap_or_overlap():
    """Each stage begins on the day behind the one before, the first on the day of publishing."""
    due = stages(BEGAN, BEGAN + 800 * DAY)

    starts = [one.period_start for one in due]
    assert starts == [BEGAN, *(one.period_end + DAY for one in due[:-1])]


def test_a_day_off_moves_the_last_day_and_not_the_period():
    """A stage that ends on a Saturday may be filed on Monday, and is still about the time up to Saturday."""
    (first, *_) = stages(date(2026, 4, 11), date(2026, 7, 1))

    assert (first.period_end, first.last_day) == (date(2026, 7, 11), date(2026, 7, 13))


def test_a_final_report_is_about_all_of_the_recall():
    """The list of what is due names the time from publishing to the end of the recall."""
    ended = date(2026, 3, 3)
    dossier = Dossier("S2024M0001", (event(1, "published", BEGAN), event(2, "recall_finished", ended)))

    (due,) = report_dues(FINAL, dossier, DUTIES, CALENDAR, ended, country="cn")

    assert (due.number, due.period_start, due.period_end) == (1, BEGAN, ended)
