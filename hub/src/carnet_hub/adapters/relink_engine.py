"""Splink as the engine of a re-link: who shares a key, what they weigh, block by block.

Decides how customers become numbers, which pairs are weighed together and which weights let a pair through; DuckDB and
Spark (`relink_duckdb`, `relink_spark`) only run it. The models are the ones in use, with their frozen prior and
frequencies; nothing is estimated here, and nothing is clustered. Keys are equal hashes, so both products block alike.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from carnet_hub.adapters.relink_rows import (
    FREQUENCY_PREFIX,
    KEYS_FILE,
    NUMBER,
    Columns,
    RowFiles,
    columns_for,
    rows_name,
    sure_condition,
)
from carnet_hub.core.relink_limits import BLOCK_CUSTOMERS
from carnet_hub.core.relink_ports import PairBlock
from carnet_master.features import Features
from carnet_master.limits import STEWARD_PROBABILITY_MIN
from carnet_master.model import TERM_PREFIX, read_model

_ID_BYTES: Final = 16
PAIRS: Final = "carnet_pairs"
BLOCKED: Final = "carnet_blocked"

ALL_PAIRS: Final = f"""
    SELECT one.{NUMBER} AS one, other.{NUMBER} AS other, one.kind AS kind,
           max(CASE WHEN {sure_condition("one.block")} THEN 1 ELSE 0 END) AS is_sure
    FROM carnet_keys AS one JOIN carnet_keys AS other
      ON one.tail = other.tail AND one.block = other.block AND one.kind = other.kind
     AND one.{NUMBER} < other.{NUMBER}
    GROUP BY one.{NUMBER}, other.{NUMBER}, one.kind
"""  # noqa: S608  (own names)
"""Everybody who shares a key, once. Both products understand it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a backend is told of one kind of party.

    Attributes:
        rows: its file.
        settings: of Splink.
    """

    rows: Path
    settings: Mapping[str, Any]
    columns: Columns


class Backend(Protocol):
    """What runs the SQL."""

    def open(self, keys: Path, kinds: Mapping[str, Kind]) -> None:
        """Read the files and find all pairs.

        Args:
            kinds: by name; only those with rows.
        """

    def weigh(self, kind: str, number: int, *, start: int, end: int) -> Sequence[tuple[int, int]]:
        """Pairs of a kind whose first customer has a number from `start` to before `end`, as `let_through` wants them.

        Args:
            number: of the kind, as it stands with the keys.
        """

    def close(self) -> None:
        """Let go of everything."""


class SplinkEngine:
    """`relink_ports.BatchEngine` with Splink on a backend."""

    def __init__(
        self,
        backend: Backend,
        folder: Path,
        models: Mapping[str, bytes],
        secret: bytes,
        *,
        block_customers: int = BLOCK_CUSTOMERS,
    ) -> None:
        """Prepare an empty engine.

        Args:
            folder: empty, and nobody else's.
            models: files of the models in use, by kind of party.
            secret: 32 random bytes, of this run alone.
            block_customers: customers whose pairs are weighed together, at least 1.
        """
        read = {kind: read_model(data) for kind, data in sorted(models.items())}
        self.model_ids: Mapping[str, bytes] = {kind: model.id for kind, model in read.items()}
        self._kinds = {
            kind: Kind(folder / rows_name(kind), settings_of(models[kind]), columns_for(model))
            for kind, model in read.items()
        }
        self._backend = backend
        self._folder = folder
        self._files = RowFiles(folder, read, secret)
        self._customers = bytearray()
        self._block = block_customers

    def add(self, customer: bytes, keys: bytes, features: Features) -> None:
        """See `relink_ports.BatchEngine`."""
        self._files.add(len(self._customers) // _ID_BYTES, keys, features)
        self._customers += customer

    def pairs(self) -> Iterator[PairBlock]:
        """See `relink_ports.BatchEngine`."""
        self._files.close()
        total = len(self._customers) // _ID_BYTES
        kinds = {name: kind for name, kind in self._kinds.items() if kind.rows.exists()}
        if not kinds:
            return
        self._backend.open(self._folder / KEYS_FILE, kinds)
        for start in range(0, total, self._block):
            end = min(start + self._block, total)
            found = [
                pair
                for number, kind in enumerate(self.model_ids)
                if kind in kinds
                for pair in self._backend.weigh(kind, number, start=start, end=end)
            ]
            named = [(self._customer(one), self._customer(other)) for one, other in sorted(found)]
            yield PairBlock(self._customer(end - 1), named, end, total)

    def close(self) -> None:
        """Let go of everything, so that the folder can be removed."""
        self._backend.close()

    def _customer(self, number: int) -> bytes:
        return bytes(self._customers[number * _ID_BYTES : (number + 1) * _ID_BYTES])


def settings_of(model: bytes) -> dict[str, Any]:
    """Splink's settings of a model file, without what a re-link does not look at."""
    settings: dict[str, Any] = json.loads(model)["settings"]
    return {
        **settings,
        "blocking_rules_to_generate_predictions": [{"blocking_rule": f"l.{NUMBER} = r.{NUMBER}"}],
        "retain_intermediate_calculation_columns": False,
        "retain_matching_columns": False,
        "unique_id_column_name": NUMBER,
    }


def rows_of_kind(columns: Columns, source: str) -> str:
    """SQL: the rows of a kind without their frequencies.

    Args:
        source: a view of its file.
    """
    return f"SELECT {', '.join((NUMBER, *columns.compared))} FROM {source}"  # noqa: S608  (own names)


def frequencies_of(column: str, source: str) -> str:
    """SQL: how frequent each value of a column is in the model, as Splink takes it."""
    named = f"SELECT {column}, max({FREQUENCY_PREFIX}{column}) AS {TERM_PREFIX}{column}"
    return f"{named} FROM {source} WHERE {column} IS NOT NULL GROUP BY {column}"


def blocked_pairs(number: int, start: int, end: int) -> str:
    """SQL: the pairs of a kind and a block, as Splink takes them."""
    return (
        f"SELECT '0' AS match_key, one AS join_key_l, other AS join_key_r FROM {PAIRS} "  # noqa: S608  (numbers)
        f"WHERE kind = {int(number)} AND one >= {int(start)} AND one < {int(end)}"
    )


def let_through(predicted: str, number: int, start: int, end: int) -> str:
    """SQL: the weighed pairs that somebody should look at.

    Args:
        predicted: Splink's table of the pairs of `blocked_pairs`.
    """
    return (
        f"SELECT pair.one, pair.other FROM {PAIRS} AS pair JOIN {predicted} AS weighed "  # noqa: S608  (numbers)
        f"ON least(weighed.{NUMBER}_l, weighed.{NUMBER}_r) = pair.one "
        f"AND greatest(weighed.{NUMBER}_l, weighed.{NUMBER}_r) = pair.other "
        f"WHERE pair.kind = {int(number)} AND pair.one >= {int(start)} AND pair.one < {int(end)} "
        f"AND (pair.is_sure = 1 OR weighed.match_probability >= {STEWARD_PROBABILITY_MIN})"
    )
