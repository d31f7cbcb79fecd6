"""Recall exports: complete or absent, verified by openssl alone, refused after one changed byte."""

import csv
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_hub.adapters.keyring import Ed25519Signer
from carnet_hub.adapters.report_files import verify_export, write_export
from carnet_hub.core.campaigns.report import (
    COMPLETIONS_NAME,
    MEMBERS_NAME,
    README_TEXT,
    SUMMARY_NAME,
    ReportFile,
    ReportHead,
    formula_safe,
    instant_text,
    json_line,
    percent_text,
    report_files,
    short_percent_text,
)
from carnet_hub.core.counting.progress import Progress
from carnet_hub.core.counting.tallies import count_progress
from carnet_hub.core.failures import ExportDiffers, Unusable
from support.recall_reports import DEALER_B, NOW_MS, citation, completion, op, report_head
from support.vins import make_vins

SIGNER = Ed25519Signer(bytes(range(32)))
STRANGER = Ed25519Signer(bytes(32))
MEMBERS = make_vins(5)
REPORTS = [completion(MEMBERS[0], 1), completion(MEMBERS[0], 2, dealer=DEALER_B), completion(MEMBERS[3], 3)]
FILES = ("README.txt", "campaign.json", "completions.ndjson", "members.ndjson", "summary.csv")


def export(folder: Path, head: ReportHead | None = None, progress: Progress | None = None) -> Path:
    """An export of the campaign above in `folder`."""
    head = head or report_head()
    progress = progress or count_progress(MEMBERS, REPORTS, {})
    citations = {op(number): citation(number) for number in (1, 2, 3)}
    write_export(folder, head, report_files(head, progress, MEMBERS, citations), SIGNER)
    return folder


