"""Bounds of the hub itself; those of the wire format stand in `carnet_protocol.limits`.

Decides how much one transaction, one page or one node may take. Raising one changes no bytes that travel.
Units stand last in each name. Who chose the number and why stands beside it.
"""

from typing import Final

GROUP_SETS_MAX: Final = 64
"""Change sets in one transaction: group commit saves fsyncs, and the lock is held for well under a second."""

GROUP_OPS_MAX: Final = 4_000
"""Ops in one transaction, for the same reason."""

RELEASES_PER_GROUP_MAX: Final = 500
"""Parked sets that one transaction sets free; the next transaction goes on with the rest."""

JUDGED_AGAIN_MAX: Final = 10_000
"""Parked sets that wait for no op and are judged again at the start of the hub: some seconds at most."""

SCHEMA_BEHIND_MAX: Final = 3
"""The hub reads change sets of the last three registry versions (design section 5)."""

SCHEMA_AHEAD_MAX: Final = 3
"""A newer node may send fields this hub only passes on; beyond three versions nobody has tried it."""

ASSIGNMENT_TTL_MS: Final = 3 * 365 * 24 * 3600 * 1000
"""A site sees a vehicle for three years after it last worked on it: longer than the usual service interval."""

ASSIGNMENT_RENEWAL_MS: Final = 30 * 24 * 3600 * 1000
"""An assignment is written anew only when that adds a month, so that everyday work writes none."""

SHARED_HISTORIES_PER_DAY_MAX: Final = 1_000
"""Histories that other sites had begun and that open to one site on one day: five times the busiest workshop's visits.
A car nobody else has written about costs nothing, so that a first import of 20,000 cars works."""

EXPIRIES_PER_ENTRY_MAX: Final = 100
"""Expired assignments that one log entry takes away; the next entry goes on with the rest."""

EVIDENCE_PER_NODE_MAX: Final = 200
"""Bodies of forks and reused nonces kept per node; a broken node must not fill the disk."""

LOST_SETS_BYTES_MAX: Final = 1024 * 1024
"""Own sets that a node gets back in one hello; it says hello again for the rest."""

LOST_SETS_MAX: Final = 500
"""The same bound as a push batch."""

RECORD_BYTES_MAX: Final = 512 * 1024
"""State of one record; a set that would exceed it parks, or a page could not carry the record."""

SETTLED_PER_ROW_MAX: Final = 200
"""Settled overruled values that travel with one record, newest first; the hub keeps all."""

PAGE_HUB_SETS_MAX: Final = 200
"""The hub's own sets in one page."""

PLACES_PER_POSITION_BITS: Final = 20
"""A place in a feed is a log position followed by 20 bits that number the records it touched (about a million)."""

LIST_ROWS_MAX: Final = 1_000
"""Rows of one operator's list; the next call continues behind the last."""

TEXT_CHARS_MAX: Final = 500
"""Characters of a reason an operator gives."""

LOG_CHARS_MAX: Final = 400
"""Characters of one text in a log line: what happened, never a document."""

LOG_DEPTH_MAX: Final = 5
"""Levels of lists and mappings in a log line; what lies deeper is left out unread."""

LOG_FRAMES_MAX: Final = 10
"""Places that an exception in the log names, the last it came through: our own code and two layers below it."""

MARK_EVERY_MS: Final = 1_000
"""How often the mark of what was told is written while nodes say hello: one flush to the disk a second."""
