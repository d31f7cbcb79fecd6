"""What the hub knows of one customer across sites: the golden record as this site receives it.

Decides which golden record an id leads to (a customer of this site, or a golden id from before a merge) and in which
order its values are read: each with the site it comes from and when it was written. Nothing here is ever edited: a
dealer who agrees with a value saves it on their own customer, an ordinary edit. Which values another site's customer
lends is the hub's decision; what nobody agreed to share is not in the record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import BaseRow, Identity
from carnet_node.core.showing.record_view import RecordView, site_of, view_record
from carnet_protocol.ids import RECORD_ID_BYTES, RecordId
from carnet_protocol.kinds import CUSTOMER, GOLDEN
from carnet_protocol.registry import ErasureGroup, Value
from carnet_protocol.resolvers import show

_OWN: Final = GOLDEN.labels["own_record_ids"]
_FORMER: Final = GOLDEN.labels["former_ids"]
_SILENT: Final = GOLDEN.labels["do_not_contact"]
_SOURCE_PARTS: Final = ("_site_id", "_record_id", "_at")
_PERSONAL: Final = {
    label
    for label, (register, one) in GOLDEN.by_label.items()
    if register.group is not None and not one.name.endswith(_SOURCE_PARTS)
}


@dataclass(frozen=True, slots=True)
class GoldenValue:
    """One golden value and where it comes from.

    Attributes:
        name: of the register: name, birth, company, phone, phone_2, phone_3, place.
        values: by field name, without what says where they come from.
        site: code of the site whose customer holds it; None for one that is not known here.
        site_name: what that site is called; empty where it is not known.
        is_own: it comes from a customer of this site.
        at_ms: when it was written there.
    """

    name: str
    values: Mapping[str, Value]
    site: str | None
    site_name: str
    is_own: bool
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class GoldenView:
    """A golden record as shown.

    Attributes:
        own_records: this site's customers that are this person or company.
        record_count, site_count: how many source records it has, and at how many sites.
        is_silent: somewhere the customer has asked not to be contacted.
        values: in the order of the registry.
        record: the record they stand in, as every other record is viewed.
    """

    id: RecordId
    own_records: tuple[RecordId, ...]
    record_count: int
    site_count: int
    is_silent: bool
    values: tuple[GoldenValue, ...]
    record: RecordView


def ids_leading_to(golden: RecordId, shown: Mapping[int, Value]) -> frozenset[bytes]:
    """Every id under which a golden record is found: its own, former ones, and this site's customers in it.

    Args:
        shown: its values by label.
    """
    return frozenset({golden, *_split(shown.get(_OWN)), *_split(shown.get(_FORMER))})


def takes_values_away(known: BaseRow | None, row: BaseRow) -> bool:
    """Whether a golden record as the hub sends it lacks a personal value that lies here: nobody may read it any more.

    Args:
        known: as it was sent before; None for never.
    """
    return known is not None and not _personal_values(known) <= _personal_values(row)


def golden_of(node: Node, record: RecordId) -> GoldenView | None:
    """The golden record that an id leads to; None when the hub has linked nothing to it."""
    with node.store.read() as tx:
        return golden_within(tx, node.identity, record)


def golden_within(tx: ReadTransaction, identity: Identity, record: RecordId) -> GoldenView | None:
    """The same inside a snapshot of the caller's."""
    view = view_record(tx, identity, tx.golden_of(record))
    if view is None:
        return None
    return GoldenView(
        view.id,
        tuple(RecordId(one) for one in _split(view.values.get("own_record_ids"))),
        _count(view, "record_count"),
        _count(view, "site_count"),
        view.values.get("do_not_contact") is True,
        _values(tx, identity, view),
        view,
    )


def own_customer(tx: ReadTransaction, record: RecordId) -> RecordId:
    """The customer of this site that an id leads to; the id itself when it is one, or leads nowhere."""
    if tx.record(CUSTOMER, record) is not None:
        return record
    stored = tx.golden_of(record)
    own = _split(show(GOLDEN, stored.entries).values.get(_OWN)) if stored is not None else []
    return RecordId(own[0]) if own else record


def is_silent_anywhere(tx: ReadTransaction, customer: RecordId) -> bool:
    """Whether a customer has asked some site, not necessarily this one, not to be contacted."""
    stored = tx.golden_of(customer)
    return stored is not None and show(GOLDEN, stored.entries).values.get(_SILENT) is True


def _personal_values(row: BaseRow) -> set[tuple[int, object]]:
    return {
        (label, value)
        for entry in row.entries
        for label, value in (entry.fields or {}).items()
        if label in _PERSONAL and not row.is_evicted
    }


def _values(tx: ReadTransaction, identity: Identity, view: RecordView) -> tuple[GoldenValue, ...]:
    found = []
    for register in GOLDEN.registers:
        if register.group not in (ErasureGroup.IDENTITY, ErasureGroup.CONTACT):
            continue
        named = {one.name: view.values[one.name] for one in register.fields if one.name in view.values}
        own = {name: value for name, value in named.items() if not name.endswith(_SOURCE_PARTS)}
        if own:
            site, at_ms = named.get(f"{register.name}_site_id"), named.get(f"{register.name}_at")
            source = site if isinstance(site, bytes) else None
            code, called = (None, "") if source is None else site_of(tx, identity, source)
            at = at_ms if isinstance(at_ms, int) else None
            found.append(GoldenValue(register.name, own, code, called, site == identity.dealer_id, at))
    return tuple(found)


def _count(view: RecordView, name: str) -> int:
    value = view.values.get(name)
    return value if isinstance(value, int) else 0


def _split(joined: Value) -> list[bytes]:
    """The ids in a byte string of whole ids."""
    if not isinstance(joined, bytes):
        return []
    return [joined[at : at + RECORD_ID_BYTES] for at in range(0, len(joined), RECORD_ID_BYTES)]
