"""One local transaction: sealed, linked, logged and folded, or nothing at all."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import SqliteNodeStore, driver
from carnet_node.core.failures import NotEnrolled
from carnet_node.core.line.inbox import SignedReceipt, apply_answers, apply_page
from carnet_node.core.log.authoring import SealedSet, commit, commit_within
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.node import Node
from carnet_node.core.records import LoggedSet, Mark
from carnet_node.core.store_failures import WritingStopped
from carnet_protocol.changeset import Draft, read_set, reread_set
from carnet_protocol.envelope import Purpose, read_envelope, verify_envelope
from carnet_protocol.errors import BadValue, Malformed, NotAllowed, Refused
from carnet_protocol.ids import OpId, new_record_id
from carnet_protocol.kinds import CAMPAIGN, CUSTOMER, PHONE, REGISTRY, VISIT
from carnet_protocol.opened import nothing_erased, open_set
from carnet_protocol.ops import Action
from carnet_protocol.reasons import Reason
from support.desk import record
from support.model_hub import ModelHub, Treatment, signed
from support.node_builder import DEALER_B, HUB, HUB_EPOCH, TestBox, TestClock, build_node, close_node, rows_of
from support.protocol import signer

WANG = Draft(CUSTOMER, record(1), {"party_kind": "person", "full_name": "王小明"})
ON_TOO_MANY = Draft(CUSTOMER, record(1), {"note": "x"}, tuple(map(OpId, map(record, range(257)))))
A_FLOAT: dict[str, Any] = {"note": 1.5}
PASSPORT = Draft(CUSTOMER, record(1), {"id_type": "passport", "id_no": "E12345678"})


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node without data."""
    return build_node(tmp_path)


def logged(node: Node, seq: int) -> LoggedSet:
    """A set of the first epoch."""
    with node.store.read() as tx:
        chain = tx.chain()
        assert chain is not None
        found = tx.set_at(chain.epoch, seq)
    assert found is not None
    return found


def test_a_commit_is_signed_and_verifies_for_its_hub(node: Node):
    """What is logged is an envelope that anybody with the node's public key can verify and open."""
    commit(node, [WANG])

    message, opening = logged(node, 1).message, logged(node, 1).opening
    envelope = read_envelope(message)
    payload = verify_envelope(envelope, signer("node 1").public_key, Purpose.CHANGESET, HUB)
    opened = open_set(read_set(envelope, payload, HUB), opening, REGISTRY, nothing_erased)
    assert opened.ops[0].fields == {0: "person", 8: "王小明"}


def test_sets_form_a_chain(node: Node):
    """Each set names the hash of the one before; the first names the origin of its epoch."""
    first, second = commit(node, [WANG]), commit(node, [replace(WANG, record=record(2))])

    headers = [reread_set(logged(node, seq).message, HUB).header for seq in (1, 2)]
    assert [(one.seq, one.prev) for one in headers] == [(1, bytes(32)), (2, first.set_hash)]
    assert (headers[0].origin is not None, headers[1].origin) == (True, None)
    assert second.set_hash == logged(node, 2).set_hash


def test_a_set_says_how_far_its_author_had_read(node: Node):
    """Hub epoch and position of the last page stand in every set."""
    with node.store.write() as tx:
        feed = tx.feed()
        assert feed is not None
        tx.put_feed(replace(feed, position=77))

    commit(node, [WANG])

    header = reread_set(logged(node, 1).message, HUB).header
    assert (header.hub_epoch, header.hub_position) == (HUB_EPOCH, 77)


def test_based_on_stands_as_the_author_read_it(node: Node):
    """Heads that have been replaced meanwhile are not refreshed: the save becomes a concurrent version."""
    first = commit(node, [WANG])
    read = (first.ops[0],)
    commit(node, [Draft(CUSTOMER, record(1), {"full_name": "王大明"}, read)])

    commit(node, [Draft(CUSTOMER, record(1), {"full_name": "王小名"}, read)])

    assert reread_set(logged(node, 3).message, HUB).ops[0].based_on == read
    with node.store.read() as tx:
        stored = tx.record(CUSTOMER, record(1))
    assert stored is not None
    assert {one.fields[8] for one in stored.entries if one.fields and 8 in one.fields} == {"王大明", "王小名"}


def test_a_record_written_twice_in_one_set_is_folded_twice(node: Node):
    """Two drafts on one record both count, and rebuild agrees."""
    commit(node, [WANG, Draft(CUSTOMER, record(1), {"note": "x"})])

    with node.store.read() as tx:
        columns = tx.columns(CUSTOMER, record(1))
    assert columns is not None
    assert (columns["full_name"], columns["note"]) == ("王小明", "x")
    assert check_rebuild(node).differences == ()


