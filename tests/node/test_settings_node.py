"""Settings come from the environment, are checked as a whole, and never change while the node runs."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from carnet_node.settings import NodeSettings, SettingsWrong
from carnet_protocol.vin import VinPolicy


def test_a_node_without_settings_listens_to_itself_only():
    """The defaults are safe: this machine alone, strict VINs, a week until recall data is stale."""
    settings = NodeSettings.load()

    assert (settings.host, settings.allow_lan, settings.allowed_hosts) == ("127.0.0.1", False, ())
    assert (settings.vin_policy, settings.recall_stale_after_days) == (VinPolicy.STRICT, 7)


def test_the_folder_on_the_command_line_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """`--data` is stronger than the environment."""
    monkeypatch.setenv("CARNET_NODE_DATA_DIR", "elsewhere")

    settings = NodeSettings.load(tmp_path)

    assert (settings.data_dir, settings.database, settings.keys_dir) == (
        tmp_path,
        tmp_path / "node.db",
        tmp_path / "keys",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "99999"), ("VIN_POLICY", "sloppy"), ("RECALL_STALE_AFTER_DAYS", "0"), ("HOST", "hub.example.com")],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    """A value outside its range stops the start and says which variable holds it."""
    monkeypatch.setenv(f"CARNET_NODE_{name}", value)

    with pytest.raises(SettingsWrong, match=f"CARNET_NODE_{name}"):
        NodeSettings.load()


def test_settings_are_frozen():
    """Nothing changes a setting while the node runs."""
    settings = NodeSettings.load()

    with pytest.raises(ValidationError):
        settings.port = 1


def test_more_names_are_a_json_list(monkeypatch: pytest.MonkeyPatch):
    """The names under which browsers may open the node are given as a list."""
    monkeypatch.setenv("CARNET_NODE_ALLOWED_HOSTS", '["desk.local", "192.168.1.5"]')

    assert NodeSettings.load().allowed_hosts == ("desk.local", "192.168.1.5")
