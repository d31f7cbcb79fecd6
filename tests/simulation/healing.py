"""The end of a schedule: all lines are good again, everything arrives, and all is one.

Decides what healing is and how many rounds it may take. What holds then stands in `checks`.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from carnet_hub.core.exchange.freeing import free_forgotten
from carnet_hub.core.exchange.quarantine import give_up_parked, list_parked
from carnet_hub.core.log.authoring import write_hub_set
from carnet_node.core.failures import HubRefused
from carnet_node.core.line.sync import RoundReport
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import OutOfOrder
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import ERASURE
from carnet_protocol.reasons import Reason
from simulation import hub_steps
from simulation.authored import HUB_AUTHOR
from simulation.checks import (
    check_converged,
    check_exact_rebuild,
    check_hub,
    check_hub_log,
    dump,
)
from simulation.claims import check_forgotten, check_odometers
from simulation.copy_steps import check_noticed
from simulation.handed_back import read_of_hub
from simulation.invariants import Broken
from simulation.key_steps import let_everybody_in
from simulation.liar import catch_up
from simulation.node_checks import check_node
from simulation.overreach import check_orders, check_taken_out
from simulation.receipts import check_receipts
from simulation.shown_before import check_shown
from simulation.stage import Stage
from simulation.wire import Line, LineTrouble
from simulation.world import Machine

HEALING_ROUNDS_MAX: Final = 4
REJOIN_ROUNDS: Final = 3
"""More rounds for a node that takes its lost sets back and opens an epoch."""
HISTORY_ROUNDS: Final = 3
"""More rounds after a restore of the hub: what one node offers may be what another one's work waits for."""
CARRIED: Final = ("base_record", "own_set", "hub_set", "node_state")
"""Tables in which a late message may leave its trace: its position, a receipt, a ruling on what was excluded
since. What is shown stands in the others."""


def heal(stage: Stage) -> None:
    """Deliver everything, and see that all is one.

    Raises:
        Broken: it is not.
    """
    for line in stage.lines.values():
        line.partition, line.delayed = "", []
    let_everybody_in(stage)
    _settle_couriers(stage)
    if stage.world.liar is not None:
        catch_up(stage)
    stage.world.hub.store.scrub()
    _look_for_forgotten(stage)
    good = LineTrouble(stage.strokes)
    read = read_of_hub(stage)
    _order_again(stage, read)
    _rounds(stage, good)
    if stage.world.liar is not None and stage.is_hub_restored:
        catch_up(stage)
        stage.read_hub()
    lost = stage.archive.bury(read)
    stage.reached["lost with a disk, before anybody else had it"] += len(lost)
    stage.reached["acknowledged, and lost with both disks"] += stage.ledger.forget_lost(lost)
    if _give_up_parked(stage):
        _rounds(stage, good)
    stage.world.hub.store.scrub()
    check_end(stage)
    stage.watch.check(partial(_replay_everything, stage))


def _look_for_forgotten(stage: Stage) -> None:
    """What a service does now and then; without a process of the hub that failed there is nothing to find."""
    found = free_forgotten(stage.world.hub)
    if found.judged and not any("hub" in kind for kind in stage.strokes.counted):
        stage.watch.complain("I18", f"{found.judged} sets were forgotten, and nothing had struck the hub")


def _rounds(stage: Stage, good: LineTrouble) -> None:
    """Rounds until nothing moves any more; a node that comes back from a backup may take two more."""
    rounds = HEALING_ROUNDS_MAX + (REJOIN_ROUNDS if stage.restored else 0)
    rounds += HISTORY_ROUNDS if stage.is_hub_restored else 0
    for _ in range(rounds):
        if stage.is_hub_restored:  # a suspension may have come back after it was lifted
            let_everybody_in(stage)
        reports = [_round(stage, one, good) for one in stage.world.machines]
        for machine in stage.world.machines:
            stage.take_stock(machine)
            machine.note_history()
        stage.read_hub()
        if all(one is not None and one.is_complete and not one.rows and not one.push.sent for one in reports):
            return
    stage.watch.complain("I18", f"not converged after {rounds} rounds: {reports}")


