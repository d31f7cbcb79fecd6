"""DuckDB under a re-link: in a file of the scratch folder, with bounded memory, and nothing from elsewhere.

Decides how much DuckDB may take and where it spills to. It compares hashes, pinyin and dates; never Chinese text, whose
bytes its distances would count.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
from splink import DuckDBAPI, Linker

from carnet_hub.adapters.relink_engine import (
    ALL_PAIRS,
    BLOCKED,
    PAIRS,
    Kind,
    blocked_pairs,
    frequencies_of,
    let_through,
    rows_of_kind,
)
from carnet_hub.core.relink_limits import ENGINE_MEMORY_MB, ENGINE_THREADS
from carnet_hub.core.stewardship.relink_failures import EngineFailed


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Tell a failure of DuckDB by its name."""
    try:
        yield
    except duckdb.Error as error:
        raise EngineFailed("DuckDB", type(error).__name__) from error


class DuckBackend:
    """`relink_engine.Backend` on DuckDB."""

    def __init__(self, folder: Path) -> None:
        logging.getLogger("splink").setLevel(logging.ERROR)
        config = {
            "memory_limit": f"{ENGINE_MEMORY_MB}MB",
            "threads": str(ENGINE_THREADS),
            "temp_directory": str(folder / "spill"),
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",
        }
        self._connection = duckdb.connect(str(folder / "pairs.duckdb"), config=config)
        self._connection.execute("SET enable_progress_bar = false")  # it would draw on stdout, beside the JSON
        self._linkers: dict[str, tuple[DuckDBAPI, Linker]] = {}

    @_in_our_words()
    def open(self, keys: Path, kinds: Mapping[str, Kind]) -> None:
        """See `relink_engine.Backend`."""
        self._connection.read_parquet(str(keys)).create_view("carnet_keys")
        self._connection.execute(f"CREATE TABLE {PAIRS} AS {ALL_PAIRS} ORDER BY one")
        for name, kind in kinds.items():
            source, rows = f"carnet_{name}_file", f"carnet_{name}"
            self._connection.read_parquet(str(kind.rows)).create_view(source)
            self._connection.execute(f"CREATE TABLE {rows} AS {rows_of_kind(kind.columns, source)}")
            api = DuckDBAPI(connection=self._connection)
            linker = Linker(api.register(rows, table_name=f"{rows}_rows"), dict(kind.settings), log_level=logging.ERROR)
            for column in kind.columns.terms:
                known = f"{rows}_{column}"
                self._connection.execute(f"CREATE TABLE {known} AS {frequencies_of(column, source)}")
                linker.table_management.register_term_frequency_lookup(api.register(known), column)
            self._linkers[name] = (api, linker)

    @_in_our_words()
    def weigh(self, kind: str, number: int, *, start: int, end: int) -> Sequence[tuple[int, int]]:
        """See `relink_engine.Backend`."""
        api, linker = self._linkers[kind]
        blocked = f"{BLOCKED}_{kind}_{start}"
        self._connection.execute(f"CREATE TABLE {blocked} AS {blocked_pairs(number, start, end)}")
        linker.table_management.register_blocked_pairs_for_predict(api.register(blocked, table_name=f"{blocked}_in"))
        weighed = linker.inference.predict(warning_mode="never")
        found = self._connection.execute(let_through(weighed.physical_name, number, start, end)).fetchall()
        weighed.drop_table_from_database_and_remove_from_cache()
        self._connection.execute(f"DROP TABLE {blocked}")
        return found

    def close(self) -> None:
        """See `relink_engine.Backend`."""
        self._connection.close()
