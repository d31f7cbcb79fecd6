"""Which contacts are nobody's own: a telephone that stands under more names than a family has.

Decides, for one record and those it is compared with, which of its contacts say nothing. A desk that has to fill in a
telephone types its own or a forwarder's, and two customers of one frequent name would be one by it. Whole names are
counted and not records: a person has many records and a household few names, so a shop's telephone shows itself after
a handful of customers. Does not decide which values find nobody any more (`keys`, rule 3), nor what follows from a
pair (`tiers`).

Rules
1. A telephone, WeChat name, car or door under more than `NAMES_AT_HOME_MAX` whole names is left out; it still finds.
2. Names that sound the same are one; a title, or no name, counts for nobody.
3. What is left out depends on who is here: the same two records may be linked before the others come.

    >>> shop = [customer_features(RawCustomer(full_name=name, phones=("13912340001",))) for name in SEVEN_NAMES]
    >>> without_crowds(shop[0], shop[1:6]).phones
    ('+8613912340001',)
    >>> without_crowds(shop[0], shop[1:]).phones
    ()
"""

from collections.abc import Sequence

from carnet_master.features import Features
from carnet_master.limits import NAMES_AT_HOME_MAX


def without_crowds(features: Features, others: Sequence[Features]) -> Features:
    """The same features without the contacts that stand under more names than a family has.

    Args:
        features: of one record.
        others: all that share a key with it.
    """
    if len(others) < NAMES_AT_HOME_MAX:
        return features

    def own(column: str, values: tuple[str, ...]) -> tuple[str, ...]:
        """Those of some values that may be one family's."""
        return tuple(one for one in values if _is_own(column, one, features, others))

    return features._replace(
        phones=own("phones", features.phones),
        wechats=own("wechats", features.wechats),
        vins=own("vins", features.vins),
        plates=own("plates", features.plates),
        doors=own("doors", features.doors),
    )


def _is_own(column: str, value: str, features: Features, others: Sequence[Features]) -> bool:
    names = {_name(one) for one in (features, *others) if value in getattr(one, column)}
    return len(names - {None}) <= NAMES_AT_HOME_MAX


def _name(features: Features) -> str | None:
    return features.name_pinyin or features.company_pinyin
