"""The hub's command line as a test calls it: in this process, with `--json`, on a hub in a folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from carnet_hub.bootstrap import HubApp, open_hub
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.entrypoints.cli.main import execute
from carnet_hub.settings import HubSettings
from carnet_protocol.changeset import Draft
from carnet_protocol.messages import PushCode
from support.authors import MadeSet, SiteAuthor
from support.hub_apps import NodeVoice
from support.vins import make_vins

Printed = pytest.CaptureFixture[str]

VINS = make_vins(3)
CAMPAIGN = """
campaign_no = "S2026M0001"
title = "Brake hose"
producer = "Example Motor Co."
scope = "Built in May 2024"
defect = "The hose may crack."
hazard = "Longer braking distance."
emergency_advice = "Drive slowly."
remedy = "Replaced free of charge."
hazard_level = "park_outside"
member_count = 3
"""


def call(data: Path, *arguments: str | Path) -> int:
    """Run a command in this process; returns its exit code."""
    return execute(["--data", str(data), *map(str, arguments)])


def told(capsys: Printed, data: Path, *arguments: str | Path) -> Any:
    """Run a command that must succeed, with `--json`; returns what it printed."""
    code = call(data, *arguments, "--json")
    printed = capsys.readouterr()
    assert code == 0, printed.out + printed.err
    return json.loads(printed.out)


def refused(capsys: Printed, data: Path, *arguments: str | Path) -> dict[str, object]:
    """Run a command that must be refused, with `--json`; returns the failure."""
    assert call(data, *arguments, "--json") == 1
    failure = json.loads(capsys.readouterr().out)["error"]
    assert {"code", "what", "safe", "next"} <= failure.keys()
    return dict(failure)


def lose_database(data: Path) -> None:
    """What a dead disk takes."""
    for path in data.glob("hub.db*"):
        path.unlink()


def opened(data: Path) -> HubApp:
    """The hub behind the command line."""
    return open_hub(HubSettings(data_dir=data))


def voice_of(data: Path, name: str = "desk") -> NodeVoice:
    """A node of this hub that has not enrolled yet."""
    app = opened(data)
    try:
        return NodeVoice(name, app.hub.hub_id, app.hub.hub_epoch, app.hub.public_key, wall_ms=app.hub.clock.now_ms())
    finally:
        app.close()


def enrol(capsys: Printed, data: Path, tmp_path: Path, name: str = "desk") -> NodeVoice:
    """A node of site A001, let in by file; the site is added."""
    if not told(capsys, data, "dealers", "list"):
        told(capsys, data, "dealers", "add", "A001", "First site")
    voice = voice_of(data, name)
    code = told(capsys, data, "dealers", "invite", "A001")["code"]
    (tmp_path / "request").write_bytes(voice.enrol_request(code))
    told(capsys, data, "nodes", "enrol", tmp_path / "request", "--out", tmp_path / "answer")
    answer = voice.read_enrol_answer((tmp_path / "answer").read_bytes())
    voice.dealer_id = answer.dealer_id
    return voice


def push(data: Path, author: SiteAuthor, *drafts: Draft, code: PushCode = PushCode.ACCEPTED) -> MadeSet:
    """Send one change set to the hub; it is answered with `code`."""
    made = author.write(*drafts)
    assert push_again(data, made) == code
    return made


def push_again(data: Path, made: MadeSet) -> PushCode:
    """Send a change set as it was made; returns the hub's answer."""
    app = opened(data)
    try:
        (answer,) = receive_sets(app.hub, [made.pushed])
    finally:
        app.close()
    return PushCode(answer.code)


def campaign_folder(tmp_path: Path, *vins: str) -> Path:
    """A folder as a producer hands it over."""
    folder = tmp_path / "campaign"
    folder.mkdir()
    (folder / "campaign.toml").write_text(CAMPAIGN, encoding="utf-8")
    (folder / "vins.txt").write_text("\n".join(vins or VINS), encoding="utf-8")
    return folder
