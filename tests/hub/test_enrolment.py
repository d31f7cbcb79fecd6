"""Enrolment at the hub: one code, one node, a retry that is harmless, and proofs from both sides."""

import threading
from pathlib import Path

import pytest

from carnet_hub.core.codes import Invitation
from carnet_hub.core.exchange.enrolment import answer_enrol, invite_dealer
from carnet_hub.core.shown import shown_records
from carnet_hub.core.upkeep.dealers import suspend_site
from carnet_protocol import limits
from carnet_protocol.enrolment import check_answer, format_code, invite_keys, parse_code
from carnet_protocol.envelope import key_id_of
from carnet_protocol.errors import BadValue, Malformed, NotAllowed, NotAuthentic, Refused
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.reasons import Reason
from support.hub_apps import NodeVoice, TestHub, make_hub, reopen_hub
from support.protocol import signer


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with one dealer site."""
    made = make_hub(tmp_path)
    made.add_dealer("A001")
    return made


def voice(hub: TestHub, name: str = "desk") -> NodeVoice:
    """A node that has not enrolled yet."""
    return NodeVoice(name, hub.app.hub.hub_id, hub.app.hub.hub_epoch, hub.app.hub.public_key)


def invite(hub: TestHub) -> Invitation:
    """A code for the one site."""
    with hub.app.hub.store.read() as snapshot:
        row = next(row for row, _ in shown_records(REGISTRY, snapshot, "dealer_site"))
    return invite_dealer(hub.app.hub, row.id)


def ask(hub: TestHub, message: bytes) -> bytes:
    """The hub's answer to a request."""
    return answer_enrol(hub.app.hub, hub.app.keys, message)


def position(hub: TestHub) -> int:
    """The end of the hub's log."""
    with hub.app.hub.store.read() as snapshot:
        return snapshot.head().position


def enrolled_nodes(hub: TestHub) -> list[tuple[bytes, bytes, str]]:
    """(node id, signing key, status) of every enrolled node, as its record shows it."""
    with hub.app.hub.store.read() as snapshot:
        return [
            (row.id, bytes(values["signing_key"]), str(values["status"]))  # type: ignore[arg-type]
            for row, values in shown_records(REGISTRY, snapshot, "node")
        ]


def refusal_of(hub: TestHub, message: bytes) -> Reason:
    """Why the hub refuses a request."""
    with pytest.raises(Refused) as refusal:
        ask(hub, message)
    return refusal.value.reason


def test_a_node_that_knows_the_code_is_registered(hub: TestHub):
    """A right request makes one active node record with the keys it named."""
    node = voice(hub)

    ask(hub, node.enrol_request(invite(hub).code))

    assert enrolled_nodes(hub) == [(node.node_id, signer("key desk").public_key, "active")]


def test_the_node_is_known_by_its_key_at_once(hub: TestHub):
    """After enrolment the hub finds the node by the id of its key, welcome and of the right site."""
    node = hub.enrol("desk", "A001")

    with hub.app.hub.store.read() as snapshot:
        (found,) = snapshot.nodes_by_key([key_id_of(signer("key desk").public_key)]).values()
    assert (found.node_id, found.dealer_id, found.is_welcome) == (node.node_id, node.dealer_id, True)


def test_the_answer_proves_that_the_hub_knows_the_code(hub: TestHub):
    """The answer is signed by the hub, bound to the request, and states site and keys."""
    node, code = voice(hub), invite(hub).code
    request = node.enrol_request(code)

    answer = node.read_enrol_answer(ask(hub, request))

    check_answer(invite_keys(parse_code(code).secret), request, answer)
    assert (answer.site_code, answer.node_id) == ("A001", node.node_id)
    assert (answer.hub_signing_key, answer.hub_exchange_key, answer.hub_export_key) == (
        hub.app.hub.public_key,
        hub.app.keys.exchange,
        hub.app.keys.export,
    )


