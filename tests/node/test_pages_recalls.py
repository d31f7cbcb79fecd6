"""Recalls on the pages of the desk: the most dangerous first, no repair without a remedy, items and evidence."""

from pathlib import Path

import pytest

from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save_visit_by_vin
from carnet_node.core.saving.editing import require_visit
from carnet_protocol.ids import RecordId, record_text, vehicle_id
from carnet_protocol.legal_days import DAY_MS
from carnet_protocol.recall_lists import ListKind
from carnet_protocol.remedy import evidence_bits
from carnet_protocol.segments import encode_segment
from carnet_protocol.vin import VinPolicy
from support.browsing import Fields, Visitor
from support.model_hub import ModelHub
from support.node_builder import build_node
from support.offline_lists import begun, fetched
from support.recall_lists import announce, announce_item, receive
from support.vins import make_vins, with_wrong_digit

VIN, OTHER_VIN = make_vins(2)
LIST = encode_segment([VIN])
PHOTO = "ab" * 32


@pytest.fixture
def hub() -> ModelHub:
    """A hub without campaigns."""
    return ModelHub()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without recall data."""
    return build_node(tmp_path)


def car_in(node: Node) -> RecordId:
    """The listed car is in the shop; its order."""
    order = save_visit_by_vin(
        node,
        AddVehicle(VIN, VinPolicy.STRICT),
        lambda car: OpenVisit("", car, node.clock.now_ms(), values={"odometer_in_km": 52_300}),
    )
    return order.visit


def test_the_most_dangerous_recall_stands_first(node: Node, hub: ModelHub):
    """A car that must not be driven is told so before anything else."""
    announce(hub, LIST, count=1, number=30, campaign_no="R-NORMAL", hazard_level="normal")
    announce(hub, LIST, count=1, number=40, campaign_no="R-PARK", hazard_level="park_outside")
    announce(hub, LIST, count=1, number=50, campaign_no="R-STOP", hazard_level="do_not_drive")
    receive(node, hub, LIST)
    car_in(node)

    page = Visitor(node).logged_in().in_english().open(f"/vehicles/{record_text(vehicle_id(VIN))}")

    places = [page.index(number) for number in ("R-STOP", "R-PARK", "R-NORMAL")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("kind", "english", "told"),
    [
        (ListKind.REMEDIED, True, "R2026-1 was done at another dealer"),
        (ListKind.REMEDIED, False, "R2026-1 已在其他经销商完成"),
        (ListKind.REMOVED, True, "The hub has this car as exported, scrapped or stolen"),
        (ListKind.REMOVED, False, "中心记录该车已出口、报废或被盗"),
    ],
)
def test_what_the_hubs_lists_say_stands_on_the_file(
    node: Node, hub: ModelHub, kind: ListKind, english: bool, told: str
):
    """Work of another dealer is told with its day; a car that is gone by the hub's word is an alarm."""
    lists = begun(node, hub, [VIN])
    lists.put(kind, [VIN])
    fetched(node, lists)
    car_in(node)
    desk = Visitor(node).logged_in()

    page = (desk.in_english() if english else desk).open(f"/vehicles/{record_text(vehicle_id(VIN))}")

    assert told in page
    assert ('role="alert"' in page) is (kind is ListKind.REMOVED)


def test_without_a_remedy_the_desk_gives_advice_and_books_nothing(node: Node, hub: ModelHub):
    """The banner says the advice and offers no check-in; the order offers no repair, and a refusal all the same."""
    announce(hub, LIST, count=1, remedy_state="not_yet")
    receive(node, hub, LIST)
    visit = car_in(node)
    desk = Visitor(node).logged_in().in_english()

    banner, order = desk.open(f"/vehicles/{record_text(vehicle_id(VIN))}"), desk.open(f"/visits/{record_text(visit)}")

    assert "drive slowly" in banner
    assert "The remedy is not available yet: tell the owner the advice above, and book no repair." in banner
    assert "campaign=" not in banner
    assert ('value="replaced"' in order, 'value="refused"' in order) == (False, True)


