"""Looking up and taking on over JSON and on the command line, where there is no line."""

from pathlib import Path
from uuid import UUID

import pytest
from openpyxl import load_workbook

from carnet_protocol.ids import vehicle_id
from support.api_node import ApiNode, problem
from support.cli_node import CliNode, enrol_folder
from support.node_builder import build_node
from support.vins import make_vins

CAR = str(UUID(bytes=bytes(vehicle_id(make_vins(1)[0]))))
ASKED = {"way": "vin", "sought": make_vins(1)[0], "reason": "at_desk"}


@pytest.fixture
def desk(tmp_path: Path) -> ApiNode:
    """A node that knows no address of a hub."""
    return ApiNode(build_node(tmp_path))


@pytest.fixture
def node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliNode:
    """An enrolled node whose hub does not answer."""
    made = CliNode(tmp_path, capsys)
    enrol_folder(made.folder)
    made.run("sync", "--hub", "http://127.0.0.1:9")
    return made


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"reason": "curiosity"}, "reason", id="a wrong reason"),
        pytest.param({"way": "color"}, "way", id="no such way"),
        pytest.param({"sought": " "}, "sought", id="nothing to look up"),
        pytest.param({"sought": ASKED["sought"][:16]}, "sought", id="a VIN without its end"),
    ],
)
def test_a_wrong_question_is_refused_by_its_field(desk: ApiNode, changes: dict[str, str], field: str):
    """What the hub would refuse is refused here first, also where there is no line."""
    refused = desk.refused("POST", "/api/look-ups", {**ASKED, **changes})

    assert [one["field"] for one in refused["errors"]] == [field]


def test_a_question_without_a_line_is_unreachable(desk: ApiNode):
    """The desk is told that the hub cannot be reached, with what to do."""
    answered = desk.ask("POST", "/api/look-ups", ASKED)

    assert (answered.status_code, problem(answered)["code"]) == (503, "unreachable")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"reason": "curiosity"}, "reason", id="a wrong reason"),
        pytest.param({"reason": ""}, "reason", id="no reason"),
    ],
)
def test_a_car_is_not_taken_on_without_a_reason_of_the_list(desk: ApiNode, changes: dict[str, str], field: str):
    """The refusal names the field, and nothing is recorded."""
    refused = desk.refused("POST", "/api/adoptions", {"vehicle_id": CAR, "reason": "at_desk", **changes})

    assert {one["field"] for one in refused["errors"]} == {field}
    assert desk.get("/api/adoptions") == {"cars": []}


def test_a_customer_whom_nobody_knows_is_refused(desk: ApiNode):
    """Only a customer of this site can stand at its desk."""
    body = {"vehicle_id": CAR, "reason": "at_desk", "customer_id": CAR}

    assert desk.ask("POST", "/api/adoptions", body).status_code == 404


def test_a_car_is_taken_on_without_a_line(desk: ApiNode):
    """The adoption is recorded; its history is awaited."""
    desk.made("/api/adoptions", {"vehicle_id": CAR, "reason": "towed_in"})

    (car,) = desk.get("/api/adoptions")["cars"]

    assert (car["vehicle_id"], car["reason"], car["following"]) == (CAR, "towed_in", "awaited")


def test_a_car_is_given_back_without_a_line(desk: ApiNode):
    """The list says that it is over and why; a second time is refused by name, and nothing is recorded."""
    desk.made("/api/adoptions", {"vehicle_id": CAR, "reason": "towed_in"})

    answers = [desk.ask("POST", f"/api/adoptions/{CAR}/give-back").status_code for _ in range(2)]

    (car,) = desk.get("/api/adoptions")["cars"]
    assert answers == [200, 422]
    assert (car["following"], car["taken_back"]) == ("ended", "withdrawn")


def test_the_command_line_gives_a_car_back(node: CliNode):
    """`lookup give-back` ends it with 0, and with 1 where there is nothing to give back."""
    node("lookup", "take-on", CAR, "--reason", "recall")

    codes = [node.run("lookup", "give-back", CAR) for _ in range(2)]

    assert codes == [0, 1]
    assert [one["following"] for one in node("lookup", "taken")] == ["ended"]


def test_the_command_line_takes_a_car_on_and_lists_it(node: CliNode, tmp_path: Path):
    """`lookup take-on` records it; `lookup taken` lists it, also in a workbook."""
    book = tmp_path / "taken.xlsx"
    node("lookup", "take-on", CAR, "--reason", "recall")
    assert node.code == 0

    listed = node("lookup", "taken", "--xlsx", book)

    assert [(one["vehicle_id"], one["reason"], one["following"]) for one in listed] == [(CAR, "recall", "awaited")]
    assert load_workbook(book).worksheets[0].max_row == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("find", "X", "--reason", "curiosity"), 1, id="a wrong reason"),
        pytest.param(("find", "X", "--reason", "at_desk", "--way", "color"), 1, id="no such way"),
        pytest.param(("find", "  ", "--reason", "at_desk"), 1, id="nothing to look up"),
        pytest.param(("find", "X" * 65, "--reason", "at_desk"), 1, id="more than a number"),
        pytest.param(("find", "X"), 2, id="no reason at all"),
        pytest.param(("find", "X", "--reason", "at_desk"), 1, id="half a VIN"),
        pytest.param(("find", ASKED["sought"], "--reason", "at_desk"), 3, id="no line"),
        pytest.param(("take-on", CAR, "--reason", "curiosity"), 1, id="taking on with a wrong reason"),
    ],
)
def test_exit_codes_say_what_is_wrong(node: CliNode, arguments: tuple[str, ...], code: int):
    """1 for what is refused, 2 for wrong usage, 3 for a hub that cannot be reached."""
    assert node.run("lookup", *arguments) == code
