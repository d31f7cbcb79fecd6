"""The mark of what left this machine, outside the database, and the lock of whoever sends or exports.

Decides the file and the lock. The mark is fsynced before a set leaves, so a database restored from a backup can be
told from one that is merely behind. When it moves on is `core.outbox`'s to decide.

    high-water.json   {"epoch": "...", "seq": 12, "set_hash": "...", "ordinal": 1}
    epochs.json       {"highest": 3}: no epoch of this machine is opened under that number or a lower one again
    sender.lock       locked by the operating system, released even when its holder is killed
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import msgspec

from carnet_node.core.failures import AnotherSender, HighWaterUnreadable
from carnet_node.core.limits import MARK_BYTES_MAX
from carnet_node.core.ports import Files
from carnet_node.core.records import HighWaterMark
from carnet_storage.adapters.file_locks import locked

MARK_FILE: Final = "high-water.json"
EPOCHS_FILE: Final = "epochs.json"
LOCK_FILE: Final = "sender.lock"


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    """The file's content."""

    epoch: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
    seq: Annotated[int, msgspec.Meta(ge=1)]
    set_hash: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    ordinal: Annotated[int, msgspec.Meta(ge=1)] = 1


class _Opened(msgspec.Struct, forbid_unknown_fields=True):
    """The content of the file of epochs."""

    highest: Annotated[int, msgspec.Meta(ge=1)]


class HighWaterFile:
    """The mark and the lock of one node; `HighWater` of the core.

    Args:
        folder: where the keys lie.
        files: how files are read and replaced.
    """

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files

    def read(self) -> HighWaterMark | None:
        """The mark; None before anything left.

        Raises:
            HighWaterUnreadable: the file exists and is damaged; nothing may leave until somebody has looked.
        """
        try:
            content = self._files.read(self._folder / MARK_FILE, bytes_max=MARK_BYTES_MAX)
            if content is None:
                return None
            stored = msgspec.json.decode(content, type=_Stored)
        except (OSError, msgspec.DecodeError) as error:
            raise HighWaterUnreadable(MARK_FILE) from error
        return HighWaterMark(bytes.fromhex(stored.epoch), stored.seq, bytes.fromhex(stored.set_hash), stored.ordinal)

    def write(self, mark: HighWaterMark) -> None:
        """Replace the mark durably.

        Raises:
            HighWaterUnreadable: the disk does not take the new one; nothing may leave.
        """
        content = msgspec.json.encode(_Stored(mark.epoch.hex(), mark.seq, mark.set_hash.hex(), mark.ordinal))
        try:
            self._files.replace(self._folder / MARK_FILE, content)
        except OSError as error:
            raise HighWaterUnreadable(MARK_FILE) from error

    def reserve_ordinal(self, wanted: int) -> int:
        """See `core.leaving.HighWater`; one file, replaced durably."""
        path = self._folder / EPOCHS_FILE
        try:
            content = self._files.read(path, bytes_max=MARK_BYTES_MAX)
            highest = 0 if content is None else msgspec.json.decode(content, type=_Opened).highest
            ordinal = max(wanted, highest + 1)
            self._files.replace(path, msgspec.json.encode(_Opened(ordinal)))
        except (OSError, msgspec.DecodeError) as error:
            raise HighWaterUnreadable(EPOCHS_FILE) from error
        return ordinal

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the only sender on this machine for the length of the block.

        Raises:
            AnotherSender: somebody else is; nothing was sent.
        """
        with locked(self._folder / LOCK_FILE) as is_ours:
            if not is_ours:
                raise AnotherSender(LOCK_FILE)
            yield
