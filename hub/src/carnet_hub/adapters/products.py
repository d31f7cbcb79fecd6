"""Which database product a URL names; its dialect is loaded when it is asked for, and the other one is not."""

from collections.abc import Callable

from sqlalchemy.engine import make_url

from carnet_hub.adapters.dialects import Dialect
from carnet_hub.core.limits import BUSY_MS
from carnet_hub.core.ports import StoreError


def dialect_of(product: str) -> Callable[..., Dialect]:
    """The dialect of a product, to be called with what `dialect_for` takes.

    Args:
        product: `sqlite` or `postgresql`.

    Raises:
        StoreError: another product.
    """
    if product == "sqlite":
        from carnet_hub.adapters.sqlite_dialect import SqliteDialect  # noqa: PLC0415  (see the module's docstring)

        return SqliteDialect
    if product == "postgresql":
        from carnet_hub.adapters.postgres_dialect import PostgresDialect  # noqa: PLC0415  (likewise)

        return PostgresDialect
    raise StoreError(f"A hub does not run on {product}.", "Use sqlite:///FILE or postgresql://...")


def dialect_for(url: str, busy_ms: int = BUSY_MS, *, is_replicated: bool = False) -> Dialect:
    """The dialect of a database URL.

    Args:
        url: `sqlite:///path` or `postgresql://...`.
        busy_ms: how long a writer waits for the lock.
        is_replicated: a replicating child process checkpoints a SQLite file, so this one must not.

    Raises:
        StoreError: another product.
    """
    return dialect_of(make_url(url).get_backend_name())(busy_ms, is_replicated=is_replicated)
