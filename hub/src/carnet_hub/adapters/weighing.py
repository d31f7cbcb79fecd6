"""The models in use, read and compiled when the first pair is weighed.

Decides when a model is loaded: reading one takes a fifth of a second, and most commands weigh nobody. Does not decide
what a weight means (`carnet_master.tiers`).
"""

from functools import cache
from typing import TYPE_CHECKING

from carnet_hub.core.master_ports import Ground, Weighed
from carnet_master.features import Features

if TYPE_CHECKING:
    from carnet_master.scorer import Scorer


class ShippedWeigher:
    """`master_ports.Weigher` with the models that come with the program."""

    def weigh(self, one: Features, other: Features) -> Weighed | None:
        """See `master_ports.Weigher`."""
        from carnet_master.rows import row_of  # noqa: PLC0415  (see above)

        scorer = _scorer(one.party)
        score = scorer.score(row_of(one, scorer.model), row_of(other, scorer.model))
        grounds = tuple(Ground(line.comparison, line.level, line.bits) for line in scorer.explain(score))
        return Weighed(score.weight, score.probability, score.octets, scorer.model.id, grounds)


@cache
def _scorer(party_kind: str) -> "Scorer":
    from carnet_master.model import shipped_model  # noqa: PLC0415  (see above)
    from carnet_master.rows import ready_scorer  # noqa: PLC0415

    return ready_scorer(shipped_model(party_kind))