def test_a_save_on_a_refused_version_replaces_what_that_one_was_based_on(node: Node):
    """An old form that was based on refused work counts as based on what that work had replaced."""
    hub = ModelHub()
    base = hub.write(replace(WANG, kind=REGISTRY["vehicle"], values={"color": "red"}))

    apply_page(node, hub.page(node))
    vehicle = REGISTRY["vehicle"]
    refused = commit(node, [Draft(vehicle, record(1), {"color": "blue"}, base)])
    receipt = hub.receive(node, logged(node, 1), Treatment.REFUSE)
    apply_answers(node, [SignedReceipt(receipt, signed(receipt))])
    commit(node, [Draft(vehicle, record(1), {"fuel": "diesel"})])

    commit(node, [Draft(vehicle, record(1), {"color": "green"}, refused.ops)])

    with node.store.read() as tx:
        stored = tx.record(vehicle, record(1))
    assert stored is not None
    colors = [one.fields.get(vehicle.labels["color"]) for one in stored.entries if one.fields]
    assert sorted(filter(None, colors)) == ["green"]
    assert check_rebuild(node).differences == ()


@pytest.mark.parametrize(
    ("draft", "error", "reason"),
    [
        pytest.param(Draft(CAMPAIGN, record(1), {"title": "x"}), NotAllowed, Reason.HUB_ONLY, id="a kind of the hub"),
        pytest.param(Draft(CUSTOMER, record(7), {"note": "x"}), NotAllowed, Reason.FOREIGN_RECORD, id="another site's"),
        pytest.param(Draft(CUSTOMER, record(1), {"age": 3}), BadValue, Reason.BAD_FIELD, id="no such field"),
        pytest.param(Draft(CUSTOMER, record(1), {"segment": "x"}), BadValue, Reason.BAD_FIELD, id="no such code"),
        pytest.param(Draft(CUSTOMER, record(1), A_FLOAT), BadValue, Reason.FORBIDDEN_TYPE, id="a float"),
        pytest.param(Draft(CUSTOMER, record(1), {"note": "x" * 4097}), BadValue, Reason.BAD_FIELD, id="too long"),
        pytest.param(ON_TOO_MANY, NotAllowed, Reason.TOO_MANY_HEADS, id="on more versions than an op can name"),
    ],
)
def test_a_draft_that_is_not_allowed_changes_nothing(tmp_path: Path, draft: Draft, error: type, reason: Reason):
    """A refused commit leaves log, chain and tables byte for byte as they were."""
    node = build_node(tmp_path)
    hub = ModelHub()
    hub.write(Draft(CUSTOMER, record(7), {"party_kind": "person"}), author=DEALER_B)

    apply_page(node, hub.page(node))
    before = rows_of(tmp_path)

    with pytest.raises(Refused) as refused:
        commit(node, [WANG, draft])

    assert (type(refused.value), refused.value.reason) == (error, reason)
    assert rows_of(tmp_path) == before


@pytest.mark.parametrize(("count", "is_accepted"), [(0, False), (1, True), (500, True), (501, False)])
def test_a_set_holds_1_to_500_ops(node: Node, count: int, is_accepted: bool):
    """No op and more than 500 are refused before anything is written."""
    drafts = [Draft(PHONE, record(number), {"is_bad": True}) for number in range(count)]

    if is_accepted:
        assert len(commit(node, drafts).ops) == count
    else:
        with pytest.raises(Malformed):
            commit(node, drafts)
        with node.store.read() as tx:
            assert tx.unconfirmed() == (0, None)


def test_a_set_above_256_kib_is_refused(node: Node):
    """Envelope and opening together stay within the bound of the wire."""
    drafts = [Draft(CUSTOMER, record(number), {"note": "x" * 4000}) for number in range(66)]

    with pytest.raises(Malformed) as refused:
        commit(node, drafts)

    assert refused.value.reason is Reason.TOO_LARGE


def test_secret_values_never_lie_in_clear(tmp_path: Path):
    """Neither the log nor a table, an index or the write-ahead log holds a secret value in clear."""
    node = build_node(tmp_path)

    commit(node, [replace(PASSPORT, values={**WANG.values, **PASSPORT.values})])

    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert "王小明".encode() in files
    assert b"E12345678" not in files
    with node.store.read() as tx:
        columns = tx.columns(CUSTOMER, record(1))
        found = tx.find_equal(CUSTOMER, "id_no", "ｅ12345678", 10)
    assert columns is not None
    assert columns["id_no"] == "E12345678"
    assert [one.record for one in found] == [record(1)]


