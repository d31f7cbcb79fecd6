"""Spark under a re-link, for hubs that one machine's memory is too small for.

Decides how a session is opened and how conditions are said in Spark's words; the rest is `relink_engine`. The scratch
folder has to be one that all workers see under the same path. Nothing is served: no page, and addresses of this machine
alone while the master is `local`.
"""

import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from splink import Linker
from splink.backends.spark import SparkAPI, similarity_jar_location

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

LOCAL: Final = f"local[{ENGINE_THREADS}]"

_WORDS: Final = {
    "list_has_any": "arrays_overlap",
    "jaro_winkler_similarity": "jaro_winkler",
}
"""Functions of a model's conditions that Spark calls otherwise; the others it calls alike."""

_CALLED: Final = re.compile(rf"\b({'|'.join(_WORDS)})\(")


def has_java() -> bool:
    """Whether Spark would find a Java machine here."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java") is not None or (home is not None and (Path(home) / "bin" / "java").exists())


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Tell a failure of Spark by its name."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise EngineFailed("Spark", type(error).__name__) from error


class SparkBackend:
    """`relink_engine.Backend` on Spark."""

    def __init__(self, folder: Path, master: str = LOCAL) -> None:
        logging.getLogger("splink").setLevel(logging.ERROR)
        builder = SparkSession.builder.master(master).appName("carnet-relink")
        options = {
            "spark.jars": similarity_jar_location(),
            "spark.driver.memory": f"{ENGINE_MEMORY_MB}m",
            "spark.local.dir": str(folder / "spill"),
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.sql.shuffle.partitions": str(ENGINE_THREADS * 4),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        if master.startswith("local"):
            options |= {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
        for name, value in options.items():
            builder = builder.config(name, value)
        self._spark = builder.getOrCreate()
        self._spark.sparkContext.setLogLevel("ERROR")
        self._spark.sparkContext.setCheckpointDir(str(folder / "checkpoints"))
        self._folder = folder
        self._linkers: dict[str, tuple[SparkAPI, Linker]] = {}

    @_in_our_words()
    def open(self, keys: Path, kinds: Mapping[str, Kind]) -> None:
        """See `relink_engine.Backend`."""
        self._spark.read.parquet(str(keys)).createOrReplaceTempView("carnet_keys")
        pairs = str(self._folder / "pairs")
        self._spark.sql(ALL_PAIRS).write.parquet(pairs)
        self._spark.read.parquet(pairs).createOrReplaceTempView(PAIRS)
        for name, kind in kinds.items():
            source, rows = f"carnet_{name}_file", f"carnet_{name}"
            self._spark.read.parquet(str(kind.rows)).createOrReplaceTempView(source)
            self._spark.sql(rows_of_kind(kind.columns, source)).createOrReplaceTempView(rows)
            api = SparkAPI(spark_session=self._spark, num_partitions_on_repartition=ENGINE_THREADS * 4)
            table = api.register(rows, table_name=f"{rows}_rows")
            linker = Linker(table, in_sparks_words(kind.settings), log_level=logging.ERROR)
            for column in kind.columns.terms:
                known = f"{rows}_{column}"
                self._spark.sql(frequencies_of(column, source)).createOrReplaceTempView(known)
                linker.table_management.register_term_frequency_lookup(api.register(known), column)
            self._linkers[name] = (api, linker)

    @_in_our_words()
    def weigh(self, kind: str, number: int, *, start: int, end: int) -> Sequence[tuple[int, int]]:
        """See `relink_engine.Backend`."""
        api, linker = self._linkers[kind]
        blocked = f"{BLOCKED}_{kind}_{start}"
        self._spark.sql(blocked_pairs(number, start, end)).createOrReplaceTempView(blocked)
        linker.table_management.register_blocked_pairs_for_predict(api.register(blocked, table_name=f"{blocked}_in"))
        weighed = linker.inference.predict(warning_mode="never")
        rows = self._spark.sql(let_through(weighed.physical_name, number, start, end)).collect()
        weighed.drop_table_from_database_and_remove_from_cache()
        self._spark.catalog.dropTempView(blocked)
        return [(int(row[0]), int(row[1])) for row in rows]

    def close(self) -> None:
        """See `relink_engine.Backend`."""
        self._spark.stop()


def in_sparks_words(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The same settings with Spark's names of functions."""
    comparisons = [
        {
            **one,
            "comparison_levels": [
                {**level, "sql_condition": _CALLED.sub(lambda found: f"{_WORDS[found[1]]}(", level["sql_condition"])}
                for level in one["comparison_levels"]
            ],
        }
        for one in settings["comparisons"]
    ]
    return {**settings, "comparisons": comparisons, "sql_dialect": "spark"}
