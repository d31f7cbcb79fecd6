"""Recall segments, the lists that nodes hold, imported plans and manifests of reports as files.

Decides names and checks what is read: a segment is named by its hash and looked at again whenever it is read, so that a
damaged disk never stops a car or frees one. Several workers may share the folder; a file is complete or absent.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import MANIFEST_BYTES_MAX, PLAN_BYTES_MAX, REPORT_BYTES_MAX
from carnet_hub.core.ports import Files
from carnet_protocol.limits import RECALL_MANIFEST_BYTES_MAX, SEGMENT_BYTES_MAX
from carnet_storage.adapters.file_locks import locked

_SEGMENT_SUFFIX: Final = ".seg"
_PLAN_SUFFIX: Final = ".plan"
_DOCUMENT_SUFFIX: Final = ".json"
_MANIFEST_SUFFIX: Final = ".manifest"
_PART_SUFFIX: Final = ".part"
_LIST_SUFFIX: Final = ".list"
_MANIFEST_NAME: Final = "present.lists"
_LATE_NAME: Final = "late.lists"
_LOCK_NAME: Final = "making.lock"
_NUMBER_END: Final = b"\n"
_REMEDY: Final = "Remove the file; the report itself is not affected."


class _FilesByHash:
    """Files in one folder, each named by the hash of its content and looked at again whenever it is read."""

    def __init__(self, folder: Path, files: Files, suffix: str, bytes_max: int) -> None:
        self._folder = folder
        self._files = files
        self._suffix = suffix
        self._bytes_max = bytes_max

    def put(self, content: bytes) -> bytes:
        """Keep a content; a file that is there already is written again only when it is damaged."""
        name = sha256(content).digest()
        path = self._path(name)
        if self._files.read(path, bytes_max=self._bytes_max) != content:
            self._files.replace(path, content)
        return name

    def get(self, name: bytes, *, called: str, remedy: str) -> bytes | None:
        """The content with a hash; None when it is not here.

        Args:
            called, remedy: what it is and how to get it back, for the refusal.

        Raises:
            Unusable: what lies under the name has another hash.
        """
        content = self._files.read(self._path(name), bytes_max=self._bytes_max)
        if content is not None and sha256(content).digest() != name:
            raise Unusable(f"The {called} {name.hex()} is damaged on the disk.", remedy)
        return content

    def hashes(self) -> list[bytes]:
        """The hashes that files here are named by; a file of any other name is nobody's and left alone."""
        pattern = re.compile(f"([0-9a-f]{{64}}){re.escape(self._suffix)}")
        found = (pattern.fullmatch(name) for name in self._files.names(self._folder))
        return [bytes.fromhex(one[1]) for one in found if one is not None]

    def _path(self, name: bytes) -> Path:
        return self._folder / f"{name.hex()}{self._suffix}"


class SegmentFolder:
    """`ports.SegmentShelf` in one folder."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._segments = _FilesByHash(folder, files, _SEGMENT_SUFFIX, SEGMENT_BYTES_MAX)

    def put(self, segment: bytes) -> bytes:
        """See `ports.SegmentShelf`."""
        return self._segments.put(segment)

    def get(self, name: bytes) -> bytes | None:
        """See `ports.SegmentShelf`."""
        remedy = "Put it back from a backup, or import the same list again."
        return self._segments.get(name, called="recall segment", remedy=remedy)


class ListFolder:
    """`ports.ListShelf` in one folder."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files
        self._contents = _FilesByHash(folder, files, _LIST_SUFFIX, SEGMENT_BYTES_MAX)

    def put(self, content: bytes) -> bytes:
        """See `ports.ListShelf`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._contents.put(content)

    def get(self, name: bytes) -> bytes | None:
        """See `ports.ListShelf`."""
        try:
            return self._contents.get(name, called="recall list", remedy="Run `recalls lists`.")
        except Unusable:
            return None

    def keep_only(self, names: Set[bytes]) -> None:
        """See `ports.ListShelf`; another worker may have removed them before."""
        for name in self._contents.hashes():
            if name not in names:
                (self._folder / f"{name.hex()}{_LIST_SUFFIX}").unlink(missing_ok=True)

    def manifest(self) -> bytes | None:
        """See `ports.ListShelf`."""
        return self._files.read(self._folder / _MANIFEST_NAME, bytes_max=RECALL_MANIFEST_BYTES_MAX)

    def put_manifest(self, frame: bytes) -> None:
        """See `ports.ListShelf`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files.replace(self._folder / _MANIFEST_NAME, frame)

    def late(self) -> dict[bytes, int]:
        """See `ports.ListShelf`; a note that cannot be read is none."""
        content = self._files.read(self._folder / _LATE_NAME, bytes_max=RECALL_MANIFEST_BYTES_MAX)
        try:
            return {} if content is None else msgspec.msgpack.decode(content, type=dict[bytes, int])
        except msgspec.DecodeError:
            return {}

    def put_late(self, late: Mapping[bytes, int]) -> None:
        """See `ports.ListShelf`."""
        if late != self.late():
            self._files.replace(self._folder / _LATE_NAME, msgspec.msgpack.encode(late))

    @contextmanager
    def making(self, wait_s: float) -> Iterator[bool]:
        """See `ports.ListShelf`; a lock of the system, gone with the process."""
        with locked(self._folder / _LOCK_NAME, wait_s=wait_s) as is_ours:
            yield is_ours


