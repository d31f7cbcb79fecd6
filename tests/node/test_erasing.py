"""What an erasure takes away at a node, for ever."""

from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from carnet_node.adapters.store import SqliteNodeStore, open_connection
from carnet_node.core.limits import QUIET_MS
from carnet_node.core.line.inbox import apply_page
from carnet_node.core.line.session import state_ourselves
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.node import Node
from carnet_node.core.ports import NodeStore, ReadTransaction, WriteTransaction
from carnet_node.core.store_failures import DiskFull
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import CUSTOMER, ERASURE
from carnet_protocol.registry import Value
from carnet_protocol.state import Withheld
from carnet_storage.adapters.sqlite_files import scrub
from support.desk import record
from support.exchange import answer, deliver, draft, shown
from support.model_hub import ModelHub
from support.node_builder import (
    TestBox,
    TestClock,
    build_node,
    close_node,
    rows_of,
    text_of,
)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node without data."""
    return build_node(tmp_path)


@dataclass
class ScrubStore:
    """A store that notes what it is told when it is asked to scrub, or fails at it."""

    inner: NodeStore
    failure: Exception | None = None
    asked: list[bool] = field(default_factory=list)

    def scrub(self, *, is_asked: bool, is_quiet: bool) -> bool:
        self.asked.append(is_quiet)
        if self.failure is not None:
            raise self.failure
        return self.inner.scrub(is_asked=is_asked, is_quiet=is_quiet)

    def read(self) -> AbstractContextManager[ReadTransaction]:
        return self.inner.read()

    def write(self) -> AbstractContextManager[WriteTransaction]:
        return self.inner.write()


WANG: dict[str, Value] = {"party_kind": "person", "full_name": "王小明", "note": "likes tea"}


def erasure_of(number: int, groups: int) -> Draft:
    """The hub's order to erase groups of record `number`."""
    return Draft(ERASURE, record(90), {"record_ids": record(number), "groups": groups, "ground": "request"})


def test_an_erasure_takes_values_out_of_log_base_and_views(tmp_path: Path, hub: ModelHub):
    """After an erasure neither the log nor a table holds the values; the rest of the record stays."""
    node = build_node(tmp_path)
    commit(node, [draft(WANG, kind=CUSTOMER)])
    answer(node, *deliver(node, hub))
    apply_page(node, hub.page(node))
    commit(node, [draft({"full_name": "王大明"}, kind=CUSTOMER, based_on=shown(node, kind=CUSTOMER).heads.of([1]))])
    hub.write(erasure_of(1, 0b0001))
    hub.records[CUSTOMER.number, record(1)].changed = 0

    apply_page(node, hub.page(node))

    view = shown(node, kind=CUSTOMER)
    assert view.values == {"party_kind": "person", "note": "likes tea"}
    assert view.withheld == {"name": Withheld.ERASED}
    assert "王" not in text_of(rows_of(tmp_path))
    assert check_rebuild(node).differences == ()


