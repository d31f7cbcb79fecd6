"""What happens when one disk lives twice: a second machine is started from an image, and both are the same node.

Decides when somebody starts a copy and which of the two the dealer means, and that they find out: whoever has met the
hub stands where the hub knows it to stand, and of two that have met it the older one has stopped writing. Whoever was
never put back or copied opens no epoch (`check_undisturbed`). Nothing of
either branch may be lost; that is the account's business (`archive.logs`, `ledger.bodies`), as for any machine.

    image        of the disk as it is, or an older backup; key and mark go along
    two bodies   for one place are signed as long as neither knows of the other, and only in the epoch of the image
"""

import shutil
from typing import Final

from carnet_node.adapters.high_water import MARK_FILE
from carnet_node.adapters.keyring import SIGNING_FILE
from carnet_node.adapters.rotating import NEXT_FILE, PREVIOUS_FILE
from carnet_node.core.log.rejoin import take_over
from carnet_protocol.changeset import EpochReason
from simulation.invariants import Broken
from simulation.restore_steps import take_image
from simulation.stage import Image, Stage, Step
from simulation.steady import Lots
from simulation.world import DATABASE, Machine
from simulation.wrong_clocks import NodeClock

COPY: Final = " copy"
KEY_FILES: Final = (SIGNING_FILE, NEXT_FILE, PREVIOUS_FILE)


def start_copy(stage: Stage, machine: Machine) -> str | None:
    """A second machine is started from an image of this one's disk, once in a schedule."""
    if len({one.identity_name for one in stage.world.machines}) < len(stage.world.machines):
        return None
    images = [one for one in stage.images if one.node == machine.name and one.key == machine.held_keys()[0]]
    if not images or stage.dice.random() < 0.5:
        take_image(stage, machine)
        images = stage.images[-1:]
    image = stage.dice.choice(images)
    copy = start_machine(stage, machine, image)
    stage.strokes.strike("two live copies of one image")
    behind = len(stage.archive.logs[machine.name]) - len(stage.archive.logs[copy.name])
    return f"{copy.name}, {behind} sets behind"


def start_machine(stage: Stage, machine: Machine, image: Image) -> Machine:
    """The second machine, from an image of the first."""
    name = machine.identity_name + COPY
    folder = stage.world.folder / name
    folder.mkdir()
    shutil.copyfile(image.path, folder / DATABASE)
    for key in KEY_FILES:
        if (machine.folder / key).exists():
            shutil.copyfile(machine.folder / key, folder / key)
    if image.mark is not None:
        (folder / MARK_FILE).write_bytes(image.mark)
    clock = NodeClock(machine.clock.ms, machine.clock.drift_ppm)
    copy = Machine(name, folder, clock, Lots(f"{name} of {machine.lots.owner}"), machine.identity_name)
    copy.trail = image.trail
    stage.read_of_hub[copy.name] = set(image.read_of_hub)
    copy.lots.begin(machine.lots.step)
    stage.world.machines = (*stage.world.machines, copy)
    stage.take_in(copy)
    stage.take_stock(copy)
    stage.restored |= {machine.name, copy.name}
    with copy.node.store.read() as tx:
        chain = tx.chain()
    assert chain is not None
    stage.ledger.copied.add((bytes(machine.node.identity.node_id), chain.epoch))
    return copy


def decide_copy(stage: Stage, machine: Machine) -> str | None:
    """The dealer says that this machine is the one that goes on."""
    with machine.node.store.read() as tx:
        chain = tx.chain()
    if chain is None or not chain.is_writing_stopped:
        return None
    take_over(machine.node)
    stage.reached["a superseded copy was made the one that goes on"] += 1
    return "goes on"


def check_noticed(stage: Stage, machine: Machine) -> None:
    """A copy that has met the hub knows where it stands.

    Raises:
        Broken: it writes on at places where another set stands, or although a newer epoch leads.
    """
    node_id = bytes(machine.node.identity.node_id)
    log = stage.ledger.log
    with machine.node.store.read() as tx:
        chain = tx.chain()
        assert chain is not None
        logged = tx.sets_from(chain.epoch, 1, chain.seq) if chain.seq else []
    for one in logged:
        if log.places.get((node_id, chain.epoch, one.seq), one.set_hash) != one.set_hash:
            raise Broken("I11", f"{machine.name}: another set stands at seq {one.seq}, and it writes on")
    own = log.epochs.get((node_id, chain.epoch))
    rank = (chain.epoch_ordinal, own[1]) if own else (chain.epoch_ordinal, len(log.rows) + 1)
    newer = [
        (ordinal, at)
        for (node, _), (ordinal, at, reason) in log.epochs.items()
        if node == node_id and reason != EpochReason.HUB_ASKED and (ordinal, at) > rank
    ]
    if newer and not chain.is_writing_stopped:
        raise Broken("I11", f"{machine.name}: writes epoch {chain.epoch_ordinal}, epoch {max(newer)[0]} leads")
    if newer:
        stage.reached["a copy was told that another one has taken over"] += 1


def check_undisturbed(stage: Stage, machine: Machine) -> None:
    """A machine whose disk was never put back or copied goes on in the epoch it began in.

    Raises:
        Broken: it takes itself for one that was restored.
    """
    if machine.name in stage.restored or stage.is_hub_restored:
        return
    with machine.node.store.read() as tx:
        chain = tx.chain()
    if chain is not None and (chain.epoch_ordinal > 1 or chain.is_rejoining):
        raise Broken("I11", f"{machine.name}: nothing was put back, and it opened epoch {chain.epoch_ordinal}")


STEPS: Final[dict[str, tuple[int, Step]]] = {
    "start copy": (1, start_copy),
    "decide copy": (3, decide_copy),
}
"""Weight and step by name."""
