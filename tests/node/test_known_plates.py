"""A new car with the plate of one on file: asked about once, when the check-in is saved, with its recalls beside it."""

from collections.abc import Callable

import pytest

from carnet_node.core.refusals import CommandRefused, ProblemCode
from carnet_node.core.saving.form_drafts import keep_draft
from carnet_node.core.saving.receiving import ReceivedCar, ReceivedParty, Reception, receive_car
from carnet_node.core.saving.unsaved import CHECK_IN, form_of_car
from carnet_node.core.showing.views import visit_view
from carnet_node.entrypoints.pages.check_in_forms import job_places
from carnet_node.entrypoints.pages.forms import Typed
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.registry import Value
from carnet_protocol.segments import encode_segment
from support.browsing import Fields, Visitor
from support.model_hub import ModelHub
from support.node_builder import START_MS
from support.recall_lists import announce, receive
from support.staffed import Site
from support.vins import make_vins

VIN, OTHER_VIN = make_vins(2)
FRAME_NUMBER = "JZX100-0012345"
PLATE, OTHER_PLATE = "浙A12345", "浙A54321"
NEW, QUESTION = "/visits/new", 'id="f-car-alike"'
ORDER: dict[str, Value] = {
    "is_odometer_unknown": True,
    "sender_name": "王小明",
    "sender_phone": "13800138000",
    "advisor_code": "B01",
    "promised_at": START_MS + 1,
}
TYPED = {
    "car.plate": "浙a·12345",
    "sender_name": "王小明",
    "sender_phone": "13800138000",
    "odometer_in_km": "52300",
    "jobs[0].complaint": "早上启动有异响",
}
CAR_WITHOUT_VIN = ("Recalls unknown", "the car has no VIN here.")


def with_plate(site: Site) -> RecordId:
    """A car on file that wears a plate."""
    return receive_car(site.as_admin, brought(ReceivedCar(vin=VIN, plate=PLATE))).vehicle


def without_number(site: Site) -> RecordId:
    """A car on file of which only the plate is known."""
    return receive_car(site.as_admin, brought(ReceivedCar(plate=PLATE))).vehicle


def with_frame_number(site: Site) -> RecordId:
    """An older car on file, whose number names no record."""
    car = ReceivedCar(vin=FRAME_NUMBER, is_vin_compared=True, plate=PLATE)
    return receive_car(site.as_admin, brought(car)).vehicle


def recalled(site: Site) -> None:
    """The car on file has an open recall."""
    hub, members = ModelHub(), encode_segment([VIN])
    announce(hub, members, count=1, campaign_no="R2026-7", title="Fuel pump")
    receive(site.node, hub, members)


def brought(car: ReceivedCar) -> Reception:
    """A check-in of a car by somebody without a file."""
    return Reception(ReceivedParty(), car, ORDER)


def asked_about(site: Site, car: ReceivedCar) -> tuple[RecordId, ...]:
    """Which cars a save asks about; none when it is saved."""
    try:
        receive_car(site.as_admin, brought(car))
    except CommandRefused as refused:
        (problem,) = refused.problems
        assert (problem.field, problem.code) == ("car.alike", ProblemCode.ON_FILE)
        return problem.records
    return ()


def car_of(site: Site, address: str) -> RecordId:
    """The car of the order whose page an address is."""
    order = visit_view(site.node, parse_record_text(address.rsplit("/", 1)[1]))
    assert order is not None
    assert order.vehicle is not None
    return order.vehicle.id


@pytest.mark.parametrize(
    ("car", "is_asked"),
    [
        pytest.param(ReceivedCar(plate=PLATE), True, id="the plate alone"),
        pytest.param(ReceivedCar(plate="浙 a12345"), True, id="the plate in another spelling"),
        pytest.param(ReceivedCar(plate=OTHER_PLATE), False, id="another plate"),
        pytest.param(ReceivedCar(plate=PLATE, vin=OTHER_VIN), False, id="a VIN of its own"),
        pytest.param(ReceivedCar(plate=PLATE, vin=VIN), False, id="the VIN of the car on file"),
    ],
)
def test_a_plate_that_a_car_on_file_wears_is_asked_about(site: Site, car: ReceivedCar, is_asked: bool):
    """Nothing is saved before it is said whether it is that car; a VIN says so by itself."""
    known = with_plate(site)

    assert asked_about(site, car) == ((known,) if is_asked else ())


def test_a_vin_beside_the_plate_of_a_car_without_one_is_asked_about(site: Site):
    """That car may be the one whose number was learned now."""
    known = without_number(site)

    assert asked_about(site, ReceivedCar(plate=PLATE, vin=VIN)) == (known,)


@pytest.mark.parametrize(
    ("car", "is_asked"),
    [
        pytest.param(ReceivedCar(vin="jzx100 0012345", is_vin_compared=True), True, id="its number alone"),
        pytest.param(ReceivedCar(vin=FRAME_NUMBER, is_vin_compared=True, plate=PLATE), True, id="number and plate"),
        pytest.param(ReceivedCar(plate=PLATE), True, id="the plate alone"),
        pytest.param(ReceivedCar(vin="JZX100-0099999", is_vin_compared=True, plate=PLATE), False, id="another number"),
    ],
)
def test_a_frame_number_on_file_is_asked_about(site: Site, car: ReceivedCar, is_asked: bool):
    """Only a VIN makes a car the same by itself; older cars would get a second file under their own number."""
    known = with_frame_number(site)

    assert asked_about(site, car) == ((known,) if is_asked else ())


