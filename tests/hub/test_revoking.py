"""Revoking a node: keys die, suspect sets lose their effect, and the log folds to the run without them."""

import pytest

from carnet_hub.adapters.store import SqlStore
from carnet_hub.core.exchange.revoking import Suspects, position_before, retire_node, revoke_compromised
from carnet_hub.core.failures import Unusable
from carnet_hub.core.log.rebuild import check_projections
from carnet_protocol.ids import NodeId
from carnet_protocol.messages import PushCode
from carnet_protocol.orders import change_key
from carnet_protocol.reasons import Reason
from support.authors import SiteAuthor, draft_of
from support.hub_world import CAR, HubWorld, car, customer
from support.protocol import exchange_key, record, signer


def revoke(world: HubWorld, site: SiteAuthor, suspect_from: int) -> Suspects:
    """Revoke a stolen node; returns what lost its effect."""
    return revoke_compromised(
        world.hub, NodeId(site.node_id), suspect_from=suspect_from, reason="machine stolen"
    ).suspects


def test_a_retired_node_keeps_its_work(world: HubWorld):
    """What a retired node has sent stays, and what it sends from now on is turned away."""
    site = world.site("a")
    world.push_one(site.write(car(color="red")))

    retire_node(world.hub, NodeId(site.node_id), reason="machine replaced")

    assert world.shown("vehicle", CAR)["color"] == "red"
    assert world.push_one(site.write(customer())).reason == Reason.SUSPENDED_NODE.value


def test_sets_behind_the_position_lose_their_effect(world: HubWorld):
    """A compromised node's sets stay up to the position, and count as never made behind it."""
    site = world.site("a")
    kept = site.write(car(color="red"))
    world.push_one(kept)
    honest_until = world.position()
    bad = site.write(draft_of("vehicle", CAR, {"color": "black"}, based_on=(kept.op(),)))
    world.push_one(bad)

    suspects = revoke(world, site, honest_until)

    assert suspects == Suspects(folded=(bad.nonce,))
    assert world.shown("vehicle", CAR)["color"] == "red"


def test_the_state_is_that_of_the_run_without_the_thief(world: HubWorld, scratch: SqlStore):
    """After a revocation the tables are what the log folds to without the excluded sets."""
    site, other = world.site("a"), world.site("b")
    first = site.write(car(color="red"))
    world.push_one(first)
    honest_until = world.position()
    bad = site.write(draft_of("vehicle", CAR, {"color": "black"}, based_on=(first.op(),)), customer("invented"))
    later = other.write(draft_of("vehicle", CAR, {"color": "white"}, based_on=(bad.op(),)))
    world.push(bad, later)

    revoke(world, site, honest_until)

    assert (world.shown("vehicle", CAR)["color"], world.show("vehicle", CAR).contests) == ("white", ())
    assert world.entries("customer", record("invented")) == ()
    assert check_projections(world.hub, scratch).differences == ()


def test_a_parked_set_of_a_thief_does_not_wake_up(world: HubWorld, scratch: SqlStore):
    """A suspect set that waits is given up, so that its base's arrival changes nothing."""
    site, other = world.site("a"), world.site("b")
    base = other.write(car(color="red"))
    parked = site.write(draft_of("vehicle", CAR, {"color": "black"}, based_on=(base.op(),)))
    assert world.push_one(parked).code == PushCode.PARKED

    suspects = revoke(world, site, 0)
    world.push_one(base)

    assert suspects.parked == (parked.nonce,)
    assert world.shown("vehicle", CAR)["color"] == "red"
    assert check_projections(world.hub, scratch).differences == ()


def test_a_key_that_the_thief_made_is_worth_nothing(world: HubWorld):
    """A key change behind the position is void, and neither the old nor the thief's key is taken."""
    site = world.site("a")
    honest_until = world.position()
    new = signer("thief")
    change = change_key(world.hub.hub_id, NodeId(site.node_id), exchange_key("thief"), new, new.public_key)
    world.push_one(site.write(draft_of("key_change", record("change"), change)))

    revoke(world, site, honest_until)

    assert world.push_one(site.write(car(), signed_by=new)).reason == Reason.UNKNOWN_KEY.value
    assert world.push_one(site.write(car())).reason == Reason.SUSPENDED_NODE.value


def test_other_nodes_of_the_site_go_on(world: HubWorld):
    """A revocation names one machine; a second one of the same site is not touched."""
    site, second = world.site("a"), world.site("a2", "a")

    revoke(world, site, 0)

    assert world.push_one(second.write(customer())).code == PushCode.ACCEPTED


def test_a_retired_node_may_turn_out_to_be_stolen(world: HubWorld):
    """A second order, for a compromise, excludes what the first one had left."""
    site = world.site("a")
    made = site.write(car(color="black"))
    world.push_one(made)
    retire_node(world.hub, NodeId(site.node_id), reason="machine replaced")

    assert revoke(world, site, 0) == Suspects(folded=(made.nonce,))


def test_an_order_that_makes_no_sense_changes_nothing(world: HubWorld):
    """An unknown node, a missing reason, a position outside the log and a second retirement are refused."""
    site = world.site("a")
    node = NodeId(site.node_id)
    retire_node(world.hub, node, reason="machine replaced")
    before = world.digest()

    with pytest.raises(Unusable, match="already"):
        retire_node(world.hub, node, reason="again")
    with pytest.raises(Unusable, match="no node"):
        retire_node(world.hub, NodeId(bytes(16)), reason="unknown")
    with pytest.raises(Unusable, match="reason"):
        revoke_compromised(world.hub, node, suspect_from=0, reason=" ")
    with pytest.raises(Unusable, match="positions"):
        revoke_compromised(world.hub, node, suspect_from=10_000, reason="late")

    assert world.digest() == before


def test_a_moment_becomes_the_last_position_before_it(world: HubWorld):
    """A time stands for what was logged strictly before it, by the hub's own clock."""
    site = world.site("a")
    world.clock.ms += 1000
    at_ms = world.clock.ms
    world.push_one(site.write(car()))
    last = world.position()

    with world.hub.store.read() as snapshot:
        found = [position_before(snapshot, moment) for moment in (0, at_ms, at_ms + 1)]

    assert found == [0, last - 1, last]
