"""Cars that change hands after their owner was erased, and purges: a tie, an order by the operator, a plate behind it.

Decides what is written and when a purge runs, by a term that has ended for everybody whom no car holds. What the hub
may conclude from it is the business of `overreach`.
"""

from dataclasses import replace
from typing import Final

from carnet_hub.core.failures import AlreadyErased, Unusable
from carnet_hub.core.upkeep.erasing import erase_customer
from carnet_hub.core.upkeep.purging import purge_all
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import OWNERSHIP, VEHICLE
from carnet_protocol.registry import ErasureGroup
from carnet_protocol.retention import Holds, RetentionFile, bundled_text, parse_retention
from simulation import desk
from simulation.history_steps import read_aside
from simulation.overreach import check_purge
from simulation.stage import Stage, Step
from simulation.world import Machine

_CN: Final = parse_retention(bundled_text("cn") or b"")
_MARKETING: Final = _CN.of(Holds.MARKETING)
_ENDED: Final = tuple(replace(one, years=0) if one is _MARKETING else one for one in _CN.classes)
_CLASSES: Final = RetentionFile(_CN.version, _CN.country, _ENDED)
"""As the law has them, but what is held for marketing may go at once."""


def sell(stage: Stage, machine: Machine) -> str | None:
    """A car gets an owner or a driver."""
    return stage.write_new(machine, "ownership")


def erase_owner(stage: Stage, _: Machine) -> str | None:
    """Somebody who is tied to a car asks to be forgotten, with everything that belongs to them."""
    persons = sorted({row.parent for row in stage.hub_records(OWNERSHIP) if row.parent is not None})
    if not persons:
        return None
    customer = RecordId(stage.dice.choice(persons))
    groups = list(ErasureGroup) if stage.dice.random() < 0.5 else stage.dice.sample(list(ErasureGroup), 2)
    try:
        erased = erase_customer(stage.world.hub, customer, frozenset(groups), ground="request")
    except (AlreadyErased, Unusable):
        return None
    return f"{customer.hex()[-6:]}, {erased.records} records"


def write_about_erased_car(stage: Stage, machine: Machine) -> str | None:
    """A desk writes down the next plate of such a car, or a visit of it that names nobody."""
    erased = stage.archive.erasures
    cars = sorted({row.anchor for row in stage.hub_records(OWNERSHIP) if row.anchor and row.parent in erased})
    with machine.node.store.read() as tx:
        known = [car for car in cars if tx.record(VEHICLE, RecordId(car)) is not None]
    if not known:
        return None
    kind = stage.dice.choice(("plate", "plate", "visit"))
    said = stage.commit(machine, desk.draft_at_car(machine, stage.dice, kind, stage.dice.choice(known)))
    stage.reached["a car of an erased owner was written about"] += said is not None
    return said


def purge(stage: Stage, _: Machine) -> str | None:
    """The operator takes what has outlived its term; a node that has nothing unsent was heard of since."""
    known = set(stage.archive.sets)
    taken = list(purge_all(stage.world.hub, _CLASSES, _MARKETING.purpose))
    persons = sum(one.persons for one in taken)
    read_aside(stage)
    stage.reached["a purge took somebody"] += bool(persons)
    stage.reached["a purge took somebody from a restored hub"] += bool(persons) and stage.is_hub_restored
    check_purge(stage, [made for nonce, made in stage.archive.sets.items() if nonce not in known])
    return f"{persons} persons" if any(one.orders for one in taken) else None


STEPS: Final[dict[str, tuple[int, Step]]] = {
    "sell": (0, sell),
    "erase owner": (0, erase_owner),
    "write about erased car": (0, write_about_erased_car),
    "purge": (0, purge),
}
"""Weight and step by name; they come in the theme `owners`."""
