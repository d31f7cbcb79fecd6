"""The node as the core sees it: who it is and through which ports it reaches the world.

Decides nothing. Every function that needs storage, time or randomness gets this value as its first argument; rules that
need none of it get plain values instead.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from carnet_node.core.leaving import HighWater
from carnet_node.core.ports import Clock, Entropy, NodeStore
from carnet_node.core.records import Acting, Identity
from carnet_protocol.envelope import Signer
from carnet_protocol.limits import RECALL_STALE_AFTER_MS
from carnet_protocol.vin import VinPolicy


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """What a site may choose.

    Attributes:
        vin_policy: of the market.
        utc_offset_minutes: of the site, for document numbers, times on screens and in imported files; -720 to 840.
        recall_stale_after_ms: older recall data says "unknown" instead of "clear".
    """

    vin_policy: VinPolicy = VinPolicy.STRICT
    utc_offset_minutes: int = 8 * 60
    recall_stale_after_ms: int = RECALL_STALE_AFTER_MS


def no_other_key(_key_id: bytes) -> Signer | None:
    """The answer of a node that has one key."""
    return None


def no_spare_keys() -> Sequence[Signer]:
    """The answer of a node whose folder holds one key."""
    return ()


@dataclass(frozen=True, slots=True)
class Node:
    """An enrolled node. Before enrolment there is none: a set names its hub, so nothing can be recorded.

    Attributes:
        signer: the key of this start; `signing` says which one signs what.
        acting: the member of staff whose work this is; None for the operator of this machine. See `acting.acting_for`.
        find_signer: another key of this node by its id, to sign with; one that was put aside is brought back.
        spare_signers: every key in its folder, the present one first.
    """

    identity: Identity
    store: NodeStore
    clock: Clock
    entropy: Entropy
    signer: Signer
    high_water: HighWater
    settings: DeskSettings = DeskSettings()
    find_signer: Callable[[bytes], Signer | None] = no_other_key
    acting: Acting | None = None
    spare_signers: Callable[[], Sequence[Signer]] = no_spare_keys
