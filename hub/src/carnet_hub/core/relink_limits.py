"""Bounds of re-linking: how much is read, weighed and written at a time.

Units stand last in each name. Who chose the number and why stands beside it.
"""

from typing import Final

EXPORT_CUSTOMERS_BATCH: Final = 5_000
"""Customers read in one short snapshot: a long one would keep the database from tidying its log up."""

BLOCK_CUSTOMERS: Final = 50_000
"""Customers whose pairs are weighed together; what a killed run does again. About 200,000 pairs, half a minute."""

LOOKED_UP_PAIRS: Final = 2_000
"""Pairs whose decisions are read at once."""

KEYS_PER_LOOK_UP: Final = 500
"""Keys of contacts asked for at once: three of four lead to one or two customers, so an answer is far from cut off."""

ENGINE_MEMORY_MB: Final = 2_048
"""Memory of the weighing engine; beyond it, it writes to the scratch folder. Half of a small hub's four GiB."""

ENGINE_THREADS: Final = 2
"""Processors it uses; the others go on answering nodes."""

EXPORT_ROWS_BATCH: Final = 20_000
"""Rows in memory before they are written to the scratch folder."""

EXPORT_KEYS_BATCH: Final = 200_000
"""Keys in memory before they are written; a customer has about ten."""

NOTE_BYTES_MAX: Final = 4_096
"""The note of how far a run has come; it has about three hundred."""

NAMESAKES_MIN: Final = 4
"""Customers with a name before a model lists it: the shipped models were trained with the same."""

NAMES_LISTED_MAX: Final = 100_000
"""Names that a model of a hub lists, the most frequent first: a file of some MiB."""

LEARNED_FROM_MIN: Final = 1_000
"""People or companies with a name before a hub's own frequencies say more than the shipped ones. Chosen by us."""
