"""Which vehicles records have named and name no longer, and which wear a plate, as plain rows.

Decides what is kept of both, and nothing else: an entry when a record names another vehicle than before, never taken
away; and the key of the number that a plate shows, for as long as it shows one. What a record named at a position is
for `past` to say, from its ops.
"""

from typing import Final, NamedTuple


class FormerAnchorRow(NamedTuple):
    """A record that named a vehicle once and then another.

    Attributes:
        kind: of those that name a vehicle themselves.
    """

    vehicle: bytes
    kind: int
    id: bytes


class PlateKeyRow(NamedTuple):
    """A record of a plate and the keyed hash of its number (`plate_keys`), under which a look-up finds it."""

    record: bytes
    key: bytes


AnchorRow = FormerAnchorRow | PlateKeyRow

ANCHOR_PROJECTIONS: Final[dict[type[AnchorRow], int]] = {FormerAnchorRow: 3, PlateKeyRow: 1}
"""Both are dropped and folded again, and how many of a row's first columns identify it."""
