"""What a workshop writes while two of its customers are one by mistake stays where it was written."""

from pathlib import Path

from carnet_hub.core.shown import shown_values
from carnet_hub.core.stewardship.stewarding import Word, merge, take_back
from carnet_protocol.ids import vehicle_id
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Value
from support.authors import draft_of
from support.hub_world import customer
from support.protocol import record
from support.recall_plans import MEMBERS
from support.recall_world import RecallWorld

SITE, BY = "A001", Word("st-1")
CAR, OTHER_CAR = MEMBERS[:2]


def test_a_completion_between_merge_and_undoing_counts_as_ever(tmp_path: Path):
    """A recall done while the owner was one with somebody else stays done, and the order stays the owner's."""
    world = RecallWorld.begun(tmp_path)
    hub, order = world.hub.app.hub, record("order")
    world.say(SITE, customer("first"), customer("second"))
    merged = merge(hub, record("first"), record("second"), BY).decision
    values: dict[str, Value] = {"status": "open", "customer_id": record("second"), "vehicle_id": vehicle_id(CAR)}
    world.say(SITE, draft_of("visit", order, values))
    world.done(SITE, CAR, visit=order)
    before = world.progress()

    take_back(hub, merged, BY)

    with hub.store.read() as snapshot:
        kept = shown_values(REGISTRY, snapshot.records(REGISTRY["visit"].number, [order])[order])
    assert world.progress() == before
    assert before.state_of(CAR) != before.state_of(OTHER_CAR)
    assert kept["customer_id"] == record("second")
