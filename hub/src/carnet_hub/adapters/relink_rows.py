"""Customers as columns in Parquet files, for an engine that weighs many at once.

Decides what of a customer goes to the disk: the columns that a model names and nothing else. A value that is only ever
compared for equality is written as a keyed hash of 64 bits, whose key dies with the process; in clear go those of which
a condition takes a distance or a part (pinyin, a birthday). Two values meet by accident once in 10^19 pairs, and then
the pair is looked at once more by the online matcher.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from carnet_hub.core.relink_limits import EXPORT_KEYS_BATCH, EXPORT_ROWS_BATCH
from carnet_hub.core.relink_ports import SURE_BLOCKS
from carnet_master.conditions import Row
from carnet_master.features import Features
from carnet_master.keys import KEY_BYTES
from carnet_master.model import ELSE, TERM_PREFIX, Model
from carnet_master.rows import LISTS, row_of

if TYPE_CHECKING:
    import pyarrow as pa

KEYS_FILE: Final = "keys.parquet"
NUMBER: Final = "unique_id"
"""Column of a customer's number: their place among all that were handed over."""

FREQUENCY_PREFIX: Final = "frequency_"
"""Of the column with a value's frequency in the model; Splink is given it as a table of its own."""

_HASH_BYTES: Final = 8
_HASHES_KEPT: Final = 65_536
_COLUMN: Final = re.compile(r"\b(\w+)_[lr]\b")
_CALL: Final = re.compile(r"\b(\w+)\(([^()]*)\)")
_EQUAL_ONLY: Final = "list_has_any"
"""The one function that asks for nothing but equality."""

_SURE: Final = frozenset(ord(one.value) for one in SURE_BLOCKS)


@dataclass(frozen=True, slots=True)
class Columns:
    """What of a row a model needs.

    Attributes:
        plain: text as it is.
        hashed: one value, as its hash.
        lists: several values, as their hashes.
        terms: columns whose frequency in the model goes along, under `FREQUENCY_PREFIX`.
    """

    plain: tuple[str, ...]
    hashed: tuple[str, ...]
    lists: tuple[str, ...]
    terms: tuple[str, ...]

    @property
    def compared(self) -> tuple[str, ...]:
        """What the conditions of the model ask for."""
        return (*self.plain, *self.hashed, *self.lists)


def columns_for(model: Model) -> Columns:
    """The columns of a model, by how they are compared."""
    conditions = [level.sql for one in model.comparisons for level in one.levels if level.sql.upper() != ELSE]
    named = {name for sql in conditions for name in _COLUMN.findall(sql)}
    taken_apart = {
        name
        for sql in conditions
        for function, arguments in _CALL.findall(sql)
        if function.lower() != _EQUAL_ONLY
        for name in _COLUMN.findall(arguments)
    }
    equal_only = named - taken_apart
    return Columns(
        tuple(sorted(taken_apart)),
        tuple(sorted(equal_only.difference(LISTS))),
        tuple(sorted(equal_only.intersection(LISTS))),
        tuple(sorted(model.terms)),
    )


@dataclass(slots=True)
class _Rows:
    """Rows of one kind of party that wait to be written, column by column."""

    columns: Columns
    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    values: dict[str, list[object]] = field(default_factory=lambda: defaultdict(list))

    def add(self, number: int, row: Row, hashed: Callable[[str], int]) -> None:
        """Take a row."""
        values = self.values
        self.numbers.append(number)
        for name in self.columns.plain:
            values[name].append(row[name])
        for name in self.columns.hashed:
            one = row[name]
            values[name].append(None if one is None else hashed(str(one)))
        for name in self.columns.lists:
            several = row[name]
            values[name].append([hashed(one) for one in several] if isinstance(several, tuple) else None)
        for name in self.columns.terms:
            values[FREQUENCY_PREFIX + name].append(row[TERM_PREFIX + name])

    def table(self) -> "pa.Table":
        """The rows as Arrow has them."""
        import pyarrow as pa  # noqa: PLC0415  (an optional package)

        schema = rows_schema(self.columns)
        columns = (self.numbers, *(self.values[name] for name in schema.names[1:]))
        arrays = [pa.array(one, of) for one, of in zip(columns, schema.types, strict=True)]
        return pa.Table.from_arrays(arrays, schema=schema)


