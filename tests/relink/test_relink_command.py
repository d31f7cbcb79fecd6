"""`carnet-hub master relink` as an operator runs it, killed half-way too: `make test-relink`, `make test-spark`."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import islice, product
from pathlib import Path

import pytest

from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.master_ports import NO_WEIGHER
from carnet_hub.entrypoints.cli.exits import Exit
from carnet_protocol.changeset import Draft
from support.authors import SiteAuthor, draft_of
from support.hub_cli import Printed, call, enrol, opened, told
from support.hub_world import customer
from support.protocol import record

ENGINE = os.environ.get("CARNET_RELINK", "")
pytestmark = pytest.mark.skipif(not ENGINE, reason="needs Splink: run `make test-relink` or `make test-spark`")

RELINK = ("master", "relink", "--engine", ENGINE)
PEOPLE = 40
WAIT_S = 60.0


@pytest.fixture
def data(tmp_path: Path, capsys: Printed) -> Path:
    """A hub with customers of one name and telephone in pairs, of whom the matcher has not spoken."""
    folder = tmp_path / "hub"
    assert call(folder, "init", "--json") == Exit.DONE
    capsys.readouterr()
    site = enrol(capsys, folder, tmp_path).author()
    names = [f"赵{one}{other}" for one, other in islice(product("明华强军丽敏静伟芳娜", repeat=2), PEOPLE)]
    for side in ("one", "other"):
        drafts = [customer(f"{side} {at}", full_name=name) for at, name in enumerate(names)]
        phones = [_phone(f"{side} {at}", f"1391234{at:04}") for at in range(PEOPLE)]
        record_unweighed(folder, site, *drafts, *phones)
    return folder


def _phone(name: str, number: str) -> Draft:
    return draft_of("phone", record(f"phone {name}"), {"customer_id": record(name), "number": number})


def record_unweighed(data: Path, site: SiteAuthor, *drafts: Draft) -> None:
    """A site records something at a hub that has no model at this moment."""
    app = opened(data)
    try:
        (answer,) = receive_sets(replace(app.hub, weigher=NO_WEIGHER), [site.write(*drafts).pushed])
        assert answer.receipt is not None
    finally:
        app.close()


def scratch_of(data: Path) -> Path:
    """Where a run works."""
    return data / "relink"


def test_a_run_proposes_and_leaves_nothing_behind(data: Path, capsys: Printed):
    """Every pair waits for a steward afterwards, the folder is gone, and a second run proposes nothing."""
    expected = told(capsys, data, *RELINK, "--dry-run")["proposed"]

    first = told(capsys, data, *RELINK)
    second = told(capsys, data, *RELINK)

    waiting = told(capsys, data, "master", "stats")["held"]
    assert (first["proposed"], second["proposed"]) == (expected, {})
    assert waiting == expected == {"a2:name_and_contact": PEOPLE}
    assert not scratch_of(data).exists()
    assert not (data / "relink.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX kills")
def test_a_run_that_was_killed_is_finished_by_the_next(data: Path, capsys: Printed):
    """SIGKILL in mid-run leaves a private folder, which the next start removes; the next run proposes all, once."""
    script = "from carnet_hub.entrypoints.cli.main import run; run()"
    command = [sys.executable, "-c", script, "--data", str(data), *RELINK, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    until = time.monotonic() + WAIT_S
    while not scratch_of(data).exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    mode = scratch_of(data).stat().st_mode & 0o777

    told(capsys, data, "nodes", "list")
    was_swept = not scratch_of(data).exists()
    told(capsys, data, *RELINK)

    assert (mode, was_swept) == (0o700, True)
    assert told(capsys, data, "master", "stats")["held"] == {"a2:name_and_contact": PEOPLE}
