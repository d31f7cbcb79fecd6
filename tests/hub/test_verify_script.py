"""docs/examples/verify_report.py: a stranger with Python 3 and openssl finds one changed byte and one missing row."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from carnet_hub.adapters.keyring import Ed25519Signer
from carnet_hub.adapters.report_files import write_export
from carnet_hub.adapters.report_making import make_report
from carnet_hub.core.campaigns.profile_report import Ask
from carnet_hub.core.campaigns.recalls import import_plan, publish_campaign
from carnet_hub.core.campaigns.report import README_TEXT, report_files
from carnet_hub.core.counting.tallies import count_progress
from support.recall_hub import PLAIN, VINS, begin_recall
from support.recall_plans import plan
from support.recall_reports import completion, report_head
from support.vins import make_vins

SCRIPT = Path(__file__).parents[2] / "docs/examples/verify_report.py"
LINES_MAX = 50


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stage report of a hub, and beside it the key that the hub published."""
    base = tmp_path_factory.mktemp("made")
    recall = begin_recall(base / "hub")
    recall.days_pass(3)
    recall.complete("A001", VINS[0])
    recall.leave("B001", VINS[1], "exported")
    recall.make("cn-stage", base / "report")
    (base / "published.pem").write_bytes(recall.hub.app.keyring.export.public_pem())
    return base


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    shutil.copytree(made / "report", tmp_path / "report")
    return tmp_path / "report"


def check(folder: Path, key: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a stranger does: alone, without anything of ours on its path."""
    command = [sys.executable, "-I", "-S", *options, str(SCRIPT), str(folder), str(key)]
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def flip(path: Path) -> None:
    """Change one bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def drop_row(path: Path) -> None:
    """Take the last row away."""
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def test_the_script_is_short_enough_to_be_read():
    """Fifty lines at most, and nothing but the standard library and openssl."""
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()

    assert len(lines) <= LINES_MAX
    assert not [line for line in lines if "import" in line and "carnet" in line]


def test_a_report_is_found_as_signed(folder: Path, made: Path):
    """An untouched report passes, and says how many vehicles it is about."""
    verdict = check(folder, made / "published.pem")

    assert (verdict.returncode, verdict.stderr) == (0, "")
    assert verdict.stdout.startswith("OK: ")
    assert verdict.stdout.endswith("12 vehicles, 1 completed\n")


def test_a_machine_of_another_alphabet_reads_the_same(tmp_path: Path):
    """Where files are not UTF-8 by habit, a manifest with Chinese in it is read all the same, and the verdict shown."""
    recall = begin_recall(tmp_path / "hub")
    app = recall.hub.app
    import_plan(app.hub, app.segments, app.plans, plan(VINS, **{**PLAIN, "campaign_no": "S2026年"}))
    publish_campaign(app.hub, app.segments, app.plans, "S2026年")
    ask = Ask(recall.profiles.profile("cn-stage"), "S2026年")
    make_report(recall.desk, ask, tmp_path / "report", lambda members, _: members)
    (tmp_path / "key.pem").write_bytes(app.keyring.export.public_pem())

    verdict = check(tmp_path / "report", tmp_path / "key.pem", "-X", "utf8=0")

    assert (verdict.returncode, verdict.stderr) == (0, "")
    assert r"campaign S2026\u5e74;" in verdict.stdout


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("members.ndjson", flip),
        ("report.json", flip),
        ("report.zh.html", flip),
        ("manifest.txt", flip),
        ("manifest.sig", flip),
        ("members.ndjson", drop_row),
        ("completions.ndjson", drop_row),
        ("removals.ndjson", Path.unlink),
    ],
)
def test_what_was_changed_is_named(folder: Path, made: Path, name: str, spoil: Callable[[Path], None]):
    """One changed byte, one missing row and one missing file each fail, with the name of the file."""
    spoil(folder / name)

    verdict = check(folder, made / "published.pem")

    assert verdict.returncode == 1
    assert ("manifest.txt" if name.startswith("manifest") else name) in verdict.stderr


def test_a_missing_file_is_named_though_it_was_signed_empty(tmp_path: Path):
    """No car has left the campaign, so the list of removals has no byte; it is missed all the same."""
    recall = begin_recall(tmp_path / "hub")
    recall.make("cn-stage", tmp_path / "report")
    (tmp_path / "key.pem").write_bytes(recall.hub.app.keyring.export.public_pem())
    before = check(tmp_path / "report", tmp_path / "key.pem").returncode
    assert (tmp_path / "report" / "removals.ndjson").stat().st_size == 0

    (tmp_path / "report" / "removals.ndjson").unlink()

    after = check(tmp_path / "report", tmp_path / "key.pem")
    assert (before, after.returncode) == (0, 1)
    assert "removals.ndjson: not what was signed, or missing" in after.stderr