def breaking_off(vins: list[str]) -> Iterator[str]:
    """The first vehicle, and then a disk that cannot be read any more."""
    yield vins[0]
    raise OSError("disk gone")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def run_line(folder: Path, line: int) -> subprocess.CompletedProcess[str]:
    """One of the three documented commands, word for word, run in the folder."""
    command = README_TEXT.splitlines()[2 + line].strip()
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export in a fresh folder."""
    return export(tmp_path / "export")


def test_openssl_accepts_the_signature(folder: Path):
    """The first documented line verifies the manifest with openssl alone."""
    verdict = run_line(folder, 0)

    assert (verdict.returncode, verdict.stdout.strip()) == (0, "Signature Verified Successfully")


def test_sha256sum_accepts_every_file(folder: Path):
    """The second documented line checks each listed file."""
    verdict = run_line(folder, 1)

    assert verdict.returncode == 0
    assert sorted(verdict.stdout.split()[::2]) == [f"{name}:" for name in FILES]


def test_the_third_line_prints_the_fingerprint(folder: Path):
    """The third documented line prints a SHA-256 of the public key to compare."""
    verdict = run_line(folder, 2)

    assert len(verdict.stdout.split()[0]) == 64


def test_the_three_lines_stand_in_the_documentation():
    """The page for regulators gives the same three commands, word for word."""
    page = (Path(__file__).parents[2] / "docs/recalls.md").read_text(encoding="utf-8")

    assert [line.strip() in page for line in README_TEXT.splitlines()[2:5]] == [True] * 3


@pytest.mark.parametrize("byte", [0, 40, -1])
def test_openssl_refuses_a_manifest_with_one_changed_byte(folder: Path, byte: int):
    """One flipped bit at the start, in the middle or at the end of the manifest fails the first line."""
    manifest = bytearray((folder / "manifest.txt").read_bytes())
    manifest[byte] ^= 1
    (folder / "manifest.txt").write_bytes(manifest)

    assert run_line(folder, 0).returncode != 0


@pytest.mark.parametrize("name", FILES)
def test_sha256sum_refuses_a_file_with_one_changed_byte(folder: Path, name: str):
    """One flipped bit in any listed file fails the second line."""
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)

    assert run_line(folder, 1).returncode != 0


def test_the_manifest_says_what_was_signed(folder: Path):
    """The manifest begins with the heading and the hub, then states facts, then lists files with size and rows."""
    lines = (folder / "manifest.txt").read_text().splitlines()

    assert lines[:6] == [
        "carnet-export-v1 00010203-0405-0607-0809-0a0b0c0d0e0f",
        "hub-epoch 0000000000000000",
        "campaign S2026M0001",
        "plan-version 2",
        "log-position 77",
        "created-at 2026-09-21T14:13:20.000Z",
    ]
    assert lines[6] == f"export-key {SIGNER.key_id.hex()}"
    assert [line.split()[3:] for line in lines[7:]] == [
        ["42", "summary.csv"],
        ["0", "campaign.json"],
        ["5", "members.ndjson"],
        ["3", "completions.ndjson"],
        ["0", "README.txt"],
    ]


def test_the_same_inputs_give_the_same_bytes(folder: Path, tmp_path: Path):
    """An export made again for the same position and time is the same, signature included."""
    assert contents(export(tmp_path / "again")) == contents(folder)


def test_each_completion_cites_its_change_set(folder: Path):
    """A completion row names nonce, op, set hash, node and log position of what it rests on."""
    rows = [json.loads(line) for line in (folder / COMPLETIONS_NAME).read_text().splitlines()]
    row = next(one for one in rows if one["op_id"] == op(2).hex())

    assert (row["fate"], row["site"], row["vin"]) == ("duplicate", "B001", MEMBERS[0])
    assert (row["nonce"], row["op_index"]) == (op(2).hex()[:28], 0)
    assert (row["set_hash"], row["log_position"]) == (citation(2).set_hash.hex(), 2)


def test_each_member_has_one_row_with_its_state(folder: Path):
    """The member file has one line per vehicle, open ones included."""
    rows = [json.loads(line) for line in (folder / MEMBERS_NAME).read_text().splitlines()]

    assert [(row["vin"], row["state"]) for row in rows] == [
        (vin, "repaired" if vin in (MEMBERS[0], MEMBERS[3]) else "open") for vin in MEMBERS
    ]


def test_a_frame_number_with_marks_is_written_as_json(tmp_path: Path):
    """Identifiers that no VIN looks like are rows like all others, in the order of the list."""
    odd = ['A"1\\', "车架一", "X-1", MEMBERS[1]]
    head, progress = report_head(), count_progress(odd, [], {})

    write_export(tmp_path / "export", head, report_files(head, progress, odd, {}), SIGNER)

    lines = (tmp_path / "export" / "members.ndjson").read_bytes().splitlines(keepends=True)
    assert [json.loads(line)["vin"] for line in lines] == odd
    assert [json_line(json.loads(line)) for line in lines] == lines


def test_the_summary_opens_in_a_spreadsheet(tmp_path: Path):
    """The summary starts with a byte order mark and holds no cell that a spreadsheet would run."""
    head = report_head(campaign={**report_head().campaign, "title": '=HYPERLINK("x")', "producer": "甲"})
    raw = (export(tmp_path / "export", head) / SUMMARY_NAME).read_bytes()
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))

    assert raw.startswith(b"\xef\xbb\xbf")
    assert ["title", '\'=HYPERLINK("x")'] in rows
    assert ["producer", "甲"] in rows
    assert ["completed", "2"] in rows


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_formula_is_defused(cell: str):
    """A cell that begins like a formula gets an apostrophe in front."""
    assert formula_safe(cell) == "'" + cell


def test_an_export_verifies(folder: Path):
    """An untouched folder passes, and the verdict says whose key was used."""
    verified = verify_export(folder, SIGNER.public_pem())

    assert (verified.key_id, verified.is_key_pinned) == (SIGNER.key_id, True)
    assert verified.facts["log-position"] == "77"
    assert sorted(one.name for one in verified.files) == list(FILES)


def test_the_fingerprint_is_what_the_third_line_prints(folder: Path):
    """The digits of `openssl pkey ... | sha256sum` are those the hub publishes and `verify` names."""
    command = "openssl pkey -pubin -in export-key.pem -outform DER | sha256sum"

    printed = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True).stdout

    assert printed.split()[0] == SIGNER.fingerprint == verify_export(folder).fingerprint


def test_without_a_key_the_verdict_says_so(folder: Path):
    """A folder checked with the key it brought along is not reported as pinned."""
    assert verify_export(folder).is_key_pinned is False


def test_another_hubs_key_is_not_accepted(folder: Path):
    """A folder signed by one key does not verify with another."""
    with pytest.raises(ExportDiffers) as refusal:
        verify_export(folder, STRANGER.public_pem())

    assert refusal.value.file_name == "manifest.txt"


@pytest.mark.parametrize("name", [*FILES, "manifest.txt", "manifest.sig"])
def test_one_changed_byte_names_the_file(folder: Path, name: str):
    """One flipped bit in any file is found and its file named; a broken signature names the manifest."""
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)

    with pytest.raises(ExportDiffers) as refusal:
        verify_export(folder)

    assert refusal.value.file_name == ("manifest.txt" if name.startswith("manifest") else name)


@pytest.mark.parametrize("name", [*FILES, "manifest.txt", "manifest.sig", "export-key.pem"])
def test_a_missing_file_is_named(folder: Path, name: str):
    """A file that was taken away is named."""
    (folder / name).unlink()

    with pytest.raises(ExportDiffers) as refusal:
        verify_export(folder)

    assert refusal.value.file_name == name


def test_a_file_that_was_put_in_is_named(folder: Path):
    """A file that the manifest does not list makes the folder differ."""
    (folder / "addendum.txt").write_text("x")

    with pytest.raises(ExportDiffers) as refusal:
        verify_export(folder)

    assert refusal.value.file_name == "addendum.txt"


def test_a_shortened_file_is_named_with_its_size(folder: Path):
    """A list that lost its last line is refused, so that a truncated file never closes a recall."""
    lines = (folder / MEMBERS_NAME).read_bytes().splitlines(keepends=True)
    (folder / MEMBERS_NAME).write_bytes(b"".join(lines[:-1]))

    with pytest.raises(ExportDiffers, match="were signed"):
        verify_export(folder)


def test_totals_that_do_not_follow_from_the_rows_are_refused(tmp_path: Path):
    """A folder whose signed totals are not those of its signed rows is refused, signature or not."""
    folder = tmp_path / "export"
    head, progress = report_head(), count_progress(MEMBERS, REPORTS, {})
    write_export(folder, head, report_files(head, progress, MEMBERS[:-1], {}), SIGNER)

    with pytest.raises(ExportDiffers) as refusal:
        verify_export(folder)

    assert refusal.value.file_name == "campaign.json"


@pytest.mark.parametrize(
    "files",
    [
        pytest.param([], id="no file"),
        pytest.param([("campaign.json", b"not JSON")], id="no JSON"),
        pytest.param([("campaign.json", b"[]")], id="a list"),
        pytest.param([("campaign.json", b"{}")], id="no totals"),
        pytest.param([("campaign.json", b'{"states": {}}'), ("members.ndjson", b'{"vin": 1}\n')], id="no state"),
        pytest.param([("campaign.json", b"[" * 100_000)], id="too deep"),
    ],
)
def test_a_folder_that_no_hub_wrote_is_refused_in_words(tmp_path: Path, files: list[tuple[str, bytes]]):
    """Whatever somebody signed with a key of their own is refused by name of the file, never with a traceback."""
    made = [ReportFile(name, [content]) for name, content in files]
    write_export(tmp_path / "made up", report_head(), made, STRANGER)

    with pytest.raises(ExportDiffers) as refusal:
        verify_export(tmp_path / "made up")

    assert refusal.value.file_name == "campaign.json"


def test_an_existing_folder_is_never_overwritten(folder: Path):
    """An export into a folder that exists is refused and leaves it as it was."""
    before = contents(folder)

    with pytest.raises(Unusable):
        export(folder)

    assert contents(folder) == before


def test_a_failed_export_leaves_nothing(tmp_path: Path):
    """When a row cannot be produced, neither the folder nor a part of it stays behind."""
    head, progress = report_head(), count_progress(MEMBERS, REPORTS, {})
    files = report_files(head, progress, breaking_off(MEMBERS), {})

    with pytest.raises(OSError, match="disk gone"):
        write_export(tmp_path / "export", head, files, SIGNER)

    assert list(tmp_path.iterdir()) == []


def test_no_folder_is_no_export(tmp_path: Path):
    """A folder that does not exist is an operator's mistake and not a failed check."""
    with pytest.raises(Unusable):
        verify_export(tmp_path / "nowhere")


