"""Owners of recalled cars, as sites record them. Nobody is real.

own(world, "A001", CAR, "wang", phone="13800010001", street="长沙路1号", from_on="2020-01-01")
"""

from carnet_hub.core.campaigns.outreach import Notice, begin_round
from carnet_hub.core.log.authoring import write_hub_set
from carnet_protocol.ids import vehicle_id
from carnet_protocol.registry import Value
from support.authors import MadeSet, draft_of
from support.protocol import record
from support.recall_plans import NUMBER
from support.recall_world import RecallWorld


def own(world: RecallWorld, site: str, vin: str, name: str, *, phone: str = "", street: str = "", **tie: Value) -> None:
    """A site records a customer and that the car is theirs.

    Args:
        name: of the customer and of the record.
        tie: fields of the ownership that a test wants.
    """
    world.check_in(site, vin)
    know(world, site, name, phone=phone, street=street)
    values: dict[str, Value] = {"vehicle_id": vehicle_id(vin), "customer_id": record(name), "role": "owner", **tie}
    world.say(site, draft_of("ownership", record(f"tie {vin} {name}"), values))


def know(world: RecallWorld, site: str, name: str, *, phone: str = "", street: str = "") -> None:
    """A site records a customer."""
    world.say(site, draft_of("customer", record(name), {"party_kind": "person", "full_name": name}))
    if phone:
        say_of(world, site, name, "phone", number=phone, phone_kind="mobile")
    if street:
        say_of(world, site, name, "address", province_code="43", street=street, postcode="410000")


def say_of(world: RecallWorld, site: str, name: str, kind: str, **values: Value) -> MadeSet:
    """A site records something about a customer: a phone, an address, a consent, a preference."""
    about = record(f"{kind} {name} {sorted(map(str, values.values()))}")
    return world.say(site, draft_of(kind, about, {"customer_id": record(name), **values}))


def link(world: RecallWorld, one: str, other: str) -> None:
    """The hub's steward says that two customers are one person."""
    pair: dict[str, Value] = {"one_id": record(one), "other_id": record(other), "effect": "link"}
    decided = draft_of("identity", record(f"link {one} {other}"), {**pair, "authority": "steward", "cause": "test"})
    write_hub_set(world.hub.app.hub, [decided])


def notices(world: RecallWorld, *, again: bool = False) -> dict[str, Notice]:
    """Every notice of the campaign, by VIN."""
    app = world.hub.app
    with app.hub.store.read() as snapshot:
        told = begin_round(app.hub, app.segments, snapshot, NUMBER, again=again)
        found = {one.vin: one for one in told.notices}
    assert len(found) == told.open_count
    return found
