"""Exports on the disk: written so that a folder is complete or absent, and verified without any database.

Decides nothing about the content (`core/report`). A folder is written beside its final name, flushed and renamed.
Verifying reads every byte once, in chunks, and stops at the first difference.
"""

import hashlib
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from carnet_hub.adapters.keyring import Ed25519Signer, fingerprint_of
from carnet_hub.adapters.system import PUBLIC_MODE
from carnet_hub.core.campaigns.report import (
    CAMPAIGN_NAME,
    COMPLETIONS_NAME,
    EXPORT_HEADING,
    FILE_NAME,
    KEY_NAME,
    MANIFEST_NAME,
    MEMBERS_NAME,
    SIGNATURE_NAME,
    UNLISTED,
    FileFacts,
    ReportFile,
    ReportHead,
    manifest_text,
)
from carnet_hub.core.campaigns.report_parts import REPORT_NAME
from carnet_hub.core.campaigns.report_record import check_sum
from carnet_hub.core.counting.progress import PairState, ReportFate
from carnet_hub.core.failures import ExportDiffers, Unusable
from carnet_hub.core.limits import EXPORT_CHUNK_BYTES, MANIFEST_BYTES_MAX
from carnet_protocol.envelope import key_id_of
from carnet_storage.adapters.system import sync_folder

_FILE_LINE: Final = re.compile(rf"file ([0-9a-f]{{64}}) (\d{{1,15}}) (\d{{1,12}}) ({FILE_NAME})")
_FOLDER_MODE: Final = 0o755


@dataclass(frozen=True, slots=True)
class VerifiedExport:
    """What a verified folder says.

    Attributes:
        facts: the manifest's lines above the files, by name.
        files: every listed file.
        key_id: 16 bytes, of the key the signature was checked with.
        fingerprint: of that key, see `keyring.fingerprint_of`.
        is_key_pinned: the key was given by the caller and not taken from the folder.
    """

    facts: dict[str, str]
    files: tuple[FileFacts, ...]
    key_id: bytes
    fingerprint: str
    is_key_pinned: bool


def write_export(folder: Path, head: ReportHead, files: list[ReportFile], signer: Ed25519Signer) -> bytes:
    """Write a complete, signed export folder.

    Args:
        folder: must not exist yet; the one it stands in must.
        head: what the export is about.
        files: from `core.report.report_files`.
        signer: the export key.

    Raises:
        Unusable: something of that name exists; it is untouched.
        OSError: no room or no permission; nothing is left behind.

    Returns: the manifest's bytes.
    """
    if folder.exists():
        raise Unusable(f"{folder} exists already.", "Name a folder that does not exist yet.")
    fresh = folder.parent / f".{folder.name}.{os.getpid()}.tmp"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=_FOLDER_MODE)
    try:
        manifest = manifest_text(head, [_write_file(fresh, one) for one in files], signer.key_id)
        _write_bytes(fresh / MANIFEST_NAME, [manifest])
        _write_bytes(fresh / SIGNATURE_NAME, [signer.sign(manifest)])
        _write_bytes(fresh / KEY_NAME, [signer.public_pem()])
        sync_folder(fresh)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    sync_folder(folder.parent)
    return manifest


def verify_export(folder: Path, key_pem: bytes | None = None) -> VerifiedExport:
    """Check a folder against its signature, byte for byte.

    Args:
        folder: as exported.
        key_pem: the published export key; without it the one in the folder is used, which proves less.

    Raises:
        Unusable: no such folder, or `key_pem` is no Ed25519 key.
        ExportDiffers: names the first file that is missing, altered, longer, shorter, not listed, or at odds with
        another.
    """
    if not folder.is_dir():
        raise Unusable(f"There is no folder {folder}.", "Name the folder of an export.")
    key = _load_key(key_pem if key_pem is not None else _read(folder, KEY_NAME))
    manifest = _read(folder, MANIFEST_NAME)
    try:
        key.verify(_read(folder, SIGNATURE_NAME), manifest)
    except InvalidSignature as error:
        raise ExportDiffers(MANIFEST_NAME, "the signature does not match: altered, or signed by another key") from error
    facts, files = parse_manifest(manifest)
    for one in files:
        _check_file(folder, one)
    listed = {one.name for one in files} | UNLISTED
    for path in sorted(folder.iterdir()):
        if path.name not in listed:
            raise ExportDiffers(path.name, "it is not part of what was signed")
    _check_counts(folder, facts)
    if "profile" in facts:
        _check_report(folder, facts)
    key_id = key_id_of(key.public_bytes_raw())
    return VerifiedExport(facts, files, key_id, fingerprint_of(key), key_pem is not None)


