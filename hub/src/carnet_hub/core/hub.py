"""One hub: who it is and what it works with.

Decides nothing; it is the argument that every function of the core takes, joined once in `bootstrap`. The hub is a node
as well: it has a chain of its own, and the author of everything it writes is its hub id.
"""

from dataclasses import dataclass, field

from carnet_hub.core.kind_rules import Rules, rules_of
from carnet_hub.core.lineage import Branch, stated_histories
from carnet_hub.core.master_ports import NO_MODELS, NO_WEIGHER, Models, Weigher
from carnet_hub.core.ports import Alarms, Clock, Entropy, HubStore, SecretBox
from carnet_hub.core.shelves import NO_SEGMENTS, SegmentShelf
from carnet_protocol.envelope import Signer
from carnet_protocol.hello import HubEpoch
from carnet_protocol.ids import HubId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Registry


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub with its ports.

    Attributes:
        hub_id: 16 bytes; in every signature ever made for this hub.
        hub_epoch: 8 bytes; a new one after every restore of the hub.
        node_id: 16 bytes; the hub's own chain.
        public_key: raw 32 bytes of the key behind `signer`.
        histories: those its database went through, oldest first, `hub_epoch` last; empty for a hub that was never
            restored.
        branches: all it ever had, oldest first, `hub_epoch` last; empty when these are the same.
        weigher: says how likely two customers are one, by the models that come with the program.
        models: makes a weigher of the models that a person has activated, see `models_in_use`.
        segments: the member lists of campaigns.
        counts_superseded: whether the authority's rule takes the open pairs of a superseded campaign out of its count.
        rules: what the registry means for the hub; worked out here.
        known_histories: all it ever had as it states them, oldest first; at least the present one. Worked out here.
    """

    hub_id: HubId
    hub_epoch: bytes
    node_id: bytes
    public_key: bytes
    signer: Signer
    store: HubStore
    clock: Clock
    entropy: Entropy
    box: SecretBox
    alarms: Alarms
    registry: Registry = REGISTRY
    histories: tuple[HubEpoch, ...] = ()
    branches: tuple[Branch, ...] = ()
    weigher: Weigher = NO_WEIGHER
    models: Models = NO_MODELS
    segments: SegmentShelf = NO_SEGMENTS
    counts_superseded: bool = False
    rules: Rules = field(init=False, repr=False)
    known_histories: tuple[HubEpoch, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", rules_of(self.registry))
        known = stated_histories(self.branches) or self.histories or (HubEpoch(self.hub_epoch, 0, 0),)
        object.__setattr__(self, "known_histories", known)
