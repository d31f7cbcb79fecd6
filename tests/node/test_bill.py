"""A bill as people read it: grouped by who pays, and the groups are the totals of the order."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.settlement import settle_visit
from carnet_node.core.commands.settling import PayTypeSum, Settling, Share
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit, Step, complete_visit
from carnet_node.core.node import Node
from carnet_node.core.saving.correcting import correction_of, open_correction
from carnet_node.core.saving.desk import save, save_visit_by_vin
from carnet_node.core.saving.editing import require_visit
from carnet_node.core.showing.bill import bill_of, due_fen
from carnet_node.core.showing.views import VisitView
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import PAY_TYPES
from carnet_protocol.vin import VinPolicy
from support.node_builder import build_node
from support.vins import make_vins


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """A node to which every example adds an order."""
    folder: Path = tmp_path_factory.mktemp("bills")
    return build_node(folder)


def job(fen: int, pay_type: str | None, approval: str | None = None) -> NewJob:
    """A job with one part of so many fen."""
    values = {"complaint": "It squeals", "pay_type": pay_type, "approval": approval}
    stated = {name: value for name, value in values.items() if value is not None}
    return NewJob(stated, [], [{"part_no": "BP-1", "quantity_hundredths": 100, "price_fen": fen}])


def opened(node: Node, jobs: list[NewJob]) -> VisitView:
    """An order with these jobs."""
    car = AddVehicle(make_vins(1)[0], VinPolicy.STRICT)
    order = save_visit_by_vin(
        node, car, lambda one: OpenVisit("", one, node.clock.now_ms(), values={"is_odometer_unknown": True}, jobs=jobs)
    )
    return require_visit(node, order.visit)


def settled(node: Node, view: VisitView, said: Settling | None = None) -> VisitView:
    """The same order, done and settled."""

    def step() -> Step:
        now = require_visit(node, view.visit.id)
        return Step(now.visit.read(), node.clock.now_ms(), now.work(), credit=now.credit)

    save(node, lambda _: complete_visit(step()))
    save(node, lambda _: settle_visit(step(), said))
    return require_visit(node, view.visit.id)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**7), st.sampled_from([*PAY_TYPES, None]), st.sampled_from([None, "approved", "declined"])
        ),
        max_size=6,
    )
)
def test_the_groups_are_the_totals_of_the_order(node: Node, said: list[tuple[int, Any, Any]]):
    """Whatever the jobs, each is under one pay type or declined, and the groups come to what the order totals."""
    view = opened(node, [job(*one) for one in said])

    groups = bill_of(view)

    assert {f"{one.pay_type}_fen": one.sum.gross_fen for one in groups if one.sum.gross_fen} == {
        name: fen for name, fen in view.totals.items() if fen
    }
    assert sum(len(one.jobs) for one in groups) == sum(approval != "declined" for _, _, approval in said)
    assert due_fen(view) == sum(view.totals.values())


def test_what_was_let_off_stands_in_the_bill_once_it_is_settled(node: Node):
    """Before that nothing was."""
    view = opened(node, [job(1_000, "customer")])
    said = Settling({"customer": 1_000}, [Share("customer", 900, "customer", "cash")], {"customer": 100}, "offer")

    before, (after,) = bill_of(view), bill_of(settled(node, view, said))

    assert [one.sum for one in before] == [PayTypeSum(1_000, 0, 0)]
    assert after.sum == PayTypeSum(1_000, 100, 0)


def test_a_correction_shows_what_was_settled_before_until_and_after_it_is_settled(node: Node):
    """The credit is that of the order it corrects, and that order knows which one corrects it."""
    first = settled(node, opened(node, [job(1_000, "customer")]))
    correction: RecordId = open_correction(node, first.visit.id, first.visit.heads.to_text()).visit

    before = require_visit(node, correction)
    after = settled(node, before)

    assert [one.sum for one in (*bill_of(before), *bill_of(after))] == [PayTypeSum(1_000, 0, 1_000)] * 2
    known = correction_of(node, first.visit)
    assert (known is not None and known.id, due_fen(after)) == (correction, 0)
