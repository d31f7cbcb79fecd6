"""What a look-up shows of the work on another dealer's car: what was done, or may yet be."""

import pytest

from support.authors import draft_of
from support.hub_world import HubWorld, car, visit
from support.look_ups import look_up, shown_by_kind
from support.protocol import record


@pytest.mark.parametrize(("status", "shown"), [("open", ["Pads", "Hose"]), ("completed", ["Pads"])])
def test_work_that_was_not_to_be_done_is_left_out(world: HubWorld, status: str, shown: list[str]):
    """What the customer declined, with its lines; what nobody answered for too, once the order is over."""
    home, on = world.site("home"), {"visit_id": record("visit")}
    jobs = [
        draft_of("job", record(name), {**on, "op_name": name, "approval": approval})
        for name, approval in (("Pads", "approved"), ("Belt", "declined"), ("Hose", "proposed"))
    ]
    lines = [
        draft_of("part_line", record(f"part {name}"), {**on, "job_id": record(name), "part_name": name})
        for name in ("Pads", "Belt", "Hose")
    ]
    made = home.write(car(), visit(), *jobs, *lines)
    world.push_one(made)
    if status != "open":
        world.push_one(home.write(draft_of("visit", record("visit"), {"status": status}, based_on=(made.op(1),))))

    answer = look_up(world, world.site("away"))

    work = shown_by_kind(answer)
    assert {one["op_name"] for one in work["job"]} == {one["part_name"] for one in work["part_line"]} == set(shown)
    assert [one.known_count for one in answer.cars] == [2 + 2 * len(shown)]