def test_a_completion_without_its_evidence_is_refused_in_the_persons_language(node: Node, hub: ModelHub):
    """The form says what the campaign wants; without it nothing is saved, and the sentences say what is missing."""
    announce(hub, LIST, count=1, evidence_bits=evidence_bits(["photo"]))
    receive(node, hub, LIST)
    address = f"/visits/{record_text(car_in(node))}"
    desk = Visitor(node).logged_in()
    page = desk.open(address)

    refused = desk.submit(page, f"{address}/recalls", {"method": "replaced"})

    assert "该召回要求" in page
    assert refused.status_code == 422
    assert "该召回要求提供作业照片。" in refused.text


def test_items_are_ticked_singly_until_the_recall_is_done(node: Node, hub: ModelHub):
    """After the first of two items the recall is open for the other; after both it is gone from the order."""
    announce(hub, LIST, count=1, evidence_bits=evidence_bits(["photo"]))
    announce_item(hub, 1, "left", part_no="A-1")
    announce_item(hub, 2, "right", part_no="B-2")
    receive(node, hub, LIST)
    visit = car_in(node)
    address, desk = f"/visits/{record_text(visit)}", Visitor(node).logged_in().in_english()
    proof = {"method": "replaced", "photo_hash": PHOTO}

    desk.submit(desk.open(address), f"{address}/recalls", {**proof, "items_done": "1", "part_no": "A-1"})
    half = desk.open(address)
    desk.submit(half, f"{address}/recalls", {**proof, "items_done": "2", "part_no": "B-2"})

    done = require_visit(node, visit).completions
    assert ("✓ left" in half, 'value="1"> left' in half, "right" in half) == (True, False, True)
    assert "Record for this recall" not in desk.open(address)
    assert sorted((one.values["items_done"], one.values["part_no"]) for one in done) == [(1, "A-1"), (2, "B-2")]
    assert {one.values["photo_hash"] for one in done} == {bytes.fromhex(PHOTO)}


def test_a_file_and_its_hash_have_labels_of_their_own(node: Node, hub: ModelHub):
    """Beside the field that takes the photo stands one that says it takes a SHA-256."""
    announce(hub, LIST, count=1, evidence_bits=evidence_bits(["photo"]))
    receive(node, hub, LIST)
    address = f"/visits/{record_text(car_in(node))}"

    page = Visitor(node).logged_in().in_english().open(address)

    assert [
        page.count(f'aria-label="{label}"')
        for label in ("Fingerprint (SHA-256): Photo of the work", "Photo of the work")
    ] == [
        1,
        0,
    ]


@pytest.mark.parametrize(
    ("english", "typed"),
    [
        pytest.param(True, "ab" * 31, id="too short"),
        pytest.param(True, "xy" * 32, id="no digits of a hash"),
        pytest.param(False, "IMG_2041.jpg", id="the name of a file"),
    ],
)
def test_what_is_no_hash_is_refused_in_words_beside_its_field(node: Node, hub: ModelHub, english: bool, typed: str):
    """The sentence says what a SHA-256 looks like and how to get one; what was typed stays there."""
    announce(hub, LIST, count=1, evidence_bits=evidence_bits(["photo"]))
    receive(node, hub, LIST)
    address, desk = f"/visits/{record_text(car_in(node))}", Visitor(node).logged_in()
    desk = desk.in_english() if english else desk

    refused = desk.submit(desk.open(address), f"{address}/recalls", {"method": "replaced", "photo_hash": typed})

    said = "This is not a SHA-256: it has 64 characters" if english else "这不是 SHA-256：应为 64 个字符"
    assert refused.status_code == 422
    assert said in refused.text.partition('id="f-photo_hash-problem"')[2]
    assert f'value="{typed}"' in refused.text


def test_a_refused_form_says_which_file_it_keeps(node: Node, hub: ModelHub):
    """Beside a hash that stays nobody reads that no file is chosen; beside one that is none they do."""
    announce(hub, LIST, count=1, evidence_bits=evidence_bits(["photo", "technician"]))
    receive(node, hub, LIST)
    address, desk = f"/visits/{record_text(car_in(node))}", Visitor(node).logged_in().in_english()
    kept = '<span class="kept">The file that was chosen before stays: its SHA-256 stands beside.</span>'
    new = desk.open(address)

    told = [
        desk.submit(new, f"{address}/recalls", {"method": "replaced", "photo_hash": typed}).text
        for typed in (PHOTO, "IMG_2041.jpg")
    ]

    assert [kept in page for page in (new, *told)] == [False, True, False]
    assert f'{kept}<span class="none-yet" hidden>' in told[0]


