"""Which relations say something new: those between customers whom nothing connects yet, whatever was asked before."""

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from carnet_hub.core.identities.relations import Related, is_news
from carnet_hub.core.master_limits import RELATIONS_MAX
from carnet_hub.core.master_rows import DecisionRow, MemberRow, PartyRow
from carnet_hub.core.sets.master_book import MasterBook
from carnet_master.clusters import pair_of

PEOPLE = [bytes([number]) * 16 for number in range(1, 8)]
CAUSES = ("household", "branch")
PAIRS = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)).filter(lambda one: one[0] != one[1])
SAID = st.tuples(st.sampled_from(CAUSES), PAIRS)
ASKED = st.tuples(st.sampled_from(("link", *CAUSES)), PAIRS, st.sets(st.sampled_from(PEOPLE)))


class Told:
    """A snapshot that knows who is in which cluster and who was related; nothing else is asked of it."""

    def __init__(self, related: Collection[tuple[str, tuple[bytes, bytes]]], homes: dict[bytes, bytes]) -> None:
        self._related = [(cause, *pair_of(*pair)) for cause, pair in related]
        self._homes = homes

    def parties(self, customers: Collection[bytes]) -> dict[bytes, PartyRow]:
        """Everybody, the smaller id the older one."""
        return {one: PartyRow(one, b"d" * 16, one[0], "person", True, b"", b"", b"") for one in customers}

    def members(self, customers: Collection[bytes]) -> dict[bytes, MemberRow]:
        """Those that are in a cluster."""
        return {one: MemberRow(one, self._homes[one]) for one in customers if one in self._homes}

    def decisions(self, customers: Collection[bytes]) -> list[DecisionRow]:
        """What was related, from each side."""
        return [
            DecisionRow(side, other, bytes([number]) * 16, number, 0, "relate", "auto", cause, b"")
            for number, (cause, one, two) in enumerate(self._related, 1)
            for side, other in ((one, two), (two, one))
            if side in customers
        ]


def is_connected(edges: Collection[tuple[bytes, bytes]], pair: tuple[bytes, bytes]) -> bool:
    """Whether a way leads from one to the other, tried step by step."""
    reached = {pair[0]}
    while more := {two for one, two in [*edges, *((b, a) for a, b in edges)] if one in reached} - reached:
        reached |= more
    return pair[1] in reached


@given(
    st.lists(SAID, max_size=5),
    st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from([b"g" * 16, b"h" * 16])),
    st.lists(ASKED, max_size=12),
)
def test_a_relation_is_news_where_nothing_connects_the_two(
    stored: list[tuple[str, tuple[bytes, bytes]]],
    homes: dict[bytes, bytes],
    asked: list[tuple[str, tuple[bytes, bytes], set[bytes]]],
):
    """Answers given one after the other are those of a walk over all that stands round the two and was said before."""
    book, related = MasterBook(Told(stored, homes)), Related()  # type: ignore[arg-type]
    said: list[tuple[str, tuple[bytes, bytes]]] = []

    for cause, pair, around in asked:
        if cause == "link":
            related.link(pair)
            said.append(("", pair))
            continue
        near = {*pair, *around}
        standing = [one for word, one in stored if word == cause and not near.isdisjoint(one)]
        edges = [*standing, *((one, homes[one]) for one in near if one in homes)]
        edges += [one for word, one in said if word in {cause, ""}]
        younger = max(pair)
        told = sum(younger in one for word, one in [*stored, *said] if word)

        found = is_news(book, related, pair, around, cause)

        assert found == (told < RELATIONS_MAX and not is_connected(edges, pair))
        if found:
            related.relate(pair, cause)
            said.append((cause, pair))


def test_a_customer_is_related_a_bounded_number_of_times():
    """The younger of two brings at most so many relations, those that are not written yet among them."""
    book, related = MasterBook(Told([], {})), Related()  # type: ignore[arg-type]
    youngest = b"\xff" * 16
    for number in range(RELATIONS_MAX):
        related.relate((bytes([number]) * 16, youngest), "household")

    assert not is_news(book, related, (PEOPLE[-1], youngest), (), "branch")
    assert is_news(book, related, (PEOPLE[0], PEOPLE[1]), (), "branch")
