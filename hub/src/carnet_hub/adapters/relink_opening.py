"""Which engine a re-link runs on, and whether its packages are here.

Decides what is missing, by name, before a customer is read. The packages are an extra of the hub: who only
serves nodes needs none of them.
"""

from collections.abc import Mapping
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from carnet_hub.core.ports import Entropy
from carnet_hub.core.stewardship.relink_failures import JavaMissing, PackagesMissing

if TYPE_CHECKING:
    from carnet_hub.adapters.relink_engine import Backend, SplinkEngine

_SECRET_BYTES: Final = 32


class Engine(StrEnum):
    """What the pairs are weighed on."""

    DUCKDB = "duckdb"
    SPARK = "spark"


_NEEDED: Final = {
    Engine.DUCKDB: ("splink", "duckdb", "pyarrow"),
    Engine.SPARK: ("splink", "duckdb", "pyarrow", "pyspark"),
}
_EXTRA: Final = {Engine.DUCKDB: "relink", Engine.SPARK: "spark"}


def require_packages(engine: Engine) -> None:
    """Whether an engine can run here.

    Raises:
        PackagesMissing, JavaMissing: what is missing; nothing was read or written.
    """
    for package in _NEEDED[engine]:
        if find_spec(package) is None:
            raise PackagesMissing(package, _EXTRA[engine])
    if engine is Engine.SPARK:
        from carnet_hub.adapters.relink_spark import has_java  # noqa: PLC0415  (an optional package)

        if not has_java():
            raise JavaMissing


def open_engine(
    engine: Engine, folder: Path, models: Mapping[str, bytes], entropy: Entropy, *, spark_master: str = ""
) -> "SplinkEngine":
    """An empty engine; `require_packages` has passed.

    Args:
        folder: see `relink_scratch`.
        models: files by kind of party.
        spark_master: as Spark names it; empty for this machine.
    """
    from carnet_hub.adapters.relink_engine import SplinkEngine  # noqa: PLC0415  (an optional package)

    return SplinkEngine(_backend(engine, folder, spark_master), folder, models, entropy.random_bytes(_SECRET_BYTES))


def _backend(engine: Engine, folder: Path, spark_master: str) -> "Backend":
    match engine:
        case Engine.DUCKDB:
            from carnet_hub.adapters.relink_duckdb import DuckBackend  # noqa: PLC0415  (an optional package)

            return DuckBackend(folder)
        case Engine.SPARK:
            from carnet_hub.adapters.relink_spark import LOCAL, SparkBackend  # noqa: PLC0415  (likewise)

            return SparkBackend(folder, spark_master or LOCAL)