def test_the_code_carries_the_hubs_fingerprint(hub: TestHub):
    """A node can tell from the code alone which hub key it must meet."""
    assert parse_code(invite(hub).code).fingerprint == key_id_of(hub.app.hub.public_key)


def test_the_same_request_gets_the_same_answer(hub: TestHub):
    """A request that is repeated, even after the code's time, gets the same bytes and writes nothing."""
    request = voice(hub).enrol_request(invite(hub).code)
    first = ask(hub, request)
    before = position(hub)
    hub.clock.ms += 2 * limits.INVITE_TTL_MS

    assert ask(hub, request) == first
    assert position(hub) == before


def test_the_same_node_may_ask_again_in_other_words(hub: TestHub):
    """A node whose clock went on before its retry is answered anew, and registered once."""
    node, code = voice(hub), invite(hub).code
    ask(hub, node.enrol_request(code))
    node.wall_ms += 5_000
    request = node.enrol_request(code)

    answer = node.read_enrol_answer(ask(hub, request))

    check_answer(invite_keys(parse_code(code).secret), request, answer)
    assert len(enrolled_nodes(hub)) == 1


def test_a_used_code_is_refused_to_another_node(hub: TestHub):
    """A code lets one machine in."""
    code = invite(hub).code
    ask(hub, voice(hub).enrol_request(code))

    assert refusal_of(hub, voice(hub, "second").enrol_request(code)) is Reason.CODE_USED
    assert len(enrolled_nodes(hub)) == 1


@pytest.mark.parametrize(
    ("age_ms", "expected"), [(limits.INVITE_TTL_MS - 1, None), (limits.INVITE_TTL_MS, Reason.CODE_EXPIRED)]
)
def test_a_code_lives_72_hours(hub: TestHub, age_ms: int, expected: Reason | None):
    """A code works until the millisecond before 72 hours have passed."""
    request = voice(hub).enrol_request(invite(hub).code)
    hub.clock.ms += age_ms

    if expected is None:
        assert ask(hub, request)
    else:
        assert refusal_of(hub, request) is expected


def test_a_wrong_proof_is_refused(hub: TestHub):
    """A request by somebody who does not know the secret is refused and registers nobody."""
    request = voice(hub).enrol_request(invite(hub).code, proof=bytes(31) + b"\x01")

    assert refusal_of(hub, request) is Reason.BAD_PROOF
    assert enrolled_nodes(hub) == []


def test_five_wrong_proofs_void_the_code(hub: TestHub):
    """After five wrong proofs the right one is refused as well."""
    code = invite(hub).code
    for number in range(limits.INVITE_TRIES_MAX):
        wrong = voice(hub).enrol_request(code, proof=bytes(31) + bytes([number + 1]))
        assert refusal_of(hub, wrong) is Reason.BAD_PROOF

    assert refusal_of(hub, voice(hub).enrol_request(code)) is Reason.CODE_USED


def test_four_wrong_proofs_leave_the_code_good(hub: TestHub):
    """Four mistakes are forgiven."""
    code = invite(hub).code
    for number in range(limits.INVITE_TRIES_MAX - 1):
        refusal_of(hub, voice(hub).enrol_request(code, proof=bytes(31) + bytes([number + 1])))

    assert ask(hub, voice(hub).enrol_request(code))


def test_a_used_code_cannot_be_guessed_at(hub: TestHub):
    """Wrong proofs in the name of an enrolled node are refused as a used code and do not spoil its own retry."""
    node, code = voice(hub), invite(hub).code
    answered = ask(hub, node.enrol_request(code))

    for number in range(limits.INVITE_TRIES_MAX + 1):
        wrong = node.enrol_request(code, proof=bytes(31) + bytes([number + 1]))
        assert refusal_of(hub, wrong) is Reason.CODE_USED

    assert ask(hub, node.enrol_request(code)) == answered