@dataclass(slots=True)
class _Keys:
    """Keys that wait to be written, in columns: a letter, and the last eight bytes of its hash."""

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    kinds: "array[int]" = field(default_factory=lambda: array("b"))
    blocks: "array[int]" = field(default_factory=lambda: array("h"))
    tails: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, number: int, kind: int, keys: bytes) -> None:
        """Take the keys of a customer."""
        halves = array("q", keys)
        count = len(keys) // KEY_BYTES
        self.numbers.extend([number] * count)
        self.kinds.extend([kind] * count)
        self.blocks.extend(keys[::KEY_BYTES])
        self.tails.extend(halves[1::2])


class RowFiles:
    """Parquet files that grow by batches: one of keys, and one of rows for each kind of party.

    The columns of a kind are those of its model; a file that got no row is not there.
    """

    def __init__(self, folder: Path, models: Mapping[str, Model], secret: bytes) -> None:
        self._folder = folder
        self._models = models
        self._columns = {kind: columns_for(model) for kind, model in models.items()}
        self._keyed = blake2b(digest_size=_HASH_BYTES, key=secret)
        self._writers: dict[str, Any] = {}
        self._rows = {kind: _Rows(columns) for kind, columns in self._columns.items()}
        self._keys = _Keys()
        self._hashed = lru_cache(maxsize=_HASHES_KEPT)(self._hash)

    def add(self, number: int, keys: bytes, features: Features) -> None:
        """Take a customer; one whose kind has no model is left out."""
        if features.party not in self._models:
            return
        kind = tuple(self._models).index(features.party)
        self._keys.add(number, kind, keys)
        waiting = self._rows[features.party]
        waiting.add(number, row_of(features, self._models[features.party]), self._hashed)
        if len(waiting.numbers) >= EXPORT_ROWS_BATCH:
            self._flush(features.party)
        if len(self._keys.tails) >= EXPORT_KEYS_BATCH:
            self._flush_keys()

    def close(self) -> None:
        """Write what is left."""
        for kind in self._models:
            self._flush(kind)
        self._flush_keys()
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _hash(self, value: str) -> int:
        digest = self._keyed.copy()
        digest.update(value.encode())
        return int.from_bytes(digest.digest(), "big", signed=True)

    def _flush(self, kind: str) -> None:
        rows = self._rows[kind]
        if rows.numbers:
            table = rows.table()
            self._writer(self._folder / rows_name(kind), table.schema).write_table(table)
            self._rows[kind] = _Rows(rows.columns)

    def _flush_keys(self) -> None:
        import pyarrow as pa  # noqa: PLC0415  (an optional package)

        waiting = self._keys
        if waiting.tails:
            types = {NUMBER: pa.int64(), "kind": pa.int8(), "block": pa.int16(), "tail": pa.int64()}
            columns = (waiting.numbers, waiting.kinds, waiting.blocks, waiting.tails)
            arrays = [pa.array(column, of) for column, of in zip(columns, types.values(), strict=True)]
            table = pa.table(dict(zip(types, arrays, strict=True)))
            self._writer(self._folder / KEYS_FILE, table.schema).write_table(table)
            self._keys = _Keys()

    def _writer(self, path: Path, schema: "pa.Schema") -> Any:
        from pyarrow.parquet import ParquetWriter  # noqa: PLC0415  (an optional package)

        if path.name not in self._writers:
            self._writers[path.name] = ParquetWriter(path, schema, compression="zstd")
        return self._writers[path.name]


def rows_name(kind: str) -> str:
    """The file with the rows of a kind of party."""
    return f"{kind}.parquet"


def rows_schema(columns: Columns) -> "pa.Schema":
    """The columns of a file of rows; text is text even in a column that is empty."""
    import pyarrow as pa  # noqa: PLC0415  (an optional package)

    fields = [(NUMBER, pa.int64())]
    fields += [(name, pa.string()) for name in columns.plain]
    fields += [(name, pa.int64()) for name in columns.hashed]
    fields += [(name, pa.list_(pa.int64())) for name in columns.lists]
    fields += [(FREQUENCY_PREFIX + name, pa.float64()) for name in columns.terms]
    return pa.schema(fields)


def sure_condition(column: str) -> str:
    """SQL: whether a key's letter is one of `SURE_BLOCKS`."""
    return f"{column} IN ({', '.join(map(str, sorted(_SURE)))})"