def test_a_secret_moved_to_another_row_does_not_open(tmp_path: Path):
    """A ciphertext is bound to its table, kind and record."""
    node = build_node(tmp_path)
    commit(node, [PASSPORT, replace(PASSPORT, record=record(2))])
    query = "UPDATE customer SET id_no = (SELECT id_no FROM customer WHERE id = ?) WHERE id = ?"
    with closing(driver.connect(tmp_path / "node-1.db")) as connection, connection:
        connection.execute(query, (record(2), record(1)))

    with node.store.read() as tx, pytest.raises(InvalidTag):
        tx.columns(CUSTOMER, record(1))


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["append_set", "put_projection"])
@pytest.mark.parametrize("is_before", [True, False])
def test_a_crash_between_steps_leaves_everything_as_it_was(tmp_path: Path, step: str, is_before: bool):
    """Wherever a commit is cut off, log, chain and tables are as before, and the next commit goes on from there."""
    node = build_node(tmp_path)
    commit(node, [WANG])
    before = rows_of(tmp_path)

    with pytest.raises(Crash), node.store.write() as tx:
        commit_within(node, _CutOff(tx, step, is_before), [replace(WANG, record=record(2))])

    assert rows_of(tmp_path) == before
    assert commit(node, [replace(WANG, record=record(2))]).seq == 2


class _CutOff:
    """A transaction in which one step never returns."""

    def __init__(self, tx: object, step: str, is_before: bool) -> None:
        self._tx, self._step, self._is_before = tx, step, is_before

    def __getattr__(self, name: str):
        real = getattr(self._tx, name)

        def cut(*arguments: object, **keywords: object) -> object:
            if name == self._step and self._is_before:
                raise Crash
            result = real(*arguments, **keywords)
            if name == self._step:
                raise Crash
            return result

        return cut


def test_a_node_that_was_taken_over_does_not_write(node: Node):
    """Where another copy has taken over, writing stops and reading goes on."""
    commit(node, [WANG])
    with node.store.write() as tx:
        chain = tx.chain()
        assert chain is not None
        tx.put_chain(replace(chain, is_writing_stopped=True))

    with pytest.raises(WritingStopped):
        commit(node, [replace(WANG, record=record(2))])

    with node.store.read() as tx:
        assert tx.record(CUSTOMER, record(1)) is not None


def test_a_clock_that_is_years_off_stops_nobody(node: Node):
    """A node whose clock stands in 1970, or far ahead, still records."""
    assert isinstance(node.clock, TestClock)
    sealed: list[SealedSet] = []
    for ms in (-(2**60), 0, 2**60):
        node.clock.ms = ms
        sealed.append(commit(node, [Draft(VISIT, new_record_id(ms, len(sealed).to_bytes(10, "big")), {"ro_no": "x"})]))

    assert [one.seq for one in sealed] == [1, 2, 3]
    assert check_rebuild(node).differences == ()


def test_a_node_opened_again_goes_on_where_it_stood(tmp_path: Path):
    """Chain and tables survive the process."""
    node = build_node(tmp_path)
    first = commit(node, [WANG])
    close_node(node)

    again = build_node(tmp_path)

    with again.store.read() as tx:
        chain, stored = tx.chain(), tx.record(CUSTOMER, record(1))
    assert chain is not None
    assert stored is not None
    assert (chain.seq, chain.set_hash, stored.mark) == (1, first.set_hash, Mark.WAITING)


def test_before_enrolment_nothing_is_recorded(tmp_path: Path):
    """A set names its hub, so a node without an identity refuses to write."""
    enrolled = build_node(tmp_path)
    upgrade(tmp_path / "empty.db")
    node = replace(enrolled, store=SqliteNodeStore(tmp_path / "empty.db", TestBox()))

    with pytest.raises(NotEnrolled):
        commit(node, [WANG])


def test_a_deleted_record_stays_in_the_log(node: Node):
    """A delete hides a record and removes nothing from the log."""
    first = commit(node, [WANG])

    commit(node, [Draft(CUSTOMER, record(1), {}, first.ops, Action.DELETE)])

    with node.store.read() as tx:
        stored, found = tx.record(CUSTOMER, record(1)), tx.find_prefix(CUSTOMER, "full_name", "王", 10)
    assert stored is not None
    assert (stored.is_deleted, found) == (True, [])
    assert logged(node, 1).opening != b""
