"""What happens when the hub comes back from a backup: its database alone, or the whole disk with the mark beside it.

Decides when a backup of the hub is taken and put back, what an operator does then, and what the account forgives: what
no node and no courier had is lost with the hub's disk, and nothing else is. Everything else has to be in the log again
once all has arrived (`healing`).

    database only    the mark of what was told stays: the hub must not open before `carnet-hub restored`
    whole disk       the mark goes back as well: the operator knows what was put back, and says so

Couriers are nodes as well: they bring again what a restored hub does not have, with the receipts it had given.
"""

import shutil
from contextlib import suppress
from copy import copy
from typing import Final

from carnet_hub.adapters.high_water import MARK_FILE, HubMarkFile
from carnet_hub.adapters.store import SqlStore
from carnet_hub.core.ports import StoreError
from carnet_hub.core.sets.histories import DatabaseBehind, check_mark, open_new_hub_epoch
from carnet_node.adapters.store import driver
from simulation.handed_back import read_of_hub
from simulation.invariants import Broken
from simulation.keyholders import Keyholders
from simulation.power import FaultyFiles, Power, SimCrash, Trouble
from simulation.restore_steps import put_back, take_image
from simulation.shown_before import note_shown
from simulation.stage import HubImage, Stage, Step
from simulation.world import Machine, Worker

IMAGES_MAX: Final = 4

ONE_FIRE_RATE: Final = 0.5
"""How likely the disk of a node is lost together with the hub's."""


def take_hub_image(stage: Stage, machine: Machine) -> str | None:
    """A backup of the hub's database and, beside it, the mark as it is now; of a node as well, in the same night."""
    take_image(stage, machine)
    worker = stage.world.worker
    folder = stage.world.folder / "hub images"
    folder.mkdir(exist_ok=True)
    path = folder / f"{len(stage.trace)}.db"
    source, target = driver.connect(worker.path), driver.connect(path)
    try:
        source.backup(target)
    finally:
        target.close()
        source.close()
    read_aside(stage)
    mark = worker.path.with_name(MARK_FILE)
    content = mark.read_bytes() if mark.exists() else None
    rows, hub_epoch = tuple(stage.ledger.log.rows), stage.archive.hub_epoch
    image = HubImage(path, content, rows, dict(stage.holders.present), hub_epoch)
    stage.hub_images = [*stage.hub_images, image][-IMAGES_MAX:]
    return f"up to {len(image.rows)}"


def restore_hub(stage: Stage, _: Machine) -> str | None:
    """An old database is put in place, or the whole disk; `carnet-hub restored` is run before anybody is answered."""
    if not stage.hub_images:
        return None
    image = stage.dice.choice(stage.hub_images)
    stage.reached["hub restored to before a change of keys"] += image.keys != stage.holders.present
    is_whole = stage.dice.random() < 0.5
    read_aside(stage)
    lost = len(stage.ledger.log.rows) - len(image.rows)
    put_back_hub(stage, image, is_whole=is_whole)
    stage.strokes.strike(f"stale restore of the hub ({'disk' if is_whole else 'database'})")
    if lost > 0:
        stage.reached["hub restored behind what it had confirmed"] += 1
    if stage.dice.random() < ONE_FIRE_RATE:
        _lose_a_node_too(stage)
    return f"{lost} entries behind, goes on from {len(image.rows)} under {stage.archive.hub_epoch.hex()[:6]}"


def _lose_a_node_too(stage: Stage) -> None:
    """The same fire took the disk of a node, of which there is an old backup with the key it has now.

    When both backups are from before a change of keys, nobody knows the change any more: the node is enrolled anew.
    """
    machines = {one.name: one for one in stage.world.machines}
    found = [one for one in stage.images if one.node in machines and machines[one.node].held_keys()[0] == one.key]
    if found:
        image = stage.dice.choice(found)
        put_back(stage, machines[image.node], image, is_whole=False)
        stage.take_stock(machines[image.node])  # the image may be newer than one it came back from before


def read_aside(stage: Stage) -> None:
    """Read the log to its end with a process of its own: what is planned for the hub's does not strike the account."""
    hub = stage.world.worker.process(Power("the account"))
    assert isinstance(hub.store, SqlStore)
    stage.read_hub(hub)
    hub.store.close()


