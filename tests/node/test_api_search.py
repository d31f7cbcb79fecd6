"""Search, recall check, conflicts, status and sync over JSON."""

from pathlib import Path

import pytest
import structlog

from carnet_node.core.line.inbox import apply_page
from carnet_node.core.node import Node
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, vehicle_id
from carnet_protocol.kinds import VEHICLE
from carnet_protocol.segments import encode_segment
from support.api_node import PERSONAL, ApiNode, Json, Woken, problem, wrong
from support.model_hub import ModelHub
from support.node_builder import DEALER_B, START_MS, build_node
from support.recall_lists import announce, receive
from support.scripted_hub import NO_LINE, ScriptedHub, sync_ports
from support.vins import make_vins, with_wrong_digit

VIN, OTHER_VIN = make_vins(2)
PERSON = {"party_kind": "person", "full_name": "Test Person"}
FORM = {"values": PERSON, "phones": [{"number": "13800138000"}]}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without records."""
    return build_node(tmp_path)


@pytest.fixture
def desk(node: Node) -> ApiNode:
    """Its API, without a hub."""
    return ApiNode(node)


def repaint(node: Node, color: str) -> None:
    """Another site has painted the car, unseen and later."""
    hub = ModelHub()
    car = Draft(VEHICLE, RecordId(vehicle_id(VIN)), {"vin": VIN, "color": color})
    hub.write(car, author=DEALER_B, time_ms=START_MS + 1)
    apply_page(node, hub.page(node))


def contested(desk: ApiNode) -> Json:
    """The one conflict there is: white here, red elsewhere and later."""
    desk.made("/api/vehicles", {"vin": VIN, "values": {"color": "white"}})
    repaint(desk.node, "red")
    (conflict,) = desk.get("/api/conflicts")["conflicts"]
    found: Json = conflict
    return found


def restore_form(conflict: Json) -> Json:
    """What brings the overruled value back."""
    return {
        "kind": conflict["kind"],
        "id": conflict["id"],
        "register": conflict["register"],
        "op": conflict["overruled"]["op"],
        "based_on": conflict["heads"],
    }


@pytest.mark.parametrize("text", ["13800138000", "8000", "Test Per"])
def test_a_customer_is_found_by_phone_and_name(desk: ApiNode, text: str):
    """A number, its end and the beginning of a name lead to the same customer."""
    made = desk.made("/api/customers", FORM)

    hits = desk.done("/api/search", {"text": text})["hits"]

    assert [(one["record"]["kind"], one["record"]["id"]) for one in hits] == [("customer", made["id"])]


def test_what_is_found_is_masked_unless_asked_for(desk: ApiNode):
    """Hits are views like any other, with heads and masks."""
    desk.made("/api/customers", FORM)

    (masked,) = desk.done("/api/search", {"text": "8000"})["hits"]
    (full,) = desk.done("/api/search", {"text": "8000"}, headers=PERSONAL)["hits"]

    assert (masked["matched"]["values"]["number"], masked["record"]["heads"] != "") == ("**********8000", True)
    assert full["matched"]["values"]["number"] == "+8613800138000"


def test_nobody_is_looked_up_by_an_address(desk: ApiNode):
    """What is looked for stands in a body: there is no search that could be kept in a log of addresses."""
    refused = desk.refused("GET", "/api/search?q=13800138000")

    assert (refused["status"], refused["code"]) == (405, "method-not-allowed")


@pytest.mark.parametrize(
    "form", [{"text": ""}, {"text": "x" * 65}, {"text": "x", "limit": 51}, {"text": "x", "limit": 0}, {}]
)
def test_a_search_has_bounds(desk: ApiNode, form: Json):
    """Nothing, too much and too many are refused."""
    assert desk.refused("POST", "/api/search", form)["status"] == 422


def test_asking_for_personal_values_is_logged_without_them(desk: ApiNode):
    """A line says which records were asked for in full, and holds no value of them."""
    made = desk.made("/api/customers", FORM)

    with structlog.testing.capture_logs() as lines:
        desk.get(f"/api/customers/{made['id']}", headers=PERSONAL)
        desk.done("/api/search", {"text": "13800138000"}, headers=PERSONAL)
        desk.get(f"/api/customers/{made['id']}")

    asked = [(one["route"], one["records"]) for one in lines if one["event"] == "personal values asked for"]
    assert asked == [("/api/customers/{customer}", [made["id"]]), ("/api/search", [])]
    assert not [word for word in ("Test Person", "13800138000") if word in str(lines)]


def test_what_stands_in_the_place_of_an_id_is_not_logged(desk: ApiNode):
    """Somebody who types a name into an address does not find it in the log."""
    with structlog.testing.capture_logs() as lines:
        desk.ask("GET", "/api/customers/Test%20Person", headers=PERSONAL)

    assert [(one["route"], one["records"]) for one in lines] == [("/api/customers/{customer}", [])]


def test_a_listed_car_is_a_hit_and_others_are_clear(node: Node, desk: ApiNode):
    """The answer holds the campaign's texts and the age of the data."""
    hub, members = ModelHub(), encode_segment([VIN])
    announce(hub, members, count=1)
    receive(node, hub, members)

    hit = desk.done("/api/recalls/check", {"identifier": VIN.lower()})
    clear = desk.done("/api/recalls/check", {"identifier": OTHER_VIN})

    assert (hit["state"], hit["hits"][0]["campaign_no"], hit["age_ms"]) == ("hit", "R2026-1", 0)
    assert (clear["state"], clear["hits"], clear["as_of"]) == ("clear", [], "2026-09-21T14:13:20Z")


