"""What continues a chain, what repeats it, what leaves a hole and what splits it."""

import pytest

from carnet_protocol.chain import NO_HEAD, ChainHead, ChainLink, classify_link
from carnet_protocol.changeset import EpochOrigin
from carnet_protocol.ids import NO_HASH
from support.protocol import EPOCH, fixed, link, sealed_set

FIRST = sealed_set(nonce_name="first")
SECOND = sealed_set(nonce_name="second", place=link(2, FIRST.change_set.set_hash))
THIRD = sealed_set(nonce_name="third", place=link(3, SECOND.change_set.set_hash))
OTHER_SECOND = sealed_set(nonce_name="other", place=link(2, FIRST.change_set.set_hash))
STRAY_THIRD = sealed_set(nonce_name="third", place=link(3, OTHER_SECOND.change_set.set_hash))
LATER_EPOCH = sealed_set(
    nonce_name="later",
    place=link(1, THIRD.change_set.set_hash, origin=EpochOrigin(EPOCH, 3, THIRD.change_set.set_hash, 1)),
)
H1, H2, H3 = (one.change_set.set_hash for one in (FIRST, SECOND, THIRD))


@pytest.mark.parametrize(
    ("arrived", "head", "known_hash", "expected"),
    [
        pytest.param(FIRST, NO_HEAD, None, ChainLink.NEXT, id="the first set of a new epoch"),
        pytest.param(LATER_EPOCH, NO_HEAD, None, ChainLink.NEXT, id="the first set of an epoch with a parent"),
        pytest.param(SECOND, ChainHead(1, H1), None, ChainLink.NEXT, id="the next one"),
        pytest.param(THIRD, ChainHead(2, H2), None, ChainLink.NEXT, id="and the next"),
        pytest.param(FIRST, ChainHead(1, H1), H1, ChainLink.DUPLICATE, id="the head again"),
        pytest.param(FIRST, ChainHead(3, H3), H1, ChainLink.DUPLICATE, id="an old one again"),
        pytest.param(SECOND, NO_HEAD, None, ChainLink.GAP, id="the second before the first"),
        pytest.param(THIRD, ChainHead(1, H1), None, ChainLink.GAP, id="one is missing"),
        pytest.param(OTHER_SECOND, ChainHead(2, H2), H2, ChainLink.FORK, id="another body at the head"),
        pytest.param(OTHER_SECOND, ChainHead(3, H3), H2, ChainLink.FORK, id="another body further back"),
        pytest.param(STRAY_THIRD, ChainHead(2, H2), None, ChainLink.FORK, id="the continuation of another body"),
        pytest.param(FIRST, ChainHead(1, fixed("other", 32)), fixed("other", 32), ChainLink.FORK, id="two first sets"),
        pytest.param(SECOND, ChainHead(3, H3), None, ChainLink.FORK, id="an old number that is not held"),
        pytest.param(FIRST, ChainHead(3, H3), None, ChainLink.FORK, id="number one, which is not held"),
        pytest.param(FIRST, ChainHead(1, H1), None, ChainLink.FORK, id="the head's number, which is not held"),
    ],
)
def test_a_set_relates_to_what_its_reader_holds(arrived, head: ChainHead, known_hash, expected: ChainLink):
    """Number, hash and parent decide, and nothing else."""
    assert classify_link(arrived.change_set.header, arrived.change_set.set_hash, head, known_hash) is expected


def test_no_head_is_no_set():
    """A reader who holds nothing says number zero and a hash of zero bytes."""
    assert ChainHead(0, NO_HASH) == NO_HEAD


def test_an_epoch_may_be_read_from_the_start_one_by_one():
    """A reader who holds nothing takes the sets in order and ends at the head."""
    head = NO_HEAD
    links = []
    for one in (FIRST, SECOND, THIRD):
        links.append(classify_link(one.change_set.header, one.change_set.set_hash, head, None))
        head = ChainHead(one.change_set.header.seq, one.change_set.set_hash)

    assert links == [ChainLink.NEXT] * 3
    assert head == ChainHead(3, H3)
