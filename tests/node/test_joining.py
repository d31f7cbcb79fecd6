"""An enrolment can be broken off at any step and goes on from there."""

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from carnet_node.adapters.joining import PENDING_FILE, finish_enrolment, pending_enrolment
from carnet_node.adapters.keyring import WRAPPED_FOR_RECOVERY_FILE, unwrap_with_passphrase
from carnet_node.bootstrap import Installation, create_installation
from carnet_node.core.failures import AlreadyEnrolled, NotEnrolled
from carnet_node.core.line.enrolment import PendingEnrolment
from carnet_node.core.ports import NodeStore, ReadTransaction, WriteTransaction
from carnet_node.core.store_failures import StoreBusy
from carnet_node.settings import NodeSettings
from carnet_protocol.enrolment import parse_code
from carnet_protocol.errors import NotAuthentic
from support.fake_hub import FakeHub

HUB = FakeHub()
CODE = parse_code(HUB.code)


class BusyStore:
    """A store that another process is writing."""

    def __init__(self, inner: NodeStore) -> None:
        self._inner = inner

    def scrub(self, *, is_asked: bool, is_quiet: bool) -> bool:
        return self._inner.scrub(is_asked=is_asked, is_quiet=is_quiet)

    def read(self) -> AbstractContextManager[ReadTransaction]:
        return self._inner.read()

    def write(self) -> AbstractContextManager[WriteTransaction]:
        raise StoreBusy("another process of this node is writing")


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Keys and an empty database."""
    return create_installation(NodeSettings(data_dir=tmp_path / "data"))


def asked(installation: Installation) -> PendingEnrolment:
    """The request for the hub's code."""
    return pending_enrolment(installation.joining(), CODE, HUB.card(), "desk")


def answered(installation: Installation, pending: PendingEnrolment) -> bytes:
    """The hub's answer to it."""
    return HUB.answer_enrol(pending.request_message, installation.keyring.signing_public)


def key_file(installation: Installation, name: str) -> Path:
    """A file beside the keys."""
    return installation.settings.keys_dir / name


def test_an_enrolment_leaves_a_node_and_no_request(installation: Installation):
    """Identity, address and first epoch are there, and the kept request is gone."""
    pending = asked(installation)

    finish_enrolment(installation.joining(), CODE, pending, answered(installation, pending), "https://hub.test")

    assert (installation.node().identity.site_code, installation.hub_url()) == ("TJ01", "https://hub.test")
    assert not key_file(installation, PENDING_FILE).exists()


def test_the_printed_passphrase_opens_the_wrapped_data_key(installation: Installation):
    """What was printed once is worth something when the machine is lost."""
    pending = asked(installation)

    _, passphrase = finish_enrolment(installation.joining(), CODE, pending, answered(installation, pending), None)

    wrapped = key_file(installation, WRAPPED_FOR_RECOVERY_FILE).read_bytes()
    assert unwrap_with_passphrase(wrapped, passphrase) == installation.keyring.data_key


def test_an_enrolment_broken_off_before_its_last_step_is_done_again(installation: Installation):
    """The request is still there, the same answer is taken, and the passphrase shown last is the one that counts."""
    pending = asked(installation)
    answer = answered(installation, pending)
    busy = replace(installation.joining(), store=BusyStore(installation.store))
    with pytest.raises(StoreBusy):
        finish_enrolment(busy, CODE, pending, answer, None)

    again = asked(installation)
    _, passphrase = finish_enrolment(installation.joining(), CODE, again, answer, None)

    wrapped = key_file(installation, WRAPPED_FOR_RECOVERY_FILE).read_bytes()
    assert again == pending
    assert unwrap_with_passphrase(wrapped, passphrase) == installation.keyring.data_key


def test_a_false_answer_writes_nothing(installation: Installation):
    """Without the hub's proof there is no identity, no wrapping, and the request stays."""
    pending = asked(installation)
    impostor = FakeHub(secret=b"other-secr")
    other = pending_enrolment(installation.joining(), parse_code(impostor.code), impostor.card(), "desk")
    answer = impostor.answer_enrol(other.request_message, installation.keyring.signing_public)

    with pytest.raises(NotAuthentic):
        finish_enrolment(installation.joining(), CODE, pending, answer, None)

    with pytest.raises(NotEnrolled):
        installation.node()
    assert not key_file(installation, WRAPPED_FOR_RECOVERY_FILE).exists()


def test_a_request_for_another_code_replaces_the_kept_one(installation: Installation):
    """A code that expired gives way to the next one."""
    first = asked(installation)
    newer = FakeHub(secret=b"new-secret")

    second = pending_enrolment(installation.joining(), parse_code(newer.code), newer.card(), "desk")

    assert second.request_message != first.request_message


def test_a_damaged_request_is_made_anew(installation: Installation):
    """A kept file that is none does not stand in the way."""
    asked(installation)
    key_file(installation, PENDING_FILE).write_bytes(b"damaged")

    assert asked(installation).card_message == HUB.card()


def test_without_card_and_request_there_is_nothing_to_answer(installation: Installation):
    """An answer file for a code that was never asked with is refused by name."""
    with pytest.raises(NotEnrolled):
        pending_enrolment(installation.joining(), CODE, None, "desk")


def test_a_node_does_not_join_twice(installation: Installation):
    """An enrolled folder makes no further request."""
    pending = asked(installation)
    finish_enrolment(installation.joining(), CODE, pending, answered(installation, pending), None)

    with pytest.raises(AlreadyEnrolled):
        asked(installation)


def test_of_two_processes_with_one_answer_the_second_changes_nothing(installation: Installation):
    """The passphrase that was printed first goes on to open the key, and the first epoch stays."""
    pending = asked(installation)
    answer = answered(installation, pending)
    _, printed = finish_enrolment(installation.joining(), CODE, pending, answer, None)
    with installation.store.read() as tx:
        before = tx.chain()

    with pytest.raises(AlreadyEnrolled):
        finish_enrolment(installation.joining(), CODE, pending, answer, None)

    with installation.store.read() as tx:
        assert tx.chain() == before
    wrapped = key_file(installation, WRAPPED_FOR_RECOVERY_FILE).read_bytes()
    assert unwrap_with_passphrase(wrapped, printed) == installation.keyring.data_key