def test_a_copy_verifies_like_the_original(folder: Path, tmp_path: Path):
    """Nothing in an export depends on where it lies."""
    shutil.copytree(folder, tmp_path / "copy")

    assert verify_export(tmp_path / "copy").facts == verify_export(folder).facts


@pytest.mark.parametrize(
    ("instant_ms", "text"),
    [(0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (2**60, f"{2**60} ms")],
)
def test_instants_are_utc_text(instant_ms: int, text: str):
    """An instant is written in UTC to the millisecond, and a clock beyond the calendar as a number."""
    assert instant_text(instant_ms) == text


def test_percent_has_four_decimals():
    """A rate is written without rounding up."""
    assert (percent_text(0), percent_text(166_666), percent_text(1_000_000)) == ("0.0000", "16.6666", "100.0000")


def test_a_short_percentage_is_cut_and_not_rounded():
    """One vehicle in a million that is not done keeps a campaign from reading as done."""
    shown = [short_percent_text(ppm) for ppm in (0, 166_666, 999_999, 1_000_000)]

    assert shown == ["0.00", "16.66", "99.99", "100.00"]


def test_a_report_is_dated_by_its_head(tmp_path: Path):
    """The creation time in the manifest is the one that was given."""
    folder = export(tmp_path / "export", report_head(created_ms=NOW_MS + 1))

    assert verify_export(folder).facts["created-at"] == instant_text(NOW_MS + 1)


_CELLS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
"""What stands in a row: plain values, and lists and tables of them."""


@given(st.dictionaries(st.text(max_size=8), _CELLS, max_size=8))
def test_a_row_has_the_bytes_that_the_standard_library_writes(values: dict[str, object]):
    """Whoever reads rows with other programs, or compares them with older reports, meets the same bytes."""
    plain = json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    assert json_line(values) == plain.encode() + b"\n"
