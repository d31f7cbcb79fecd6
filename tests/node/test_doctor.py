"""The doctor finds each fault, says what to do about it, and calls nothing wrong that is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_node.adapters.examining import measure_system
from carnet_node.adapters.keyring import DATA_FILE, create_keyring
from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import open_connection
from carnet_node.adapters.system import DiskFiles, SystemEntropy
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rejoin import go_on_offline, mark_restored
from carnet_node.core.log.sync_state import SyncState, save_state
from carnet_node.core.node import Node
from carnet_node.core.records import HighWaterMark
from carnet_node.core.showing.status import judge_line
from carnet_node.core.upkeep.doctor import (
    Finding,
    Grade,
    SystemFacts,
    examine_node,
    is_something_wrong,
    judge_system,
    verify_chain,
)
from carnet_protocol.changeset import Draft
from carnet_protocol.hello import Situation
from carnet_protocol.ids import new_record_id
from carnet_protocol.kinds import CUSTOMER
from support.node_builder import START_MS, build_node
from support.protocol import NamedSigner, signer
from support.staffed import build_site, hire

HEALTHY = SystemFacts(
    key_problem=None,
    integrity="ok",
    sqlite_version="3.53.4",
    is_synchronous_full=True,
    disk_free_bytes=50 * 1024**3,
    wrappings_missing=(),
)
HOUR_MS = 3600 * 1000


def write_customer(node: Node) -> None:
    """Record a customer."""
    record = new_record_id(node.clock.now_ms(), node.entropy.random_bytes(10))
    commit(node, [Draft(CUSTOMER, record, {"party_kind": "person", "full_name": "Test person"})])


def public_key(node: Node) -> bytes:
    """The node's own signing key."""
    assert isinstance(node.signer, NamedSigner)
    return node.signer.public_key


def found(node: Node, name: str) -> Finding:
    """One finding about a node."""
    return next(one for one in examine_node(node, public_key(node)) if one.name == name)


def remember(node: Node, state: SyncState) -> None:
    """Put a state of the line in place."""
    with node.store.write() as tx:
        save_state(tx, state)


def test_a_healthy_machine_has_nothing_to_report():
    """Every finding is fine and none names a next step."""
    findings = judge_system(HEALTHY)

    assert {(one.grade, one.next) for one in findings} == {(Grade.FINE, "")}


@pytest.mark.parametrize(
    ("name", "facts", "grade"),
    [
        ("keys", replace(HEALTHY, key_problem="signing.key: the file is missing"), Grade.WRONG),
        ("database", replace(HEALTHY, integrity="row 3 missing from index"), Grade.WRONG),
        ("durability", replace(HEALTHY, is_synchronous_full=False), Grade.WRONG),
        ("sqlite", replace(HEALTHY, sqlite_version="3.40.1"), Grade.WATCH),
        ("sqlite", replace(HEALTHY, sqlite_version="3.51.2"), Grade.WATCH),
        ("sqlite", replace(HEALTHY, sqlite_version="3.7.0"), Grade.WATCH),
        ("sqlite", replace(HEALTHY, sqlite_version="3.51.3"), Grade.FINE),
        ("sqlite", replace(HEALTHY, sqlite_version="3.6.23"), Grade.FINE),
        ("disk", replace(HEALTHY, disk_free_bytes=1024**3 - 1), Grade.WATCH),
        ("disk", replace(HEALTHY, disk_free_bytes=1024**3), Grade.FINE),
        ("disk", replace(HEALTHY, disk_free_bytes=100 * 1024**2 - 1), Grade.WRONG),
        ("recovery", replace(HEALTHY, wrappings_missing=("data.recovery",)), Grade.WATCH),
    ],
)
def test_a_fault_of_the_machine_has_its_grade(name: str, facts: SystemFacts, grade: Grade):
    """Each fact is judged on its own, at its edges too, and whatever is not fine says what to do."""
    finding = next(one for one in judge_system(facts) if one.name == name)

    assert (finding.grade, bool(finding.next)) == (grade, grade is not Grade.FINE)


def test_a_database_that_does_not_open_is_told_once():
    """Nobody knows whether a closed database would keep what it says, so nothing is claimed about it."""
    findings = judge_system(replace(HEALTHY, integrity="file is not a database", is_synchronous_full=None))

    assert [one.name for one in findings if one.grade is Grade.WRONG] == ["database"]
    assert "durability" not in {one.name for one in findings}


def test_only_what_is_wrong_changes_the_exit_code():
    """Something to watch is told and does not fail."""
    watched = judge_system(replace(HEALTHY, sqlite_version="3.40.1"))
    wrong = judge_system(replace(HEALTHY, integrity="damaged"))

    assert (is_something_wrong(watched), is_something_wrong(wrong)) == (False, True)