def _write_file(folder: Path, file: ReportFile) -> FileFacts:
    digest = hashlib.sha256()
    size = lines = 0

    def counted() -> Iterator[bytes]:
        """The chunks as they pass by, measured."""
        nonlocal size, lines
        for chunk in file.chunks:
            digest.update(chunk)
            size += len(chunk)
            lines += chunk.count(b"\n")
            yield chunk

    _write_bytes(folder / file.name, counted())
    rows = lines - file.has_header if file.has_rows else 0
    return FileFacts(file.name, digest.digest(), size, rows)


def _write_bytes(path: Path, chunks: Iterator[bytes] | list[bytes]) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PUBLIC_MODE), "wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _read(folder: Path, name: str) -> bytes:
    try:
        with (folder / name).open("rb") as file:
            content = file.read(MANIFEST_BYTES_MAX + 1)
    except OSError as error:
        raise ExportDiffers(name, "it is missing or cannot be read") from error
    if len(content) > MANIFEST_BYTES_MAX:
        raise ExportDiffers(name, "it is longer than any of its kind")
    return content


def _load_key(pem: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise Unusable("The key is no public key in PEM form.", "Use the export key that the hub published.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise Unusable("The key is no Ed25519 key.", "Use the export key that the hub published.")
    return key


def parse_manifest(manifest: bytes) -> tuple[dict[str, str], tuple[FileFacts, ...]]:
    """The facts and files of a manifest whose signature held.

    Raises:
        ExportDiffers: it does not begin as one does.
    """
    facts: dict[str, str] = {}
    files: list[FileFacts] = []
    for line in manifest.decode("utf-8", "replace").splitlines():
        match = _FILE_LINE.fullmatch(line)
        if match:
            sha256, size, rows, name = match.groups()
            files.append(FileFacts(name, bytes.fromhex(sha256), int(size), int(rows)))
        else:
            name, _, value = line.partition(" ")
            facts[name] = value
    if next(iter(facts), "") != EXPORT_HEADING:
        raise ExportDiffers(MANIFEST_NAME, f"it does not begin with {EXPORT_HEADING}")
    return facts, tuple(files)


def _check_file(folder: Path, expected: FileFacts) -> None:
    digest = hashlib.sha256()
    size = 0
    try:
        with (folder / expected.name).open("rb") as file:
            while chunk := file.read(EXPORT_CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise ExportDiffers(expected.name, "it is missing or cannot be read") from error
    if size != expected.size_bytes:
        raise ExportDiffers(expected.name, f"it has {size} bytes; {expected.size_bytes} were signed")
    if digest.digest() != expected.sha256:
        raise ExportDiffers(expected.name, "its content is not what was signed")


def _check_counts(folder: Path, facts: dict[str, str]) -> None:
    """The totals must follow from the rows: a signature alone does not say that they do."""
    try:
        _compare_counts(folder, facts)
    except (ValueError, KeyError, TypeError, OSError, RecursionError) as error:
        raise ExportDiffers(CAMPAIGN_NAME, "its totals and rows are not as a hub writes them") from error


def _compare_counts(folder: Path, facts: dict[str, str]) -> None:
    campaign = json.loads((folder / CAMPAIGN_NAME).read_bytes())
    for name, part, keys in (
        (MEMBERS_NAME, "states", [state.value for state in PairState]),
        (COMPLETIONS_NAME, "reports", [fate.value for fate in ReportFate]),
    ):
        found = _count_column(folder / name, "state" if part == "states" else "fate")
        if {key: found.get(key, 0) for key in keys} != campaign[part] or found.keys() - set(keys):
            raise ExportDiffers(CAMPAIGN_NAME, f"its totals do not follow from {name}")
    if str(campaign["log_position"]) != facts.get("log-position"):
        raise ExportDiffers(CAMPAIGN_NAME, "it was counted at another log position than the manifest says")


def _check_report(folder: Path, facts: dict[str, str]) -> None:
    """The record of a report must add up, and be that of its rows, its position and its day."""
    try:
        values = json.loads((folder / REPORT_NAME).read_bytes())
        campaign = json.loads((folder / CAMPAIGN_NAME).read_bytes())
        record, restated = values["record"], values["restates"]
        check_sum(record)
        pairs = (
            (record["involved"], campaign["members"]),
            (record["remedied"], campaign["completed"]),
            (record["removed"], campaign["removed"]),
            (str(values["log_position"]), facts.get("log-position")),
            (values["as_of"], facts.get("as-of")),
            (f"{values['profile']} {values['profile_version']}", facts.get("profile")),
            (None if restated is None else restated["manifest"], facts.get("restates")),
        )
    except (Unusable, ValueError, KeyError, TypeError, OSError, RecursionError) as error:
        raise ExportDiffers(REPORT_NAME, "its record is not as a hub writes one, or does not add up") from error
    if any(said != found for said, found in pairs):
        raise ExportDiffers(REPORT_NAME, "it says otherwise than the rows and the manifest beside it")


def _count_column(path: Path, column: str) -> Counter[str]:
    with path.open("rb") as file:
        return Counter(json.loads(line)[column] for line in file)
