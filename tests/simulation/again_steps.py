"""What happens when the hub comes back more than once: soon after the last time, or under a name that has ended.

Decides when the same backup is put back again, when a line breaks between what a node offers and the page it would
read, and when somebody puts an image of an ended history in place and forgets to say so. What the account forgives
stands in `history_steps`.

    restore hub again    the backup of the last restore, once more: what came between is on the disks of nodes alone
    greet                a hello and everything that is offered with it; then the line breaks
    open old hub         the database alone, from before the last restore: the hub finds out and stays shut
"""

from typing import Final

from carnet_node.core.failures import HubUnreachable
from carnet_node.core.line.session import say_hello
from carnet_protocol.errors import Refused
from simulation.history_steps import check_closed, put_back_hub, read_aside
from simulation.stage import Stage, Step
from simulation.wire import FaultyLink, LineTrouble, finish, sync_ports
from simulation.world import Machine

LITTLE: Final = 12
"""Log entries that are little between two restores."""


def restore_hub_again(stage: Stage, _: Machine) -> str | None:
    """The backup that the hub has just come back from is put in place once more."""
    image = stage.put_back
    if image is None:
        return None
    read_aside(stage)
    between = len(stage.ledger.log.rows) - len(image.rows)
    put_back_hub(stage, image, is_whole=stage.dice.random() < 0.25)
    stage.strokes.strike("stale restore of the hub (again)")
    stage.reached["the hub was restored twice with little in between"] += between <= LITTLE
    return f"{between} entries since the last time"


def greet(stage: Stage, machine: Machine) -> str | None:
    """A hello, and what belongs to it is offered; the line breaks before a page is asked for."""
    struck = stage.strokes.total
    link = FaultyLink(stage.lines[machine.name], stage.dice, LineTrouble(stage.strokes))
    try:
        session = finish(say_hello(machine.node, sync_ports(link), software="simulation"))
    except (HubUnreachable, Refused) as error:
        if stage.strokes.total == struck and not stage.is_barred(machine):
            raise
        return f"no hello ({type(error).__name__})"
    stage.strokes.strike("line cut before a page")
    with machine.node.store.read() as tx:
        feed = tx.feed()
    is_behind = feed is not None and feed.cursor == 0 and stage.is_hub_restored
    stage.reached["a line broke between offer and page after a restore"] += is_behind
    return session.situation.name.lower()


def open_old_hub(stage: Stage, _: Machine) -> str | None:
    """Somebody puts a database of an ended history in place, without `carnet-hub restored`: nothing is served."""
    found = [one for one in stage.hub_images if one.hub_epoch != stage.archive.hub_epoch]
    if not found:
        return None
    image = stage.dice.choice(found)
    check_closed(stage, image)
    stage.reached["an old image stays shut without `carnet-hub restored`"] += 1
    return f"{image.hub_epoch.hex()[:6]} up to {len(image.rows)} stays shut"


STEPS: Final[dict[str, tuple[int, Step]]] = {
    "restore hub again": (0, restore_hub_again),
    "greet": (0, greet),
    "open old hub": (0, open_old_hub),
}
"""Weight and step by name; they come in the theme `twice` and its neighbours."""
