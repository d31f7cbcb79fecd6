"""A recall report as files that a stranger can verify: what stands in them and in the manifest that is signed.

Decides every byte of an export from its inputs: the same campaign, members, completions, log position and creation time
give the same files. Does not write, hash or sign them (`adapters/report_files`), nor count anything (`progress`).

    summary.csv         totals for people; UTF-8 with a mark, no cell that a spreadsheet would run
    campaign.json       texts, plan and totals for programs
    members.ndjson      one line per (VIN, campaign): its state and the op that made it so
    completions.ndjson  one line per reported completion: its fate, and the change set that says so
    README.txt          how to verify with openssl and sha256sum alone
    manifest.txt        first line `carnet-export-v1 <hub id>`; then facts; then one `file` line per file above
    manifest.sig        64 bytes, Ed25519 over manifest.txt
    export-key.pem      the public key, for convenience: compare it with the published one
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Final

import msgspec

from carnet_hub.core.counting.progress import Judged, PairState, Progress, ReportFate, Sums
from carnet_hub.core.limits import CITED_BATCH
from carnet_protocol.ids import OpId, index_of, nonce_of, record_text
from carnet_protocol.vin import normalise_vin

EXPORT_HEADING: Final = "carnet-export-v1"
MANIFEST_NAME: Final = "manifest.txt"
SIGNATURE_NAME: Final = "manifest.sig"
KEY_NAME: Final = "export-key.pem"
UNLISTED: Final = frozenset({MANIFEST_NAME, SIGNATURE_NAME, KEY_NAME})

SUMMARY_NAME: Final = "summary.csv"
CAMPAIGN_NAME: Final = "campaign.json"
MEMBERS_NAME: Final = "members.ndjson"
COMPLETIONS_NAME: Final = "completions.ndjson"
README_NAME: Final = "README.txt"
FILE_NAME: Final = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""What a file of an export may be called: a regular expression for the whole name."""

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_MARK: Final = b"\xef\xbb\xbf"
_ROWS: Final = msgspec.json.Encoder(order="sorted")
"""The bytes of `json` with sorted keys, nothing between tokens and escapes where JSON needs them, at less cost."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where an op stands in the hub's log.

    Attributes:
        set_hash: SHA-256 over the signed bytes of its change set.
        position: the hub's log entry that admitted it.
    """

    set_hash: bytes
    node_id: bytes
    position: int


@dataclass(frozen=True, slots=True)
class ReportHead:
    """What an export is about.

    Attributes:
        campaign: public fields of the campaign by name, as the hub shows them.
        position: the hub's log position the report was counted at.
        created_ms: ms since 1970 UTC.
        site_codes: site code by dealer id.
        facts: more lines of the manifest, name and value, such as the profile of a report.
    """

    hub_id: bytes
    hub_epoch: bytes
    campaign: Mapping[str, object]
    position: int
    created_ms: int
    site_codes: Mapping[bytes, str]
    facts: tuple[tuple[str, str], ...] = ()


Cite = Callable[[Sequence[OpId]], Mapping[OpId, Citation]]
"""Looks the log entries of some ops up."""


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One file before it is written.

    Attributes:
        chunks: its bytes, produced as they are asked for; read once.
        has_header: the first line is no row.
        has_rows: lines are rows; otherwise the file counts none.
    """

    name: str
    chunks: Iterable[bytes]
    has_rows: bool = True
    has_header: bool = False


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the manifest says about one file."""

    name: str
    sha256: bytes
    size_bytes: int
    rows: int


def report_files(
    head: ReportHead, progress: Progress, members: Iterable[str], citations: Mapping[OpId, Citation]
) -> list[ReportFile]:
    """The files of an export, in the order of the manifest.

    Args:
        head: campaign, position, creation time.
        progress: counted over the same members.
        members: VINs in the order of the segments; read once, while `members.ndjson` is written. Withdrawn ones follow.
        citations: log entry by op id, for every judged report.
    """
    return export_files(head, progress, members, lambda _: citations)


def export_files(head: ReportHead, progress: Progress, members: Iterable[str], cite: Cite) -> list[ReportFile]:
    """The same, with citations looked up in batches while the completions are written."""
    return [
        csv_file(SUMMARY_NAME, _summary_rows(head, progress)),
        ReportFile(CAMPAIGN_NAME, [json_text(campaign_values(head, progress.sums))], has_rows=False),
        ReportFile(MEMBERS_NAME, _member_lines(chain(members, progress.withdrawn), progress)),
        ReportFile(COMPLETIONS_NAME, _completion_lines(head, progress.judged, cite)),
        ReportFile(README_NAME, [README_TEXT.encode()], has_rows=False),
    ]