class PlanFolder:
    """`ports.PlanShelf` in one folder. A file is named by the hash of its campaign's number, which stands inside."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files
        self._documents = _FilesByHash(folder, files, _DOCUMENT_SUFFIX, PLAN_BYTES_MAX)

    def put(self, campaign_no: str, plan: bytes) -> None:
        """See `ports.PlanShelf`."""
        self._files.replace(self._path(campaign_no), campaign_no.encode() + _NUMBER_END + plan)

    def get(self, campaign_no: str) -> bytes | None:
        """See `ports.PlanShelf`."""
        content = self._files.read(self._path(campaign_no), bytes_max=PLAN_BYTES_MAX)
        return None if content is None else content.partition(_NUMBER_END)[2]

    def drop(self, campaign_no: str) -> None:
        """See `ports.PlanShelf`."""
        self._path(campaign_no).unlink(missing_ok=True)

    def campaign_nos(self) -> list[str]:
        """See `ports.PlanShelf`."""
        numbers: list[str] = []
        for name in self._files.names(self._folder):
            if name.endswith(_PLAN_SUFFIX):
                content = self._files.read(self._folder / name, bytes_max=PLAN_BYTES_MAX) or b""
                numbers.append(content.partition(_NUMBER_END)[0].decode())
        return sorted(numbers)

    def keep(self, document: bytes) -> bytes:
        """See `ports.PlanShelf`."""
        return self._documents.put(document)

    def kept(self, name: bytes) -> bytes | None:
        """See `ports.PlanShelf`."""
        remedy = "Put it back from a backup of the folder plans."
        return self._documents.get(name, called="document of the plan", remedy=remedy)

    def _path(self, campaign_no: str) -> Path:
        return self._folder / f"{sha256(campaign_no.encode()).hexdigest()}{_PLAN_SUFFIX}"


class ReportFolder:
    """Manifests of the reports that were made here, and the files that each can be made again from, named by hash."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files
        self._manifests = _FilesByHash(folder, files, _MANIFEST_SUFFIX, MANIFEST_BYTES_MAX)
        self._parts = _FilesByHash(folder, files, _PART_SUFFIX, REPORT_BYTES_MAX)

    def keep(self, manifest: bytes, parts: Iterable[bytes]) -> bytes:
        """Keep a manifest behind those of its files that hold the question; returns its SHA-256."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for content in parts:
            self._parts.put(content)
        return self._manifests.put(manifest)

    def manifest(self, name: bytes) -> bytes | None:
        """A manifest by its SHA-256; None for a report that was not made here.

        Raises:
            Unusable: it is damaged.
        """
        return self._manifests.get(name, called="manifest", remedy=_REMEDY)

    def part(self, name: bytes) -> bytes | None:
        """A file of a report by its SHA-256; None where it was not kept.

        Raises:
            Unusable: it is damaged.
        """
        return self._parts.get(name, called="part of a report", remedy=_REMEDY)

    def manifests(self) -> dict[str, bytes]:
        """Every manifest by its hash, hexadecimal."""
        if not self._folder.is_dir():
            return {}
        held = {one: self.manifest(one) for one in self._manifests.hashes()}
        return {one.hex(): manifest for one, manifest in held.items() if manifest is not None}
