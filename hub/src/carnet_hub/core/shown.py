"""What a stored record shows, by field name: the one way the hub's own surfaces read a record.

Decides nothing beyond the resolvers. For kinds without secret fields; those are opened elsewhere and masked here by
being left out.
"""

from collections.abc import Iterator, Mapping

from carnet_hub.core.ports import RecordReads
from carnet_hub.core.rows import RecordRow
from carnet_protocol.errors import BrokenRule
from carnet_protocol.registry import Registry, Value
from carnet_protocol.resolvers import show
from carnet_protocol.state import unpack_entries


def shown_values(registry: Registry, row: RecordRow) -> dict[str, Value]:
    """Shown public and personal values by field name; empty for a deleted record or an unknown kind.

    Args:
        row: of a kind without secret registers.
    """
    kind = registry.by_number.get(row.kind)
    if kind is None:
        return {}
    if kind.holds_secrets:
        raise BrokenRule(f"{kind.name} holds secret values")
    values = show(kind, unpack_entries(row.entries)).values
    return {kind.by_label[label][1].name: value for label, value in values.items() if label in kind.by_label}


def shown_records(
    registry: Registry, snapshot: RecordReads, kind_name: str
) -> Iterator[tuple[RecordRow, Mapping[str, Value]]]:
    """Every record of a kind that is not deleted, with what it shows, by id."""
    for row in snapshot.records_of_kind(registry[kind_name].number):
        values = shown_values(registry, row)
        if values:
            yield row, values