def manifest_text(head: ReportHead, files: Iterable[FileFacts], export_key_id: bytes) -> bytes:
    """The bytes that are signed.

    Args:
        files: facts about every listed file.
        export_key_id: 16 bytes, see `envelope.key_id_of`.
    """
    lines = [
        f"{EXPORT_HEADING} {record_text(head.hub_id)}",
        f"hub-epoch {head.hub_epoch.hex()}",
        f"campaign {head.campaign['campaign_no']}",
        f"plan-version {head.campaign.get('plan_version') or 0}",
        f"log-position {head.position}",
        f"created-at {instant_text(head.created_ms)}",
        f"export-key {export_key_id.hex()}",
        *(f"{name} {value}" for name, value in head.facts),
        *(f"file {one.sha256.hex()} {one.size_bytes} {one.rows} {one.name}" for one in files),
    ]
    return ("\n".join(lines) + "\n").encode()


def campaign_values(head: ReportHead, sums: Sums) -> dict[str, object]:
    """Public facts about a campaign and its progress, for programs."""
    return {
        "campaign": public_campaign(head.campaign),
        "log_position": head.position,
        "counted_at": instant_text(head.created_ms),
        "members": sums.member_count,
        "states": {state.value: sums.totals[state] for state in PairState},
        "completed": sums.completed_count,
        "removed": sums.removed_count,
        "open": sums.open_count,
        "came_back": sums.came_back,
        "completion_rate_strict_percent": percent_text(sums.strict_rate_ppm),
        "completion_rate_adjusted_percent": percent_text(sums.adjusted_rate_ppm),
        "reports": {fate.value: sums.fates.get(fate, 0) for fate in ReportFate},
    }


def public_campaign(campaign: Mapping[str, object]) -> dict[str, object]:
    """A campaign's fields as JSON values: times as text, hashes as hex, segments as a list."""
    values: dict[str, object] = {}
    for name in sorted(campaign):
        value = campaign[name]
        if name == "segment_hashes" and isinstance(value, bytes):
            values[name] = [value[at : at + 32].hex() for at in range(0, len(value), 32)]
        elif isinstance(value, bytes):
            values[name] = value.hex()
        elif name.endswith("_at") and isinstance(value, int):
            values[name] = instant_text(value)
        else:
            values[name] = value
    return values


