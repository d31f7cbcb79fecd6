"""What a site holds, by class and age, as this machine knows it."""

from pathlib import Path

import pytest
from openpyxl import load_workbook

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.drafting import draft_new
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.upkeep.retention import STAYS, retention_rows
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import vehicle_id
from carnet_protocol.kinds import CUSTOMER, OWNERSHIP, RECALL_CONTACT, STOP_SALE
from carnet_protocol.ops import Action
from carnet_protocol.registry import Value
from carnet_protocol.retention import bundled_text, parse_retention
from carnet_protocol.vin import VinPolicy
from support.cli_node import CliNode, enrol_folder
from support.desk import record
from support.node_builder import build_node
from support.vins import make_vins

CAR = make_vins(1)[0]
CLASSES = parse_retention(bundled_text("cn") or b"")


@pytest.fixture
def node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliNode:
    """A machine of a site."""
    enrol_folder(tmp_path)
    return CliNode(tmp_path, capsys)


def test_somebody_without_a_car_is_held_for_marketing(node: CliNode):
    """A customer who is tied to no car and no order stands under marketing, whose term runs."""
    node("customers", "add", "--name", "测试甲")

    (row,) = node("retention", "report")

    assert (row["class"], row["held"], row["verdict"], row["count"]) == ("marketing-3y", "customer", "running", 1)
    assert "测试甲" not in node.said


def test_a_customer_with_an_order_is_in_use(node: CliNode):
    """Who brought a car is held by the law, and so are the car and the order."""
    customer = node("customers", "add", "--name", "测试甲")["id"]
    vehicle = node("vehicles", "add", make_vins(1)[0], "--owner", customer)["id"]
    node("visits", "add", "--vehicle", vehicle, "--customer", customer, "--km", "10")

    found = {row["held"]: (row["class"], row["verdict"]) for row in node("retention", "report")}

    assert found["vehicle"] == found["visit"] == ("dealer-5y", "stays")
    assert found["customer"][1] == "in_use"


def test_a_deleted_tie_still_says_who_bought_the_car_new(tmp_path: Path):
    """Nobody is in use by a record that was deleted; the first owner is held for the producer's years all the same."""
    node = build_node(tmp_path)
    tie = own(node, CAR, from_on="2026-05-01")
    before = governing(node)

    save(node, lambda _: (tie,))

    assert (before, governing(node)) == (("producer-10y", "in_use"), ("producer-10y", "statutory"))


def test_deleted_ties_are_read_page_by_page(tmp_path: Path):
    """A page holds deleted records alone, as many as asked for, behind the last one of the page before."""
    node = build_node(tmp_path)
    ties = [own(node, vin) for vin in make_vins(4)]
    drafts = tuple(ties[1:])
    gone = sorted(one.record for one in drafts)
    save(node, lambda _: drafts)

    with node.store.read() as tx:
        first = tx.list_deleted(OWNERSHIP, None, 2)
        rest = tx.list_deleted(OWNERSHIP, first[-1].record, 2)

    assert [[one.record for one in page] for page in (first, rest)] == [gone[:2], gone[2:]]


def test_what_recalls_leave_behind_is_counted(tmp_path: Path):
    """Attempts to reach owners, stopped sales and ties of cars to owners stay, each counted under its class."""
    node = build_node(tmp_path)
    own(node, CAR)
    about: dict[str, Value] = {"campaign_id": record(70), "vin": CAR, "vehicle_id": vehicle_id(CAR)}
    facts = (
        draft_new(RECALL_CONTACT, record(71), {**about, "channel": "phone", "result": "reached"}),
        draft_new(STOP_SALE, record(72), {**about, "plan_version": 1}),
    )
    save(node, lambda _: facts)

    found = {one.held: (one.governed_by.id, one.verdict, one.count) for one in retention_rows(node, CLASSES)}

    assert found["recall_contact"] == found["stop_sale"] == ("recall-10y", STAYS, 1)
    assert found["ownership"] == ("dealer-5y", STAYS, 1)


def governing(node: Node) -> tuple[str, str]:
    """Which class governs the only customer, and what it says."""
    (row,) = [one for one in retention_rows(node, CLASSES) if one.held == CUSTOMER.name]
    return row.governed_by.id, row.verdict


def own(node: Node, vin: str, **days: Value) -> Draft:
    """A customer owns a car; the draft that deletes the record which says so."""
    car = save_vehicle(node, AddVehicle(vin, VinPolicy.STRICT, {})).vehicle
    added = AddCustomer({"party_kind": "person", "full_name": "测试甲"}, phones=({"number": "13800138000"},))
    owner = save(node, lambda new_id: add_customer(added, new_id)).records[0]
    values: dict[str, Value] = {"vehicle_id": car, "customer_id": owner, "role": "owner", **days}
    saved = save(node, lambda new_id: (draft_new(OWNERSHIP, new_id(), values),))
    assert saved.sealed is not None
    return Draft(OWNERSHIP, saved.records[0], {}, saved.sealed.ops, Action.DELETE)


def test_the_report_is_a_workbook(node: CliNode, tmp_path: Path):
    """The report is written out as a workbook with the same rows."""
    node("customers", "add", "--name", "测试甲")

    node("retention", "report", "--xlsx", tmp_path / "held.xlsx")

    rows = list(load_workbook(tmp_path / "held.xlsx").active.values)
    assert (rows[0][:2], rows[1][:2]) == (("class", "held"), ("marketing-3y", "customer"))


def test_another_country_is_wrong_usage(node: CliNode):
    """A country of which no classes came with the program ends with code 2."""
    node("retention", "report", "--country", "xx")

    assert node.code == 2
