"""Where a restore comes from: what was asked for, and what is set."""

from pathlib import Path

import pytest
import typer

from carnet_storage.entrypoints.cli.backup import is_copy_wanted
from carnet_storage.settings import BackupSettings

REPLICA = "/mnt/replica"


@pytest.mark.parametrize(
    ("origin", "copy_name", "replicate_to", "wanted"),
    [
        pytest.param("", None, REPLICA, False, id="nothing asked for, Litestream set"),
        pytest.param("", None, "", True, id="nothing asked for, Litestream not set"),
        pytest.param("copy", None, REPLICA, True, id="copy asked for"),
        pytest.param("litestream", None, "", False, id="Litestream asked for, though not set"),
        pytest.param("", "node-a-1.copy", REPLICA, True, id="one copy named"),
    ],
)
def test_a_copy_is_taken_when_named_asked_for_or_all_there_is(
    origin: str, copy_name: str | None, replicate_to: str, wanted: bool
):
    """Litestream comes first where it is set, unless somebody says otherwise."""
    settings = BackupSettings(data_dir=Path("data"), backup_replicate_to=replicate_to)

    assert is_copy_wanted(origin, copy_name, settings) is wanted


def test_another_word_is_wrong_usage():
    """An origin that does not exist is refused before anything is looked at."""
    with pytest.raises(typer.BadParameter):
        is_copy_wanted("tape", None, BackupSettings(data_dir=Path("data")))