def test_another_key_is_not_accepted(folder: Path, made: Path, tmp_path: Path):
    """The key that came along proves nothing: the published one decides."""
    (tmp_path / "other.pem").write_bytes(Ed25519Signer(bytes(32)).public_pem())

    assert check(folder, tmp_path / "other.pem").returncode == 1


def test_a_file_that_was_put_in_is_named(folder: Path, made: Path):
    """A file that nobody signed makes the folder differ, also when its name sorts behind those that may lie there."""
    (folder / "extra.txt").write_text("x")

    verdict = check(folder, made / "published.pem")

    assert (verdict.returncode, verdict.stderr) == (1, "NOT OK: extra.txt: not part of what was signed\n")


def test_the_script_and_the_key_may_lie_beside_a_report(folder: Path, made: Path):
    """Whoever puts the script and the published key into the folder still hears that a good report is good."""
    shutil.copy(SCRIPT, folder / "verify_report.py")
    shutil.copy(made / "published.pem", folder / "published-key.pem")
    command = [sys.executable, "verify_report.py", ".", "published-key.pem"]

    verdict = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    assert (verdict.returncode, verdict.stderr) == (0, "")


@pytest.mark.parametrize("guide", ["regulator.md", "regulator.zh.md"])
def test_the_guide_works_as_typed(folder: Path, guide: str):
    """The lines of the guide's last two steps, typed in the unpacked folder, check the report."""
    shutil.copy(SCRIPT, folder.parent / SCRIPT.name)
    text = (Path(__file__).parents[2] / "docs/guides" / guide).read_text(encoding="utf-8")
    typed = [line.strip() for line in text.splitlines() if line.startswith(("       cp ", "       python3 "))]

    lines = " && ".join(typed)
    verdict = subprocess.run(["/bin/sh", "-c", lines], cwd=folder, capture_output=True, text=True, check=False)

    assert (verdict.returncode, verdict.stdout[:4]) == (0, "OK: ")


@pytest.mark.parametrize("guide", ["regulator.md", "regulator.zh.md"])
def test_the_guide_keeps_the_token_to_its_reader(tmp_path: Path, guide: str):
    """The lines of the first step ask for the token, so no typed line holds it, and nobody else reads the file."""
    text = (Path(__file__).parents[2] / "docs/guides" / guide).read_text(encoding="utf-8")
    typed = [line.strip() for line in text.splitlines() if line.startswith(("       read ", "       (umask "))]

    command, secret = ["bash", "-c", "\n".join(typed)], "crt1_secret\n"
    done = subprocess.run(command, cwd=tmp_path, input=secret, capture_output=True, text=True, check=True)

    kept = tmp_path / "token.txt"
    assert (kept.read_text(), done.stdout) == ("Authorization: Bearer crt1_secret\n", "")
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("guide", ["regulator.md", "regulator.zh.md"])
def test_the_guide_checks_as_the_report_says(guide: str):
    """The three lines of a report's own README stand in the guide as well."""
    text = (Path(__file__).parents[2] / "docs/guides" / guide).read_text(encoding="utf-8")
    lines = [line.strip() for line in README_TEXT.splitlines() if line.startswith("  ") and " -" in line]

    assert len(lines) == 3
    assert all(line in text for line in lines)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["report"], "python3 verify_report.py FOLDER PUBLISHED-KEY.pem", id="no key"),
        pytest.param(["report", "absent.pem"], "absent.pem", id="key not there"),
        pytest.param(["report", "junk.pem"], "junk.pem: no public key (PEM)", id="key is none"),
        pytest.param(["absent", "junk.pem"], "absent", id="folder not there"),
    ],
)
def test_what_could_not_be_checked_accuses_no_report(folder: Path, words: list[str], said: str):
    """A missing name, key or folder is told as such: it says nothing of the report."""
    (folder.parent / "junk.pem").write_text("junk")

    command = [sys.executable, str(SCRIPT), *words]
    verdict = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False)

    assert verdict.returncode == 1
    assert verdict.stderr.startswith("NOT CHECKED")
    assert said in verdict.stderr


def test_figures_that_do_not_follow_from_the_rows_are_found(tmp_path: Path):
    """A row that is missing on both sides of the signature is found by counting."""
    signer, members = Ed25519Signer(bytes(32)), make_vins(5)
    progress = count_progress(members, [completion(members[0])], {})
    write_export(tmp_path / "made up", report_head(), report_files(report_head(), progress, members[:-1], {}), signer)
    (tmp_path / "key.pem").write_bytes(signer.public_pem())

    assert "do not follow from the rows" in check(tmp_path / "made up", tmp_path / "key.pem").stderr
