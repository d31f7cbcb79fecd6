"""What another process does in the middle of a step: a worker takes a set in, a command line writes, somebody reads.

Decides who comes in between. Each has a store of its own on the same file; what it may not do now (the lock is held)
it is told, and nothing happens.
"""

from collections.abc import Callable
from copy import copy
from functools import partial

from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.ports import StoreError
from carnet_node.core.log.authoring import commit
from carnet_node.core.store_failures import StoreBusy
from carnet_protocol.messages import PushCode
from simulation import desk
from simulation.checks import check_hub
from simulation.invariants import Broken
from simulation.node_checks import check_node
from simulation.power import FaultyNodeStore, Power
from simulation.stage import Stage
from simulation.world import Machine, Worker


def beside_node(stage: Stage, machine: Machine) -> None:
    """Another process of a node writes, or reads everything."""
    other = copy(machine)
    other.node = machine.process(Power(f"{machine.name} beside"))
    store = other.node.store
    assert isinstance(store, FaultyNodeStore)
    dice = copy(stage.dice)
    try:
        if dice.random() < 0.5:
            _write(stage, other)
        else:
            _read(stage, other)
    finally:
        store.drop()


def _write(stage: Stage, other: Machine) -> None:
    with other.node.store.read() as tx:
        draft = desk.new_draft(tx, other, copy(stage.dice), "vehicle")
    assert draft is not None
    try:
        nonce = commit(other.node, [draft]).nonce
    except StoreBusy:
        stage.reached["a command line met the service's lock"] += 1
        return
    stage.keep(other, nonce)
    stage.reached["a command line wrote between two steps of the service"] += 1


def _read(stage: Stage, other: Machine) -> None:
    other.note_history()
    stage.take_stock(other)
    stage.read_hub(_fresh_worker(stage).hub)
    _look_between(stage, partial(check_node, other, stage.archive))
    stage.reached["a reader came between two steps of a node"] += 1


def beside_hub(stage: Stage) -> None:
    """Another worker takes a courier's set in, or the regulator reads everything."""
    worker = _fresh_worker(stage)
    try:
        waiting = [stage.undelivered[one.name] for one in stage.welcome_couriers() if stage.undelivered[one.name]]
        if waiting and stage.dice.random() < 0.6:
            _take_in(stage, worker, waiting[0])
        else:
            _look(stage, worker)
    finally:
        worker.close()


def _take_in(stage: Stage, worker: Worker, sets: list) -> None:
    try:
        (answer,) = receive_sets(worker.hub, [sets[0].pushed])
    except StoreError:
        stage.reached["a worker met another worker's lock"] += 1
        return
    courier = next(one for one in stage.world.couriers if stage.undelivered[one.name] is sets)
    if answer.receipt is None:
        stage.read_hub(worker.hub)
        if not stage.is_barred(courier):
            raise Broken("I18", f"a courier's set was answered {PushCode(answer.code).name} ({answer.reason})")
        return  # stopped by the very step that we came in between
    stage.delivered[courier.name].append(sets.pop(0))
    stage.reached["a worker took a set in between two reads of another"] += 1


def _look(stage: Stage, worker: Worker) -> None:
    stage.read_hub(worker.hub)
    _look_between(stage, partial(check_hub, worker.hub, stage.archive))
    stage.reached["the regulator read between two steps of the hub"] += 1


def _look_between(stage: Stage, check: Callable[[], None]) -> None:
    """See that all holds; what does not is told after the step: the writer must not meet our complaint as an error."""
    try:
        check()
    except Broken as broken:
        if broken.invariant not in stage.watch.without:
            stage.watch.complain("I16", f"between two steps of a writer: {broken}")


def _fresh_worker(stage: Stage) -> Worker:
    one = stage.world.worker
    return Worker("hub beside", one.path, one.clock, one.alarms, one.lots)
