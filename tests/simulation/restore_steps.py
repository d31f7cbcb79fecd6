"""What happens when a node's machine comes back from a backup: its database alone, or a whole image of the disk.

Decides when a backup is taken and put back, and what the account forgives then: sets that were committed since and are
on no other disk are lost with the disk, and nothing else is.

    database only    the mark of what left stays: the node sees at its start that it is behind
    whole image      the mark goes back as well: only the hub can tell

Two live copies of one image are `copy_steps`, a hub that is restored `history_steps`.
"""

import shutil
from typing import Final

from carnet_node.adapters.high_water import MARK_FILE
from carnet_node.adapters.store import driver
from carnet_node.core.log.rejoin import go_on_offline, hold_if_behind, mark_restored
from simulation.handed_back import note_read
from simulation.stage import Image, Stage, Step
from simulation.world import Machine

IMAGES_MAX: Final = 6


def take_image(stage: Stage, machine: Machine) -> str | None:
    """A backup of the database and, beside it, the mark as it is now."""
    folder = stage.world.folder / "images"
    folder.mkdir(exist_ok=True)
    path = folder / f"{machine.name}-{len(stage.images)}-{len(stage.trace)}.db"
    source, target = driver.connect(machine.path), driver.connect(path)
    try:
        source.backup(target)
    finally:
        target.close()
        source.close()
    mark = machine.folder / MARK_FILE
    content = mark.read_bytes() if mark.exists() else None
    note_read(stage, machine)
    read = frozenset(stage.read_of_hub[machine.name])
    image = Image(machine.name, path, content, machine.held_keys()[0], machine.trail, read)
    stage.images = [*stage.images, image][-IMAGES_MAX:]
    return path.name


def restore_database(stage: Stage, machine: Machine) -> str | None:
    """An old database is put in place; the keys' folder is as it was."""
    image = _image_of(stage, machine)
    return None if image is None else put_back(stage, machine, image, is_whole=False)


def restore_image(stage: Stage, machine: Machine) -> str | None:
    """The whole disk is put back, mark and all."""
    image = _image_of(stage, machine, key=machine.held_keys()[0])
    return None if image is None else put_back(stage, machine, image, is_whole=True)


def work_offline(stage: Stage, machine: Machine) -> str | None:
    """Somebody decides not to wait for the hub: a new epoch at once."""
    if machine.name not in stage.restored or not go_on_offline(machine.node):
        return None
    stage.reached["went on offline after a restore"] += 1
    return "a new epoch"


def _image_of(stage: Stage, machine: Machine, key: bytes | None = None) -> Image | None:
    """A backup of a node; a whole disk with a key that was replaced since is no use: the machine has to enrol anew."""
    found = [one for one in stage.images if one.node == machine.name and key in (None, one.key)]
    return stage.dice.choice(found) if found else None


def put_back(stage: Stage, machine: Machine, image: Image, *, is_whole: bool) -> str:
    """Replace the files, start again, and take down what is not there any more."""
    with machine.node.store.read() as tx:
        own = [(made, tx.set_by_nonce(made.nonce)) for made in stage.archive.sets_of(machine.name)]
    has_left = {made.nonce for made, logged in own if logged is not None and logged.is_sent}
    machine.store.drop()
    for rest in ("-wal", "-shm"):
        machine.path.with_name(machine.path.name + rest).unlink(missing_ok=True)
    shutil.copyfile(image.path, machine.path)
    if is_whole:
        mark = machine.folder / MARK_FILE
        mark.unlink(missing_ok=True)
        if image.mark is not None:
            mark.write_bytes(image.mark)
    stage.reached["restored to before a change of keys"] += image.key != machine.held_keys()[0]
    machine.trail = image.trail
    stage.read_of_hub[machine.name] = set(image.read_of_hub)
    machine.boot()
    with machine.node.store.read() as tx:
        now = stage.archive.sets_of(machine.name)
        gone = {made.nonce for made in now if tx.set_by_nonce(made.nonce) is None}
    never_left = gone - has_left
    missing = set(stage.archive.elsewhere(machine.identity_name, machine.name))
    stage.forget(machine.name, gone, unknowingly=gone | missing if is_whole else gone & never_left)
    if not is_whole and stage.dice.random() < 0.5:
        mark_restored(machine.node)
    is_held = hold_if_behind(machine.node)
    stage.strokes.strike("stale restore (image)" if is_whole else "stale restore (database)")
    if gone & never_left:
        stage.reached["restored, and unsent work was lost"] += 1
    if gone - never_left:
        stage.reached["restored, and sent work comes back from the hub"] += 1
    return f"{len(gone)} sets behind, {'waits for the hub' if is_held else 'goes on'}"


STEPS: Final[dict[str, tuple[int, Step]]] = {
    "take image": (3, take_image),
    "restore database": (2, restore_database),
    "restore image": (2, restore_image),
    "work offline": (2, work_offline),
}
"""Weight and step by name."""
