"""A database that came out of a backup: whether it may be trusted, and what happens to it before work begins.

Decides what is checked beyond the database's own integrity: every signature and link of the own log, and that folding
again gives the tables. Erasures that became known after the restored moment are applied before anybody can look. Then
the database is marked: it may be behind what left this machine, so nothing is written under the old epoch.

The mark is read by `rejoin`: a restored node opens a new epoch, pulls its own lost sets back and then works on.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from carnet_node.core.log.closed_epochs import verify_closed
from carnet_node.core.log.erasing import apply_erasures
from carnet_node.core.log.projecting import OwnWork, reproject
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.node import Node
from carnet_node.core.upkeep.doctor import verify_chain
from carnet_protocol.ids import RecordId


@dataclass(frozen=True, slots=True)
class RestoredFacts:
    """What a restored database holds.

    Attributes:
        sets: of every epoch, each verified.
        records: projections that agree with a fold.
        unsent: own sets that the hub had not judged then.
    """

    sets: int
    records: int
    unsent: int


def examine_restored(node: Node, *signing_keys: bytes) -> tuple[RestoredFacts, str | None]:
    """Check log and tables; changes nothing.

    Args:
        signing_keys: raw 32 bytes each, public: with one of them the log was signed.

    Returns: what is there, and the first thing that is wrong; None when nothing is.
    """
    sets, problem = verify_chain(node, *signing_keys)
    if problem is None:
        earlier, problem = verify_closed(node, *signing_keys)
        sets += earlier
    if problem is not None:
        return RestoredFacts(sets, 0, 0), problem
    report = check_rebuild(node)
    if report.differences:
        first = report.differences[0]
        problem = f"{len(report.differences)} records differ from their log, the first is a {first.kind}: {first.what}"
    with node.store.read() as tx:
        unsent, _ = tx.unconfirmed()
    return RestoredFacts(sets, report.records, unsent), problem


def apply_known_erasures(node: Node, orders: Iterable[tuple[RecordId, int]]) -> int:
    """Erase what was erased after the restored moment.

    Args:
        orders: (record, groups as a bit mask), as far as anybody here knows them.

    Returns: how many orders there were.
    """
    known = list(orders)
    with node.store.write() as tx:
        touched = apply_erasures(tx, node.identity.hub_id, known)
        reproject(tx, OwnWork(tx, node.identity.hub_id), node.identity, sorted(touched))
    return len(known)
