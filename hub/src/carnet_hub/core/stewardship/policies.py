"""What the matcher may link by itself: a person says so, under a code and with the time.

Decides that nobody changes it without a code, and what is remembered of the last change. Does not decide what follows
from a mode (`carnet_master.tiers`). The word stands in the database and not in the log: nothing that is folded from the
log depends on it.
"""

from dataclasses import dataclass
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.steward_codes import require_code
from carnet_hub.core.stewardship.matching import read_policy, write_policy
from carnet_master.tiers import Policy

_SAID: Final = "master_policy_said"
"""Setting: milliseconds since 1970 and the code of whoever changed the policy last."""


@dataclass(frozen=True, slots=True)
class StatedPolicy:
    """What the matcher may link, and who said so.

    Attributes:
        by: code of the person; empty where the mode is the one a hub begins with.
        at_ms: when, in milliseconds since 1970; 0 likewise.
    """

    policy: Policy
    by: str = ""
    at_ms: int = 0


def set_policy(hub: Hub, policy: Policy, by: str) -> StatedPolicy:
    """Say what the matcher may link from now on; what it has linked stays.

    Args:
        by: code of the person who decides it.

    Raises:
        Unusable: no code; nothing was changed.
        StoreBusy, StoreError: see `ports`.
    """
    require_code("a steward", by)
    now = hub.clock.now_ms()
    with hub.store.write() as transaction:
        write_policy(transaction, policy)
        transaction.set_setting(_SAID, f"{now} {by}".encode())
    return StatedPolicy(policy, by, now)


def policy_of(hub: Hub) -> StatedPolicy:
    """What the matcher may link, and who said so last."""
    with hub.store.read() as snapshot:
        at, _, by = (snapshot.setting(_SAID) or b"0").decode().partition(" ")
        return StatedPolicy(read_policy(snapshot), by, int(at))