def test_a_code_nobody_gave_out_is_refused(hub: TestHub):
    """A well-formed code with a made-up secret is refused."""
    code = format_code(hub.app.hub.public_key, b"0123456789")

    assert refusal_of(hub, voice(hub).enrol_request(code)) is Reason.BAD_CODE


def test_nobody_enrols_a_key_that_is_not_their_own(hub: TestHub):
    """A request that names another key than the one it is signed with is refused."""
    code = invite(hub).code
    request = voice(hub).enrol_request(code, signing_key=signer("key of somebody else").public_key)

    assert refusal_of(hub, request) is Reason.BAD_SIGNATURE


def test_a_key_that_is_another_nodes_is_refused(hub: TestHub):
    """A new node id with the key of an enrolled node is refused."""
    hub.enrol("desk")

    request = voice(hub).enrol_request(invite(hub).code, node_id=b"another node id.")

    assert refusal_of(hub, request) is Reason.BAD_FIELD
    assert len(enrolled_nodes(hub)) == 1


def test_a_known_node_id_with_another_key_is_refused(hub: TestHub):
    """Nobody takes an enrolled node's id with a key of their own."""
    taken = hub.enrol("desk").node_id

    request = voice(hub, "thief").enrol_request(invite(hub).code, node_id=taken)

    with pytest.raises(BadValue):
        ask(hub, request)


def test_a_suspended_dealer_gets_no_code(hub: TestHub):
    """No code is made for a suspended site."""
    suspend_site(hub.app.hub, "A001")

    with pytest.raises(NotAllowed) as refusal:
        invite(hub)
    assert refusal.value.reason is Reason.SUSPENDED_NODE


def test_a_code_made_before_the_suspension_is_refused(hub: TestHub):
    """A dealer that was suspended after the invitation is not let in."""
    request = voice(hub).enrol_request(invite(hub).code)
    suspend_site(hub.app.hub, "A001")

    assert refusal_of(hub, request) is Reason.SUSPENDED_NODE
    assert enrolled_nodes(hub) == []


def test_no_code_for_a_site_that_is_not_there(hub: TestHub):
    """A code needs a dealer site."""
    with pytest.raises(NotAllowed) as refusal:
        invite_dealer(hub.app.hub, bytes(16))

    assert refusal.value.reason is Reason.NOT_FOUND


@pytest.mark.parametrize("message", [b"", b"\xd2", b"\xd2\x84", bytes(200)])
def test_bytes_that_are_no_request_are_refused(hub: TestHub, message: bytes):
    """Anything but a signed request is refused before the code is looked at."""
    with pytest.raises(Malformed):
        ask(hub, message)


def test_a_request_for_another_hub_is_refused(hub: TestHub):
    """A request signed for another hub id is worth nothing here."""
    stranger = voice(hub)
    stranger.hub_id = type(stranger.hub_id)(bytes(16))

    with pytest.raises(NotAuthentic):
        ask(hub, stranger.enrol_request(invite(hub).code))


def test_the_secret_is_stored_nowhere(hub: TestHub, tmp_path: Path):
    """Neither the code's secret nor the code itself can be found in the hub's files."""
    code = invite(hub).code
    secret = parse_code(code).secret
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert secret not in everything
    assert code.encode() not in everything


def test_two_machines_with_one_code_are_not_both_let_in(hub: TestHub, tmp_path: Path):
    """When two workers get two requests with one code at the same moment, exactly one node is registered."""
    code = invite(hub).code
    requests = [voice(hub, name).enrol_request(code) for name in ("one", "other")]
    workers = [hub, reopen_hub(hub, tmp_path)]
    answered: list[bytes | Reason] = []

    def work(worker: TestHub, message: bytes) -> None:
        try:
            answered.append(ask(worker, message))
        except Refused as refusal:
            answered.append(refusal.reason)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(workers, requests, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(answer is Reason.CODE_USED for answer in answered) == 1
    assert len(enrolled_nodes(hub)) == 1
