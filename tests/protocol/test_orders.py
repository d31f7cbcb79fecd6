"""Key changes prove the new key, and erasure orders say whom and what."""

import pytest

from carnet_protocol.errors import BadValue, NotAuthentic
from carnet_protocol.kinds import ERASURE, KEY_CHANGE
from carnet_protocol.orders import (
    ERASURE_RECORDS_MAX,
    ErasureOrder,
    change_key,
    check_key_change,
    group_mask,
    read_erasure,
)
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import ErasureGroup
from support.protocol import HUB, NODE, OTHER_HUB, exchange_key, fixed, record, signer

NEW = signer("new key")
CHANGE = change_key(HUB, NODE, exchange_key("new exchange key"), NEW, NEW.public_key)
ORDER = ErasureOrder((record("a"), record("b")), frozenset({ErasureGroup.IDENTITY, ErasureGroup.SECRET}))


def test_a_key_change_is_accepted_from_the_holder_of_the_new_key():
    """Its fields are those of the kind, each within the registry."""
    check_key_change(HUB, CHANGE)

    assert set(CHANGE) <= set(KEY_CHANGE.labels)
    for name, value in CHANGE.items():
        KEY_CHANGE.by_label[KEY_CHANGE.labels[name]][1].check(value)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"node_id": fixed("another node")}, id="for another node"),
        pytest.param({"new_signing_key": signer("thief").public_key}, id="another signing key"),
        pytest.param({"new_exchange_key": exchange_key("thief")}, id="another exchange key"),
        pytest.param({"proof": bytes(64)}, id="another proof"),
        pytest.param({"proof": None}, id="no proof"),
        pytest.param({"new_signing_key": None}, id="no key"),
        pytest.param({"new_signing_key": bytes(31)}, id="no Ed25519 key"),
    ],
)
def test_a_key_change_without_its_proof_is_refused(change: dict[str, bytes | None]):
    """Whoever signs with the old key alone cannot enrol somebody else's."""
    with pytest.raises(NotAuthentic) as refusal:
        check_key_change(HUB, CHANGE | change)

    assert refusal.value.reason is Reason.BAD_PROOF


def test_a_key_change_is_for_one_hub():
    """A proof given to one hub is worth nothing at another."""
    with pytest.raises(NotAuthentic):
        check_key_change(OTHER_HUB, CHANGE)


def test_an_erasure_order_comes_back_as_it_went():
    """Records and groups survive the two fields of the kind."""
    fields = ORDER.fields()

    assert fields == {"record_ids": record("a") + record("b"), "groups": 0b1001}
    assert read_erasure(record("a") + record("b"), 0b1001) == ORDER
    for name, value in fields.items():
        ERASURE.by_label[ERASURE.labels[name]][1].check(value)


def test_all_groups_together_are_fifteen():
    """The mask of every group is the maximum of the field."""
    assert group_mask(ErasureGroup) == 15


@pytest.mark.parametrize(
    ("record_ids", "groups"),
    [(b"", 1), (bytes(17), 1), (bytes(16), 0), (bytes(16), 16), (bytes(16), -1)],
    ids=["no record", "half a record", "no group", "an unknown group", "a negative mask"],
)
def test_an_erasure_of_nothing_in_particular_is_refused(record_ids: bytes, groups: int):
    """An order names whole records and known groups."""
    with pytest.raises(BadValue):
        read_erasure(record_ids, groups)


@pytest.mark.parametrize("count", [1, 256])
def test_an_order_names_one_to_256_records(count: int):
    """The edges are inside, and as many ids as fit one value of 4 KiB."""
    order = ErasureOrder((record(),) * count, frozenset({ErasureGroup.NOTES}))

    assert order.fields()["groups"] == 0b0100
    assert ERASURE_RECORDS_MAX == 256


@pytest.mark.parametrize(
    "order",
    [
        ErasureOrder((), frozenset(ErasureGroup)),
        ErasureOrder((record(),), frozenset()),
        ErasureOrder((record(),) * (ERASURE_RECORDS_MAX + 1), frozenset(ErasureGroup)),
    ],
    ids=["no record", "no group", "257 records"],
)
def test_an_impossible_erasure_is_not_written(order: ErasureOrder):
    """The author is refused before anything is signed."""
    with pytest.raises(BadValue):
        order.fields()
