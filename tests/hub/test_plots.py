"""What stands at the axes of a drawing: each day once, none that lies ahead, and round numbers."""

from datetime import date

import pytest

from carnet_hub.core.campaigns.plots import line_plot
from carnet_hub.core.counting.trends import points_of

START = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("last", "days"),
    [
        pytest.param(0, ["2026-11-23"], id="a recall of today"),
        pytest.param(2, ["2026-11-23", "2026-11-24", "2026-11-25"], id="fewer days than labels"),
        pytest.param(4, [f"2026-11-{day}" for day in range(23, 28)], id="a day each"),
    ],
)
def test_a_day_is_named_once_and_none_ahead(last: int, days: list[str]):
    """Labels are never printed over each other, and the axis ends with the last day that was counted."""
    plot = line_plot([(0, 0), (last, 1)] if last else [(0, 1)], START, 5)

    assert [one.text for one in plot.days] == days


def test_the_plot_of_a_report_made_on_the_first_day_names_that_day_alone():
    """The line is drawn as wide as any other, and the axis has no day that nobody has counted."""
    plot = line_plot(points_of([], START, START), START, 5, START)

    assert [one.text for one in plot.days] == ["2026-11-23"]
    assert "H" in plot.path


@pytest.mark.parametrize(
    ("total", "counts"),
    [
        (0, ["0", "1"]),
        (1, ["0", "1"]),
        (2, ["0", "1", "2"]),
        (4, ["0", "1", "2", "3", "4"]),
        (12, ["0", "5", "12"]),
        (50, ["0", "20", "40", "50"]),
        (2050, ["0", "1,000", "2,050"]),
        (2_000_000, ["0", "500,000", "1,000,000", "1,500,000", "2,000,000"]),
    ],
)
def test_counts_are_round(total: int, counts: list[str]):
    """Between nothing and all stand round numbers, and none so near to all that both cannot be read."""
    assert [one.text for one in line_plot([(0, 0)], START, total).counts] == counts
