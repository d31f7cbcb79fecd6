"""Two records and a model: how much speaks for their being one party, and what exactly.

Decides the weight of a pair as Splink decides it, from the same numbers: prior, the weight of the first level of each
comparison whose condition holds, and the correction for how frequent a shared value is. Equal to Splink's weights
within 1e-9. Does not decide what follows from a weight (`tiers`).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

from carnet_master.conditions import Ranking, Row, compile_condition, compile_ranking
from carnet_master.errors import UnknownSql
from carnet_master.model import NULL_LEVEL, TERM_PREFIX, Level, Model
from carnet_master.model_limits import WEIGHT_BITS_MAX

_NULL_OCTET: Final = 255


class Score(NamedTuple):
    """What the comparison of two records came to.

    Attributes:
        weight: in bits; above nought more speaks for one party than against it.
        levels: the number of the level of each comparison, in the model's order.
        parts: what each comparison adds to the weight, in bits, its correction by frequency included.
    """

    weight: float
    levels: tuple[int, ...]
    parts: tuple[float, ...]

    @property
    def probability(self) -> float:
        """The weight as a probability, 0 to 1."""
        bits = max(-WEIGHT_BITS_MAX, min(self.weight, WEIGHT_BITS_MAX))
        return 1 / (1 + 2**-bits) if bits >= 0 else 2**bits / (1 + 2**bits)

    @property
    def octets(self) -> bytes:
        """The levels as an identity decision stores them: a byte each, 255 for nothing to compare."""
        return bytes([_NULL_OCTET if number == NULL_LEVEL else number for number in self.levels])


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of an explanation.

    Attributes:
        comparison: what was compared.
        level: what was found, as the model calls it.
        bits: what it adds.
    """

    comparison: str
    level: str
    bits: float


@dataclass(frozen=True, slots=True)
class Scorer:
    """A compiled model: of each comparison, which of its levels holds first, and the levels."""

    model: Model
    _ranked: tuple[tuple[Ranking, tuple[Level, ...]], ...]

    def score(self, left: Row, right: Row) -> Score:
        """Compare two records.

        Args:
            left, right: rows with every column the model names, made by `rows.row_of` with this model; which is
                which does not matter.
        """
        levels, parts = [], []
        for first_that_holds, graded in self._ranked:
            level = graded[first_that_holds(left, right)]
            levels.append(level.number)
            parts.append(level.weight + _correction(level, left, right) if level.term else level.weight)
        return Score(self.model.prior_weight + sum(parts), tuple(levels), tuple(parts))

    def try_on(self, rows: Iterable[Row]) -> None:
        """Ask every condition about every two of some rows.

        Raises:
            UnknownSql: a condition names a column that rows have not, or compares what cannot be compared.
        """
        pairs = list(product(rows, repeat=2))
        for level in (level for one in self.model.comparisons for level in one.levels[:-1]):
            condition = compile_condition(level.sql)
            try:
                for left, right in pairs:
                    condition(left, right)
            except (KeyError, TypeError, AttributeError) as error:
                raise UnknownSql(f"{level.label}: not for rows of these columns") from error

    def explain(self, score: Score) -> tuple[Reason, ...]:
        """Why a score is what it is: the prior, then each comparison; their bits add up to the weight."""
        lines = [Reason("prior", "two records at random", self.model.prior_weight)]
        for comparison, number, bits in zip(self.model.comparisons, score.levels, score.parts, strict=True):
            lines.append(Reason(comparison.name, comparison.label_of(number), bits))
        return tuple(lines)


def compile_model(model: Model) -> Scorer:
    """The scorer of a model.

    Raises:
        UnknownSql: a condition holds something that is not understood (see `conditions`).
    """
    ranked = ((compile_ranking([level.sql for level in one.levels[:-1]]), one.levels) for one in model.comparisons)
    return Scorer(model, tuple(ranked))


def _correction(level: Level, left: Row, right: Row) -> float:
    """A shared rare value says more than a shared frequent one.

    Source: Splink 5.0, `ComparisonLevel._tf_adjustment_sql`.
    """
    if level.term is None:
        return 0.0
    column = TERM_PREFIX + level.term
    known = [value for value in (left[column], right[column]) if isinstance(value, float)]
    if not known:
        return 0.0
    return level.term_share * (level.term_base - math.log2(max(*known, level.term_floor)))
