"""Reports made, read again and made once more: the one way from a question to a signed folder, and back.

Decides the order: the snapshot stays open until the last row is written, and only a finished folder is kept in mind.
What a report says is decided by `core.profile_report`. A folder that was signed here can be counted again from the log
(`recount`), by its own profile, its rule and what was stated in it. The two files that hold these are kept beside the
manifest and travel with every backup, so that a folder which is lost is made again, byte for byte (`make_again`).
"""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
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
from carnet_hub.core.campaigns.profile_report import Ask, PreparedReport, Restated, prepare_report
from carnet_hub.core.campaigns.profiles import parse_profile
from carnet_hub.core.campaigns.recalls import find_campaign, members_of
from carnet_hub.core.campaigns.report import MANIFEST_NAME, FileFacts
from carnet_hub.core.campaigns.report_items import check_stated
from carnet_hub.core.campaigns.report_parts import PROFILE_NAME, REPORT_NAME, report_parts
from carnet_hub.core.count_ports import OutreachCounts
from carnet_hub.core.counting.contacts import campaign_attempts, count_outreach
from carnet_hub.core.failures import ExportDiffers, Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LAW_FILE_BYTES_MAX, MANIFEST_BYTES_MAX, REPORT_BYTES_MAX
from carnet_hub.core.log.past import reads_at
from carnet_hub.core.ports import Files, Outreach
from carnet_hub.core.shelves import SegmentShelf
from carnet_protocol.ids import RecordId

DRAWN: Final = frozenset({WORKBOOK_NAME, *(name for _, _, name in LANGUAGES)})
"""Files that show the figures of the others; another version of the program may draw them otherwise."""

_QUESTION: Final = (REPORT_NAME, PROFILE_NAME)
"""The files of a report that hold what was asked: they are enough to make it again."""

Watched = Callable[[Iterable[str], int], Iterable[str]]
"""Shows how far a list has been written."""


class KeptOutreach:
    """`ports.Outreach` from the attempts in the log."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def counts(self, campaign_no: str, position: int, /) -> OutreachCounts | None:
        """See `ports.Outreach`; a campaign about which nobody has noted an attempt has none."""
        with self._hub.store.read() as snapshot:
            reads = reads_at(self._hub, snapshot, position)
            campaign = find_campaign(self._hub, reads, campaign_no)
            if campaign is None:
                return None
            return count_outreach(campaign_attempts(self._hub, reads, RecordId(campaign.row.id)))


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


@dataclass(frozen=True, slots=True)
class MadeAgain:
    """A report that was made once more.

    Attributes:
        is_same: every byte is as it was, the manifest too, so the report has its name again.
        drawn: files that show the same figures otherwise.
    """

    ask: Ask
    is_same: bool
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
    question = [_read(desk.files, folder, name, REPORT_BYTES_MAX) for name in _QUESTION]
    return Made(report, desk.made.keep(manifest, question).hex())


def make_again(desk: ReportDesk, name: bytes, folder: Path, watched: Watched) -> MadeAgain:
    """Write a report once more whose folder was lost.

    Args:
        name: SHA-256 of its manifest.
        folder: must not exist yet; the one it stands in must.

    Raises:
        Unusable: no report of that name was made here, its question was not kept, or its moment is not in this log.
        ExportDiffers: the log does not bear it out; no folder is left.
    """
    manifest = desk.made.manifest(name)
    if manifest is None:
        raise Unusable(f"No report {name.hex()} was made here.", "Look it up with `report list`.")
    listed = parse_manifest(manifest)[1]
    hashes = {one.name: one.sha256 for one in listed}
    values, profile = (desk.made.part(hashes[one]) if one in hashes else None for one in _QUESTION)
    if values is None or profile is None:
        raise Unusable(
            f"The question behind the report {name.hex()} was not kept.",
            "Make it anew with `report make`, with the same --as-of, --position and --stated.",
        )
    ask = _ask_of(json.loads(values), profile.decode())
    again = _write(desk, ask, folder, watched)[1]
    differing = _differing(listed, parse_manifest(again)[1])
    for one in differing:
        if one not in DRAWN:
            shutil.rmtree(folder)
            raise ExportDiffers(one, "counted again from the log, it comes out otherwise")
    return MadeAgain(ask, again == manifest, differing)


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
    with TemporaryDirectory(prefix="carnet-recount-") as scratch:
        _, manifest = _write(desk, ask, Path(scratch) / "again", watched)
    differing = _differing(verified.files, parse_manifest(manifest)[1])
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
    return _ask_of(values, _read(files, folder, PROFILE_NAME, LAW_FILE_BYTES_MAX).decode())


def _ask_of(values: Mapping[str, Any], profile_text: str) -> Ask:
    """The question, from what `report.json` and the profile beside it say."""
    profile = parse_profile(profile_text)
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
        values.get("counts_superseded"),
    )


def _differing(signed: Iterable[FileFacts], found: Iterable[FileFacts]) -> tuple[str, ...]:
    """The names of files that are not the same in two manifests."""
    before, now = ({one.name: one.sha256 for one in files} for files in (signed, found))
    return tuple(sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name)))


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
