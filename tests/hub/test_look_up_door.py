"""The look-up at the hub's door, and its ledger on the command line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from carnet_hub.entrypoints.cli.main import execute
from carnet_protocol.envelope import Purpose
from carnet_protocol.look_up import LookUpAnswer, LookUpRequest
from carnet_protocol.messages import encode_batch, open_frame, sign_frame
from support.hub_apps import NOW_MS, NodeVoice, TestHub, make_hub
from support.hub_cli import Printed, refused, told
from support.hub_http import VIN, card, problem, push, request, vehicle_set
from support.protocol import signer

DAY = datetime.fromtimestamp(NOW_MS / 1000, UTC).date().isoformat()


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with one dealer site that knows a car."""
    made = make_hub(tmp_path / "hub")
    home = made.enrol("home", "A001")
    answered = push(made, home, encode_batch([vehicle_set(home).pushed]))
    assert answered.status_code == 200, answered.text
    return made


def message(hub: TestHub, desk: NodeVoice, **changes: object) -> bytes:
    """A signed look-up of a desk on a fresh challenge."""
    values: dict[str, object] = {
        "version": 1,
        "challenge": card(hub).challenge,
        "dealer_id": desk.dealer_id,
        "node_id": desk.node_id,
        "way": "vin",
        "sought": VIN,
        "reason": "at_desk",
        "customer_id": None,
        "staff_id": None,
    }
    asked = LookUpRequest(**{**values, **changes})  # type: ignore[arg-type]
    return sign_frame(asked, Purpose.LOOK_UP, desk.hub_id, signer(f"key {desk.name}"))


def test_a_look_up_is_answered_without_a_token(hub: TestHub):
    """A signed request on the hub's challenge is answered, signed, with the challenge in it."""
    away = hub.enrol("away", "B001")
    asked = message(hub, away)

    answered = request(hub, "POST", "/v1/look-up", content=asked)

    assert (answered.status_code, answered.headers["content-type"]) == (200, "application/cbor")
    answer = open_frame(answered.content, LookUpAnswer, away.hub_key, Purpose.LOOK_UP, away.hub_id)
    assert (answer.node_id, len(answer.cars)) == (away.node_id, 1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"reason": "curiosity"}, (400, "look-up-reason"), id="a wrong reason"),
        pytest.param({"way": "color"}, (400, "bad-field"), id="a way that there is not"),
        pytest.param({"challenge": b"old"}, (401, "stale-challenge"), id="no challenge of the hub's"),
    ],
)
def test_a_look_up_is_refused_with_a_problem(hub: TestHub, changes: dict[str, object], expected: tuple[int, str]):
    """Every refusal is a problem document with its code."""
    away = hub.enrol("away", "B001")

    answered = request(hub, "POST", "/v1/look-up", content=message(hub, away, **changes))

    assert problem(answered) == expected


@pytest.mark.parametrize("content", [b"", b"\x80", b"x" * 20_000], ids=["nothing", "no message", "too much"])
def test_what_is_no_look_up_is_refused(hub: TestHub, content: bytes):
    """Bytes that are no message make no fault of the hub's."""
    assert request(hub, "POST", "/v1/look-up", content=content).status_code in (400, 413)


def test_a_hello_is_no_look_up(hub: TestHub):
    """A message that was signed for another purpose is not taken."""
    away = hub.enrol("away", "B001")

    answered = request(hub, "POST", "/v1/look-up", content=away.hello(card(hub).challenge))

    assert problem(answered) == (401, "bad-signature")


def test_a_suspended_site_is_shown_nothing(hub: TestHub, tmp_path: Path):
    """Whoever may not speak may not look."""
    away = hub.enrol("away", "B001")
    asked = message(hub, away)
    assert execute(["--data", str(tmp_path / "hub"), "dealers", "suspend", "B001"]) == 0

    assert problem(request(hub, "POST", "/v1/look-up", content=asked)) == (403, "suspended-node")


def test_the_ledger_is_listed_and_exported(hub: TestHub, tmp_path: Path, capsys: Printed):
    """`lookups list` shows who asked what, refused ones too, or of one site; the workbook has the same lines."""
    data, book = tmp_path / "hub", tmp_path / "look-ups.xlsx"
    away = hub.enrol("away", "B001")
    request(hub, "POST", "/v1/look-up", content=message(hub, away))
    request(hub, "POST", "/v1/look-up", content=message(hub, away, reason="curiosity"))

    listed = told(capsys, data, "lookups", "list", "--xlsx", book)
    of_another = told(capsys, data, "lookups", "list", "--dealer", "A001")
    of_the_car = told(capsys, data, "lookups", "list", "--vin", VIN)

    assert [(row["site_code"], row["reason"], row["cars"], row["outcome"]) for row in listed] == [
        ("B001", "at_desk", 1, "answered"),
        ("B001", "", 0, "look-up-reason"),
    ]
    assert (of_another, len(of_the_car)) == ([], 1)
    assert load_workbook(book).worksheets[0].max_row == 3


def test_rates_are_listed_by_person_and_day(hub: TestHub, tmp_path: Path, capsys: Printed):
    """`lookups rates` counts them; none of these is unusual."""
    data = tmp_path / "hub"
    away = hub.enrol("away", "B001")
    request(hub, "POST", "/v1/look-up", content=message(hub, away))

    counted = told(capsys, data, "lookups", "rates")

    assert [(row["site_code"], row["asked"], row["answered"], row["is_unusual"]) for row in counted] == [
        ("B001", 1, 1, False)
    ]
    assert told(capsys, data, "lookups", "rates", "--unusual") == []


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("--dealer", "NOBODY"), id="no such site"),
        pytest.param(("--since", "yesterday"), id="no day"),
        pytest.param(("--vin", "123"), id="no VIN"),
    ],
)
def test_a_wrong_option_is_refused(hub: TestHub, tmp_path: Path, capsys: Printed, options: tuple[str, str]):
    """What nobody can mean is refused with three sentences."""
    assert refused(capsys, tmp_path / "hub", "lookups", "list", *options)["what"]


def test_monitoring_sees_sites_that_look_up_much(hub: TestHub):
    """The gauge is there, and 0 on an ordinary day."""
    text = request(hub, "GET", "/metrics").text

    assert "\ncarnet_hub_sites_looking_up_much 0\n" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param((VIN, "--reason", "other", "--by", "op-7"), "taken no such car on", id="a car not taken on"),
        pytest.param(("123", "--reason", "other", "--by", "op-7"), "no VIN or record of a car", id="no car"),
        pytest.param((VIN, "--reason", "because", "--by", "op-7"), "no reason", id="a wrong reason"),
        pytest.param((VIN, "--reason", "other", "--by", "Wang Li"), "no code of an operator", id="a name"),
    ],
)
def test_what_cannot_be_ended_is_refused_by_name(
    hub: TestHub, tmp_path: Path, capsys: Printed, arguments: tuple[str, ...], words: str
):
    """`dealers end-adoption` ends with 1, and says what to type instead."""
    said = refused(capsys, tmp_path / "hub", "dealers", "end-adoption", "A001", *arguments)

    assert words in str(said["what"])
    assert said["next"]
