"""What a customer is told that an order will cost."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit, add_jobs
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save, save_visit_by_vin
from carnet_node.core.saving.editing import require_visit
from carnet_node.core.showing.estimate import Estimate, estimate_of
from carnet_node.core.showing.views import VisitView
from carnet_protocol.ids import record_text
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.browsing import Visitor
from support.node_builder import build_node, close_node
from support.vins import make_vins

TAGS = re.compile("<[^>]+>")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A node without records."""
    made = build_node(tmp_path)
    yield made
    close_node(made)


def job(estimate_fen: int | None = None, price_fen: int | None = None, **values: Value) -> NewJob:
    """A job; with a price it has one part."""
    part: dict[str, Value] = {"part_no": "BP-1", "quantity_hundredths": 100, "price_fen": price_fen}
    return NewJob({"complaint": "It squeals", "estimate_fen": estimate_fen, **values}, [], [part] if price_fen else [])


ASKED = job(16_000, op_name="Wipers", approval="proposed")
"""A job that nobody agreed to yet."""


def ordered(node: Node, *jobs: NewJob, **values: Value) -> VisitView:
    """An order with these jobs."""
    car, stated = AddVehicle(make_vins(1)[0], VinPolicy.STRICT), {"is_odometer_unknown": True, **values}
    order = save_visit_by_vin(node, car, lambda one: OpenVisit("", one, node.clock.now_ms(), values=stated, jobs=jobs))
    return require_visit(node, order.visit)


def told(view: VisitView) -> tuple[int | None, list[Value]]:
    """The estimate in fen, and the numbers of the jobs that are not in it."""
    estimate = estimate_of(view)
    return estimate.fen, [one.job.values["job_no"] for one in estimate.unknown]


@pytest.mark.parametrize(
    ("jobs", "stated", "expected"),
    [
        pytest.param([], None, (None, []), id="no work"),
        pytest.param([job()], None, (None, [1]), id="nothing is known"),
        pytest.param([job(0)], None, (0, []), id="for nothing, as was said"),
        pytest.param(
            [job(None, 18_000), job(None, 17_776), job(8_000)], None, (43_776, []), id="lines and an estimate"
        ),
        pytest.param([job(20_000, 18_000)], None, (20_000, []), id="an estimate above its lines"),
        pytest.param([job(8_000), job()], None, (8_000, [2]), id="one of which nothing is known"),
        pytest.param([job(8_000), job()], 8_001, (8_001, []), id="stated in all, and more than its parts"),
        pytest.param([job(8_000), job()], 8_000, (8_000, [2]), id="stated in all, and no more than its parts"),
        pytest.param([job(None, 18_000)], 8_000, (18_000, []), id="stated in all, and less than its lines"),
        pytest.param([job(8_000), job(9_000, pay_type="warranty")], None, (8_000, []), id="the maker pays one"),
        pytest.param([job(8_000), job(None, 900, pay_type="internal")], None, (8_000, []), id="the site pays one"),
        pytest.param([job(8_000), job(9_000, approval="declined")], None, (8_000, []), id="a declined one"),
        pytest.param([job(8_000), job(approval="declined")], None, (8_000, []), id="a declined one without a price"),
        pytest.param([job(8_000), ASKED], None, (8_000, []), id="one that waits for the answer"),
        pytest.param([job(8_000), ASKED], 24_000, (8_000, []), id="one that waits, and was added up at arrival"),
        pytest.param([job(8_000), job(approval="proposed")], None, (8_000, []), id="one that waits, without a price"),
        pytest.param([ASKED], None, (None, []), id="nothing but one that waits"),
    ],
)
def test_an_estimate_counts_what_the_customer_pays(
    node: Node, jobs: list[NewJob], stated: int | None, expected: tuple[int | None, list[int]]
):
    """A job counts by its estimate, else by its lines; one with neither is named unless the sum covers it."""
    assert told(ordered(node, *jobs, estimate_fen=stated)) == expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        pytest.param(None, 53_000, id="added up"),
        pytest.param(100_000, 145_000, id="stated in all"),
    ],
)
def test_work_approved_later_comes_on_top(node: Node, stated: int | None, expected: int):
    """What was told at arrival was told without it."""
    before = ordered(node, job(8_000), estimate_fen=stated)
    node.clock.ms += 60_000  # type: ignore[attr-defined]
    further = job(45_000, approval="approved")

    save(node, lambda new_id: add_jobs(before.visit.read(), before.work(), [further], new_id))

    assert told(require_visit(node, before.visit.id)) == (expected, [])


