"""What a hub that is brought back takes from elsewhere: orders, histories and codes that its backup does not know."""

from contextlib import closing
from pathlib import Path

import pytest

from carnet_hub.adapters.high_water import MARK_FILE
from carnet_hub.entrypoints.cli.restored import CODES_ENDED, NO_MARK
from support.hub_cli import Printed, call, enrol, lose_database, opened, told


def site_status(capsys: Printed, data: Path) -> str:
    """How the one dealer site stands."""
    (site,) = told(capsys, data, "dealers", "list")
    return str(site["status"])


def test_an_order_that_only_a_newer_backup_knows_still_holds(data: Path, copies: Path, tmp_path: Path, capsys: Printed):
    """A hub set back on purpose takes the hub's own orders from the newest backup, before anybody can ask."""
    enrol(capsys, data, tmp_path)
    older = told(capsys, data, "backup", "now")["name"]
    told(capsys, data, "dealers", "suspend", "A001")
    told(capsys, data, "backup", "now")
    lose_database(data)

    restored = told(capsys, data, "restore", "--name", older)

    assert (restored["orders"], restored["unread"], site_status(capsys, data)) == (1, [], "suspended")
    assert told(capsys, data, "log", "verify")["is_valid"]


def known_histories(data: Path) -> list[bytes]:
    """The hub epochs that the hub states."""
    with closing(opened(data)) as app:
        return [one.hub_epoch for one in app.hub.known_histories]


@pytest.mark.parametrize("is_mark_lost", [False, True], ids=["mark there", "mark lost"])
def test_a_history_that_ended_is_known_from_the_mark_or_a_newer_backup(
    data: Path, copies: Path, capsys: Printed, *, is_mark_lost: bool
):
    """A hub set back to before an earlier restore still states the history which that one had begun."""
    older = told(capsys, data, "backup", "now")["name"]
    lose_database(data)
    told(capsys, data, "restore")
    before = known_histories(data)
    told(capsys, data, "backup", "now")
    lose_database(data)
    if is_mark_lost:
        (data / "keys" / MARK_FILE).unlink()

    restored = told(capsys, data, "restore", "--name", older)

    assert (known_histories(data)[:-1], restored["knows_ended"]) == (before, not is_mark_lost)


@pytest.mark.parametrize("command", ["restore", "restored"])
def test_a_lost_mark_is_told(data: Path, copies: Path, capsys: Printed, command: str):
    """Whoever restores without the list of histories reads what the hub cannot know, and that codes are void."""
    told(capsys, data, "backup", "now")
    (data / "keys" / MARK_FILE).unlink()
    if command == "restore":
        lose_database(data)

    code = call(data, command, *(["--yes"] if command == "restored" else []))

    printed = capsys.readouterr().out
    assert (code, NO_MARK in printed, CODES_ENDED in printed) == (0, True, True)


def test_a_newer_backup_that_is_damaged_stops_no_restore(data: Path, copies: Path, tmp_path: Path, capsys: Printed):
    """What could not be read is named, because an order may stand only there."""
    enrol(capsys, data, tmp_path)
    older = told(capsys, data, "backup", "now")["name"]
    newest = copies / told(capsys, data, "backup", "now")["name"]
    newest.write_bytes(newest.read_bytes()[:-20])
    lose_database(data)

    restored = told(capsys, data, "restore", "--name", older)

    assert (restored["orders"], len(restored["unread"])) == (0, 1)
    assert newest.name in restored["unread"][0]


def test_an_order_is_found_in_the_copy_before_a_damaged_one(data: Path, copies: Path, tmp_path: Path, capsys: Printed):
    """When the newest copy cannot be opened the one before it is asked for later orders; the damaged one is named."""
    enrol(capsys, data, tmp_path)
    older = told(capsys, data, "backup", "now")["name"]
    told(capsys, data, "dealers", "suspend", "A001")
    told(capsys, data, "backup", "now")
    newest = copies / told(capsys, data, "backup", "now")["name"]
    newest.write_bytes(newest.read_bytes()[:-20])
    lose_database(data)

    restored = told(capsys, data, "restore", "--name", older)

    assert (restored["orders"], len(restored["unread"]), site_status(capsys, data)) == (1, 1, "suspended")
