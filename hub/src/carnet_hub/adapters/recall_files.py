"""Recall segments and imported plans as files.

Decides names and checks what is read: a segment is named by its hash and looked at again whenever it is read, so that a
damaged disk never stops a car or frees one. Several workers may share the folder; a file is complete or absent.
"""

from hashlib import sha256
from pathlib import Path
from typing import Final

from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import PLAN_BYTES_MAX
from carnet_hub.core.ports import Files
from carnet_protocol.limits import SEGMENT_BYTES_MAX
from carnet_protocol.segments import segment_hash

_SEGMENT_SUFFIX: Final = ".seg"
_PLAN_SUFFIX: Final = ".plan"
_DOCUMENT_SUFFIX: Final = ".json"
_NUMBER_END: Final = b"\n"


class SegmentFolder:
    """`ports.SegmentShelf` in one folder."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files

    def put(self, segment: bytes) -> bytes:
        """See `ports.SegmentShelf`. A file that is there already is written again only when it is damaged."""
        name = segment_hash(segment)
        path = self._path(name)
        if self._files.read(path, bytes_max=SEGMENT_BYTES_MAX) != segment:
            self._files.replace(path, segment)
        return name

    def get(self, name: bytes) -> bytes | None:
        """See `ports.SegmentShelf`."""
        segment = self._files.read(self._path(name), bytes_max=SEGMENT_BYTES_MAX)
        if segment is not None and segment_hash(segment) != name:
            raise Unusable(
                f"The recall segment {name.hex()} is damaged on the disk.",
                "Put it back from a backup, or import and publish the campaign again.",
            )
        return segment

    def _path(self, name: bytes) -> Path:
        return self._folder / f"{name.hex()}{_SEGMENT_SUFFIX}"


class PlanFolder:
    """`ports.PlanShelf` in one folder. A file is named by the hash of its campaign's number, which stands inside."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files

    def put(self, campaign_no: str, plan: bytes) -> None:
        """See `ports.PlanShelf`."""
        self._files.replace(self._path(campaign_no), campaign_no.encode() + _NUMBER_END + plan)

    def get(self, campaign_no: str) -> bytes | None:
        """See `ports.PlanShelf`."""
        content = self._files.read(self._path(campaign_no), bytes_max=PLAN_BYTES_MAX)
        return None if content is None else content.partition(_NUMBER_END)[2]

    def campaign_nos(self) -> list[str]:
        """See `ports.PlanShelf`."""
        numbers: list[str] = []
        for name in self._files.names(self._folder):
            if name.endswith(_PLAN_SUFFIX):
                content = self._files.read(self._folder / name, bytes_max=PLAN_BYTES_MAX) or b""
                numbers.append(content.partition(_NUMBER_END)[0].decode())
        return sorted(numbers)

    def keep(self, document: bytes) -> bytes:
        """See `ports.PlanShelf`. A file that is there already is written again only when it is damaged."""
        name = sha256(document).digest()
        path = self._document_path(name)
        if self._files.read(path, bytes_max=PLAN_BYTES_MAX) != document:
            self._files.replace(path, document)
        return name

    def kept(self, name: bytes) -> bytes | None:
        """See `ports.PlanShelf`."""
        document = self._files.read(self._document_path(name), bytes_max=PLAN_BYTES_MAX)
        if document is not None and sha256(document).digest() != name:
            raise Unusable(
                f"The document of the plan {name.hex()} is damaged on the disk.",
                "Put it back from a backup of the folder plans.",
            )
        return document

    def _document_path(self, name: bytes) -> Path:
        return self._folder / f"{name.hex()}{_DOCUMENT_SUFFIX}"

    def _path(self, campaign_no: str) -> Path:
        return self._folder / f"{sha256(campaign_no.encode()).hexdigest()}{_PLAN_SUFFIX}"
