"""The write-ahead log is copied back beside the requests, so that no save waits for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from carnet_node.adapters.store import SqliteNodeStore
from carnet_node.adapters.upkeep import Upkeep
from carnet_node.core.desk_limits import COPY_BACK_EVERY_S
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.store_failures import StoreBusy
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import CUSTOMER
from support.desk import record
from support.node_builder import TestBox, TestClock, build_node


async def inline(work: Callable[[], Any]) -> Any:
    """Blocking work, here and now."""
    return work()


def store_of(node: Node) -> SqliteNodeStore:
    """The store itself."""
    assert isinstance(node.store, SqliteNodeStore)
    return node.store


def database_bytes(folder: Path) -> int:
    """How much lies in the database file itself."""
    return (folder / "node-1.db").stat().st_size


def fill(node: Node, first: int) -> None:
    """A few hundred customers."""
    numbers = range(first, first + 300)
    commit(node, [Draft(CUSTOMER, record(number), {"full_name": f"Person {number}" * 20}) for number in numbers])


def test_the_log_is_copied_back(tmp_path: Path):
    """What was committed moves into the database file, and later commits begin the log anew."""
    node = build_node(tmp_path)
    fill(node, 1)
    before = database_bytes(tmp_path)

    store_of(node).copy_back()
    log_bytes = (tmp_path / "node-1.db-wal").stat().st_size
    fill(node, 1000)

    assert database_bytes(tmp_path) > before
    assert (tmp_path / "node-1.db-wal").stat().st_size < 1.5 * log_bytes


def test_a_reader_is_not_waited_for(tmp_path: Path):
    """While somebody reads, what they need stays where it is, and nothing fails."""
    node = build_node(tmp_path)
    fill(node, 1)

    with node.store.read() as tx:
        tx.chain()
        fill(node, 1000)
        store_of(node).copy_back()
        seen = len(tx.list_records(CUSTOMER, None, 500))

    assert seen == 300


def test_beside_a_replicating_child_nothing_is_copied(tmp_path: Path):
    """There the child alone decides when the log is copied back."""
    node = build_node(tmp_path)
    fill(node, 1)
    before = database_bytes(tmp_path)

    SqliteNodeStore(tmp_path / "node-1.db", TestBox(), is_replicated=True).copy_back()

    assert database_bytes(tmp_path) == before


def test_it_goes_on_after_a_failure(tmp_path: Path):
    """A busy database is tried again a few seconds later, for ever."""
    clock = TestClock()
    began = clock.ms
    calls: list[int] = []

    class Stop(Exception):
        """Enough seen."""

    class BusyStore(SqliteNodeStore):
        """Busy twice, then it ends the test."""

        def copy_back(self) -> None:
            """Count, and fail."""
            calls.append(clock.ms)
            if len(calls) > 2:
                raise Stop
            raise StoreBusy("another process is writing")

    store = BusyStore(tmp_path / "node-1.db", TestBox())
    build_node(tmp_path)
    with pytest.raises(Stop):
        anyio.run(Upkeep(store, clock, inline).run)

    step_ms = round(COPY_BACK_EVERY_S * 1000)
    assert [at - began for at in calls] == [step_ms, 2 * step_ms, 3 * step_ms]