def instant_text(instant_ms: int) -> str:
    """An instant as RFC 3339 text in UTC with milliseconds; out-of-range clocks as a plain number."""
    try:
        moment = datetime.fromtimestamp(instant_ms // 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return f"{instant_ms} ms"
    return f"{moment.isoformat()[:19]}.{instant_ms % 1000:03d}Z"


def percent_text(ppm: int) -> str:
    """Parts per million as percent with four decimals, without floating point."""
    return f"{ppm // 10_000}.{ppm % 10_000:04d}"


def short_percent_text(ppm: int) -> str:
    """The same with two decimals, for people. Cut, never rounded up: 100.00 is said of a campaign that is done."""
    return percent_text(ppm)[:-2]


def csv_file(name: str, rows: Iterable[Sequence[str]]) -> ReportFile:
    """A table for spreadsheets: UTF-8 with a mark, a header, no cell that a spreadsheet would run."""
    return ReportFile(name, chain([_MARK], map(_csv_line, rows)), has_header=True)


def json_line(values: Mapping[str, object]) -> bytes:
    """One row for programs."""
    return _ROWS.encode(values) + b"\n"


def json_text(values: Mapping[str, object]) -> bytes:
    """A document for programs that people may read too."""
    return json.dumps(values, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"


def citation_values(cited: Citation | None) -> dict[str, object]:
    """Where a row comes from, as its file says it."""
    return {
        "set_hash": None if cited is None else cited.set_hash.hex(),
        "node_id": None if cited is None else record_text(cited.node_id),
        "log_position": None if cited is None else cited.position,
    }


def formula_safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + cell if cell.startswith(_FORMULA_STARTS) else cell


def _summary_rows(head: ReportHead, progress: Progress) -> Iterator[tuple[str, str]]:
    yield ("measure", "value")
    for name in ("campaign_no", "title", "producer", "hazard_level", "plan_version"):
        yield (name, _text(head.campaign.get(name)))
    yield ("log_position", str(head.position))
    yield ("counted_at", instant_text(head.created_ms))
    yield ("members", str(progress.member_count))
    for state in PairState:
        yield (f"state: {state.value}", str(progress.totals[state]))
    yield ("completed", str(progress.completed_count))
    yield ("removed", str(progress.removed_count))
    yield ("completion rate, strict (%)", percent_text(progress.strict_rate_ppm))
    yield ("completion rate, adjusted (%)", percent_text(progress.adjusted_rate_ppm))
    for fate in ReportFate:
        yield (f"reports: {fate.value}", str(progress.fates.get(fate, 0)))
    by_site = Counter(_site(report.dealer, head) for report in progress.counted.values())
    for site in sorted(by_site):
        yield (f"completed at {site}", str(by_site[site]))


def _member_lines(vins: Iterable[str], progress: Progress) -> Iterator[bytes]:
    """One line for each member, many in one chunk.

    Most members of a large campaign rest and differ in nothing but their VIN, so their line is encoded once.
    """
    resting = {"vin": "", "state": progress.resting.value, "done_at": None, "op_id": None, "withdrawn": None}
    head, tail = json_line(resting).decode().split('"vin":""')
    head, tail = f'{head}"vin":"', f'"{tail}'
    known = progress.states.keys() | progress.counted.keys() | progress.withdrawn.keys()
    waiting = iter(vins)
    while batch := list(islice(waiting, CITED_BATCH)):
        yield "".join(
            f"{head}{vin}{tail}"
            if vin not in known and vin.isascii() and vin.isalnum()
            else json_line(_member_values(vin, progress)).decode()
            for vin in batch
        ).encode()


def _member_values(vin: str, progress: Progress) -> dict[str, object]:
    counted = progress.counted.get(vin)
    return {
        "vin": vin,
        "state": progress.state_of(vin).value,
        "done_at": None if counted is None else instant_text(counted.done_ms),
        "op_id": None if counted is None else counted.op.hex(),
        "withdrawn": progress.withdrawn.get(vin),
    }


def _completion_lines(head: ReportHead, judged: Iterable[Judged], cite: Cite) -> Iterator[bytes]:
    waiting = iter(judged)
    while batch := list(islice(waiting, CITED_BATCH)):
        citations = cite([op for one in batch for op in one.report.cited])
        yield from (json_line(_completion_values(one, head, citations)) for one in batch)


def _completion_values(judged: Judged, head: ReportHead, citations: Mapping[OpId, Citation]) -> dict[str, object]:
    report = judged.report
    values = {
        "vin": normalise_vin(report.vin),
        "fate": judged.fate.value,
        "method": report.method,
        "done_at": instant_text(report.done_ms),
        "stated_at": None if report.completed_at_ms is None else instant_text(report.completed_at_ms),
        "site": _site(report.dealer, head),
        "dealer_id": record_text(report.dealer),
        "completion_id": record_text(report.record),
        "visit_id": None if report.visit is None else record_text(report.visit),
        **_op_values(report.op, citations),
    }
    if report.taken_back is not None:
        values["retracted_by"] = _op_values(report.taken_back, citations)
    return values


def _op_values(op: OpId, citations: Mapping[OpId, Citation]) -> dict[str, object]:
    return {
        "op_id": op.hex(),
        "nonce": nonce_of(op).hex(),
        "op_index": index_of(op),
        **citation_values(citations.get(op)),
    }


def _site(dealer: bytes, head: ReportHead) -> str:
    return head.site_codes.get(dealer) or record_text(dealer)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _csv_line(cells: Sequence[str]) -> bytes:
    quoted = ('"' + formula_safe(cell).replace('"', '""').replace("\n", " ") + '"' for cell in cells)
    return (",".join(quoted) + "\r\n").encode()


README_TEXT: Final = """\
How to check this recall report without trusting whoever handed it to you. Three lines, no special software:

  openssl pkeyutl -verify -pubin -inkey export-key.pem -rawin -in manifest.txt -sigfile manifest.sig
  sed -n 's/^file \\([0-9a-f]*\\) [0-9]* [0-9]* /\\1  /p' manifest.txt | sha256sum -c -
  openssl pkey -pubin -in export-key.pem -outform DER | sha256sum

1. The first line (openssl 3.0 or newer) must print "Signature Verified Successfully".
2. The second must print "OK" for every file, and there must be no further file but the manifest, its signature and
the key.
3. The third prints the key's fingerprint: compare it with the one the hub has published. A key that came with a report
   proves nothing by itself.

Every line of completions.ndjson cites the signed change set it comes from: nonce, hash, node and position in the
hub's log.

如何独立核验本召回报告（无需信任提供者，只用上面三行命令）：
1. 第一行应显示 "Signature Verified Successfully"（需要 openssl 3.0 或更高版本）。
2. 第二行应对每个文件显示 "OK"，除清单、签名和公钥之外不应有其他文件。
3. 第三行显示公钥指纹，请与中心公布的指纹核对；随报告附带的公钥本身不能证明任何事。
completions.ndjson 的每一行都注明其来源的签名变更集：编号、哈希、节点和中心日志位置。
"""
