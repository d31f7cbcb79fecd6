"""Who was erased, told apart from whom a purge took some values of.

Decides which groups orders took of a *person*: on request, or by an authority. What a purge took because its term had
ended is none of it. Such an order stands for the records it names and for nothing else: what comes later about that
person is judged by the next purge, because it may be the very thing that has to be kept.

Rule: a group that an order took which this snapshot does not show yet counts as taken of the person.
"""

from collections.abc import Collection, Iterator
from typing import Final

from carnet_hub.core.ports import Snapshot
from carnet_hub.core.shown import shown_records
from carnet_protocol.kinds import ERASURE
from carnet_protocol.orders import read_erasure
from carnet_protocol.registry import Registry

RETENTION: Final = "retention"
"""The ground of a purge."""


def orders_in(registry: Registry, snapshot: Snapshot) -> Iterator[tuple[int, str, frozenset[bytes], int]]:
    """Every order: its position, ground, records, and groups as bits."""
    for row, values in shown_records(registry, snapshot, ERASURE.name):
        joined, groups = values.get("record_ids"), values.get("groups")
        if isinstance(joined, bytes) and isinstance(groups, int):
            records = frozenset[bytes](read_erasure(joined, groups).records)
            yield row.changed, str(values.get("ground") or ""), records, groups


def asked_erasures(registry: Registry, snapshot: Snapshot) -> dict[bytes, int]:
    """The groups (bits) that every order but a purge's took, by record: one reading for whoever asks about many.

    Args:
        snapshot: shows every order that it has carried out, as one does that is read and not written in.
    """
    asked: dict[bytes, int] = {}
    for _, ground, records, groups in orders_in(registry, snapshot):
        if ground != RETENTION:
            asked.update({record: asked.get(record, 0) | groups for record in records})
    return asked


def without_purged(registry: Registry, snapshot: Snapshot, erased: dict[bytes, int]) -> dict[bytes, int]:
    """The groups that were erased of some persons, without those that only a purge took.

    Args:
        erased: groups (bits) by record, of the persons.
    """
    if not any(erased.values()):
        return erased
    purged: dict[bytes, int] = {}
    ordered: dict[bytes, int] = {}
    for _, ground, records, groups in orders_in(registry, snapshot):
        taken = purged if ground == RETENTION else ordered
        for record in records & erased.keys():
            taken[record] = taken.get(record, 0) | groups
    return {record: groups & ~(purged.get(record, 0) & ~ordered.get(record, 0)) for record, groups in erased.items()}


def erased_persons(registry: Registry, snapshot: Snapshot, persons: Collection[bytes]) -> dict[bytes, int]:
    """The groups (bits) that orders took of some persons, of those known to have lost any."""
    return without_purged(registry, snapshot, snapshot.erased(persons))
