"""What a desk notes of its calls and its stock reaches the hub, and what the hub posts reaches the desk.

Of the same facts both make the same: whose car it is, and how often its owner was tried in vain.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from carnet_hub.core.campaigns.campaign_plans import ListedLine
from carnet_hub.core.campaigns.noting_contacts import Tried, note_attempts
from carnet_hub.core.campaigns.outreach import Telling, begin_round
from carnet_hub.core.campaigns.recalls import count_campaign, import_plan, publish_campaign
from carnet_hub.core.campaigns.stop_sales import stopped_cars
from carnet_hub.core.counting.progress import PairState
from carnet_node.bootstrap import Installation
from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.drafting import draft_new
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.saving.recall_calls import call_list, note_call
from carnet_node.entrypoints.cli.main import execute
from carnet_protocol.ids import vehicle_id
from carnet_protocol.kinds import CONSENT, OWNERSHIP, VISIT
from carnet_protocol.legal_days import DAY_MS, legal_day
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.hub_apps import TestHub, make_hub
from support.network import a_round, join
from support.protocol import record
from support.recall_plans import NUMBER, plan
from support.vins import make_vins

VIN, UNSOLD = make_vins(2)
HOUR_MS = 3600 * 1000


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with a campaign of two cars."""
    made = make_hub(tmp_path / "hub")
    made.add_dealer("A001")
    app = made.app
    import_plan(app.hub, app.segments, app.plans, plan([VIN, UNSOLD]))
    publish_campaign(app.hub, app.segments, app.plans, NUMBER)
    return made


@pytest.fixture
def desk(hub: TestHub, tmp_path: Path) -> Installation:
    """A node that knows the campaign, the owner of one car, and the other car in its stock."""
    installation = join(hub, tmp_path / "desk")
    node = installation.node()
    car = save_vehicle(node, AddVehicle(VIN, VinPolicy.STRICT)).vehicle
    save_vehicle(node, AddVehicle(UNSOLD, VinPolicy.STRICT, {"lifecycle": "in_stock"}))
    party = AddCustomer({"party_kind": "person", "full_name": "王伟"}, phones=({"number": "13800138000"},))
    owner = save(node, lambda new_id: add_customer(party, new_id)).records[0]
    tie: dict[str, Value] = {"vehicle_id": car, "customer_id": owner, "role": "owner", "from_on": "2020-01-01"}
    save(node, lambda new_id: (draft_new(OWNERSHIP, new_id(), tie),))
    a_round(installation, hub)
    return installation


def state(hub: TestHub) -> PairState:
    """What the hub makes of the owner's car."""
    with hub.app.hub.store.read() as snapshot:
        return count_campaign(hub.app.hub, hub.app.segments, snapshot, NUMBER).progress.state_of(VIN)


def test_calls_in_vain_and_a_letter_back_make_an_owner_unreachable_at_hub_and_desk(
    hub: TestHub, desk: Installation, tmp_path: Path
):
    """Two calls noted at the desk and one letter noted at the hub are three tries, on both sides."""
    call = ["--data", str(tmp_path / "desk"), "recalls", "contacted", VIN, NUMBER, "--result", "no_answer"]
    hub.clock.ms += HOUR_MS

    codes = [execute(call), execute(call)]
    a_round(desk, hub)
    two = state(hub)
    tried = Tried("post", "returned", legal_day(hub.clock.ms))
    note_attempts(hub.app.hub, hub.app.segments, NUMBER, [ListedLine("l", 1, VIN)], tried, watched=list)
    a_round(desk, hub)

    (listed,) = call_list(desk.node()).calls
    with hub.app.hub.store.read() as snapshot:
        notices = {one.vin: one for one in begin_round(hub.app.hub, hub.app.segments, snapshot, NUMBER).notices}
    assert codes == [0, 0]
    assert (two, state(hub)) == (PairState.OPEN, PairState.UNREACHABLE)
    assert (listed.reach.failed_tries, listed.is_unreachable) == (3, True)
    assert (notices[VIN].telling, notices[VIN].name) == (Telling.UNREACHABLE, "王伟")


Fact = Callable[[Node], None]


def call(result: str) -> Fact:
    """The desk calls the owner."""

    def act(node: Node) -> None:
        (campaign,) = (one.hit.campaign for one in call_list(node).calls)
        note_call(node, vehicle_id(VIN), campaign, "phone", result)

    return act


def order(status: str, *, days_ago: int = 0) -> Fact:
    """The desk writes an order, of today or taken over from before."""

    def act(node: Node) -> None:
        opened_ms = node.clock.now_ms() - days_ago * DAY_MS
        said: dict[str, Value] = {"vehicle_id": vehicle_id(VIN), "status": status, "opened_at": opened_ms}
        save(node, lambda new_id: (draft_new(VISIT, new_id(), said),))

    return act


def sold_to(name: str, **days: Value) -> Fact:
    """The desk writes an owner down; `elsewhere` is a customer whom another site keeps."""

    def act(node: Node) -> None:
        added = AddCustomer({"party_kind": "person", "full_name": name}, phones=({"number": "13800138001"},))
        keeps = name != "elsewhere"
        owner = save(node, lambda new_id: add_customer(added, new_id)).records[0] if keeps else record("elsewhere")
        said: dict[str, Value] = {"vehicle_id": vehicle_id(VIN), "customer_id": owner, "role": "owner", **days}
        save(node, lambda new_id: (draft_new(OWNERSHIP, new_id(), said),))

    return act


