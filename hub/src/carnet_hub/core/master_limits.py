"""Bounds of the customer master at the hub: how much one arriving customer, one sweep or one model may take.

Units stand last in each name. Who chose the number and why stands beside it.
"""

from typing import Final

LINKS_REVIEWED_MAX: Final = 200
"""Links of the matcher that are looked at again when one customer changes, oldest first: as many as the largest cluster
has members."""

RELATIONS_MAX: Final = 8
"""Relations that one customer brings along. A household or a firm is told of once, whatever its size; eight are more
households and firms than anybody belongs to. Chosen by us."""

RELATED_SHOWN_MAX: Final = 200
"""Relations on the page of one customer: nobody reads more."""

MODEL_ACTS_MAX: Final = 1_000
"""Activations and retirements of matching models that a hub keeps: three a day for a year."""

SIGNATURE_FILE_BYTES_MAX: Final = 256
"""A file with a model's signature: 128 hexadecimal digits and the end of a line."""

WEIGHED_TOGETHER_MAX: Final = 100
"""Customers that one transaction of a sweep weighs: it holds the lock for a tenth of a second, and arriving work waits
no longer. Chosen by us."""

UNWEIGHED_MAX: Final = 1_000
"""Customers on whom the matcher may fail in one sweep: more are no customer's fault. Chosen by us."""

MET_PER_CUSTOMER_MAX: Final = 32
"""Customers that one look-up brings whole for each arriving one, and as many once more: most meet four, one of a
hundred more than twenty. Where more have a key it is a crowded one, and who stands under each is asked for first."""
