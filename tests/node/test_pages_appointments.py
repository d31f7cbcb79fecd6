"""Appointments on the pages of the desk: from a call with nothing known to the check-in it has filled in."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from carnet_node.core.commands.booking import MINUTE_MS
from carnet_node.core.exchange.lists import LISTS, Period
from carnet_node.core.node import Node
from carnet_node.core.shop_limits import NO_SHOW_GRACE_MINUTES
from carnet_node.core.showing.board import board_of
from carnet_protocol.ids import parse_record_text
from support.appointments import LOCAL, SLOT, at, noted, open_site, values_of
from support.browsing import Visitor
from support.node_builder import START_MS, build_node


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A site that is open all day, every day, with one bay and room for two cars in an hour."""
    return open_site(tmp_path)


@pytest.fixture
def visitor(node: Node) -> Visitor:
    """Somebody at the desk who reads English."""
    return Visitor(node).logged_in().in_english()


def test_a_call_is_noted_beside_the_board_with_a_number_alone(node: Node, visitor: Visitor):
    """Nothing else is known; it waits for a slot, and its number is masked in the list."""
    answered = visitor.submit(visitor.open("/appointments"), "/appointments", {"caller_phone": "13800138000"})

    page = visitor.open("/appointments")
    assert values_of(node, answered.headers["location"])["status"] == "requested"
    assert "Waiting for a slot (1)" in page
    assert "13800138000" not in page


def test_a_call_without_number_and_plate_comes_back_as_it_was_typed(visitor: Visitor):
    """Both words stand there again, and the field in question is named."""
    typed = {"caller_name": "王小明", "wish": "保养"}

    answered = visitor.submit(visitor.open("/appointments"), "/appointments", typed)

    assert answered.status_code == 422
    assert "An appointment needs a number or a plate." in answered.text
    assert all(f'value="{word}"' in answered.text for word in typed.values())


def test_a_call_gets_its_slot_and_stands_on_its_day(node: Node, visitor: Visitor):
    """Intake gives it time, minutes and bay; the day shows it there by bay and by advisor."""
    address = noted(visitor)

    visitor.submit(visitor.open(f"{address}/edit"), f"{address}/edit", SLOT)

    day = f"/appointments/on/{at(2)[:10]}"
    assert values_of(node, address)["status"] == "booked"
    assert all(f"{at(2)[11:]} 湘A12345" in visitor.open(day + by) for by in ("", "/advisors"))


def test_whoever_comes_as_booked_is_checked_in_with_what_the_call_said(node: Node, visitor: Visitor):
    """Plate, phone and wish stand in the check-in; saved, the appointment names its order."""
    address = noted(visitor, **SLOT)

    begun = visitor.submit(visitor.open(address), f"{address}/check-in", {})
    form = visitor.open(begun.headers["location"])
    typed = {"car.plate": "湘A12345", "sender_name": "王小明", "is_odometer_unknown": "1"}
    answered = visitor.submit(form, "/visits/new", typed)

    assert "湘A12345" not in begun.headers["location"]
    assert all(f'value="{word}"' in form for word in ("湘A12345", "13800138000", "刹车异响"))
    order = parse_record_text(answered.headers["location"].rsplit("/", 1)[1])
    said = values_of(node, address)
    assert (said["status"], said["visit_id"], said["arrived_at"]) == ("arrived", order, START_MS)


def test_a_check_in_goes_on_without_an_appointment_that_a_colleague_cancelled(node: Node, visitor: Visitor):
    """It is refused with everything in it; without the tick the car is taken in, and the appointment stays as it is."""
    address = noted(visitor, **SLOT)
    begun = visitor.submit(visitor.open(address), f"{address}/check-in", {})
    form = visitor.open(begun.headers["location"])
    visitor.submit(visitor.open(address), f"{address}/cancel", {"cancel_reason": "duplicate"})
    typed = {"car.plate": "湘A12345", "sender_name": "王小明", "is_odometer_unknown": "1"}

    refused = visitor.submit(form, "/visits/new", typed)
    taken = visitor.submit(refused.text, "/visits/new", {**typed, "appointment": ""})

    assert refused.status_code in (409, 422)
    assert 'href="#f-status"' in refused.text
    assert taken.headers["location"].startswith("/visits/")
    assert values_of(node, address)["status"] == "cancelled"


