"""What the law wants done in a recall and until when: the file that comes with the program, and the rule."""

from datetime import date
from importlib import resources

import pytest

from carnet_hub.core.campaigns.duties import Due, Happened, Standing, dues, parse_duties
from carnet_hub.core.campaigns.working_days import parse_working_days
from carnet_hub.core.failures import Unusable

DATA = resources.files("carnet_hub").joinpath("data")
SHIPPED = DATA.joinpath("duties_cn.toml").read_text(encoding="utf-8")
CHINA = parse_duties(SHIPPED)
CALENDAR = parse_working_days(DATA.joinpath("working_days_cn.toml").read_text(encoding="utf-8"))
FILED = date(2026, 3, 2)


def due(today: date, *happened: tuple[str, date]) -> dict[tuple[str, int], Due]:
    """The duties of a campaign by name and number."""
    found = dues(CHINA.duties, [Happened(*one) for one in happened], CALENDAR, today)
    return {(one.duty.id, one.number): one for one in found}


def test_nothing_is_due_before_anything_happened():
    """A campaign without events has no duties."""
    assert due(FILED) == {}


def test_owners_are_told_within_thirty_working_days_of_filing():
    """Qingming lies between: the term ends on a Tuesday in April."""
    found = due(FILED, ("plan_filed", FILED))["owner-notice", 1]

    assert (found.last_day, found.standing) == (date(2026, 4, 14), Standing.WAITING)


def test_a_plan_that_is_filed_anew_is_published_anew():
    """Each filing sets its own notice off, and the second notice keeps the second duty."""
    again = date(2026, 5, 11)

    found = due(
        date(2026, 6, 1),
        ("plan_filed", FILED),
        ("plan_filed", again),
        ("public_notice", date(2026, 3, 4)),
        ("public_notice", date(2026, 5, 20)),
    )

    assert [found["public-notice", number].standing for number in (1, 2)] == [Standing.KEPT, Standing.KEPT_LATE]


def test_stage_reports_come_back_every_three_months():
    """From the start, without drifting: the last day of the second is six months after the start."""
    found = due(date(2026, 6, 20), ("published", FILED), ("stage_report", date(2026, 6, 1)))

    last_days = [found["stage-report", number].last_day for number in (1, 2)]
    assert last_days == [date(2026, 6, 2), date(2026, 9, 2)]


def test_a_stage_report_that_was_left_out_stays_overdue():
    """The one that is waiting does not hide the one that was missed."""
    found = due(date(2026, 9, 1), ("published", FILED))

    standings = [found["stage-report", number].standing for number in (1, 2)]
    assert standings == [Standing.OVERDUE, Standing.WAITING]


def test_no_stage_report_is_due_after_the_end():
    """A recall that ended before the second term owes the final report instead."""
    found = due(
        date(2026, 12, 1),
        ("published", FILED),
        ("stage_report", date(2026, 6, 1)),
        ("recall_finished", date(2026, 8, 3)),
    )

    assert {*found} == {("stage-report", 1), ("final-report", 1)}


def test_a_right_that_was_not_used_lapses():
    """An objection may be left out: it is never overdue."""
    found = due(date(2026, 12, 1), ("authority_notice", FILED))

    assert found["objection", 1].standing is Standing.LAPSED


def test_a_day_says_whether_its_term_was_checked_against_the_law():
    """The objection is sourced, the notice to owners is from a draft."""
    found = due(FILED, ("authority_notice", FILED), ("plan_filed", FILED))

    assert [found[name, 1].is_provisional for name in ("objection", "owner-notice")] == [False, True]


def test_what_lies_ahead_plays_no_part():
    """An event of tomorrow sets nothing off today."""
    assert due(FILED, ("plan_filed", date(2026, 3, 3))) == {}


def test_what_happened_before_a_duty_began_does_not_keep_it():
    """A notice before the plan was filed is no notice of the plan."""
    found = due(FILED, ("public_notice", date(2026, 2, 10)), ("plan_filed", FILED))

    assert found["public-notice", 1].standing is Standing.WAITING


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('version = "2026-11"', "version = 7"),
        ("[[duty]]", "[duty]"),
        ('id = "plan"', 'id = "objection"'),
        ("count = 15", "count = 0"),
        ("count = 15", "count = true"),
        ('unit = "month"', 'unit = "moon"'),
        ('status = "sourced"', 'status = "certain"'),
        ('label = "public notice"', 'lable = "public notice"'),
        ('done_by = "plan_filed"', "done_by = 1"),
        ("is_optional = true", 'is_optional = "yes"'),
        ('country = "cn"', 'country = "cn'),
    ],
)
def test_a_file_that_holds_no_duties_is_refused(old: str, new: str):
    """A missing name, an unknown one, a repeated entry or a value of another kind."""
    with pytest.raises(Unusable):
        parse_duties(SHIPPED.replace(old, new, 1))


def test_a_withdrawn_campaign_owes_nothing_more():
    """What was kept stays kept, what had been missed says so, what lay ahead has ended, and nothing comes back."""
    found = due(
        date(2027, 3, 1),
        ("published", FILED),
        ("plan_filed", FILED),
        ("public_notice", date(2026, 3, 4)),
        ("withdrawn", date(2026, 7, 1)),
    )

    stages = [one.standing for (duty, _), one in sorted(found.items()) if duty == "stage-report"]
    assert stages == [Standing.MISSED, Standing.ENDED]
    assert (found["public-notice", 1].standing, found["owner-notice", 1].standing) == (Standing.KEPT, Standing.MISSED)


@pytest.mark.parametrize(
    ("withdrawn", "standing"),
    [
        pytest.param(date(2026, 6, 1), Standing.ENDED, id="the day before"),
        pytest.param(date(2026, 6, 2), Standing.ENDED, id="on the last day"),
        pytest.param(date(2026, 6, 3), Standing.MISSED, id="the day after"),
        pytest.param(date(2026, 6, 5), Standing.OVERDUE, id="ahead"),
    ],
)
def test_a_duty_ends_with_its_campaign(withdrawn: date, standing: Standing):
    """A duty has ended when the campaign was withdrawn by its last day, and was missed when it was withdrawn later."""
    found = due(date(2026, 6, 4), ("published", FILED), ("withdrawn", withdrawn))

    assert found["stage-report", 1].standing is standing
