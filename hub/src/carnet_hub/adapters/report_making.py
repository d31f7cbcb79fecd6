"""Reports made, read again and made once more: the one way from a question to a signed folder, and back.

Decides the order: the snapshot stays open until the last row is written, and only a finished folder is kept in mind.
What a report says is decided by `core.profile_report`. A folder that was signed here can be counted again from the log
(`recount`): its own profile and what was stated in it are used, so that neither has to be kept anywhere else.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from carnet_hub.adapters.keyring import Ed25519Signer
from carnet_hub.adapters.profile_files import province_names
from carnet_hub.adapters.recall_files import ReportFolder
from carnet_hub.adapters.report_books import WORKBOOK_NAME, report_workbook
from carnet_hub.adapters.report_files import parse_manifest, verify_export, write_export
from carnet_hub.adapters.report_pages import LANGUAGES, report_pages
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LAW_FILE_BYTES_MAX, MANIFEST_BYTES_MAX, REPORT_BYTES_MAX
from carnet_hub.core.ports import Files, Outreach
from carnet_hub.core.profile_report import Ask, PreparedReport, Restated, prepare_report
from carnet_hub.core.profiles import parse_profile
from carnet_hub.core.recalls import members_of
from carnet_hub.core.report import MANIFEST_NAME
from carnet_hub.core.report_items import check_stated
from carnet_hub.core.report_parts import PROFILE_NAME, REPORT_NAME, report_parts
from carnet_hub.core.report_record import OutreachCounts
from carnet_hub.core.shelves import SegmentShelf

DRAWN: Final = frozenset({WORKBOOK_NAME, *(name for _, _, name in LANGUAGES)})
"""Files that show the figures of the others; another version of the program may draw them otherwise."""

Watched = Callable[[Iterable[str], int], Iterable[str]]
"""Shows how far a list has been written."""


class NoOutreach:
    """`ports.Outreach` of a hub that keeps nothing about telling owners."""

    def counts(self, _campaign_no: str, _position: int, /) -> OutreachCounts | None:
        """See `ports.Outreach`."""
        return None


@dataclass(frozen=True, slots=True)
class ReportDesk:
    """What making a report needs besides the question."""

    hub: Hub
    segments: SegmentShelf
    outreach: Outreach
    signer: Ed25519Signer
    made: ReportFolder
    files: Files


@dataclass(frozen=True, slots=True)
class Made:
    """A report that was written.

    Attributes:
        manifest: SHA-256 of its manifest, hexadecimal: the name of the report.
    """

    report: PreparedReport
    manifest: str


@dataclass(frozen=True, slots=True)
class Recount:
    """What counting a report again has shown.

    Attributes:
        differing: files that came out otherwise.
        drawn: those of them that only show figures.
    """

    ask: Ask
    manifest: str
    differing: tuple[str, ...]
    drawn: tuple[str, ...]


def make_report(desk: ReportDesk, ask: Ask, folder: Path, watched: Watched) -> Made:
    """Count, write and sign a report, and remember its manifest.

    Args:
        folder: must not exist yet; the one it stands in must.

    Raises:
        Unusable: see `core.profile_report`, or something of that name exists; nothing was written.
        OSError: no room or no permission; nothing is left behind.
    """
    report, manifest = _write(desk, ask, folder, watched)
    return Made(report, desk.made.keep(manifest).hex())


def recount(desk: ReportDesk, folder: Path, key_pem: bytes, watched: Watched) -> Recount:
    """Verify a report, then count it again from the log and compare every file.

    Args:
        key_pem: of this hub's export key.

    Raises:
        Unusable: the folder is no report of a profile, or its moment is not in this log.
        ExportDiffers: the folder is not what was signed.
    """
    verified = verify_export(folder, key_pem)
    ask = _ask_again(desk.files, folder, verified.facts)
    signed = {one.name: one.sha256 for one in verified.files}
    with TemporaryDirectory(prefix="carnet-recount-") as scratch:
        _, manifest = _write(desk, ask, Path(scratch) / "again", watched)
    found = {one.name: one.sha256 for one in parse_manifest(manifest)[1]}
    differing = sorted(name for name in signed.keys() | found.keys() if signed.get(name) != found.get(name))
    drawn = tuple(name for name in differing if name in DRAWN)
    name = sha256(_read(desk.files, folder, MANIFEST_NAME, MANIFEST_BYTES_MAX)).hexdigest()
    return Recount(ask, name, tuple(name for name in differing if name not in DRAWN), drawn)


def restated_by(files: Files, folder: Path, key_pem: bytes) -> Restated:
    """The report in a folder, for another one that takes its place.

    Raises:
        Unusable: the folder is no report of a profile.
        ExportDiffers: it is not what was signed.
    """
    verified = verify_export(folder, key_pem)
    values = _values(files, folder, verified.facts)
    manifest = _read(files, folder, MANIFEST_NAME, MANIFEST_BYTES_MAX)
    items = {one["id"]: one["value"] for one in values["items"]}
    return Restated(
        sha256(manifest).hexdigest(),
        values["profile"],
        values["campaign_no"],
        values["log_position"],
        values["as_of"],
        items,
    )


def _write(desk: ReportDesk, ask: Ask, folder: Path, watched: Watched) -> tuple[PreparedReport, bytes]:
    hub = desk.hub
    with hub.store.read() as snapshot:
        report = prepare_report(hub, desk.segments, snapshot, ask, outreach=desk.outreach, names=province_names())
        members = watched(members_of(desk.segments, report.campaign), report.progress.member_count)
        parts = report_parts(hub, desk.segments, snapshot, report, members)
        files = [*parts, report_workbook(report), *report_pages(report)]
        return report, write_export(folder, report.head, files, desk.signer)


def _ask_again(files: Files, folder: Path, facts: dict[str, str]) -> Ask:
    """The question behind a report, from the report alone."""
    values = _values(files, folder, facts)
    profile = parse_profile(_read(files, folder, PROFILE_NAME, LAW_FILE_BYTES_MAX).decode())
    held = values["restates"]
    restated = None
    if held is not None:
        told = (held["manifest"], profile.name, values["campaign_no"], held["log_position"], held["as_of"])
        restated = Restated(*told, held["items"])
    return Ask(
        profile,
        values["campaign_no"],
        date.fromisoformat(values["as_of"]),
        values["log_position"],
        check_stated(values["stated"], profile),
        restated,
    )


def _values(files: Files, folder: Path, facts: dict[str, str]) -> dict[str, Any]:
    """What `report.json` of a verified folder says."""
    if "profile" not in facts:
        raise Unusable(f"{folder} holds no report of a profile.", "Name a folder that `report make` has written.")
    held = json.loads(_read(files, folder, REPORT_NAME, REPORT_BYTES_MAX))
    return dict(held)


def _read(files: Files, folder: Path, name: str, bytes_max: int) -> bytes:
    content = files.read(folder / name, bytes_max=bytes_max)
    if content is None:
        raise Unusable(f"{folder} has no {name}.", "Name a folder that `report make` has written.")
    return content
