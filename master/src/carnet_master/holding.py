"""Whether a link that was made still has a ground, by facts alone.

Decides how a link of the matcher stands once one of its two records has changed: it is held, it has lost what it rested
on, or it is contradicted. Does not decide what follows (the hub does) nor whether two records would be linked today
(`tiers`): no probability plays a part, so no model can ever move a link that was made.

Rules
1. Held is what the tiers would link if the model had no doubt: a number, a name and a contact, a sound and a birthday.
2. Contradicted is a conflict of two values, two names, names of one generation, a branch, another kind of party.
3. Everything else has lost its ground and nothing more: people move and change their numbers.

    >>> one = customer_features(RawCustomer(full_name="王晓明", phones=("13912340001",)))
    >>> held_by_facts(one, one._replace(phones=("+8613912340002",)))
    <Held.LOST: 'lost'>
"""

from enum import StrEnum
from typing import Final

from carnet_master.common_ground import common_ground
from carnet_master.features import Features
from carnet_master.tiers import CERTAIN, OTHER_NAMES, Tier, judge_ground

_LINKING: Final = frozenset({Tier.A1, Tier.A2, Tier.A3})


class Held(StrEnum):
    """How a link stands."""

    HELD = "held"
    LOST = "lost"
    """What brought the two together is gone; nothing speaks against it."""
    REFUTED = "refuted"
    """The two records contradict each other."""


def held_by_facts(one: Features, other: Features) -> Held:
    """How a link between two records stands; which is which does not matter.

    Args:
        one, other: with generic values: that others share a value now is no fact about these two.
    """
    ground = common_ground(one, other)
    tier = judge_ground(ground, CERTAIN).tier
    if tier in _LINKING:
        return Held.HELD
    is_contradicted = ground.conflict is not None or ground.name in OTHER_NAMES
    if is_contradicted or tier is Tier.HOUSEHOLD or not ground.are_one_kind:
        return Held.REFUTED
    return Held.LOST