def test_a_car_that_was_told_apart_is_saved(site: Site):
    """There are two cars with that plate then."""
    known = with_plate(site)

    received = receive_car(site.as_admin, brought(ReceivedCar(plate=PLATE, not_same=(known,))))

    assert received.vehicle != known


def test_a_car_that_was_named_is_not_asked_about(site: Site):
    """Whoever chose it has said so."""
    known = with_plate(site)

    assert receive_car(site.as_admin, brought(ReceivedCar(known=known, plate=PLATE))).vehicle == known


def test_the_page_asks_with_the_open_recall_before_any_answer(site: Site, desk: Visitor):
    """Two answers stand there, neither of them chosen; the recall stands beside the car, and no offer to look it up."""
    known = with_plate(site)
    recalled(site)

    refused = desk.submit(desk.open(NEW), NEW, TYPED)

    answers = [f'name="alike.{record_text(known)}" value="{one}"' for one in ("same-car", "other")]
    assert (refused.status_code, QUESTION in refused.text) == (422, True)
    assert [one in refused.text for one in ('href="#f-car-alike"', *answers)] == [True] * 3
    assert "Open recall: R2026-7 Fuel pump" in refused.text
    assert "Not known here?" not in refused.text
    assert f"alike.{record_text(known)}" not in Fields(refused.text).forms[NEW]


@pytest.mark.parametrize(("answer", "is_known"), [("same-car", True), ("other", False)])
def test_one_answer_is_enough(site: Site, desk: Visitor, answer: str, is_known: bool):
    """The order is of the car on file or of another one; nothing has to be typed again."""
    known = with_plate(site)
    refused = desk.submit(desk.open(NEW), NEW, TYPED)

    saved = desk.submit(refused.text, NEW, {f"alike.{record_text(known)}": answer})

    assert saved.status_code == 303
    assert (car_of(site, saved.headers["location"]) == known) is is_known


@pytest.mark.parametrize(("answer", "is_known"), [("same-car", True), ("other", False)])
def test_an_answer_about_a_car_outlives_another_mistake(site: Site, desk: Visitor, answer: str, is_known: bool):
    """A form that is refused for something else is not asked again which car it is."""
    known = with_plate(site)
    asked = desk.submit(desk.open(NEW), NEW, TYPED)

    refused = desk.submit(asked.text, NEW, {f"alike.{record_text(known)}": answer, "odometer_in_km": "many"})
    saved = desk.submit(refused.text, NEW, {"odometer_in_km": "52300"})

    assert (refused.status_code, QUESTION in refused.text) == (422, False)
    assert (car_of(site, saved.headers["location"]) == known) is is_known


@pytest.mark.parametrize(("answer", "is_known"), [("same-car", True), ("other", False)])
def test_a_draft_keeps_the_answer_about_a_car(site: Site, desk: Visitor, answer: str, is_known: bool):
    """Whoever comes back to the form is not asked again, and sees the car that was chosen."""
    known = with_plate(site)
    kept = {**TYPED, f"alike.{record_text(known)}": answer}
    desk.send(desk.open(NEW), f"/drafts/{CHECK_IN}", {"fields": kept, "based_on": ""})

    page = desk.open(NEW)
    saved = desk.submit(page, NEW, {})

    assert (VIN in page, Fields(page).forms[NEW]["car.known"]) == (is_known, record_text(known) if is_known else "")
    assert (car_of(site, saved.headers["location"]) == known) is is_known


def test_an_answer_about_a_car_holds_for_no_other(site: Site, desk: Visitor):
    """Two cars wear the plate: both are asked about, and again the one that nobody spoke of; the other answer stays."""
    first = with_plate(site)
    second = receive_car(site.as_admin, brought(ReceivedCar(vin=OTHER_VIN, plate=PLATE))).vehicle
    asked = desk.submit(desk.open(NEW), NEW, TYPED)

    again = desk.submit(asked.text, NEW, {f"alike.{record_text(first)}": "other"})
    saved = desk.submit(again.text, NEW, {f"alike.{record_text(second)}": "same-car"})

    questions = [f'name="alike.{record_text(one)}" value="same-car"' for one in (first, second)]
    assert [one in asked.text for one in questions] == [True, True]
    assert [one in again.text for one in questions] == [False, True]
    assert car_of(site, saved.headers["location"]) == second


def test_the_question_about_a_car_is_asked_in_the_persons_language(site: Site):
    """What happened and what to do stand there in Chinese."""
    with_plate(site)
    desk = Visitor(site.node).with_session(site.session.token)

    refused = desk.submit(desk.open(NEW), NEW, TYPED)

    for said in ("已有车辆使用此号牌或车架号。", "请选择是否为同一辆车，然后再次保存。", "不是同一辆车："):
        assert said in refused.text


