"""One history at a node and at its hub: the same report on both sides, and numbers about what was sent."""

from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from carnet_hub.core.failures import Unusable
from carnet_hub.core.upkeep.nation_report import NationReport, SiteReport, nation_report, site_report
from carnet_node.bootstrap import Installation
from carnet_node.core.commands.drafting import draft_new
from carnet_node.core.saving.desk import save
from carnet_node.core.showing.shop_reporting import report_of
from carnet_protocol.kinds import VISIT
from carnet_protocol.legal_days import legal_day
from carnet_protocol.registry import Value
from carnet_protocol.shop_figures import Figures, Grouping
from carnet_protocol.ten_days import Period, month_of
from support.hub_apps import TestHub
from support.hub_cli import call, refused, told
from support.joined import join_site, joined_pair, sync
from support.shop_histories import PERIODS, History, histories, record_history

LINE_MS = 30_000
"""How long a set takes to the hub, by the clocks of both."""


@pytest.fixture
def pair(tmp_path: Path) -> tuple[TestHub, Installation]:
    """A hub and the node of its one site, whose clock is half a minute behind the hub's."""
    hub, node = joined_pair(tmp_path)
    hub.clock.ms = node.node().clock.now_ms() + LINE_MS
    return hub, node


def at_hub(hub: TestHub, period: Period, by: Grouping, site: str = "A001") -> SiteReport:
    """The report of a site as the hub counts it."""
    return site_report(hub.app.hub, site, period, by, iter)


def of_all(hub: TestHub, by: Grouping = Grouping.DAY) -> NationReport:
    """The report of the present month over all sites."""
    return nation_report(hub.app.hub, present_month(hub), by, iter)


def present_month(hub: TestHub) -> Period:
    """The month that it is by the hub's clock."""
    return month_of(legal_day(hub.clock.now_ms()))


def opened(node: Installation, **values: Value) -> None:
    """An order that is opened now."""
    said = {"status": "open", "opened_at": node.node().clock.now_ms(), **values}
    save(node.node(), lambda new_id: (draft_new(VISIT, new_id(), said),))


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(history=histories)
def test_hub_and_node_count_one_history_alike(history: History, tmp_path_factory: pytest.TempPathFactory):
    """For the month and its ten-day periods, by each grouping, once everything has been sent."""
    hub, node = joined_pair(tmp_path_factory.mktemp("pair"))
    record_history(node.node(), history)
    sync(node, hub)

    pairs = [(period, by) for period in PERIODS for by in Grouping]

    assert [at_hub(hub, *one).report for one in pairs] == [report_of(node.node(), *one) for one in pairs]


def test_what_waits_at_a_node_is_missing_at_the_hub(pair: tuple[TestHub, Installation]):
    """The hub counts what has arrived, and no more."""
    hub, node = pair
    opened(node)
    before = of_all(hub).report.total.visits
    sync(node, hub)

    assert (before, of_all(hub).report.total.visits) == (0, 1)


def test_the_country_is_the_sum_of_its_sites(pair: tuple[TestHub, Installation], tmp_path: Path):
    """Every site is named, also one that has sent nothing."""
    hub, node = pair
    for code in ("B002", "C003"):
        hub.add_dealer(code)
    other = join_site(hub, tmp_path / "other", "B002")
    for desk, count in ((node, 2), (other, 1)):
        for _ in range(count):
            opened(desk, visit_kind="repair")
        sync(desk, hub)

    found = of_all(hub, Grouping.VISIT_KIND)

    assert {code: one.visits for code, one in found.totals.items()} == {"A001": 2, "B002": 1, "C003": 0}
    assert found.report.groups == {"repair": Figures(visits=3)}
    assert at_hub(hub, present_month(hub), Grouping.DAY, "B002").report.total.visits == 1


def test_the_country_is_not_split_by_advisors(pair: tuple[TestHub, Installation]):
    """A code means somebody else at every site."""
    hub, _ = pair

    with pytest.raises(Unusable):
        of_all(hub, Grouping.ADVISOR)


def test_completeness_counts_fields_that_are_filled(pair: tuple[TestHub, Installation]):
    """Customer, odometer, advisor and kind of visit; an odometer that cannot be read is stated too."""
    hub, node = pair
    opened(node, advisor_code="A1", visit_kind="repair", is_odometer_unknown=True, customer_id=b"c" * 16)
    opened(node, odometer_in_km=5)
    sync(node, hub)

    quality = of_all(hub).quality["A001"]

    assert (quality.fields_asked, quality.fields_filled, quality.completeness_percent) == (8, 5, 62)


def test_what_arrived_is_counted_where_it_arrived(pair: tuple[TestHub, Installation]):
    """Before the first set there is nothing to say; one that came at once is late by nothing, and no error."""
    hub, node = pair
    nothing = of_all(hub).quality["A001"]
    opened(node)
    sync(node, hub)

    quality = of_all(hub).quality["A001"]

    assert (nothing.sets, nothing.delay_median_s, nothing.error_permille) == (0, None, None)
    assert (quality.sets, quality.faulty_sets, quality.error_permille) == (1, 0, 0)
    assert (quality.delay_median_s, quality.delay_late_s) == (0, 0)


def test_the_command_tells_one_site(
    pair: tuple[TestHub, Installation], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Figures by group, their total and the quality, as JSON and as a workbook."""
    hub, node = pair
    opened(node, advisor_code="A1")
    sync(node, hub)
    month = present_month(hub).name

    said = told(capsys, tmp_path / "hub", "reports", "site", "a001", "--period", month, "--xlsx", tmp_path / "x.xlsx")
    none = refused(capsys, tmp_path / "hub", "reports", "site", "Z999", "--period", month)
    usage = call(tmp_path / "hub", "reports", "site", "A001", "--period", "2026-13")

    (_, group, total) = openpyxl.load_workbook(tmp_path / "x.xlsx").active.iter_rows(values_only=True)
    assert (said["site"], said["period"], [one["group"] for one in said["groups"]]) == ("A001", month, ["A1"])
    assert (said["total"]["visits"], said["quality"]["sets"], usage) == (1, 1, 2)
    assert (group[:2], total[:2]) == (("A1", 1), ("all of it", 1))
    assert none["code"] != ""


def test_the_command_tells_the_country(
    pair: tuple[TestHub, Installation], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """A row for each site, with its quality; split by advisors it is refused."""
    hub, node = pair
    opened(node)
    sync(node, hub)
    month = present_month(hub).name

    said = told(capsys, tmp_path / "hub", "reports", "nation", "--period", month)
    days = told(capsys, tmp_path / "hub", "reports", "nation", "--period", month, "--by", "day")
    refused(capsys, tmp_path / "hub", "reports", "nation", "--period", month, "--by", "advisor")

    assert [(one["site"], one["visits"], one["sets"]) for one in said["sites"]] == [("A001", 1, 1)]
    assert (said["by"], days["by"], len(days["groups"])) == ("site", "day", 1)
