"""Nothing that a desk showed of its own site goes away because the hub was restored.

Decides I3 for what a sister machine recorded: when the hub goes back, the records that each node shows of its own site
are taken down, and they stay there through every restore that follows. A record on which somebody was excluded, refused
or void in any history is left out: it may have been shown because of that alone.
"""

from collections.abc import Iterator

from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Writer
from simulation.authored import Key, index_of
from simulation.invariants import Broken
from simulation.stage import Stage
from simulation.world import Machine


def note_shown(stage: Stage) -> None:
    """Take down what every node shows of its own site now."""
    for machine in stage.world.machines:
        stage.shown[machine.name] |= set(_shown(machine))


def check_shown(stage: Stage, machine: Machine) -> None:
    """All of it is still there.

    Raises:
        Broken: a record has gone.
    """
    noted = stage.shown[machine.name]
    gone = noted - set(_shown(machine)) if noted else set()
    dealer = machine.node.identity.dealer_id
    for number, record in sorted(gone):
        if _is_begun_by(stage, (number, record), dealer) and not _is_doubtful(stage, (number, record)):
            kind = REGISTRY.by_number[number].name
            raise Broken(
                "I3", f"{machine.name}: {kind} {record.hex()} was shown before a restore of the hub, and is gone"
            )


def _shown(machine: Machine) -> Iterator[Key]:
    dealer = machine.node.identity.dealer_id
    with machine.node.store.read() as tx:
        for kind in REGISTRY.kinds:
            if kind.writer is Writer.OWNER_SITE:
                rows = tx.projections(kind)
                yield from ((kind.number, RecordId(one.record)) for one in rows if one.owner == dealer and one.entries)


def _is_begun_by(stage: Stage, key: Key, dealer: bytes) -> bool:
    """Whether a site wrote a record first: another's looks like its own until the hub has refused its write there."""
    first = next(iter(stage.archive.touching.get(key, ())), None)
    return first is not None and stage.archive.set_of(first.op).dealer == dealer


def _is_doubtful(stage: Stage, key: Key) -> bool:
    """Whether something that was said about a record does not count in one of the hub's histories."""
    for op in stage.archive.touching.get(key, ()):
        for account in stage.archive.histories.values():
            one = account.standing.get(op.op[:-2])
            if one is not None and (one.refused_at or one.excluded_at or index_of(op.op) in one.voids):
                return True
    return False
