"""A stick that lies in a drawer for days, while its node goes on over the line.

Decides how long it lies there, and I17 for what it brings: how late a stick comes says nothing about its node's clock,
so the offset that the hub has seen on the line since stays what it was, and so does what the node has said since.
"""

from typing import Final

from carnet_hub.core.rows import NodeStatusRow
from simulation.invariants import Broken
from simulation.stage import Stage, Step, Stick
from simulation.sticks import hand_in, pack_stick
from simulation.world import Machine

DRAWER_MAX: Final = 3
DAYS_MAX: Final = 9

_DAY_MS: Final = 24 * 3600 * 1000


def into_drawer(stage: Stage, machine: Machine) -> str | None:
    """Somebody writes what waits onto a stick and forgets it."""
    if len(stage.drawer) >= DRAWER_MAX:
        return None
    stick, said = pack_stick(stage, machine)
    if stick is not None:
        stage.drawer.append((stick, stage.world.hub_clock.ms))
    return said


def open_drawer(stage: Stage, _: Machine) -> str | None:
    """Days later the oldest stick is found, and taken to the hub."""
    if not stage.drawer:
        return None
    stick, packed_ms = stage.drawer.pop(0)
    days = stage.dice.randint(1, DAYS_MAX)
    stage.world.pass_ms(days * _DAY_MS)
    before = _status(stage, stick)
    said = hand_in(stage, stick, stick.path.read_bytes(), "")
    after = _status(stage, stick)
    stage.strokes.strike("stick in a drawer")
    if before is not None and after is not None and before.last_seen_ms > packed_ms:
        stage.reached["a stick came days after a newer hello"] += 1
        if after.clock_offset_ms != before.clock_offset_ms:
            raise Broken("I17", f"{days} days in a drawer count as {stick.node}'s clock")
        is_older = after.epoch == before.epoch and (after.head_seq, after.cursor) < (before.head_seq, before.cursor)
        if is_older and not stage.is_hub_restored:
            raise Broken("I17", f"an old stick of {stick.node} says where it stands now")
    return f"{days} days later: {said}"


def _status(stage: Stage, stick: Stick) -> NodeStatusRow | None:
    """What the hub knows of the node of a stick."""
    node = next(one.node.identity.node_id for one in stage.world.machines if one.identity_name == stick.node)
    with stage.world.hub.store.read() as snapshot:
        return snapshot.statuses([node]).get(node)


STEPS: Final[dict[str, tuple[int, Step]]] = {
    "into drawer": (0, into_drawer),
    "open drawer": (0, open_drawer),
}
"""Weight and step by name; they come in the theme `drawers`."""
