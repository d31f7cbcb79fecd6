"""Reports that lie ready for regulators: copies of signed folders, each under the SHA-256 of its manifest.

Decides that only a folder which this hub has signed and which is whole is handed out, and that a copy is complete or
absent. Beside the files lies one archive of all of them, named by its own hash. Nothing here is the only copy of
anything: a folder can be published again, or made again from the log.
"""

import os
import re
import shutil
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from carnet_hub.adapters.report_files import parse_manifest, verify_export
from carnet_hub.core.campaigns.report import KEY_NAME, MANIFEST_NAME, SIGNATURE_NAME, FileFacts
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import EXPORT_CHUNK_BYTES, MANIFEST_BYTES_MAX
from carnet_hub.core.ports import Files
from carnet_hub.core.regulator_limits import PUBLISHED_MAX
from carnet_storage.adapters.system import sync_folder

_FILES: Final = "files"
_NAME: Final = re.compile("[0-9a-f]{64}")
_ARCHIVE: Final = re.compile(r"([0-9a-f]{64})\.zip")
_ENTRY_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""Of every file in an archive: the same report gives the same archive."""


@dataclass(frozen=True, slots=True)
class PublishedReport:
    """A report that can be downloaded.

    Attributes:
        name: SHA-256 of its manifest, hexadecimal.
        facts: the manifest's lines above the files, by name.
        files: every file that is handed out, the archive last; those that the manifest does not list have no rows.
    """

    name: str
    facts: dict[str, str]
    files: tuple[FileFacts, ...]

    @property
    def campaign_no(self) -> str:
        """The campaign that it is about."""
        return self.facts.get("campaign", "")

    @property
    def profile_name(self) -> str:
        """The profile by which it was made, without its version."""
        return self.facts.get("profile", "").partition(" ")[0]

    @property
    def archive_name(self) -> str:
        """What the archive of all files is called for whoever downloads it."""
        return f"report-{self.name[:16]}.zip"


class PublishedReports:
    """The folder of published reports; several workers may share it."""

    def __init__(self, folder: Path, files: Files, key_pem: bytes) -> None:
        self._folder = folder
        self._files = files
        self._key_pem = key_pem

    def publish(self, source: Path) -> PublishedReport:
        """Copy a report; one that lies here already is left as it is.

        Raises:
            Unusable: no such folder, or too many reports; nothing was published.
            ExportDiffers: it is not what this hub signed; nothing was published.
            OSError: no room or no permission; nothing is left behind.
        """
        verify_export(source, self._key_pem)
        name = _hash_of(source / MANIFEST_NAME)
        if not (self._folder / name).is_dir():
            if len(self.reports()) >= PUBLISHED_MAX:
                raise Unusable(f"{PUBLISHED_MAX} reports are published already.", "Take some of them back first.")
            self._copy(source, name)
        return self._read(name)

    def take_back(self, name: str) -> None:
        """Let a report be downloaded no more; the folder that it was published from stays.

        Raises:
            Unusable: there is none of that name.
        """
        if self.find(name) is None:
            raise Unusable(f"No report {name[:64]} is published.", "Look it up with `regulator published`.")
        gone = self._folder / f".{name}.{os.getpid()}.gone"
        (self._folder / name).rename(gone)
        shutil.rmtree(gone)

    def reports(self) -> list[PublishedReport]:
        """Every published report, by campaign and position in the log."""
        if not self._folder.is_dir():
            return []
        names = [path.name for path in self._folder.iterdir() if _NAME.fullmatch(path.name)]
        found = [self._read(name) for name in names]
        return sorted(found, key=lambda one: (one.campaign_no, int(one.facts.get("log-position", "0")), one.name))

    def find(self, name: str) -> PublishedReport | None:
        """One report; None when it is not published."""
        is_here = _NAME.fullmatch(name) is not None and (self._folder / name).is_dir()
        return self._read(name) if is_here else None

    def path_of(self, report: PublishedReport, file: FileFacts) -> Path:
        """Where a file of a report lies."""
        place = self._folder / report.name
        is_archive = file.name == report.archive_name
        return place / f"{file.sha256.hex()}.zip" if is_archive else place / _FILES / file.name

    def _copy(self, source: Path, name: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f".{name}.{os.getpid()}.tmp"
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            shutil.copytree(source, fresh / _FILES)
            verify_export(fresh / _FILES, self._key_pem)
            archive = fresh / "report.zip"
            _pack(fresh / _FILES, archive, f"report-{name[:16]}")
            archive.rename(fresh / f"{_hash_of(archive)}.zip")
            _flush(fresh)
            fresh.rename(self._folder / name)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        sync_folder(self._folder)

    def _read(self, name: str) -> PublishedReport:
        place = self._folder / name
        manifest = self._files.read(place / _FILES / MANIFEST_NAME, bytes_max=MANIFEST_BYTES_MAX) or b""
        facts, listed = parse_manifest(manifest)
        beside = [_facts_of(place / _FILES / one, one) for one in (MANIFEST_NAME, SIGNATURE_NAME, KEY_NAME)]
        archive_name = PublishedReport(name, facts, ()).archive_name
        packed = [
            FileFacts(archive_name, bytes.fromhex(found[1]), (place / one).stat().st_size, 0)
            for one in self._files.names(place)
            if (found := _ARCHIVE.fullmatch(one)) is not None
        ]
        return PublishedReport(name, facts, (*listed, *beside, *packed))


def _facts_of(path: Path, name: str) -> FileFacts:
    return FileFacts(name, bytes.fromhex(_hash_of(path)), path.stat().st_size, 0)


def _hash_of(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(EXPORT_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _flush(folder: Path) -> None:
    """Let a power cut after this find every file as it is."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    for place in (folder / _FILES, folder):
        sync_folder(place)


def _pack(folder: Path, archive: Path, inside: str) -> None:
    """One archive of all files of a folder, by name."""
    with zipfile.ZipFile(archive, "x", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(f"{inside}/{path.name}", _ENTRY_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as source, packed.open(entry, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, EXPORT_CHUNK_BYTES)