def test_the_system_is_measured_as_it_is(tmp_path: Path):
    """Keys, database and disk of a fresh folder are healthy but for the wrappings that enrolment makes."""
    create_keyring(tmp_path / "keys", DiskFiles(), SystemEntropy())
    upgrade(tmp_path / "node.db")

    facts = measure_system(tmp_path / "keys", tmp_path / "node.db", DiskFiles())

    assert (facts.key_problem, facts.integrity, facts.is_synchronous_full) == (None, "ok", True)
    assert (facts.wrappings_missing, facts.disk_free_bytes > 0) == (("data.hub", "data.recovery"), True)


def test_a_key_open_to_others_is_measured_as_a_problem(tmp_path: Path):
    """The problem names file and mode."""
    create_keyring(tmp_path / "keys", DiskFiles(), SystemEntropy())
    (tmp_path / "keys" / DATA_FILE).chmod(0o644)

    facts = measure_system(tmp_path / "keys", tmp_path / "node.db", DiskFiles())

    assert facts.key_problem == "data.key: others may use it (mode 644, not 600)"


@pytest.mark.parametrize("content", [None, b"", b"no database at all" * 100])
def test_a_database_that_is_none_is_measured_and_not_made(tmp_path: Path, content: bytes | None):
    """A missing or foreign file is a fact for the report, never an exception, and a missing one stays missing."""
    path = tmp_path / "node.db"
    if content is not None:
        path.write_bytes(content)

    facts = measure_system(tmp_path / "keys", path, DiskFiles())

    assert (facts.integrity == "ok", path.exists()) == (content == b"", content is not None)


