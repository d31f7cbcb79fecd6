"""A node believes the hub its code was made by, and no other, and takes only the answer to its own request."""

import msgspec
import pytest

from carnet_node.core.line.enrolment import (
    NodeKeys,
    PendingEnrolment,
    accept_answer,
    believe_card,
    check_hub_url,
    draft_request,
    is_request_for,
)
from carnet_protocol.enrolment import invite_keys, parse_code, prove_answer
from carnet_protocol.envelope import Purpose
from carnet_protocol.errors import BadValue, NotAuthentic
from carnet_protocol.ids import HubId
from carnet_protocol.messages import EnrolAnswer, EnrolRequest, open_frame, sign_frame
from carnet_protocol.reasons import Reason
from support.fake_hub import HUB_ID, NOW_MS, FakeHub
from support.protocol import signer

NODE_ID = b"node-one" + bytes(8)
SIGNER = signer("node key")
KEYS = NodeKeys(SIGNER.public_key, b"x" * 32)


def drafted(hub: FakeHub, name: str = "front desk") -> PendingEnrolment:
    """The request of a node that was given this hub's code."""
    code = parse_code(hub.code)
    return draft_request(hub.card(), code, KEYS, SIGNER, node_id=NODE_ID, node_name=name, wall_ms=NOW_MS)


def test_the_request_states_the_node_and_proves_the_code():
    """A hub that knows the secret finds the proof right and the node's keys in the request."""
    hub = FakeHub()

    pending = drafted(hub)

    request = open_frame(pending.request_message, EnrolRequest, SIGNER.public_key, Purpose.ENROL, HUB_ID)
    assert (request.node_id, request.signing_key, request.exchange_key, request.node_name, request.wall_ms) == (
        NODE_ID,
        KEYS.signing,
        KEYS.exchange,
        "front desk",
        NOW_MS,
    )
    assert hub.answer_enrol(pending.request_message, SIGNER.public_key)


def test_the_answer_to_our_request_is_taken():
    """A welcome with the hub's proof names the site the node now belongs to."""
    hub = FakeHub()
    pending = drafted(hub)

    answer = accept_answer(hub.answer_enrol(pending.request_message, SIGNER.public_key), pending, parse_code(hub.code))

    assert (answer.site_code, answer.node_id, answer.hub_exchange_key) == ("TJ01", NODE_ID, hub.exchange_public)


def test_a_hub_with_another_key_is_not_believed():
    """Whoever answers in the hub's place, with a key of its own, gets no request."""
    impostor = FakeHub(signer=signer("impostor"))

    with pytest.raises(NotAuthentic) as caught:
        believe_card(impostor.card(), parse_code(FakeHub().code))

    assert caught.value.reason is Reason.BAD_CODE


def test_an_altered_card_is_not_believed():
    """A card that somebody else signed with the hub's public key inside is refused."""
    hub, stranger = FakeHub(), signer("impostor")
    forged = FakeHub(signer=stranger).card(signing_key=hub.signer.public_key)

    with pytest.raises(NotAuthentic) as caught:
        believe_card(forged, parse_code(hub.code))

    assert caught.value.reason is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("label", "window", "reason"),
    [
        ("the hub is older", {"schema_min": 0, "schema_max": 0}, Reason.SCHEMA_TOO_NEW),
        ("the hub reads only newer ones", {"schema_min": 2, "schema_max": 9}, Reason.SCHEMA_TOO_OLD),
    ],
)
def test_a_hub_that_does_not_read_our_schema_is_named_as_such(label: str, window: dict[str, int], reason: Reason):
    """Versions that do not meet are found before anything is sent."""
    hub = FakeHub()

    with pytest.raises(NotAuthentic) as caught:
        believe_card(hub.card(**window), parse_code(hub.code))

    assert caught.value.reason is reason, label


def test_an_answer_to_another_request_is_refused():
    """The proof in an answer is bound to the very bytes of the request."""
    hub = FakeHub()
    ours, other = drafted(hub), drafted(hub, name="back office")
    answer = hub.answer_enrol(other.request_message, SIGNER.public_key)

    with pytest.raises(NotAuthentic) as caught:
        accept_answer(answer, ours, parse_code(hub.code))

    assert caught.value.reason is Reason.BAD_PROOF


@pytest.mark.parametrize(
    "change", [{"node_id": b"another-node-id!"}, {"hub_signing_key": b"K" * 32}, {"hub_id": b"h" * 16}]
)
def test_an_answer_that_names_another_node_or_hub_is_refused(change: dict[str, bytes]):
    """Even with a right proof an answer must be about this node and this hub."""
    hub = FakeHub()
    pending = drafted(hub)

    with pytest.raises(NotAuthentic) as caught:
        accept_answer(
            hub.answer_enrol(pending.request_message, SIGNER.public_key, **change), pending, parse_code(hub.code)
        )

    assert caught.value.reason is Reason.BAD_PROOF


def test_an_answer_without_knowledge_of_the_code_is_refused():
    """A signature of the hub's key alone does not admit a node: the proof must hold too."""
    hub = FakeHub()
    pending = drafted(hub)
    answer = hub.answer_enrol(pending.request_message, SIGNER.public_key)
    frame = open_frame(answer, EnrolAnswer, hub.signer.public_key, Purpose.ENROL, HUB_ID)
    wrong = prove_answer(invite_keys(b"other-secr"), pending.request_message, frame)
    resigned = sign_frame(msgspec.structs.replace(frame, proof=wrong), Purpose.ENROL, HubId(HUB_ID), hub.signer)

    with pytest.raises(NotAuthentic) as caught:
        accept_answer(resigned, pending, parse_code(hub.code))

    assert caught.value.reason is Reason.BAD_PROOF


def test_a_kept_request_is_known_by_its_code():
    """A request is sent again for the same code and not for another one."""
    hub = FakeHub()
    pending = drafted(hub)

    same = is_request_for(pending, parse_code(hub.code))
    other = is_request_for(pending, parse_code(FakeHub(secret=b"new-secret").code))

    assert (same, other) == (True, False)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_node_needs_a_name_of_bounded_length(name: str):
    """A name that is empty or longer than 200 characters is refused at its field."""
    with pytest.raises(BadValue) as caught:
        drafted(FakeHub(), name=name)

    assert caught.value.field == "name"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://hub.example.com", "https://hub.example.com"),
        (" https://hub.example.com:8443/ ", "https://hub.example.com:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_is_taken_without_its_slash(typed: str, meant: str):
    """Encrypted addresses, and clear ones on this machine, are accepted."""
    assert check_hub_url(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "http://hub.example.com",
        "http://10.0.0.1",
        "ftp://hub.example.com",
        "hub.example.com",
        "https://",
        "https://user@hub.example.com",
        "https://hub.example.com/path",
        "https://hub.example.com?x=1",
        "https://hub.example.com:port",
        "http://localhost.example.com",
    ],
)
def test_an_address_that_is_clear_or_no_address_is_refused(typed: str):
    """Clear HTTP to another machine, and anything that is not an address, is refused at its field."""
    with pytest.raises(BadValue) as caught:
        check_hub_url(typed)

    assert caught.value.field == "hub"