def put_back_hub(stage: Stage, image: HubImage, *, is_whole: bool) -> None:
    """Replace the files, say that they were replaced, and begin another account."""
    note_shown(stage)
    read_of_hub(stage)
    stage.put_back = image
    worker = stage.world.worker
    for one in stage.world.workers:
        one.close()
    for rest in ("", "-wal", "-shm"):
        worker.path.with_name(worker.path.name + rest).unlink(missing_ok=True)
    path = worker.path.with_name(f"hub-{len(stage.archive.histories)}.db")
    shutil.copyfile(image.path, path)
    for one in stage.world.workers:
        one.path = path
    mark = worker.path.with_name(MARK_FILE)
    if is_whole:
        mark.unlink(missing_ok=True)
        if image.mark is not None:
            mark.write_bytes(image.mark)
    check_closed(stage, image, is_whole=is_whole)
    _say_restored(worker)
    for one in stage.world.workers:
        one.boot()
    worker.mark.raise_now(worker.hub)  # as whatever opens the hub does
    _begin_account(stage, image)


def check_closed(stage: Stage, image: HubImage, *, is_whole: bool = False) -> None:
    """A database that is behind what was told is not served, and none of a history that has ended.

    Args:
        is_whole: what was told went back with it, so nobody can know of a later history.

    Raises:
        Broken: it would be.
    """
    told = HubMarkFile(stage.world.worker.path.parent, FaultyFiles(Power("the account"))).read()
    is_ended = not is_whole and image.hub_epoch != stage.archive.hub_epoch
    is_behind = told is not None and told.hub_epoch == image.hub_epoch and told.position > len(image.rows)
    if _opens(stage, image) and (is_ended or is_behind):
        what = "of a history that has ended" if is_ended else "behind what it has told"
        raise Broken("I14", f"a hub {what} would serve, up to {len(image.rows)}")


def _opens(stage: Stage, image: HubImage) -> bool:
    """Whether a hub on the database of an image, beside the mark that lies there now, would serve."""
    worker, power = stage.world.worker, Power("hub looks")
    old = copy(worker)
    old.path = worker.path.with_name("looked at.db")
    shutil.copyfile(image.path, old.path)
    hub, told = old.process(power), HubMarkFile(worker.path.parent, FaultyFiles(power)).read()
    assert isinstance(hub.store, SqlStore)
    try:
        with hub.store.read() as snapshot:
            check_mark(snapshot, hub.hub_epoch, told)
    except DatabaseBehind:
        stage.reached["a hub behind its mark stays shut"] += 1
        return False
    finally:
        hub.store.close()
        for rest in ("", "-wal", "-shm"):
            old.path.with_name(old.path.name + rest).unlink(missing_ok=True)
    return True


def _say_restored(worker: Worker) -> None:
    """`carnet-hub restored`; whoever died in it, or met a full disk, runs it again."""
    planned = worker.power if worker.power.trouble is not Trouble.BETWEEN else Power("nobody else serves the hub now")
    told = HubMarkFile(worker.path.parent, FaultyFiles(Power("the mark"))).read()
    for power in (planned, Power("hub restored, again")):
        with suppress(SimCrash, StoreError):
            hub = worker.process(power)
            assert isinstance(hub.store, SqlStore)
            try:
                open_new_hub_epoch(hub, () if told is None else told.branches)
            finally:
                hub.store.close()
            return


def _begin_account(stage: Stage, image: HubImage) -> None:
    """The log is read anew from its beginning; couriers carry again what is not in it."""
    hub = stage.world.hub
    stage.archive = stage.archive.begin_history(hub.hub_epoch)
    histories = tuple((one.hub_epoch, one.position) for one in hub.histories)
    stage.ledger.begin_history(list(image.rows), histories)
    stage.holders = Keyholders(stage.ledger)
    stage.read_hub()
    for name, brought in stage.delivered.items():
        lost = [made for made in brought if not stage.ledger.is_standing(made.message)]
        stage.delivered[name] = [made for made in brought if made not in lost]
        stage.undelivered[name] = [*lost, *stage.undelivered[name]]


STEPS: Final[dict[str, tuple[int, Step]]] = {
    "take hub image": (3, take_hub_image),
    "restore hub": (2, restore_hub),
}
"""Weight and step by name."""