def test_a_damaged_page_is_found(tmp_path: Path):
    """The database's own check finds what a disk has done to it."""
    path = tmp_path / "node.db"
    upgrade(path)
    connection = open_connection(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    damaged = bytearray(path.read_bytes())
    damaged[4096 * 3 : 4096 * 40] = bytes(4096 * 37)
    path.write_bytes(damaged)

    facts = measure_system(tmp_path / "keys", path, DiskFiles())

    assert facts.integrity != "ok"


def test_a_whole_chain_verifies(tmp_path: Path):
    """Every set of the epoch is read again, the empty chain included."""
    node = build_node(tmp_path)
    empty = verify_chain(node, public_key(node))
    for _ in range(3):
        write_customer(node)

    assert (empty, verify_chain(node, public_key(node))) == ((0, None), (3, None))


def test_a_chain_of_another_key_does_not_verify(tmp_path: Path):
    """A log whose signatures are not this node's is wrong from its first set on."""
    node = build_node(tmp_path)
    write_customer(node)

    assert verify_chain(node, signer("somebody else").public_key) == (1, "set 1: bad-signature")


def test_a_changed_message_in_the_log_is_found(tmp_path: Path):
    """One flipped bit in the log is named with its set."""
    node = build_node(tmp_path)
    for _ in range(3):
        write_customer(node)
    connection = open_connection(tmp_path / "node-1.db")
    (message,) = connection.execute("SELECT message FROM own_set WHERE seq = 2").fetchone()
    altered = message[:-1] + bytes([message[-1] ^ 1])
    connection.execute("UPDATE own_set SET message = ? WHERE seq = 2", (altered,))
    connection.close()

    finding = found(node, "chain")

    assert (finding.grade, "set 2: bad-signature" in finding.what) == (Grade.WRONG, True)


def test_a_hole_in_the_log_is_found(tmp_path: Path):
    """A set that is missing breaks the chain behind it."""
    node = build_node(tmp_path)
    for _ in range(3):
        write_customer(node)
    connection = open_connection(tmp_path / "node-1.db")
    connection.execute("DELETE FROM own_set WHERE seq = 2")
    connection.close()

    count, problem = verify_chain(node, public_key(node))

    assert (count, problem) == (2, "set 2 does not continue the one before")


def test_a_restored_database_is_told_from_one_that_is_behind(tmp_path: Path):
    """More left this machine than its database knows: that is wrong, and nothing is lost."""
    node = build_node(tmp_path)
    with node.store.read() as tx:
        chain = tx.chain()
    assert chain is not None
    node.high_water.write(HighWaterMark(chain.epoch, 5, b"h" * 32))

    finding = found(node, "high water")

    assert (finding.grade, "Nothing is lost" in finding.next) == (Grade.WRONG, True)


@pytest.mark.parametrize(("hours", "grade"), [(0, Grade.FINE), (24, Grade.FINE), (25, Grade.WATCH)])
def test_work_that_waits_for_more_than_a_day_is_told(tmp_path: Path, hours: int, grade: Grade):
    """A queue is normal; one that does not move is worth a look at the line."""
    node = build_node(tmp_path)
    write_customer(node)
    node.clock.ms = START_MS + hours * HOUR_MS  # type: ignore[attr-defined]

    finding = found(node, "queue")

    assert (finding.grade, "1 customer" in finding.what) == (grade, True)


@pytest.mark.parametrize(
    ("offset_ms", "grade"),
    [(0, Grade.FINE), (600_000, Grade.FINE), (-600_000, Grade.FINE), (600_001, Grade.WATCH), (-600_001, Grade.WATCH)],
)
def test_a_clock_that_is_off_is_worth_watching(tmp_path: Path, offset_ms: int, grade: Grade):
    """Ten minutes are allowed either way; more is told and refuses nothing."""
    node = build_node(tmp_path)
    with node.store.write() as tx:
        feed = tx.feed()
        assert feed is not None
        tx.put_feed(replace(feed, clock_offset_ms=offset_ms))

    assert found(node, "clock").grade is grade


@pytest.mark.parametrize("situation", [Situation.ROLLED_BACK, Situation.FORK, Situation.SUPERSEDED])
def test_what_the_last_hello_found_is_named(tmp_path: Path, situation: Situation):
    """Whatever was found about the chain is said in words, with what is safe; it heals by itself."""
    node = build_node(tmp_path)
    remember(node, SyncState(situation=situation))

    finding = found(node, "sending")

    words = situation.name.lower().replace("_", " ")
    assert (finding.grade, words in finding.what, "kept" in finding.what) == (Grade.WATCH, True, True)


def test_a_copy_that_was_superseded_is_told_what_to_do(tmp_path: Path):
    """The doctor names the one command by which people decide which copy goes on."""
    node = build_node(tmp_path)
    with node.store.write() as tx:
        chain = tx.chain()
        assert chain is not None
        tx.put_chain(replace(chain, is_writing_stopped=True))

    finding = found(node, "sending")

    assert (finding.grade, "rejoin --take-over" in finding.next) == (Grade.WRONG, True)


@pytest.mark.parametrize(("is_offline", "grade"), [(False, Grade.WRONG), (True, Grade.WATCH)])
def test_a_restore_is_named_until_everything_is_back(tmp_path: Path, is_offline: bool, grade: Grade):
    """A node that waits to rejoin is wrong; one that went on without a line is worth watching."""
    node = build_node(tmp_path)
    mark_restored(node)
    if is_offline:
        go_on_offline(node)

    assert found(node, "rejoining").grade is grade


@pytest.mark.parametrize(
    ("label", "state", "line"),
    [
        ("never tried", SyncState(), "unknown"),
        ("answered just now", SyncState(contact_ms=START_MS), "online"),
        ("answered two minutes ago", SyncState(contact_ms=START_MS - 120_000), "online"),
        ("answered longer ago", SyncState(contact_ms=START_MS - 120_001), "unknown"),
        ("the clock was set back since", SyncState(contact_ms=START_MS + 1), "unknown"),
        ("failed since", SyncState(contact_ms=START_MS, failure="unreachable", failure_ms=START_MS), "offline"),
        ("failed without any contact", SyncState(failure="unreachable", failure_ms=START_MS), "offline"),
        ("a fault of this machine", SyncState(failure="store-broken", failure_ms=START_MS), "unknown"),
        ("the hub answered with a refusal", SyncState(failure="suspended-node", failure_ms=START_MS), "online"),
    ],
)
def test_the_line_is_known_only_where_somebody_can_know(label: str, state: SyncState, line: str):
    """Old news about the line is "unknown", and a refusal is an answer all the same."""
    assert judge_line(state, START_MS).value == line, label


@pytest.mark.parametrize(
    ("failure", "grade", "next_step"),
    [
        pytest.param("suspended-node", Grade.WRONG, "Call the hub operator.", id="suspended"),
        pytest.param("busy", Grade.WATCH, "", id="busy"),
        pytest.param("unreachable", Grade.WATCH, "", id="no answer at all"),
    ],
)
def test_a_hub_that_refuses_is_quoted(tmp_path: Path, failure: str, grade: Grade, next_step: str):
    """A suspended node is told why nothing leaves it, although the line is there."""
    node = build_node(tmp_path)
    remember(node, SyncState(failure=failure, failure_ms=START_MS))

    finding = found(node, "line")

    assert finding.grade is grade
    assert finding.next.endswith(next_step)


def test_somebody_must_be_able_to_let_others_in(tmp_path: Path):
    """Without staff there is nothing to say; an administrator without password or start code here is looked at."""
    empty = found(build_node(tmp_path), "staff")
    site = build_site(tmp_path, seed=2)
    hire(site, "A07", "advisor")
    able = found(site.node, "staff")
    with site.node.store.write() as tx:
        tx.local.drop_credential(site.admin)

    locked_out = found(site.node, "staff")

    assert [one.grade for one in (empty, able, locked_out)] == [Grade.FINE, Grade.FINE, Grade.WATCH]
    assert able.what == "1 of 2 members of staff can log in at this machine."
    assert "staff reset" in locked_out.next
