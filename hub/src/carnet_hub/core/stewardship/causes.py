"""Causes for which a pair waits: which there are, which only the mode holds, which are confirmed together.

Decides what a steward may choose a part of the queue by. Does not decide why a pair waits (`carnet_master.tiers`), nor
which link a guard stops (`carnet_master.clusters`).

    >>> require_cause("homophone")
"""

from typing import Final

from carnet_hub.core.failures import Unusable
from carnet_hub.core.stewardship.master_failures import NotForAll
from carnet_master.clusters import Refusal
from carnet_master.tiers import Cause

HELD: Final = ("a1:identity", "a2:name_and_contact", "a3:pinyin_and_birth", "a3:pinyin_and_wechat")
"""Causes of proposals that wait for nothing but the mode: in mode `all` each would have been a link."""

IN_ONE_GO: Final = (Cause.HOMOPHONE.value, Cause.WEAK_CONTACT.value, Cause.VEHICLE_ONLY.value, *HELD)
"""Causes whose proposals may be confirmed together: the names agree by letter or sound and nothing contradicts."""

CAUSES: Final = frozenset({*(one.value for one in Cause), *(one.value for one in Refusal), *HELD})
"""Every cause that a row of the queue can have; those that no row ever has are among them."""


def require_cause(cause: str) -> None:
    """Let only a cause through that there is.

    Raises:
        Unusable: it is none; a slip of the finger would read like an empty queue.
    """
    if cause not in CAUSES:
        raise Unusable(f"There is no cause {cause[:40]}.", "Use one of those that `master stats` counts.")


def require_in_one_go(cause: str) -> None:
    """Let only a cause through whose proposals may be confirmed together.

    Raises:
        Unusable: it is no cause.
        NotForAll: its proposals are decided one by one.
    """
    require_cause(cause)
    if cause not in IN_ONE_GO:
        raise NotForAll(cause, ", ".join(IN_ONE_GO))
