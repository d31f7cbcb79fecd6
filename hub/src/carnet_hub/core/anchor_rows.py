"""Which vehicles records have named and name no longer, as plain rows: where a question about the past begins.

Decides what is kept of it, and nothing else: an entry when a record names another vehicle than before, never taken
away. What the record named at a position is for `past` to say, from its ops.
"""

from typing import NamedTuple


class FormerAnchorRow(NamedTuple):
    """A record that named a vehicle once and then another.

    Attributes:
        kind: of those that name a vehicle themselves.
    """

    vehicle: bytes
    kind: int
    id: bytes