def test_work_approved_later_without_a_price_leaves_the_least(node: Node):
    """A sum stated at arrival covers no work that nobody knew of."""
    before = ordered(node, job(), estimate_fen=100_000)
    node.clock.ms += 60_000  # type: ignore[attr-defined]

    save(node, lambda new_id: add_jobs(before.visit.read(), before.work(), [job(approval="approved")], new_id))

    assert told(require_visit(node, before.visit.id)) == (100_000, [2])


@pytest.mark.parametrize(
    ("approval", "sum_", "waiting"),
    [
        pytest.param("proposed", "1,060.00", ["2. Wipers 160.00"], id="not answered"),
        pytest.param("approved", "1,220.00", [], id="agreed to"),
        pytest.param("declined", "1,060.00", [], id="declined"),
    ],
)
@pytest.mark.parametrize("page", ["", "/print/reception"])
def test_more_work_is_in_the_sum_once_the_customer_agrees(
    node: Node, page: str, approval: str, sum_: str, waiting: list[str]
):
    """Until then it stands beside the sum, by its name and with its own estimate: nobody may begin it."""
    before = ordered(node, job(106_000), estimate_fen=106_000)
    node.clock.ms += 60_000  # type: ignore[attr-defined]
    further = job(16_000, op_name="Wipers", approval=approval)
    save(node, lambda new_id: add_jobs(before.visit.read(), before.work(), [further], new_id))

    html = Visitor(node).logged_in().in_english().open(f"/visits/{record_text(before.visit.id)}{page}")

    beside = re.findall(r"waiting for the customer's answer: ([^<]*)", html)
    foot = html[html.index("<tfoot>") : html.index("</tfoot>")]
    assert (re.findall(r"[\d,]+\.\d\d", TAGS.sub(" ", foot))[-1], beside) == (sum_, waiting)


def test_a_job_without_a_price_waits_too(node: Node):
    """It is named, and the sum is not called the least: what nobody agreed to is not in it."""
    view = ordered(node, job(8_000), job(approval="proposed"))

    estimate = estimate_of(view)

    assert (estimate.waiting, estimate.unknown) == ((view.jobs[1],), ())


def test_nothing_is_estimated_where_nothing_is_said(node: Node):
    """Priced lines make a sum; only a stated figure is an estimate."""
    view = ordered(node, job(None, 18_000))

    assert estimate_of(view) == Estimate(18_000, {view.jobs[0].job.id: 18_000})


@pytest.mark.parametrize(
    ("page", "jobs", "words"),
    [
        pytest.param("/print/reception", [job(None, 18_000), job(8_000)], ["180.00", "80.00", "260.00"], id="sheet"),
        pytest.param(
            "/print/reception", [job(8_000), job()], ["80.00", "—", "at least 80.00", "2. It squeals"], id="least"
        ),
        pytest.param("", [job(None, 18_000), job(8_000), job()], ["at least 260.00", "3. It squeals"], id="order"),
    ],
)
def test_the_sheet_and_the_order_say_the_sum(node: Node, page: str, jobs: list[NewJob], words: list[str]):
    """The figure of each job, the sum, and which jobs are not in it."""
    view = ordered(node, *jobs)

    html = Visitor(node).logged_in().in_english().open(f"/visits/{record_text(view.visit.id)}{page}")

    shown = html[html.index("<tbody>") :]
    assert [one for one in words if one not in shown] == []
    assert ("not in the sum" in shown) == ("at least" in "".join(words))