def test_a_hash_is_taken_however_it_is_grouped(node: Node, hub: ModelHub):
    """Capitals, blanks and full-width digits are the same 64 characters."""
    announce(hub, LIST, count=1, evidence_bits=evidence_bits(["photo"]))
    receive(node, hub, LIST)
    visit = car_in(node)
    address, desk = f"/visits/{record_text(visit)}", Visitor(node).logged_in()
    typed = " ".join(["ＡＢ" + "AB" * 15] * 2)

    desk.submit(desk.open(address), f"{address}/recalls", {"method": "replaced", "photo_hash": typed})

    (done,) = require_visit(node, visit).completions
    assert done.values["photo_hash"] == bytes.fromhex(PHOTO)


@pytest.mark.parametrize("english", [pytest.param(True, id="en"), pytest.param(False, id="zh")])
def test_recorded_work_that_the_hub_does_not_count_is_told_with_the_reason(node: Node, hub: ModelHub, english: bool):
    """A car whose work is dated before its campaign stays open, and the page says why and what to do."""
    first = announce(hub, LIST, count=1)
    receive(node, hub, LIST)
    visit = car_in(node)
    address, desk = f"/visits/{record_text(visit)}", Visitor(node).logged_in()
    desk = desk.in_english() if english else desk
    desk.submit(desk.open(address), f"{address}/recalls", {"method": "replaced"})
    announce(hub, LIST, count=1, based_on=first, published_at=node.clock.now_ms() + 30 * DAY_MS)
    receive(node, hub)

    page = desk.open(address)

    said = ("Recorded, but not counted", "Set this machine") if english else ("已登记，但未计入", "请校准本机时钟")
    assert [text in page for text in said] == [True, True]
    assert f'action="{address}/recalls"' in page


def test_a_recorded_recall_says_which_it_was(node: Node, hub: ModelHub):
    """Campaign number and name stand on the order and in the car's history, there with site and order."""
    announce(hub, LIST, count=1)
    receive(node, hub, LIST)
    visit = car_in(node)
    address, desk = f"/visits/{record_text(visit)}", Visitor(node).logged_in().in_english()
    desk.submit(desk.open(address), f"{address}/recalls", {"method": "replaced"})

    order, file = desk.open(address), desk.open(f"/vehicles/{record_text(vehicle_id(VIN))}")

    row = file.partition("Recall completion")[2].partition("</tr>")[0]
    shown = require_visit(node, visit).visit
    assert "<strong>R2026-1</strong> Brake hose" in order.partition("Recalls done")[2]
    assert [
        text in row
        for text in ("<strong>R2026-1</strong> Brake hose", f"{shown.site}<", f">{shown.values['ro_no']!s}</a>")
    ] == [True] * 3


@pytest.mark.parametrize(
    ("english", "said"), [(True, "Say how the recall was carried out."), (False, "请注明召回的处理方式。")]
)
def test_one_press_records_no_recall(node: Node, hub: ModelHub, english: bool, said: str):
    """How it was carried out is chosen by hand; nothing is chosen to begin with, and nothing is saved without it."""
    announce(hub, LIST, count=1)
    receive(node, hub, LIST)
    visit = car_in(node)
    address, desk = f"/visits/{record_text(visit)}", Visitor(node).logged_in()
    desk = desk.in_english() if english else desk

    refused = desk.submit(desk.open(address), f"{address}/recalls", {})

    assert (refused.status_code, require_visit(node, visit).completions) == (422, ())
    assert said in refused.text


def test_a_recall_recorded_by_mistake_is_taken_back_on_the_order(node: Node, hub: ModelHub):
    """The page says where; what was recorded stays readable, and the recall is open again."""
    announce(hub, LIST, count=1)
    receive(node, hub, LIST)
    visit = car_in(node)
    address, desk = f"/visits/{record_text(visit)}", Visitor(node).logged_in().in_english()
    before = desk.open(address)
    desk.submit(before, f"{address}/recalls", {"method": "replaced"})
    (done,) = require_visit(node, visit).completions
    recorded = desk.open(address)

    desk.submit(recorded, f"{address}/recalls/{record_text(done.id)}/retract", {})

    (taken_back,) = require_visit(node, visit).completions
    assert "What is recorded by mistake is taken back on this page" in before
    assert ("Open recall" in recorded, "Open recall" in desk.open(address)) == (False, True)
    assert taken_back.values["retracted"] == "entered_in_error"