def _round(stage: Stage, machine: Machine, good: LineTrouble) -> RoundReport | None:
    """A round of one node; None when it was turned away, because another one has just brought its suspension back."""
    try:
        return stage.lines[machine.name].round(stage.dice, good)
    except HubRefused as refusal:
        if refusal.reason is not Reason.SUSPENDED_NODE or not stage.is_hub_restored:
            raise
    stage.reached["a suspension came back to a restored hub"] += 1
    return None


def _give_up_parked(stage: Stage) -> int:
    """What still waits, waits for nobody; how many sets that were."""
    count = 0
    stage.read_hub()
    for one in list_parked(stage.world.hub):
        if stage.archive.waits_for_nothing(one.nonce):
            stage.watch.complain("I18", f"set {one.nonce.hex()[:8]} is still parked, and what it waited for is here")
    while parked := list_parked(stage.world.hub):
        give_up_parked(stage.world.hub, parked[0].nonce, note="nobody brought it")
        count += 1
    return count


def check_end(stage: Stage) -> None:
    """Everything that holds once all has arrived."""
    stage.read_hub()
    machines = stage.world.machines
    stage.watch.check(
        *(partial(check_node, machine, stage.archive) for machine in machines),
        *(partial(check_exact_rebuild, machine) for machine in machines),
        partial(check_hub, stage.world.hub, stage.archive),
        partial(check_converged, stage.world, stage.archive),
        partial(check_hub_log, stage.world),
        *(partial(check_odometers, stage, machine) for machine in machines),
        partial(check_forgotten, stage),
        partial(check_receipts, stage, is_end=True),
        partial(check_orders, stage),
        partial(check_taken_out, stage),
    )
    for machine in machines:
        stage.ledger.check_chain(machine)
        stage.watch.check(partial(check_noticed, stage, machine), partial(check_shown, stage, machine))
    stage.ledger.check_log(stage.world.hub, is_healed=True)
    stage.holders.check_suspects(stage.archive)
    stage.watch.check()


def _order_again(stage: Stage, read: set[bytes]) -> None:
    """An erasure that no node had read is lost with the hub's disk; somebody keeps a list, and orders it again."""
    lost = [
        made
        for nonce, made in stage.archive.sets.items()
        if made.author == HUB_AUTHOR and nonce not in stage.archive.standing and nonce not in read
    ]
    for one in (op for made in lost for op in made.ops if op.kind is ERASURE):
        values = {ERASURE.by_label[label][1].name: value for label, value in (one.fields or {}).items()}
        write_hub_set(stage.world.hub, [Draft(ERASURE, RecordId(one.record), values)])
        stage.reached["an erasure was ordered again after a restore of the hub"] += 1


def _settle_couriers(stage: Stage) -> None:
    """What couriers and nodes carry arrives at last; what still waits then is given up."""
    for one in stage.world.couriers:
        if stage.is_barred(one):
            stage.archive.given_up |= {made.nonce for made in stage.undelivered[one.name]}
            continue
        while stage.undelivered[one.name]:
            hub_steps.deliver_next(stage, one.name)
    for line in () if stage.is_hub_restored else stage.lines.values():
        line.resend_from = None
        while line.push(50) and line.deliver_answers(_Always(), len(line.answers) - 1):
            continue
    _give_up_parked(stage)


def _replay_everything(stage: Stage) -> None:
    """Messages that arrive at last leave what is shown as it is; when they arrive again no byte changes."""
    for line in stage.lines.values():
        before = dump(line.machine)
        _deliver_all_backwards(line)
        between = dump(line.machine)
        _deliver_all_backwards(line)
        after = dump(line.machine)
        changed = [table for table in before if table not in CARRIED and before[table] != between[table]]
        changed += [table for table in before if between[table] != after[table]]
        if changed:
            raise Broken("I5", f"{line.machine.name}: an old message changes {changed}")


def _deliver_all_backwards(line: Line) -> None:
    for at in reversed(range(len(line.pages))):
        with _other_histories():
            line.deliver_page(at)
    for at in reversed(range(len(line.answers))):
        with _other_histories():
            line.deliver_answers(_Always(), at)


@contextmanager
def _other_histories() -> Iterator[None]:
    """What a hub said before it was restored is turned away."""
    try:
        yield
    except OutOfOrder as refusal:
        if refusal.reason is not Reason.HUB_EPOCH_CHANGED:
            raise


class _Always(random.Random):
    """Dice that always say yes."""

    def random(self) -> float:
        """Zero."""
        return 0.0
