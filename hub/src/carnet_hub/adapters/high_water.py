"""The mark of what this hub has told others, outside the database: a file beside the keys.

Decides the file and how often it is written. It follows the log by at most a second while nodes say hello, and stands
at its end when a process closes the hub; a restore that loses less than that is found by the nodes, which have read
further. It never goes back within one hub epoch.

    high-water.json   {"hub_epoch": "...", "position": 12, "received_ms": 1790000000000}
"""

from pathlib import Path
from typing import Annotated, Final

import msgspec

from carnet_hub.core.failures import KeysUnreadable
from carnet_hub.core.histories import HubMark, mark_of
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import MARK_BYTES_MAX, MARK_EVERY_MS
from carnet_hub.core.ports import Files

MARK_FILE: Final = "high-water.json"


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    """The file's content."""

    hub_epoch: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
    position: Annotated[int, msgspec.Meta(ge=1)]
    received_ms: int


class HubMarkFile:
    """The mark of one hub.

    Args:
        folder: where the keys lie.
        files: how files are read and replaced.
    """

    def __init__(self, folder: Path, files: Files) -> None:
        self._path = folder / MARK_FILE
        self._files = files
        self._written_ms: int | None = None

    def read(self) -> HubMark | None:
        """The mark; None before anything was told.

        Raises:
            KeysUnreadable: the file is there and damaged.
        """
        try:
            content = self._files.read(self._path, bytes_max=MARK_BYTES_MAX)
            stored = None if content is None else msgspec.json.decode(content, type=_Stored)
        except (OSError, msgspec.DecodeError) as error:
            raise KeysUnreadable(MARK_FILE, "the mark of what this hub has told is damaged") from error
        return None if stored is None else HubMark(bytes.fromhex(stored.hub_epoch), stored.position, stored.received_ms)

    def raise_now(self, hub: Hub) -> None:
        """Move the mark to the end of the log.

        Raises:
            KeysUnreadable: the present one is damaged.
            OSError: not writable; the mark is as it was.
        """
        mark, standing = mark_of(hub), self.read()
        if mark is None:
            return
        if standing is None or standing.hub_epoch != mark.hub_epoch or standing.position < mark.position:
            stored = _Stored(mark.hub_epoch.hex(), mark.position, mark.received_ms)
            self._files.replace(self._path, msgspec.json.encode(stored))

    def raise_if_due(self, hub: Hub) -> None:
        """The same, but at most once in `MARK_EVERY_MS`."""
        now_ms = hub.clock.now_ms()
        if self._written_ms is None or abs(now_ms - self._written_ms) >= MARK_EVERY_MS:
            self.raise_now(hub)
            self._written_ms = now_ms
