"""The part of the hub's contract that is about lists: every database pages them alike."""

from carnet_hub.core import rows
from carnet_hub.core.log.conflicts import every_settled
from carnet_hub.core.look_up_rows import LookUpRow
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

    def test_look_ups_of_a_site_come_newest_first(self, world: HubWorld):
        """Those of the moment count, of another site none, and what lies before the moment is left out."""
        sites = [fixed("site a"), fixed("site b")]
        made = [
            LookUpRow(
                at_ms, fixed(f"look-up {at_ms}", 8), site, fixed("node"), b"", "vin", "recall", "", "", True, "x", 1
            )
            for site in sites
            for at_ms in (100, 200, 300)
        ]
        with world.hub.store.write() as transaction:
            transaction.put(made[:3])
            transaction.put([row._replace(look_up_id=fixed(f"other {row.at_ms}", 8)) for row in made[3:]])

        with world.hub.store.read() as snapshot:
            found = snapshot.look_ups_of(sites[0], 200, 9)
            first = snapshot.look_ups_of(sites[0], 0, 1)

        assert found == [made[2], made[1]]
        assert first == [made[2]]