def test_without_data_nothing_is_clear(desk: ApiNode):
    """A node that has heard nothing says that it does not know."""
    answered = desk.done("/api/recalls/check", {"identifier": VIN})

    assert (answered["state"], answered["because"]) == ("unknown", "no recall data has arrived yet")


def test_a_mistyped_vin_is_never_clear(desk: ApiNode):
    """A number that cannot be a VIN is listed nowhere, so nothing certain is said of it."""
    answered = desk.done("/api/recalls/check", {"identifier": with_wrong_digit(VIN)})

    assert answered["state"] == "unknown"


def test_a_conflict_shows_both_values_and_who_may_restore(desk: ApiNode):
    """The list says what lost, to what, by which rule, and which heads a restore is based on."""
    conflict = contested(desk)

    assert (conflict["register"], conflict["rule"], conflict["can_restore"]) == ("color", "latest", True)
    assert (conflict["shown"]["values"], conflict["overruled"]["values"]) == ({"color": "red"}, {"color": "white"})
    assert conflict["heads"] == desk.get(f"/api/vehicles/{conflict['id']}")["vehicle"]["heads"]


def test_a_restored_value_is_shown_and_nothing_stays_open(desk: ApiNode):
    """One request brings the value back, and the other one can be seen among the settled."""
    conflict = contested(desk)

    restored = desk.done("/api/conflicts/restore", restore_form(conflict))

    assert (restored["changed"], restored["view"]["values"]["color"]) == (True, "white")
    assert desk.get("/api/conflicts") == {"conflicts": []}
    (settled,) = desk.get("/api/conflicts?settled=true")["conflicts"]
    assert (settled["overruled"]["values"]["color"], settled["settled_by"] is not None) == ("red", True)


def test_a_restore_of_what_changed_meanwhile_is_refused(desk: ApiNode):
    """Somebody painted the car again since the list was read, so the restorer looks first."""
    conflict = contested(desk)
    view = desk.get(f"/api/vehicles/{conflict['id']}")["vehicle"]
    desk.changed(f"/api/vehicles/{conflict['id']}", {"based_on": view["heads"], "changes": {"color": "blue"}})

    refused = desk.refused("POST", "/api/conflicts/restore", restore_form(conflict))

    assert (refused["status"], wrong(refused)) == (409, [("#/based_on", "changed")])
    assert desk.get(f"/api/vehicles/{conflict['id']}")["vehicle"]["values"]["color"] == "blue"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        pytest.param({"based_on": None}, "#/based_on", id="no heads"),
        pytest.param({"kind": "nothing"}, "#/kind", id="unknown kind"),
        pytest.param({"id": "no-id"}, "#/id", id="no id"),
        pytest.param({"op": "xyz"}, "#/op", id="no op"),
        pytest.param({"op": "00" * 16}, "#/op", id="an op that is no overruled value"),
        pytest.param({"register": "model"}, "#/op", id="another register"),
    ],
)
def test_a_restore_that_names_nothing_points_at_the_member(desk: ApiNode, changes: Json, pointer: str):
    """Every member of the form is held against the list."""
    form = {**restore_form(contested(desk)), **changes}

    assert [one for one, _ in wrong(desk.refused("POST", "/api/conflicts/restore", form))] == [pointer]


def test_line_and_sync_are_two_facts(node: Node):
    """Work that waits is counted by document, and a line nobody has tried is unknown."""
    desk = ApiNode(node)
    desk.made("/api/customers", FORM)

    status = desk.get("/api/status")

    assert (status["line"], status["sync"]) == ("unknown", "waiting")
    assert (status["waiting"]["sets"], status["waiting"]["documents"]) == (1, {"customer": 1})


def test_syncing_now_ends_with_a_result(node: Node):
    """A whole round is made while the caller waits, and the answer says what came of it."""
    desk = ApiNode(node, sync_ports(ScriptedHub(node)))
    desk.made("/api/customers", FORM)

    done = desk.done("/api/sync")

    assert (done["is_complete"], done["sent"], done["accepted"]) == (True, 1, 1)
    assert (done["status"]["line"], done["status"]["sync"]) == ("online", "complete")


def test_syncing_without_a_line_says_so(node: Node):
    """No answer from the hub is no failure of the desk: everything is kept, and the status remembers it."""
    hub = ScriptedHub(node)
    hub.broken["card"] = [NO_LINE]
    desk = ApiNode(node, sync_ports(hub))

    answered = desk.ask("POST", "/api/sync")

    assert (problem(answered)["status"], problem(answered)["code"]) == (503, "unreachable")
    assert "nothing was lost" in problem(answered)["safe"]
    assert desk.get("/api/status")["line"] == "offline"


def test_syncing_without_a_hub_address_says_so(desk: ApiNode):
    """A node that was enrolled by files and knows no address cannot be asked to sync."""
    assert desk.refused("POST", "/api/sync")["code"] == "unreachable"


def test_a_round_that_broke_off_says_where(node: Node):
    """A hello that worked and a push that did not are told apart."""
    hub = ScriptedHub(node)
    hub.broken["push"] = [NO_LINE]
    desk = ApiNode(node, sync_ports(hub))
    desk.made("/api/customers", FORM)

    done = desk.done("/api/sync")

    assert (done["is_complete"], done["push_failure"]["code"], done["pull_failure"]) == (False, "unreachable", None)


def test_a_save_wakes_the_background_sync_and_a_view_does_not(node: Node):
    """What was saved does not wait for the next look at the outbox."""
    background = Woken()
    desk = ApiNode(node, background=background)

    made = desk.made("/api/customers", FORM)
    desk.get(f"/api/customers/{made['id']}")
    desk.refused("POST", "/api/customers", {"values": {}})

    assert background.wakes == 1
