"""The part of the hub's contract that is about lists: every database pages them alike."""

from carnet_hub.core import rows
from carnet_hub.core.log.conflicts import every_settled
from carnet_hub.core.sets.granted import every_assignment
from carnet_protocol.ids import OpId
from support.authors import draft_of
from support.hub_world import HubWorld
from support.protocol import fixed, record


class HubListContract:
    """Inherited beside `HubContract`, which brings the hub."""

    def test_lists_page_by_their_whole_key(self, world: HubWorld):
        """Assignments and settled values of one set go on behind the last, and sets are counted by node."""
        one, other = world.site("a"), world.site("b")
        cars = [record(f"car {number}") for number in range(3)]
        for site, color in ((one, "red"), (other, "blue")):
            world.push_one(site.write(*(draft_of("vehicle", car, {"color": color}) for car in cars)))
        heads = [tuple(OpId(entry.op) for entry in world.entries("vehicle", car)) for car in cars]
        merged = [
            draft_of("vehicle", car, {"color": "green"}, based_on=read) for car, read in zip(cars, heads, strict=True)
        ]
        world.push(
            one.write(*merged),
            other.write(draft_of("vehicle", cars[0], {"fuel": "petrol"}, based_on=(OpId(fixed("unknown")),))),
        )

        granted = [row.vehicle_id for row in every_assignment(world.hub, one.dealer_id, batch=2)]
        settled = [value.record for value in every_settled(world.hub, batch=1)]

        assert (granted, settled) == (sorted(cars), sorted(cars * 2))
        with world.hub.store.read() as snapshot:
            assert snapshot.set_counts(rows.SetState.PARKED) == {other.node_id: 1}
            expiring = [row[:2] for row in snapshot.next_expiries(9)]
        assert expiring == sorted((car, site.dealer_id) for car in cars for site in (one, other))
