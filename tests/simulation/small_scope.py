"""Everything that can happen in a small world: one car, three desks, every pair of writes, every order of delivery.

Decides the cases: what two desks write without knowing of each other, in which order their sets and the third desk's
reading reach the hub, what comes back from a backup then, and that all three desks and the hub show the same in the
end, whatever the order. Enumerated, not drawn: what holds here holds for every schedule of this size.

    2 writers (of 3 desks) x 6 writes each x 6 orders of sending x 2 (reading in between or not)          864 cases
    each without a restore, and with each of 5, from a backup made before the two writes                 5,184 cases

    first writer     its database, or its whole disk, after everybody has met the hub once
    hub              after one, two, or all three desks have met it
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations, product
from typing import Final

from carnet_node.core.log.authoring import commit
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import OpId, RecordId, vehicle_id
from carnet_protocol.kinds import VEHICLE
from carnet_protocol.ops import Action
from carnet_protocol.state import head_op_ids
from simulation import desk
from simulation.faults import Mix, Strokes
from simulation.healing import check_end
from simulation.history_steps import put_back_hub, take_hub_image
from simulation.invariants import Broken
from simulation.restore_steps import put_back, take_image
from simulation.schedules import begin_step
from simulation.stage import Stage
from simulation.wire import LineTrouble
from simulation.world import Machine, open_world

CAR: Final = RecordId(vehicle_id(desk.VINS[0]))
WRITES: Final = ("write red", "write blue", "write unread", "write another field", "delete", "nothing")
DESKS: Final = ("A1", "A2", "B1")
RESTORES: Final = ("none", "node database", "node disk", "hub after 1", "hub after 2", "hub after 3")
_CALM: Final = Mix((), (), 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Case:
    """What two desks do, and the order in which three of them meet the hub.

    Attributes:
        writers: names of the two desks.
        writes: what each does, one of `WRITES`.
        order: names of all three, as they sync.
        reads_between: whether the second writer reads what the hub has before it writes.
        restore: what is put back from a backup, one of `RESTORES`.
    """

    writers: tuple[str, str]
    writes: tuple[str, str]
    order: tuple[str, ...]
    reads_between: bool
    restore: str = "none"


def all_cases(restores: Iterable[str] = ("none",)) -> Iterator[Case]:
    """Every case, each once.

    Args:
        restores: which of `RESTORES`.
    """
    writers = (("A1", "A2"), ("A1", "B1"))
    pairs, reading = product(WRITES, WRITES), (False, True)
    for restore, pair, writes, order, reads in product(restores, writers, pairs, permutations(DESKS), reading):
        yield Case(pair, writes, order, reads, restore)


def run_cases(cases: Iterable[Case]) -> int:
    """Run cases, each in a world of its own; how many.

    Raises:
        Broken: in one of them something does not hold; the case is named.
    """
    count = 0
    for case in cases:
        try:
            _run(case)
        except Broken as broken:
            raise Broken(broken.invariant, f"{case}: {broken.what}") from broken
        count += 1
    return count


def _run(case: Case) -> None:
    with open_world(0) as world:
        stage = Stage(world, random.Random(0), _CALM)
        begin_step(stage, "small")
        machines = {one.name: one for one in world.machines}
        _write_first(stage)
        _sync_all(stage, DESKS)
        _sync_all(stage, DESKS)
        take_image(stage, machines[case.writers[0]])
        take_hub_image(stage, machines[case.writers[0]])
        for number, (name, write) in enumerate(zip(case.writers, case.writes, strict=True)):
            if number and case.reads_between:
                _sync(stage, case.writers[0])
                _sync(stage, name)
            _write(stage, machines[name], write)
        for met, name in enumerate(case.order, 1):
            _sync(stage, name)
            if case.restore == f"hub after {met}":
                put_back_hub(stage, stage.hub_images[0], is_whole=False)
        if case.restore.startswith("node"):
            put_back(stage, machines[case.writers[0]], stage.images[0], is_whole=case.restore == "node disk")
        for _ in range(2 if case.restore == "none" else 3):
            _sync_all(stage, case.order)
        check_end(stage)


def _write_first(stage: Stage) -> None:
    """A car that all three desks know: each has written it down."""
    for one in stage.world.machines:
        draft = Draft(VEHICLE, CAR, {"vin": desk.VINS[0], "color": "white"})
        stage.keep(one, commit(one.node, [draft]).nonce)


def _write(stage: Stage, machine: Machine, write: str) -> None:
    with machine.node.store.read() as tx:
        stored = tx.record(VEHICLE, CAR)
    entries = () if stored is None else stored.entries
    color = VEHICLE.register_of("color").number
    heads = head_op_ids(entries, [color])
    drafts = {
        "write red": Draft(VEHICLE, CAR, {"color": "red"}, heads),
        "write blue": Draft(VEHICLE, CAR, {"color": "blue"}, heads),
        "write unread": Draft(VEHICLE, CAR, {"color": "green"}),
        "write another field": Draft(VEHICLE, CAR, {"model_code": "X1"}),
        "delete": Draft(VEHICLE, CAR, {}, tuple(OpId(entry.op) for entry in entries), Action.DELETE),
    }
    if write in drafts:
        stage.keep(machine, commit(machine.node, [drafts[write]]).nonce)


def _sync_all(stage: Stage, names: tuple[str, ...]) -> None:
    for name in names:
        _sync(stage, name)


def _sync(stage: Stage, name: str) -> None:
    stage.lines[name].round(stage.dice, LineTrouble(Strokes()))
    machine = stage.lines[name].machine
    machine.note_history()
    if name in stage.restored:
        stage.take_stock(machine)
    stage.read_hub()