def test_nobody_came_and_it_is_booked_again(node: Node, visitor: Visitor):
    """Not while it is waited for; the new one follows the former one and has its own slot."""
    address = noted(visitor, **SLOT | {"starts_at": (LOCAL + timedelta(minutes=5)).strftime("%Y-%m-%d %H:%M")})
    for _ in range(0, NO_SHOW_GRACE_MINUTES, 5):
        node.clock.ms += 5 * MINUTE_MS  # type: ignore[attr-defined]
        before = visitor.open(address)
    node.clock.ms += 5 * MINUTE_MS  # type: ignore[attr-defined]
    after = visitor.open(address)
    node.clock.ms -= 2 * MINUTE_MS  # type: ignore[attr-defined]
    early = visitor.submit(after, f"{address}/no-show", {})
    node.clock.ms += 2 * MINUTE_MS  # type: ignore[attr-defined]
    visitor.submit(after, f"{address}/no-show", {})

    again = {"rebooked_because": "no_show", **SLOT, "starts_at": at(30)}
    answered = visitor.submit(visitor.open(address), f"{address}/rebook", again)

    assert ("Did not come" in before, "waited for until" in before) == (False, True)
    assert ("Did not come" in after, "waited for until" in after) == (True, False)
    assert (early.status_code, "This car is waited for until 30 minutes past the time" in early.text) == (422, True)
    assert values_of(node, address)["status"] == "no_show"
    said = values_of(node, answered.headers["location"])
    assert (said["status"], said["follows_id"]) == ("booked", parse_record_text(address.rsplit("/", 1)[1]))


def test_a_car_that_waits_for_parts_is_booked_again_for_its_order(node: Node, visitor: Visitor):
    """It comes back to the order it was taken in with, and no other check-in is offered."""
    address = noted(visitor, **SLOT)
    begun = visitor.submit(visitor.open(address), f"{address}/check-in", {})
    typed = {"car.plate": "湘A12345", "sender_name": "王小明", "is_odometer_unknown": "1"}
    order = visitor.submit(visitor.open(begun.headers["location"]), "/visits/new", typed).headers["location"]

    again = {"rebooked_because": "parts", **SLOT, "starts_at": at(48)}
    second = visitor.submit(visitor.open(address), f"{address}/rebook", again).headers["location"]
    page = visitor.open(second)
    visitor.submit(page, f"{second}/arrive", {})

    assert f'href="{order}"' in page
    assert "check-in" not in page.partition("<main")[2]
    assert values_of(node, second)["status"] == "arrived"


def test_a_car_that_comes_back_to_its_order_waits_for_no_parts(node: Node, visitor: Visitor, walk_in: str):
    """It stands on the board where its state says again, to be put on."""
    page = held_for(visitor, walk_in, "parts")
    booked = visitor.submit(page, f"{walk_in}/book", {**SLOT, "starts_at": at(48)}).headers["location"]
    (before,) = board_of(node).cards

    visitor.submit(visitor.open(booked), f"{booked}/arrive", {})

    (after,) = board_of(node).cards
    assert (before.stage.code, after.stage.code, after.visit.values.get("hold_reason")) == ("on_hold", "waiting", None)


@pytest.fixture
def walk_in(visitor: Visitor) -> str:
    """The address of the order of a car that came without an appointment."""
    typed = {
        "car.plate": "湘A12345",
        "sender_name": "王小明",
        "sender_phone": "13800138000",
        "is_odometer_unknown": "1",
    }
    return visitor.submit(visitor.open("/visits/new"), "/visits/new", typed).headers["location"]


def held_for(visitor: Visitor, order: str, reason: str) -> str:
    """The page of an order after its car was put on hold."""
    visitor.submit(visitor.open(order), f"{order}/stage", {"stage": "on_hold", "hold_reason": reason})
    return visitor.open(order)


def booking_form(page: str) -> tuple[bool, str]:
    """Whether the part of a page that books again stands open, and what is in it."""
    found = re.search(r"<details([^>]*)><summary>Book it again</summary>(.*?)</details>", page, re.DOTALL)
    assert found is not None
    return found[1].endswith(" open"), found[2]


def test_a_walk_in_that_waits_for_parts_comes_back_to_its_order(node: Node, visitor: Visitor, walk_in: str):
    """Saving leads to the appointment; it says who comes with which car, and the car arrives at that order."""
    page = held_for(visitor, walk_in, "parts")

    booked = visitor.submit(page, f"{walk_in}/book", {**SLOT, "starts_at": at(48)}).headers["location"]
    shown = visitor.open(booked)
    visitor.submit(shown, f"{booked}/arrive", {})

    said = values_of(node, booked)
    assert f'href="{walk_in}"' in shown
    assert "check-in" not in shown.partition("<main")[2]
    assert (said["plate_no"], said["caller_name"], said["caller_phone"]) == ("湘A12345", "王小明", "+8613800138000")
    assert (said["rebooked_because"], said["status"], said["channel"]) == ("parts", "arrived", "in_person")
    assert said["visit_id"] == parse_record_text(walk_in.rsplit("/", 1)[1])


@pytest.mark.parametrize(("reason", "is_open"), [("parts", True), ("sublet", False)])
def test_the_form_that_books_again_stands_open_where_parts_are_waited_for(
    visitor: Visitor, walk_in: str, reason: str, is_open: bool
):
    """The reason is chosen already there; another hold opens nothing and chooses nothing."""
    stands_open, form = booking_form(held_for(visitor, walk_in, reason))

    assert (stands_open, '<option value="parts" selected>' in form) == (is_open, is_open)


