"""A real hub on a real disk that is full: receipts stay true, nodes lose nothing, and it goes on by itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from process.world import looking_into
from support.programs import Service, free_port, run_here, run_program, running
from support.small_disk import fill, small_disk

ROOM_BYTES = 200 * 1024
CUSTOMERS = 60
ROUNDS_MAX = 30
NOTE = "n" * 1_000
"""As long as a note may be."""
KEPT = "Everything recorded here is kept; nothing was lost."


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own for the hub; the node has room."""
    with small_disk(tmp_path / "disk") as place:
        yield place


@pytest.fixture
def hub(disk: Path) -> Iterator[Service]:
    """A hub that serves one site."""
    hub = Service("carnet-hub", disk / "hub", free_port())
    run_here("carnet-hub", hub.data, "init")
    run_here("carnet-hub", hub.data, "dealers", "add", "A001", "Probe")
    with running(hub):
        yield hub


@pytest.fixture
def node(hub: Service, tmp_path: Path) -> Path:
    """A machine of the site, enrolled and in step."""
    data = tmp_path / "node"
    code = run_here("carnet-hub", hub.data, "dealers", "invite", "A001")["code"]
    run_here("carnet-node", data, "init")
    run_here("carnet-node", data, "enrol", "--hub", hub.url, code)
    run_here("carnet-node", data, "sync")
    return data


def record(node: Path, first: int) -> None:
    """Record some customers with long notes."""
    rows = "".join(f"F{number};person;Probe {number};{NOTE}\n" for number in range(first, first + CUSTOMERS))
    csv = node.parent / f"from-{first}.csv"
    csv.write_text("former_id;party_kind;full_name;note\n" + rows, encoding="utf-8")
    done = run_program("carnet-node", node, "import", csv, "--kind", "customers", "--source", "probe")
    assert done.code == 0, done.text


def told(node: Path) -> list[tuple[int, str]]:
    """Every verdict the node was given: where, on which set."""
    with looking_into(node / "node.db") as database:
        return database.execute(
            "SELECT verdict_position, hex(nonce) FROM own_set WHERE verdict_position IS NOT NULL ORDER BY 1"
        ).fetchall()


def waiting(node: Path) -> int:
    """Sets without a verdict."""
    with looking_into(node / "node.db") as database:
        return int(database.execute("SELECT count(*) FROM own_set WHERE verdict IS NULL").fetchone()[0])


def logged(hub: Service) -> list[tuple[int, str]]:
    """Every entry of the hub's log, as it lies on the disk."""
    with looking_into(hub.data / "hub.db") as database:
        return database.execute("SELECT position, hex(nonce) FROM log ORDER BY position").fetchall()


def sync_until_refused(node: Path) -> Any:
    """Record and sync until the hub has no room; how that round ended."""
    for number in range(ROUNDS_MAX):
        record(node, number * CUSTOMERS)
        done = run_program("carnet-node", node, "sync")
        if done.code != 0:
            return done
    raise AssertionError("the disk was never full")


def test_a_full_disk_at_the_hub_loses_nothing_and_is_told(hub: Service, node: Path, disk: Path):
    """Nodes are told to come back, the log names the disk, receipts stay true, and room is enough to go on."""
    filler = fill(disk, leave=ROOM_BYTES)

    refused = sync_until_refused(node)
    receipts, held, left = told(node), logged(hub), waiting(node)
    filler.unlink()
    after = run_program("carnet-node", node, "sync")
    check = run_program("carnet-hub", hub.data, "log", "verify")

    assert (refused.code, refused.value["push_failure"]["safe"]) == (3, KEPT)
    assert "StoreFull" in hub.log.read_text(encoding="utf-8")
    assert set(receipts) <= set(held)
    assert left > 0
    assert (after.code, waiting(node), check.code) == (0, 0, 0)
    assert set(told(node)) <= set(logged(hub))
