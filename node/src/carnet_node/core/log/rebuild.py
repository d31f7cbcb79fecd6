"""Fold everything again: from own log and base rows to projections, and is it what stands there?

Decides how projections are made anew and how they are compared. The result must equal what commits, pages and receipts
left behind, byte for byte; if it does not, that is a fault of this program, and `rebuild` mends its effect.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from carnet_node.core.limits import DIFFERENCES_MAX
from carnet_node.core.log.projecting import OwnWork, project_record, reproject
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.recalls.recall_set import want_segments
from carnet_node.core.records import Identity, Projection, StoredRecord
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CAMPAIGN, REGISTRY
from carnet_protocol.registry import Kind, Value
from carnet_protocol.settled import Settled
from carnet_protocol.state import pack_entries

_PROJECTED_WITH: Final = "projected-with"
"""Local setting: fingerprint of the registry the projections were made with."""

_DERIVED: Final = "name keys 2"
"""What else is derived with a projection; another text here makes the next start fold everything again."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A record whose projection is not what log and base row say.

    Attributes:
        what: missing, superfluous, or the name of the first thing that differs.
    """

    kind: str
    record: RecordId
    what: str


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuild or its check found.

    Attributes:
        records: projections there should be.
        digest: SHA-256 over (kind, id, head op ids) of those that are not hidden, ascending; a hub that has taken
            everything in and sent everything out has the same for the site.
        differences: at most `DIFFERENCES_MAX`; empty when all is well.
    """

    records: int
    digest: bytes
    differences: tuple[Difference, ...]


def rebuild(node: Node) -> RebuildReport:
    """Drop every projection and fold again, in one transaction.

    Returns: a report whose differences are what was mended.

    Raises:
        StoreBusy, StoreBroken: the projections are as they were.
    """
    with node.store.write() as tx:
        report = _compare(tx, node.identity)
        tx.drop_projections()
        keys = list(tx.known_keys())
        reproject(tx, OwnWork(tx, node.identity.hub_id), node.identity, keys)
        for kind, record in keys:
            if kind == CAMPAIGN.number:
                want_segments(tx, record)
    return report


def check_rebuild(node: Node) -> RebuildReport:
    """Compare every projection with what folding again gives; changes nothing, in one snapshot."""
    with node.store.read() as tx:
        return _compare(tx, node.identity)


def reproject_if_outdated(node: Node) -> bool:
    """Fold everything again once after the registry has changed: a field that was unknown gets its column filled.

    Raises:
        StoreBusy, StoreBroken: the projections are as they were; the next start tries again.

    Returns: whether anything had to be done.
    """
    declared = registry_fingerprint()
    with node.store.read() as tx:
        if tx.setting(_PROJECTED_WITH) == declared:
            return False
    rebuild(node)
    with node.store.write() as writing:
        writing.put_setting(_PROJECTED_WITH, declared)
    return True


def registry_fingerprint() -> bytes:
    """32 bytes over what projections depend on: kinds, registers, resolvers, fields and codes in their order."""
    declared = [
        (kind.number, kind.name, register.number, register.resolver.value, one.name, one.type.value, one.codes)
        for kind in REGISTRY.kinds
        for register in kind.registers
        for one in register.fields
    ]
    return hashlib.sha256(repr([*declared, _DERIVED]).encode()).digest()


def _compare(tx: ReadTransaction, identity: Identity) -> RebuildReport:
    work = OwnWork(tx, identity.hub_id)
    digest = hashlib.sha256()
    differences: list[Difference] = []
    count = 0
    for kind_number, records in _known_by_kind(tx):
        kind = REGISTRY.by_number.get(kind_number)
        if kind is None:
            continue
        expected: set[RecordId] = set()
        for record in records:
            projection, settled = project_record(tx, work, identity, (kind_number, record))
            if projection is None:
                continue
            expected.add(record)
            if not projection.is_hidden:
                _digest_one(digest, projection)
            what = _first_difference(tx, projection, tx.record(kind, record)) or _settled_difference(
                tx, projection, settled
            )
            if what is not None:
                differences.append(Difference(kind.name, record, what))
        count += len(expected)
        differences.extend(_superfluous(tx, kind, expected))
    seen = {number for number, _ in _known_by_kind(tx)}
    for kind in REGISTRY.kinds:
        if kind.number not in seen:
            differences.extend(_superfluous(tx, kind, set()))
    return RebuildReport(count, digest.digest(), tuple(differences[:DIFFERENCES_MAX]))


def _known_by_kind(tx: ReadTransaction) -> Iterator[tuple[int, list[RecordId]]]:
    """Known records of one kind after another."""
    by_kind: dict[int, list[RecordId]] = {}
    for kind, record in tx.known_keys():
        by_kind.setdefault(kind, []).append(record)
    yield from sorted(by_kind.items())


def _superfluous(tx: ReadTransaction, kind: Kind, expected: set[RecordId]) -> list[Difference]:
    standing = (stored.record for stored in tx.projections(kind))
    return [Difference(kind.name, record, "superfluous") for record in standing if record not in expected]


def _digest_one(digest: "hashlib._Hash", projection: Projection) -> None:
    digest.update(projection.kind.number.to_bytes(2, "big") + projection.record)
    digest.update(len(projection.entries).to_bytes(4, "big"))
    for entry in projection.entries:
        digest.update(entry.op)


def _first_difference(tx: ReadTransaction, expected: Projection, stored: StoredRecord | None) -> str | None:
    if stored is None:
        return "missing"
    if pack_entries(stored.entries) != pack_entries(expected.entries):
        return "entries"
    facts = (expected.owner, expected.mark, expected.shown.is_deleted, expected.is_hidden)
    if (stored.owner, stored.mark, stored.is_deleted, stored.is_hidden) != facts:
        return "owner, mark or visibility"
    if tx.columns(expected.kind, expected.record) != _columns_of(expected):
        return "columns"
    return None


def _settled_difference(tx: ReadTransaction, expected: Projection, settled: tuple[Settled, ...]) -> str | None:
    """Whether the overruled values found here are those that own work on top settles."""
    stored = tx.settled_values(expected.kind.number, expected.record)
    found = {(one.register, pack_entries((one.overruled,)), one.by) for one in stored if one.is_own}
    due = {(one.register, pack_entries((one.overruled,)), one.by) for one in settled}
    return None if found == due else "settled values"


def _columns_of(projection: Projection) -> dict[str, Value]:
    values = projection.shown.values
    return {one.name: values.get(label) for label, (_, one) in projection.kind.by_label.items()}
