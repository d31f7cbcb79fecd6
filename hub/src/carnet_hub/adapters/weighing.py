"""The models in use, read and compiled when the first pair is weighed.

Decides when a model is loaded: reading one takes a fifth of a second, and most commands weigh nobody. Does not decide
what a weight means (`carnet_master.tiers`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Final

from carnet_hub.core.master_ports import Ground, Weighed
from carnet_master.features import Features

if TYPE_CHECKING:
    from carnet_master.conditions import Row
    from carnet_master.model import Model
    from carnet_master.scorer import Score, Scorer

_ROWS_KEPT: Final = 64
"""Rows that are kept: a customer who arrives is weighed against a handful of others. They hold personal values."""


@dataclass(frozen=True, slots=True)
class ReadyModel:
    """A compiled model and the rows it reads. Threads may share it."""

    _scorer: "Scorer"
    _row: "Callable[[Features], Row]"

    def weigh(self, one: Features, other: Features) -> Weighed:
        """How much speaks for two parties of the model's kind being one."""
        score = self._score(one, other)
        return Weighed(score.weight, score.probability, score.octets, self._scorer.model.id)

    def explain(self, one: Features, other: Features) -> tuple[Ground, ...]:
        """What each comparison adds to that, the prior first."""
        reasons = self._scorer.explain(self._score(one, other))
        return tuple(Ground(line.comparison, line.level, line.bits) for line in reasons)

    def _score(self, one: Features, other: Features) -> "Score":
        return self._scorer.score(self._row(one), self._row(other))


def ready_model(model: "Model") -> ReadyModel:
    """A model, compiled.

    Raises:
        UnusableModel: it holds a condition that is not understood, or does not fit the rows of this version.
    """
    from carnet_master.rows import ready_scorer, row_of  # noqa: PLC0415  (most commands weigh nobody)

    return ReadyModel(ready_scorer(model), lru_cache(maxsize=_ROWS_KEPT)(partial(row_of, model=model)))


class ShippedWeigher:
    """`master_ports.Weigher` with the models that come with the program."""

    def weigh(self, one: Features, other: Features) -> Weighed | None:
        """See `master_ports.Weigher`."""
        return _shipped(one.party).weigh(one, other)

    def explain(self, one: Features, other: Features) -> tuple[Ground, ...]:
        """See `master_ports.Weigher`."""
        return _shipped(one.party).explain(one, other) if one.party == other.party else ()

    def files(self) -> Mapping[str, bytes]:
        """See `master_ports.Weigher`."""
        from carnet_master.model import PARTY_KINDS, shipped_file  # noqa: PLC0415  (see above)

        return {kind: shipped_file(kind) for kind in PARTY_KINDS}


@cache
def _shipped(party_kind: str) -> ReadyModel:
    from carnet_master.model import shipped_model  # noqa: PLC0415  (see above)

    return ready_model(shipped_model(party_kind))
