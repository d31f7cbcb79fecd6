"""The models in use, read and compiled when the first pair is weighed.

Decides when a model is loaded: reading one takes a fifth of a second, and most commands weigh nobody. Does not decide
what a weight means (`carnet_master.tiers`).
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from carnet_hub.core.master_ports import Ground, Weighed
from carnet_master.features import Features

if TYPE_CHECKING:
    from carnet_master.conditions import Row
    from carnet_master.scorer import Score, Scorer

_ROWS_KEPT: Final = 64
"""Rows that are kept: a customer who arrives is weighed against a handful of others. They hold personal values."""


class ShippedWeigher:
    """`master_ports.Weigher` with the models that come with the program."""

    def weigh(self, one: Features, other: Features) -> Weighed | None:
        """See `master_ports.Weigher`."""
        model, score = _scorer(one.party).model, _score(one, other)
        return Weighed(score.weight, score.probability, score.octets, model.id)

    def explain(self, one: Features, other: Features) -> tuple[Ground, ...]:
        """See `master_ports.Weigher`."""
        if one.party != other.party:
            return ()
        reasons = _scorer(one.party).explain(_score(one, other))
        return tuple(Ground(line.comparison, line.level, line.bits) for line in reasons)

    def files(self) -> Mapping[str, bytes]:
        """See `master_ports.Weigher`."""
        from carnet_master.model import PARTY_KINDS, shipped_file  # noqa: PLC0415  (see above)

        return {kind: shipped_file(kind) for kind in PARTY_KINDS}


def _score(one: Features, other: Features) -> "Score":
    return _scorer(one.party).score(_row(one), _row(other))


@lru_cache(maxsize=_ROWS_KEPT)
def _row(features: Features) -> "Row":
    from carnet_master.rows import row_of  # noqa: PLC0415  (see above)

    return row_of(features, _scorer(features.party).model)


@cache
def _scorer(party_kind: str) -> "Scorer":
    from carnet_master.model import shipped_model  # noqa: PLC0415  (see above)
    from carnet_master.rows import ready_scorer  # noqa: PLC0415

    return ready_scorer(shipped_model(party_kind))