def test_a_candidate_says_its_open_recall_while_somebody_types(site: Site, desk: Visitor):
    """It is told with the line that asks whether it is the same car."""
    with_plate(site)
    recalled(site)
    typed: dict[str, object] = {"phones": [], "names": [], "plate": PLATE, "vin": None, "dismissed": []}

    shown = desk.send(desk.open(NEW), "/duplicates", typed).json()["html"]

    assert "Open recall: R2026-7 Fuel pump" in shown


@pytest.mark.parametrize("page", ["", "/print/reception", "/print/order"])
def test_an_order_of_a_car_without_a_vin_says_that_recalls_are_unknown(site: Site, desk: Visitor, page: str):
    """Screen and paper say what the car's own page says; with a VIN they say another reason."""
    plain = receive_car(site.as_admin, brought(ReceivedCar(plate=PLATE))).opened.visit
    named = receive_car(site.as_admin, brought(ReceivedCar(vin=VIN))).opened.visit

    of_plain, of_named = (desk.open(f"/visits/{record_text(one)}{page}") for one in (plain, named))

    assert [one in of_plain for one in CAR_WITHOUT_VIN] == [True, True]
    assert [one in of_named for one in CAR_WITHOUT_VIN] == [True, False]
    assert "no recall data has arrived yet; this does not mean that there is none." in of_named


@pytest.mark.parametrize(
    ("make", "why"), [(with_plate, "no recall data has arrived yet"), (without_number, "the car has no VIN")]
)
def test_a_car_that_may_be_meant_says_why_its_recalls_are_unknown(
    site: Site, desk: Visitor, make: Callable[[Site], RecordId], why: str
):
    """Where the form warns and where the save asks: whoever answers "the same" sees no other page before that."""
    make(site)
    typed: dict[str, object] = {"phones": [], "names": [], "plate": PLATE, "vin": None, "dismissed": []}

    warned = desk.send(desk.open(NEW), "/duplicates", typed).json()["html"]
    asked = desk.submit(desk.open(NEW), NEW, TYPED).text

    said = f"<strong>Recalls unknown</strong>: {why}"
    assert (said in warned, said in asked) == (True, True)


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        pytest.param({}, 0, id="nothing"),
        pytest.param({"jobs[0].complaint": "异响"}, 1, id="a complaint"),
        pytest.param({f"jobs[{row}].complaint": "异响" for row in range(3)}, 3, id="every line that is shown"),
    ],
)
def test_a_recall_goes_into_the_first_free_line(site: Site, desk: Visitor, typed: dict[str, str], place: int):
    """What was typed before stays, and the recall stands below it."""
    known = with_plate(site)
    recalled(site)
    rows = {f"jobs[{row}].{name}": "" for row in range(3) for name in ("campaign_id", "op_name", "complaint")}
    said = {name: (text,) for name, text in {**rows, **typed}.items()}
    keep_draft(site.node, site.admin, form_of_car(known), said if typed else {})
    address = f"{NEW}?vehicle={record_text(known)}"
    banner = desk.open(f"/vehicles/{record_text(known)}")
    campaign = banner.split("campaign=", 1)[1].split('"', 1)[0]

    fields = Fields(desk.open(f"{address}&campaign={campaign}")).forms[NEW]

    assert (fields[f"jobs[{place}].campaign_id"], fields[f"jobs[{place}].op_name"]) == (campaign, "R2026-7 Fuel pump")
    assert [fields[f"jobs[{row}].complaint"] for row in range(place)] == ["异响"] * place
    assert fields["visit_kind"] == "recall"


def test_a_recall_that_was_taken_out_stays_out(site: Site, desk: Visitor):
    """Its words were emptied, and the page is loaded again at the same address; the line that is left is no work."""
    known = with_plate(site)
    recalled(site)
    campaign = desk.open(f"/vehicles/{record_text(known)}").split("campaign=", 1)[1].split('"', 1)[0]
    address = f"{NEW}?vehicle={record_text(known)}&campaign={campaign}"
    taken = Fields(desk.open(address)).forms[NEW]
    kept = {name: (taken[name],) for name in ("taken_up", "jobs[0].campaign_id", "jobs[0].pay_type")}
    keep_draft(site.node, site.admin, form_of_car(known), {**kept, "jobs[0].op_name": ("",)})

    fields = Fields(desk.open(address)).forms[NEW]

    assert [fields[f"jobs[{row}].op_name"] for row in range(3)] == [""] * 3
    assert job_places(Typed({name: (text,) for name, text in fields.items()})) == ()


def test_the_form_of_a_car_on_file_takes_its_recall_up(site: Site, desk: Visitor):
    """The banner of a form leads to no second form; the page of the car leads to one."""
    known = record_text(with_plate(site))
    recalled(site)

    form, car = desk.open(f"{NEW}?vehicle={known}"), desk.open(f"/vehicles/{known}")

    assert [("data-recall=" in one, "campaign=" in one) for one in (form, car)] == [(True, False), (False, True)]
