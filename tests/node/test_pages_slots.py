"""Slots on the pages of the desk: what is taken is refused and says who has it, what is free is offered."""

import re
from pathlib import Path

import pytest

from carnet_node.core.node import Node
from support.appointments import CALL, SLOT, at, noted, open_site
from support.browsing import Visitor


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A site that is open all day, every day, with one bay and room for two cars in an hour."""
    return open_site(tmp_path)


@pytest.fixture
def visitor(node: Node) -> Visitor:
    """Somebody at the desk who reads English."""
    return Visitor(node).logged_in().in_english()


@pytest.mark.parametrize(
    ("slot", "field", "said"),
    [
        pytest.param({"bay_code": "B1"}, "bay_code", "The bay is booked at this time.", id="bay"),
        pytest.param(
            {"bay_code": ""}, "starts_at", "As many cars as the site takes in are expected in this slot.", id="slot"
        ),
        pytest.param({"starts_at": at(-1)}, "starts_at", "This time has passed.", id="past"),
        pytest.param({"starts_at": "2026-13-45"}, "starts_at", "This is not a date and time.", id="no moment"),
        pytest.param(
            {"planned_minutes": ""}, "planned_minutes", "An appointment with a time needs its minutes.", id="minutes"
        ),
    ],
)
def test_a_slot_that_cannot_be_booked_is_refused_in_words(
    node: Node, visitor: Visitor, slot: dict[str, str], field: str, said: str
):
    """Beside its field; nothing is booked, and the form holds what was typed."""
    for bay in ("B1", ""):
        noted(visitor, **SLOT | {"bay_code": bay})

    answered = visitor.submit(visitor.open("/appointments/new"), "/appointments", CALL | SLOT | slot)

    assert answered.status_code == 422
    assert f'href="#f-{field}"' in answered.text
    assert said in answered.text
    assert 'value="刹车异响"' in answered.text


def test_a_slot_that_is_taken_says_who_has_it_and_what_is_free(visitor: Visitor):
    """By plate, with a link; the first free slot behind it is taken over by one key, and a free form says neither."""
    held = noted(visitor, **SLOT)

    refused = visitor.submit(visitor.open("/appointments/new"), "/appointments", CALL | SLOT | {"plate_no": "湘A99999"})

    assert f'In the way: <a href="{held}">湘A12345</a> {at(2)}' in refused.text
    assert f'data-take="{at(4)[:-2]}00" data-for="f-starts_at"' in refused.text
    assert "In the way:" not in visitor.open("/appointments/new")
    assert "data-take" not in visitor.open("/appointments/new")


def test_an_appointment_that_is_moved_is_not_in_its_own_way(visitor: Visitor):
    """The time that it gives up is the first one offered."""
    noted(visitor, **SLOT)
    own = noted(visitor, **SLOT | {"starts_at": at(4), "plate_no": "湘A99999"})

    refused = visitor.submit(visitor.open(f"{own}/edit"), f"{own}/edit", {"starts_at": SLOT["starts_at"]})

    assert refused.status_code == 422
    assert f'data-take="{at(4)[:-2]}00" data-for="f-starts_at"' in refused.text


def test_who_is_in_the_way_without_a_plate_is_not_named_by_number(visitor: Visitor):
    """A number stays masked, as in every list."""
    noted(visitor, **SLOT | {"plate_no": ""})

    refused = visitor.submit(visitor.open("/appointments/new"), "/appointments", {"plate_no": "湘A99999", **SLOT})

    assert "In the way:" in refused.text
    assert "13800138000" not in refused.text


def offers(page: str, clock: str) -> bool:
    """Whether the day board offers the bay at that time."""
    return f" free {clock} B1</span>" in page


@pytest.mark.parametrize("end", ["hand-over", "void"])
def test_a_slot_is_free_once_its_car_has_left(node: Node, visitor: Visitor, end: str):
    """Early, before the time it was booked for; until it leaves, the bay is taken."""
    address = noted(visitor, **SLOT)
    begun = visitor.submit(visitor.open(address), f"{address}/check-in", {})
    typed = {"car.plate": "湘A12345", "sender_name": "王小明", "is_odometer_unknown": "1"}
    order = visitor.submit(visitor.open(begun.headers["location"]), "/visits/new", typed).headers["location"]
    other = {"plate_no": "湘A99999", **SLOT}
    while_here = visitor.submit(visitor.open("/appointments/new"), "/appointments", other)
    taken = visitor.open(f"/appointments/on/{at(2)[:10]}")

    if end == "void":
        visitor.submit(visitor.open(order), f"{order}/void", {"void_reason": "duplicate"})
    else:
        visitor.submit(visitor.open(order), f"{order}/step/complete", {})
        visitor.submit(visitor.open(f"{order}/settle"), f"{order}/settle", {})
        visitor.submit(visitor.open(f"{order}/hand-over"), f"{order}/hand-over", {"is_odometer_unknown": "1"})

    free = visitor.open(f"/appointments/on/{at(2)[:10]}")
    after = visitor.submit(visitor.open("/appointments/new"), "/appointments", other)
    assert (while_here.status_code, after.status_code) == (422, 303)
    assert (offers(taken, f"{at(3)[-5:-2]}00"), offers(free, f"{at(3)[-5:-2]}00")) == (False, True)


def test_the_board_of_today_says_where_the_day_stands(node: Node, visitor: Visitor):
    """The row of now is marked, once and on today's board alone; the form stands in front of the board."""
    page, later = visitor.open("/appointments"), visitor.open(f"/appointments/on/{at(24)[:10]}")

    assert re.findall(r'<tr aria-current="time"><th scope="row">([0-9:]+)<', page) == [f"{at(0)[-5:-2]}00"]
    assert 'aria-current="time"' not in later
    assert page.index('id="call"') < page.index('class="day"')


def test_a_free_cell_leads_to_a_form_with_its_slot(visitor: Visitor):
    """Time and bay are filled in; free slots are offered while another time is typed."""
    page = visitor.open(f"/appointments/on/{at(24)[:10]}")
    address = re.search(r'class="free" href="([^"]+)"', page)
    assert address is not None

    form = visitor.open(address[1].replace("&amp;", "&"))

    assert f'value="{at(24)[:10]} 00:00"' in form
    assert '<option value="B1" selected>' in form
    assert f'<option value="{at(24)[:10]} 01:00">' in form
