"""Who else of the name is known behind a contact: what only a third record can say about two.

Decides whether a name and a contact can mean two people, because somebody has been seen there who is called the same
and is somebody else: father and son, two drivers of one car. Does not decide what follows from it (`tiers`).

Rules
1. A namesake of a record sounds the same, shares a contact with it and contradicts it: another birthday, number or sex.
2. Whoever has a namesake among the third records cannot be linked by name and contact alone: they may mean either.

    >>> father, son, unknown = features_of("1960-02-03"), features_of("1988-05-06"), features_of("")
    >>> is_namesake_known(unknown, father, [son])
    True
    >>> is_namesake_known(unknown, father, [])
    False
"""

from collections.abc import Iterable

from carnet_master.common_ground import conflict_of, is_contact_shared
from carnet_master.features import Features


def is_namesake_known(one: Features, other: Features, thirds: Iterable[Features]) -> bool:
    """Whether a third record is a namesake of one of the two.

    Args:
        one, other: two people of one sound.
        thirds: records that share a key with one of them; one of the two may be among them.
    """
    return any(_are_namesakes(third, one) or _are_namesakes(third, other) for third in thirds)


def _are_namesakes(third: Features, one: Features) -> bool:
    """Rule 1, the cheapest question first: nearly all that share a key have another name or contradict nothing."""
    if third.name_pinyin is None or third.name_pinyin != one.name_pinyin or third.party != one.party:
        return False
    return conflict_of(third, one) is not None and is_contact_shared(third, one)
