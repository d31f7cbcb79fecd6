"""The mark of what this hub has told others, and every history it has had, outside the database: beside the keys.

Decides the file and how often it is written. It follows the log by at most a second while nodes say hello, and stands
at its end when a process closes the hub; a restore that loses less than that is found by the nodes, which have read
further. It never goes back within one hub epoch, and a process of a history that has ended leaves it alone.

    high-water.json   {"hub_epoch": "...", "position": 12, "received_ms": 1790000000000,
                       "histories": [{"hub_epoch": "...", "parent": "", "position": 0}, ...]}

A file without histories is from before they were kept here, and is read all the same.
"""

from pathlib import Path
from typing import Annotated, Final

import msgspec

from carnet_hub.core.failures import KeysUnreadable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import MARK_BYTES_MAX, MARK_EVERY_MS
from carnet_hub.core.lineage import Branch
from carnet_hub.core.ports import Files
from carnet_hub.core.sets.histories import HubMark, mark_of
from carnet_protocol.limits import EPOCHS_MAX

MARK_FILE: Final = "high-water.json"


_Epoch = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]


class _History(msgspec.Struct, forbid_unknown_fields=True):
    """One history in the file."""

    hub_epoch: _Epoch
    parent: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{16})?$")]
    position: Annotated[int, msgspec.Meta(ge=0)]


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    """The file's content."""

    hub_epoch: _Epoch
    position: Annotated[int, msgspec.Meta(ge=1)]
    received_ms: int
    histories: Annotated[list[_History], msgspec.Meta(max_length=EPOCHS_MAX)] = []


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
        return None if stored is None else _mark(stored)

    def raise_now(self, hub: Hub) -> None:
        """Move the mark to the end of the log.

        Raises:
            KeysUnreadable: the present one is damaged.
            OSError: not writable; the mark is as it was.
        """
        mark, standing = mark_of(hub), self.read()
        if mark is not None and (standing is None or _is_ahead(mark, standing)):
            self._files.replace(self._path, msgspec.json.encode(_stored(mark)))

    def raise_if_due(self, hub: Hub) -> None:
        """The same, but at most once in `MARK_EVERY_MS`."""
        now_ms = hub.clock.now_ms()
        if self._written_ms is None or abs(now_ms - self._written_ms) >= MARK_EVERY_MS:
            self.raise_now(hub)
            self._written_ms = now_ms


def _is_ahead(mark: HubMark, standing: HubMark) -> bool:
    """Whether a mark says more than the one in the file."""
    if mark.hub_epoch != standing.hub_epoch:
        return mark.hub_epoch not in {one.hub_epoch for one in standing.branches}
    is_same = mark.position == standing.position
    return mark.branches != standing.branches if is_same else mark.position > standing.position


def _mark(stored: _Stored) -> HubMark:
    branches = (
        Branch(bytes.fromhex(one.hub_epoch), bytes.fromhex(one.parent), one.position) for one in stored.histories
    )
    return HubMark(bytes.fromhex(stored.hub_epoch), stored.position, stored.received_ms, tuple(branches))


def _stored(mark: HubMark) -> _Stored:
    histories = [_History(one.hub_epoch.hex(), one.parent.hex(), one.position) for one in mark.branches]
    return _Stored(mark.hub_epoch.hex(), mark.position, mark.received_ms, histories)
