"""A real node on a real disk that is full: what it acknowledged stays, and it goes on once there is room again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.cli_node import enrol_folder
from support.programs import Service, free_port, run_program, running
from support.small_disk import fill, small_disk

ROOM_BYTES = 300 * 1024
REQUESTS_MAX = 400


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, small enough to fill."""
    with small_disk(tmp_path / "disk") as place:
        yield place


def insert(node: Service, number: int) -> httpx.Response:
    """Record one customer."""
    body: dict[str, Any] = {"values": {"party_kind": "person", "full_name": f"Probe {number}"}}
    return httpx.post(f"{node.url}/api/customers", json=body, headers=node.bearer, timeout=30)


def insert_until_refused(node: Service) -> tuple[list[int], httpx.Response]:
    """Numbers of the acknowledged customers, and the answer that was none."""
    for number in range(REQUESTS_MAX):
        answer = insert(node, number)
        if not answer.is_success:
            return list(range(number)), answer
    raise AssertionError("the disk was never full")


def held(node: Service) -> list[str]:
    """Names of all customers, in the order in which they were recorded."""
    answer = httpx.get(
        f"{node.url}/api/customers?limit=500", headers={**node.bearer, "Carnet-Personal": "true"}, timeout=30
    )
    return [row["values"]["full_name"] for row in answer.raise_for_status().json()["records"]]


def test_a_full_disk_loses_nothing_and_is_told(disk: Path):
    """A save on a full disk is refused as such, all that was acknowledged stays, and room is enough to go on."""
    enrol_folder(disk)
    node = Service("carnet-node", disk / "data", free_port(), ("--offline",))

    with running(node):
        filler = fill(disk, leave=ROOM_BYTES)
        acknowledged, refusal = insert_until_refused(node)
        names = [f"Probe {number}" for number in acknowledged]
        shown_when_full = held(node)
        filler.unlink()
        after = insert(node, len(acknowledged))
        node.kill()
        node.start()
        shown_at_the_end = held(node)
    check = run_program("carnet-node", disk / "data", "rebuild", "--check")

    assert (refusal.status_code, refusal.json()["code"]) == (507, "disk-full")
    assert (shown_when_full, after.status_code) == (names, 201)
    assert (shown_at_the_end, check.code) == ([*names, f"Probe {len(names)}"], 0)
