"""A lost machine's data key: one code, one node of the right site, one answer, and nothing kept at the hub."""

from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from carnet_hub.adapters.keyring import SUITE, Keyring, create_keyring
from carnet_hub.adapters.system import DiskFiles
from carnet_hub.core import rows
from carnet_hub.core.exchange.recovering import answer_recovery, issue_recovery_code
from carnet_hub.core.sets.histories import open_new_hub_epoch
from carnet_protocol.enrolment import check_answer, parse_code, prove_request
from carnet_protocol.envelope import Purpose
from carnet_protocol.errors import BadValue, Refused
from carnet_protocol.limits import INVITE_TRIES_MAX, INVITE_TTL_MS
from carnet_protocol.messages import RecoverAnswer, RecoverRequest, open_frame, sign_frame
from carnet_protocol.reasons import Reason
from carnet_protocol.recovery import KEPT_INFO, RETURNED_INFO, recovery_keys
from support.authors import SiteAuthor, draft_of
from support.hub_apps import CountedEntropy
from support.hub_world import HubWorld
from support.protocol import fixed

DATA_KEY = fixed("the lost data key", 32)
EXCHANGE = X25519PrivateKey.from_private_bytes(fixed("exchange of the new machine", 32))


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    """The hub's keys."""
    return create_keyring(tmp_path / "keys", DiskFiles(), CountedEntropy())


def machine(world: HubWorld, name: str = "a") -> SiteAuthor:
    """A new node whose exchange key is known here."""
    author = SiteAuthor(name, name, hub_epoch=world.hub.hub_epoch, wall_ms=world.clock.ms)
    world.enrol(author, exchange_key=EXCHANGE.public_key().public_bytes_raw())
    return author


def wrapped_for(keyring: Keyring) -> bytes:
    """The copy a lost machine had made for the hub."""
    return SUITE.encrypt(DATA_KEY, X25519PublicKey.from_public_bytes(keyring.exchange_public), info=KEPT_INFO)


def code_for(world: HubWorld, site: SiteAuthor) -> bytes:
    """The secret of a recovery code for a site."""
    return parse_code(issue_recovery_code(world.hub, site.dealer_id).code).secret


def request(world: HubWorld, site: SiteAuthor, secret: bytes, wrapped: bytes, **changes: object) -> bytes:
    """A signed request for a data key."""
    keys = recovery_keys(secret)
    unproved = RecoverRequest(1, keys.code_id, site.node_id, wrapped, bytes(32))
    proved = msgspec.structs.replace(unproved, proof=prove_request(keys, world.hub.public_key, unproved))
    return sign_frame(msgspec.structs.replace(proved, **changes), Purpose.ENROL, world.hub.hub_id, site.signer)


def test_the_key_comes_back_to_the_machine_that_asks(world: HubWorld, keyring: Keyring):
    """With the copy and a code the new node gets the data key, wrapped for its own exchange key."""
    site = machine(world)
    secret = code_for(world, site)
    asked = request(world, site, secret, wrapped_for(keyring))

    message = answer_recovery(world.hub, keyring, asked)

    answer = open_frame(message, RecoverAnswer, world.hub.public_key, Purpose.ENROL, world.hub.hub_id)
    check_answer(recovery_keys(secret), asked, answer)
    assert SUITE.decrypt(answer.wrapped, EXCHANGE, info=RETURNED_INFO) == DATA_KEY


def test_a_lost_answer_costs_nothing(world: HubWorld, keyring: Keyring):
    """The same request gets the same answer, and any other use of the code is refused."""
    site = machine(world)
    secret = code_for(world, site)
    asked = request(world, site, secret, wrapped_for(keyring))
    first = answer_recovery(world.hub, keyring, asked)

    again = answer_recovery(world.hub, keyring, asked)

    assert again == first
    with pytest.raises(Refused) as refusal:
        answer_recovery(world.hub, keyring, request(world, site, secret, wrapped_for(keyring)))
    assert refusal.value.reason is Reason.CODE_USED


def test_a_code_of_before_a_restore_opens_nothing(world: HubWorld, keyring: Keyring):
    """Somebody may have used it after the backup, so a restored hub takes none that the backup calls unused."""
    site = machine(world)
    secret = code_for(world, site)
    restored = open_new_hub_epoch(world.hub)

    with pytest.raises(Refused) as refusal:
        answer_recovery(restored, keyring, request(world, site, secret, wrapped_for(keyring)))

    assert refusal.value.reason is Reason.CODE_EXPIRED


def test_the_data_key_is_kept_nowhere_at_the_hub(world: HubWorld, keyring: Keyring, tmp_path: Path):
    """After the answer no file of the hub holds the data key."""
    site = machine(world)

    answer_recovery(world.hub, keyring, request(world, site, code_for(world, site), wrapped_for(keyring)))

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files if DATA_KEY in path.read_bytes()] == []


def test_another_site_s_code_opens_nothing(world: HubWorld, keyring: Keyring):
    """A node cannot use a code that was made for another site, and the code stays good."""
    site, other = machine(world), machine(world, "b")
    secret = code_for(world, site)

    with pytest.raises(Refused) as refusal:
        answer_recovery(world.hub, keyring, request(world, other, secret, wrapped_for(keyring)))

    assert refusal.value.reason is Reason.BAD_CODE
    assert answer_recovery(world.hub, keyring, request(world, site, secret, wrapped_for(keyring)))


def test_a_suspended_node_gets_no_key(world: HubWorld, keyring: Keyring):
    """A node that is turned away everywhere is turned away here as well."""
    site = machine(world)
    secret = code_for(world, site)
    world.write(draft_of("node", site.node_id, {"status": "suspended"}))

    with pytest.raises(Refused) as refusal:
        answer_recovery(world.hub, keyring, request(world, site, secret, wrapped_for(keyring)))

    assert refusal.value.reason is Reason.SUSPENDED_NODE


def test_a_copy_for_another_hub_leaves_the_code_good(world: HubWorld, keyring: Keyring):
    """A copy that this hub's key does not open is refused as a value, and the code may be used again."""
    site = machine(world)
    secret = code_for(world, site)

    with pytest.raises(BadValue):
        answer_recovery(world.hub, keyring, request(world, site, secret, bytes(80)))

    assert answer_recovery(world.hub, keyring, request(world, site, secret, wrapped_for(keyring)))


def test_a_code_bears_five_wrong_proofs(world: HubWorld, keyring: Keyring):
    """After the fifth wrong proof even the right one is refused."""
    site = machine(world)
    secret = code_for(world, site)
    for _ in range(INVITE_TRIES_MAX):
        with pytest.raises(Refused):
            answer_recovery(world.hub, keyring, request(world, site, secret, wrapped_for(keyring), proof=bytes(32)))

    with pytest.raises(Refused) as refusal:
        answer_recovery(world.hub, keyring, request(world, site, secret, wrapped_for(keyring)))

    assert refusal.value.reason is Reason.CODE_USED


def test_a_code_is_good_for_three_days(world: HubWorld, keyring: Keyring):
    """At the end of its time a code is refused, and nothing was stored."""
    site = machine(world)
    secret = code_for(world, site)
    world.clock.ms += INVITE_TTL_MS
    before = world.digest((rows.InviteRow,))

    with pytest.raises(Refused) as refusal:
        answer_recovery(world.hub, keyring, request(world, site, secret, wrapped_for(keyring)))

    assert (refusal.value.reason, world.digest((rows.InviteRow,))) == (Reason.CODE_EXPIRED, before)
