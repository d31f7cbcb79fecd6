"""Two sets of tables side by side: which rows one has and the other lacks, or says otherwise.

Decides what counts as a difference: not the encryption of a row, whose bytes differ every time, and nothing about a
campaign of which a member list is missing, since lists lie outside the database. Does not decide which tables are
compared (`rebuild`).
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass

from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.count_rows import OF_A_CAMPAIGN
from carnet_hub.core.counting.kept_sums import CAMPAIGN_BYTES
from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.parties import plain_features
from carnet_hub.core.master_rows import PartyRow
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import PROJECTIONS, RecordRow, Row, SettledRow


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that the log does not account for, or that is missing.

    Attributes:
        table: name of the row type.
        key: its first columns, as hexadecimal or decimal text.
        problem: `missing`, `unexpected` or `different`.
    """

    table: str
    key: tuple[str, ...]
    problem: str


def compare_tables(
    hub: Hub, row_type: type[Row], one: Snapshot, other: Snapshot, lacking: Set[bytes]
) -> Iterator[tuple[int, Difference | None]]:
    """Walk two tables side by side: (rows compared, what differs).

    Args:
        lacking: campaigns of which a member list is missing; what was counted of them cannot be compared.
    """
    width = PROJECTIONS[row_type]
    left, right = (_without(lacking, row_type, side.scan(row_type)) for side in (one, other))
    stored, folded = next(left, None), next(right, None)
    while stored is not None or folded is not None:
        if folded is None or (stored is not None and stored[:width] < folded[:width]):
            yield 1, Difference(row_type.__name__, _key_text(stored, width), "unexpected")
            stored = next(left, None)
        elif stored is None or folded[:width] < stored[:width]:
            yield 1, Difference(row_type.__name__, _key_text(folded, width), "missing")
            folded = next(right, None)
        else:
            is_same = _plain(hub, stored) == _plain(hub, folded)
            yield 1, None if is_same else Difference(row_type.__name__, _key_text(stored, width), "different")
            stored, folded = next(left, None), next(right, None)


def _without(lacking: Set[bytes], row_type: type[Row], found: Iterator[Row]) -> Iterator[Row]:
    """The same rows but for those of some campaigns."""
    if not lacking or row_type not in OF_A_CAMPAIGN:
        return found
    return (row for row in found if bytes(row[0])[:CAMPAIGN_BYTES] not in lacking)


def _plain(hub: Hub, row: Row) -> tuple[object, ...]:
    """A row without its encryption, whose bytes differ every time."""
    if isinstance(row, RecordRow):
        return (*row[:-1], plain_entries(hub.box, row.kind, row.id, row.entries))
    if isinstance(row, SettledRow):
        return (*row[:-1], plain_entries(hub.box, row.kind, row.id, row.entry))
    if isinstance(row, PartyRow):
        return (*row[:-1], plain_features(hub.box, row))
    return tuple(row)


def _key_text(row: Row | None, width: int) -> tuple[str, ...]:
    return tuple(one.hex() if isinstance(one, bytes) else str(one) for one in (row or ())[:width])