def test_an_order_names_the_appointment_that_brings_its_car_back(visitor: Visitor, walk_in: str):
    """A link while it is expected, and the form is not held out a second time; nothing once it was cancelled."""
    held = held_for(visitor, walk_in, "parts")
    booked = visitor.submit(held, f"{walk_in}/book", {**SLOT, "starts_at": at(48)}).headers["location"]
    expected = visitor.open(walk_in)
    visitor.submit(visitor.open(booked), f"{booked}/cancel", {"cancel_reason": "parts"})

    after = visitor.open(walk_in)

    assert (f'<a href="{booked}">{at(48)}</a>' in expected, booking_form(expected)[0]) == (True, False)
    assert (f'href="{booked}"' in after, booking_form(after)[0]) == (False, True)


def test_a_booking_of_an_order_that_is_refused_stands_as_it_was_typed(visitor: Visitor, walk_in: str):
    """The page of the order says what is missing, beside its field, with the form open."""
    refused = visitor.submit(visitor.open(walk_in), f"{walk_in}/book", {"rebooked_because": "", "starts_at": at(48)})

    stands_open, form = booking_form(refused.text)
    assert (refused.status_code, stands_open, f'value="{at(48)}"' in form) == (422, True, True)
    assert "Say why it is booked again." in form
    assert 'href="#f-rebooked_because"' in refused.text


def test_an_order_that_has_ended_is_not_booked(visitor: Visitor, walk_in: str):
    """A page from before is refused in words, and the page of now has no such form."""
    page = visitor.open(walk_in)
    visitor.submit(page, f"{walk_in}/void", {"void_reason": "duplicate"})
    stale = visitor.submit(page, f"{walk_in}/book", {"rebooked_because": "parts"})

    assert stale.status_code == 422
    assert ('href="#f-status"' in stale.text, 'id="f-status"' in stale.text) == (True, True)
    assert "Book it again" not in visitor.open(walk_in)


def test_a_cancellation_needs_its_reason(node: Node, visitor: Visitor):
    """Without one nothing is cancelled, and the page says so."""
    address = noted(visitor, **SLOT)

    refused = visitor.submit(visitor.open(address), f"{address}/cancel", {"cancel_reason": ""})

    assert (refused.status_code, values_of(node, address)["status"]) == (422, "booked")
    assert "A cancelled appointment needs a reason." in refused.text


def test_whoever_is_to_be_reminded_is_listed_until_they_were(node: Node, visitor: Visitor):
    """The list of the day on which the reminder is due; the slot stays."""
    address = noted(visitor, **SLOT | {"starts_at": at(50), "remind_at": at(1)})
    page = visitor.open("/appointments")

    visitor.submit(page, f"{address}/reminded", {})

    assert "To be reminded (1)" in page
    assert "To be reminded (0)" in visitor.open("/appointments")
    assert values_of(node, address)["status"] == "booked"


def test_two_desks_that_move_one_appointment_are_told(visitor: Visitor):
    """The second one looks first: the form comes back and nothing is moved."""
    address = noted(visitor, **SLOT)
    page = visitor.open(f"{address}/edit")
    visitor.submit(visitor.open(address), f"{address}/cancel", {"cancel_reason": "workshop"})

    late = visitor.submit(page, f"{address}/edit", {"starts_at": at(5)})

    assert late.status_code in (409, 422)
    assert 'id="summary"' in late.text


def test_appointments_are_taken_out_as_a_list(node: Node, visitor: Visitor):
    """Of some days those whose slots begin then; of all time the calls without a slot too."""
    noted(visitor, **SLOT)
    noted(visitor)
    listed = LISTS["appointments"]
    day = (LOCAL + timedelta(hours=2)).date()

    of_days = [list(listed.rows(node, Period(one, one))) for one in (day, day + timedelta(days=7))]
    everything = list(listed.rows(node, None))

    named = [dict(zip((one.name for one in listed.columns), row, strict=True)) for row in everything]
    assert [len(one) for one in of_days] == [1, 0]
    assert sorted(str(one["status"]) for one in named) == ["booked", "requested"]
    assert {one["plate_no"] for one in named} == {"湘A12345"}


@pytest.mark.parametrize("day", ["2026-02-30", "tomorrow", "0001-01-01", "9999-12-31"])
def test_a_day_that_is_none_has_no_board(visitor: Visitor, day: str):
    """The address is refused as a page."""
    assert visitor.ask("GET", f"/appointments/on/{day}").status_code == 422


def test_a_day_without_hours_says_so(tmp_path: Path):
    """A site that has arranged nothing is told what is missing, and where to say it."""
    page = Visitor(build_node(tmp_path)).logged_in().in_english().open("/appointments")

    assert "Nothing can be booked on this day: it has no hours." in page
    assert 'href="/arrangement"' in page