def test_a_vin_that_nobody_has_on_file_is_told_before_the_check_in_is_saved(node: Node, hub: ModelHub):
    """As soon as it is whole the recall stands in the form, with a button that puts it among the work."""
    announce(hub, LIST, count=1)
    receive(node, hub, LIST)
    desk = Visitor(node).logged_in().in_english()

    told = typed_vin(desk, VIN)

    assert ("R2026-1 Brake hose" in told, "drive slowly" in told, 'data-recall="' in told) == (True, True, True)


def test_a_recall_without_a_remedy_is_put_among_no_work(node: Node, hub: ModelHub):
    """The advice is there, the button is not."""
    announce(hub, LIST, count=1, remedy_state="not_yet")
    receive(node, hub, LIST)

    told = typed_vin(Visitor(node).logged_in().in_english(), VIN)

    assert ("drive slowly" in told, "data-recall=" in told) == (True, False)


@pytest.mark.parametrize(
    ("vin", "is_compared", "said"),
    [
        pytest.param(OTHER_VIN, False, "", id="on no list"),
        pytest.param(VIN[:-1], False, "", id="not whole yet"),
        pytest.param(with_wrong_digit(OTHER_VIN), False, "check digit does not fit", id="a wrong check digit"),
        pytest.param(with_wrong_digit(OTHER_VIN), True, "", id="a wrong check digit, and compared with the car"),
    ],
)
def test_what_is_said_of_a_vin_that_is_on_no_list(node: Node, hub: ModelHub, vin: str, is_compared: bool, said: str):
    """Nothing, where the lists can be relied on; a number that may be mistyped is unknown."""
    announce(hub, LIST, count=1)
    receive(node, hub, LIST)

    told = typed_vin(Visitor(node).logged_in().in_english(), vin, is_compared=is_compared)

    assert said in told if said else told == ""


def test_a_vin_is_unknown_while_no_list_has_arrived(node: Node):
    """Silence would be taken for "no recall"."""
    told = typed_vin(Visitor(node).logged_in().in_english(), VIN)

    assert "Recalls unknown" in told
    assert "no recall data has arrived yet; this does not mean that there is none." in told


def test_a_check_in_that_comes_back_still_says_the_recall(node: Node, hub: ModelHub):
    """A refused save shows it with the form, without a script."""
    announce(hub, LIST, count=1)
    receive(node, hub, LIST)
    desk = Visitor(node).logged_in().in_english()

    refused = desk.submit(desk.open("/visits/new"), "/visits/new", {"car.vin": VIN})

    assert refused.status_code == 422
    assert "R2026-1 Brake hose" in refused.text


def test_a_search_for_a_listed_vin_without_a_file_says_so(node: Node, hub: ModelHub):
    """The results name the recall, and the check-in from there begins with the VIN."""
    announce(hub, LIST, count=1)
    receive(node, hub, LIST)
    desk = Visitor(node).logged_in().in_english()

    found = desk.search(VIN).text
    begun = desk.open(desk.submit(found, "/visits/begin", {}).headers["location"])

    assert ("Nobody and nothing here is called that." in found, "R2026-1 Brake hose" in found) == (True, True)
    assert (Fields(begun).forms["/visits/new"]["car.vin"], "R2026-1 Brake hose" in begun) == (VIN, True)


def test_a_search_for_a_name_asks_no_recall_list(node: Node):
    """Unknown recalls are no word for somebody who is looked for."""
    found = Visitor(node).logged_in().in_english().search("王小明").text

    assert "Recalls unknown" not in found


def test_a_search_for_a_vin_on_file_leads_to_the_file_alone(node: Node, hub: ModelHub):
    """Its recall stands there."""
    announce(hub, LIST, count=1)
    receive(node, hub, LIST)
    car_in(node)

    found = Visitor(node).logged_in().in_english().search(VIN).text

    assert ("/vehicles/" in found, "Open recall" in found) == (True, False)


def typed_vin(desk: Visitor, vin: str, *, is_compared: bool = False) -> str:
    """What the check-in says of recalls while a VIN is typed."""
    sent = {"vin": vin, "is_compared": is_compared}
    return desk.send(desk.open("/visits/new"), "/recalls/vin", sent).json()["html"].strip()