def test_erased_values_are_gone_from_the_file(tmp_path: Path, hub: ModelHub):
    """Once the write-ahead log has been copied back, not one byte of the file holds what was erased."""
    node = build_node(tmp_path)
    commit(node, [draft(WANG, kind=CUSTOMER)])
    answer(node, *deliver(node, hub))
    apply_page(node, hub.page(node))
    commit(node, [draft({"full_name": "王大明"}, kind=CUSTOMER, based_on=shown(node, kind=CUSTOMER).heads.of([1]))])
    hub.write(erasure_of(1, 0b0001))
    hub.records[CUSTOMER.number, record(1)].changed = 0

    apply_page(node, hub.page(node))
    close_node(node)

    with closing(open_connection(tmp_path / "node-1.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"likes tea" in content
    assert "王".encode() not in content


def test_an_erasure_covers_what_arrives_later(node: Node, hub: ModelHub):
    """A page that still holds erased values, from a stick or a hub that lags, brings nothing back."""
    hub.write(draft(WANG, kind=CUSTOMER), author=node.identity.dealer_id)
    late = hub.page(node)
    hub.write(erasure_of(1, 0b0101))
    page = hub.page(node)
    rows = [row for row in page.rows if row.kind == ERASURE.number]
    apply_page(node, msgspec.structs.replace(page, rows=rows))

    apply_page(node, late)

    assert shown(node, kind=CUSTOMER).values == {"party_kind": "person"}


def test_an_erased_customer_is_not_found_by_name(node: Node, hub: ModelHub):
    """The search index forgets with the record."""
    hub.write(draft(WANG, kind=CUSTOMER), author=node.identity.dealer_id)
    hub.write(erasure_of(1, 0b0001))

    apply_page(node, hub.page(node))

    with node.store.read() as tx:
        assert tx.find_prefix(CUSTOMER, "full_name", "王", 10) == []


def erased(tmp_path: Path, hub: ModelHub) -> Node:
    """A node that has sent a customer and has not yet read the order to erase the name."""
    node = build_node(tmp_path)
    commit(node, [draft(WANG, kind=CUSTOMER)])
    answer(node, *deliver(node, hub))
    apply_page(node, hub.page(node))
    hub.write(erasure_of(1, 0b0001))
    hub.records[CUSTOMER.number, record(1)].changed = 0
    return node


def test_an_erased_value_leaves_the_files_with_the_page(tmp_path: Path, hub: ModelHub):
    """As soon as the page is applied no file of the node holds the value, its write-ahead log neither."""
    node = erased(tmp_path, hub)

    apply_page(node, hub.page(node))

    assert [path.name for path in tmp_path.iterdir() if "王小明".encode() in path.read_bytes()] == []


def test_a_hello_claims_no_erasure_that_is_not_scrubbed(tmp_path: Path, hub: ModelHub):
    """While a reader keeps the old state alive the hello states the cursor before the order, and afterwards the new."""
    node = erased(tmp_path, hub)
    with node.store.read() as reader:
        before = reader.feed()
        apply_page(node, hub.page(node))
        held = state_ourselves(node, b"", "tests").cursor

    stated = state_ourselves(node, b"", "tests").cursor

    with node.store.read() as tx:
        after = tx.feed()
    assert before is not None
    assert after is not None
    assert (held, stated) == (before.cursor, after.cursor)
    assert before.cursor < after.cursor


@pytest.mark.parametrize(("since_ms", "is_quiet"), [(0, False), (QUIET_MS - 1, False), (QUIET_MS, True), (-1, True)])
def test_files_are_written_anew_when_nobody_has_saved_for_a_while(
    tmp_path: Path, hub: ModelHub, since_ms: int, is_quiet: bool
):
    """The store is told whether anybody is at work; a clock that went backwards holds nothing up."""
    node = erased(tmp_path, hub)
    store = ScrubStore(node.store)
    with node.store.read() as tx:
        chain = tx.chain()
        assert chain is not None
        saved_ms = tx.set_at(chain.epoch, chain.seq).time_ms  # type: ignore[union-attr]

    apply_page(replace(node, store=store, clock=TestClock(saved_ms + since_ms)), hub.page(node))

    assert store.asked == [is_quiet]


def test_a_full_disk_holds_up_nothing_but_the_receipt(tmp_path: Path, hub: ModelHub):
    """Where there is no room to write the files anew the page is applied, and the hello states the cursor before it."""
    node = erased(tmp_path, hub)
    with node.store.read() as tx:
        before = tx.feed()
    node = replace(node, store=ScrubStore(node.store, failure=DiskFull("no room")))

    apply_page(node, hub.page(node))

    assert before is not None
    assert state_ourselves(node, b"", "tests").cursor == before.cursor


def test_a_hello_beside_litestream_waits_for_the_scrub(tmp_path: Path, hub: ModelHub):
    """A node that may only ask for a scrub confirms when the supervisor has done it, and not when it was asked."""
    node = erased(tmp_path, hub)
    (database,) = tmp_path.glob("*.db")
    node = replace(node, store=SqliteNodeStore(database, TestBox(), is_replicated=True))
    with node.store.read() as tx:
        before = tx.feed()
    apply_page(node, hub.page(node))
    asked = [state_ourselves(node, b"", "tests").cursor for _ in range(2)]

    scrub(database)
    stated = state_ourselves(node, b"", "tests").cursor

    with node.store.read() as tx:
        after = tx.feed()
    assert before is not None
    assert after is not None
    assert (asked, stated) == ([before.cursor] * 2, after.cursor)


def test_an_erasure_after_the_scrub_is_asked_for_anew(tmp_path: Path, hub: ModelHub):
    """A second order that comes after the scrub and before the next hello is confirmed by a scrub of its own only."""
    node = erased(tmp_path, hub)
    (database,) = tmp_path.glob("*.db")
    node = replace(node, store=SqliteNodeStore(database, TestBox(), is_replicated=True))
    with node.store.read() as tx:
        before = tx.feed()
    apply_page(node, hub.page(node))
    scrub(database)
    hub.write(replace(erasure_of(2, 0b0001), record=record(91)))

    apply_page(node, hub.page(node))
    held = state_ourselves(node, b"", "tests").cursor
    scrub(database)
    stated = state_ourselves(node, b"", "tests").cursor

    assert before is not None
    assert held == before.cursor < stated