def declines(node: Node) -> None:
    """The owner wants no word of recalls, and of offers at the same moment says yes."""
    (owner,) = (one.owner.id for one in call_list(node).calls)
    for purpose, statement in (("recall", "granted"), ("recall", "withdrawn"), ("marketing", "granted")):
        said: dict[str, Value] = {"customer_id": owner, "purpose": purpose, "statement": statement, "stated_at": 5}
        save(node, lambda new_id, said=said: (draft_new(CONSENT, new_id(), said),))  # type: ignore[misc]


def seen_at_hub(hub: TestHub) -> tuple[bytes | None, str, int]:
    """The present owner of the car, whether they are told, and how often they were tried in vain, at the hub."""
    with hub.app.hub.store.read() as snapshot:
        (notice,) = (
            one for one in begin_round(hub.app.hub, hub.app.segments, snapshot, NUMBER).notices if one.vin == VIN
        )
    return notice.customer, notice.telling.value, notice.reach.failed_tries


def seen_at_desk(node: Node) -> tuple[bytes | None, str, int]:
    """The same at the desk, where an owner whom another site keeps is nobody."""
    found = call_list(node)
    if not found.calls:
        return None, "declined" if found.declined else "nobody", 0
    (listed,) = found.calls
    return listed.owner.id, "unreachable" if listed.is_unreachable else "tell", listed.reach.failed_tries


VAIN = call("no_answer")


@pytest.mark.parametrize(
    ("facts", "told", "failed"),
    [
        pytest.param([VAIN], "tell", 1, id="tried once"),
        pytest.param([VAIN, VAIN, order("open")], "tell", 0, id="the car came in"),
        pytest.param([order("open"), VAIN], "tell", 1, id="tried after it came in"),
        pytest.param([VAIN, order("open", days_ago=400)], "tell", 1, id="an order of former years is taken over"),
        pytest.param([VAIN, order("open", days_ago=-400), VAIN], "tell", 1, id="an order from a clock ahead"),
        pytest.param([VAIN, order("draft")], "tell", 1, id="an order is drafted"),
        pytest.param([VAIN, VAIN, VAIN], "unreachable", 3, id="given up"),
        pytest.param([VAIN, VAIN, VAIN, sold_to("李娜")], "tell", 0, id="sold on, by no day"),
        pytest.param([VAIN, sold_to("李娜", from_on="2021-01-01"), VAIN], "tell", 1, id="sold on years ago"),
        pytest.param([VAIN, sold_to("李娜", from_on="2019-01-01")], "tell", 0, id="a former owner becomes known"),
        pytest.param([VAIN, sold_to("李娜", from_on="2020-01-01")], "tell", 0, id="two of one first day"),
        pytest.param([declines], "declined", 0, id="wants no word of recalls"),
    ],
)
def test_hub_and_desk_make_the_same_of_the_same_facts(
    hub: TestHub, desk: Installation, facts: list[Fact], told: str, failed: int
):
    """Present owner, whether they are told, and failed tries agree after every order of orders, owners and calls."""
    for fact in facts:
        hub.clock.ms += HOUR_MS
        fact(desk.node())
        a_round(desk, hub)

    at_hub, at_desk = seen_at_hub(hub), seen_at_desk(desk.node())

    assert (at_hub[1:], at_desk[1:]) == ((told, failed), (told, failed))
    assert told == "declined" or at_hub[0] == at_desk[0]


def test_an_owner_whom_another_site_keeps_is_the_owner_at_hub_and_desk(hub: TestHub, desk: Installation):
    """The hub names the record that it does not know; the desk calls nobody, and no former owner either."""
    sold_to("elsewhere", from_on="2022-05-01")(desk.node())
    a_round(desk, hub)

    at_hub, at_desk = seen_at_hub(hub), seen_at_desk(desk.node())

    assert at_hub == (record("elsewhere"), "owner-unknown", 0)
    assert at_desk == (None, "nobody", 0)


def test_a_stopped_sale_is_seen_at_the_hub_as_soon_as_it_was_acknowledged(
    hub: TestHub, desk: Installation, tmp_path: Path
):
    """The hub lists the unsold car with its dealer, first waiting, then with who took note and when."""
    app, at_desk = hub.app, ["--data", str(tmp_path / "desk")]
    before = stopped_cars(app.hub, app.segments, NUMBER)
    execute([*at_desk, "staff", "add", "P07", "--name", "测试", "--role", "manager"])

    code = execute([*at_desk, "recalls", "acknowledge", NUMBER, "--by", "P07"])
    a_round(desk, hub)

    (after,) = stopped_cars(app.hub, app.segments, NUMBER)
    assert code == 0
    assert [(one.vin, one.site, one.acknowledged_ms) for one in before] == [(UNSOLD, "A001", None)]
    assert (after.vin, after.acknowledged_ms is not None, after.plan_version, after.staff_no) == (
        UNSOLD,
        True,
        1,
        "P07",
    )
