"""Encrypted copies in an S3 store, through `obstore`: uploads in parts, tries again, gives up after a while.

Decides nothing. A copy counts as stored when the store has answered with its whole size. No credential is looked for in
the environment or beside the machine: they come from the secrets file alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from carnet_storage.core.copies import CopyName, newest_first, parse_copy_name
from carnet_storage.core.failures import NothingToRestore, TargetFailed
from carnet_storage.core.limits import COPY_NAMES_MAX, ERROR_CHARS_MAX, FRAME_BYTES, STORE_RETRIES_MAX, STORE_RETRY_S
from carnet_storage.core.plan import Secrets
from carnet_storage.core.targets import S3Target

_TIMEOUT: Final = "120s"
_CONNECT_TIMEOUT: Final = "10s"


class S3Copies:
    """`ports.Copies` in one bucket."""

    def __init__(self, target: S3Target, secrets: Secrets) -> None:
        self._target = target
        self._store = open_bucket(target, secrets)

    def put(self, name: CopyName, content: Path) -> None:
        """See `ports.Copies`."""
        with self._translated(name):
            obstore.put(self._store, name.text, content)
            stored = obstore.head(self._store, name.text)["size"]
        if stored != content.stat().st_size:
            raise TargetFailed(self._target.shown, f"it holds {stored} bytes of {content.stat().st_size}")

    def list(self, source: str | None) -> list[CopyName]:
        """See `ports.Copies`."""
        found: list[CopyName] = []
        with self._translated(None):
            for batch in obstore.list(self._store):
                found += filter(None, (parse_copy_name(one["path"]) for one in batch))
                if len(found) >= COPY_NAMES_MAX:
                    break
        return newest_first(one for one in found if source is None or one.place.source == source)

    def fetch(self, name: CopyName) -> Iterator[bytes]:
        """See `ports.Copies`."""
        with self._translated(name):
            for piece in obstore.get(self._store, name.text).stream(min_chunk_size=FRAME_BYTES):
                yield bytes(piece)

    def remove(self, name: CopyName) -> None:
        """See `ports.Copies`."""
        with self._translated(name):
            obstore.delete(self._store, name.text)

    @contextmanager
    def _translated(self, name: CopyName | None) -> Iterator[None]:
        with _translated(self._target, "the bucket is not there" if name is None else f"there is no {name.text}"):
            yield


def open_bucket(target: S3Target, secrets: Secrets) -> S3Store:
    """The bucket of a target below its prefix; nothing is asked yet."""
    is_clear = target.endpoint is not None and target.endpoint.startswith("http://")
    settings: dict[str, Any] = {} if target.endpoint is None else {"endpoint": target.endpoint}
    return S3Store(
        target.bucket,
        prefix=target.prefix or None,
        region=target.region,
        access_key_id=secrets.access_key_id,
        secret_access_key=secrets.secret_access_key,
        virtual_hosted_style_request=target.endpoint is None,
        client_options={"allow_http": is_clear, "timeout": _TIMEOUT, "connect_timeout": _CONNECT_TIMEOUT},
        retry_config={"max_retries": STORE_RETRIES_MAX, "retry_timeout": timedelta(seconds=STORE_RETRY_S)},
        **settings,
    )


def store_folders(target: S3Target, secrets: Secrets, below: str) -> list[str]:
    """Names of what looks like folders below a place in a bucket.

    Raises:
        NothingToRestore, TargetFailed: the bucket is not there, or cannot be asked.
    """
    with _translated(target, "the bucket is not there"):
        found = obstore.list_with_delimiter(open_bucket(target, secrets), below or None)["common_prefixes"]
    return sorted(one.rstrip("/").rpartition("/")[2] for one in found)


def remove_folder(target: S3Target, secrets: Secrets, below: str) -> None:
    """Remove everything below a place in a bucket.

    Raises:
        NothingToRestore, TargetFailed: the bucket is not there, or cannot be asked; what was removed before is gone.
    """
    with _translated(target, "the bucket is not there"):
        store = open_bucket(target, secrets)
        for batch in obstore.list(store, f"{below.rstrip('/')}/"):
            obstore.delete(store, [one["path"] for one in batch])


@contextmanager
def _translated(target: S3Target, missing: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NothingToRestore(target.shown, missing) from error
    except (BaseError, OSError) as error:
        raise TargetFailed(target.shown, _first_line(error)) from error


def _first_line(error: Exception) -> str:
    """What the library says, without the request's address and the rest of its report."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0][:ERROR_CHARS_MAX]
