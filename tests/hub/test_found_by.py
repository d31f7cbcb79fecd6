"""Who stands under a key, as of now: what is stored and what the transaction changed, however it was asked for."""

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from carnet_hub.core.limits import KEY_ROWS_MAX
from carnet_hub.core.master_rows import MatchKeyRow, MemberRow, PartyRow
from carnet_hub.core.sets.master_book import MasterBook

PEOPLE = [bytes([number]) * 16 for number in range(1, 7)]
KEYS = [letter.encode() * 16 for letter in "PVWD"]
GOLDEN = b"g" * 16
ASKED = st.tuples(st.sampled_from(["keys", "parties"]), st.sets(st.sampled_from(KEYS)))
KEPT = st.dictionaries(st.sampled_from(PEOPLE), st.sets(st.sampled_from(KEYS)))


class Stored:
    """A snapshot of parties and their keys; nothing else is asked of it."""

    def __init__(self, kept: dict[bytes, set[bytes]], *, is_cut_off: bool) -> None:
        self._kept = kept
        self._is_cut_off = is_cut_off
        self.asked: list[str] = []

    def parties(self, customers: Collection[bytes]) -> dict[bytes, PartyRow]:
        """Those that are stored."""
        self.asked.append("parties")
        return {one: party(one, self._kept[one]) for one in customers if one in self._kept}

    def found_by(self, key: bytes, limit: int) -> list[bytes]:
        """The first under a key."""
        self.asked.append("found_by")
        return sorted(one for one, keys in self._kept.items() if key in keys)[:limit]

    def found_by_any(self, keys: Collection[bytes], limit: int) -> list[MatchKeyRow]:
        """Everybody under some keys in an order of no meaning; so many rows that they are cut off, where told so."""
        assert limit == KEY_ROWS_MAX
        rows = [
            MatchKeyRow(key, one) for key in keys for one in sorted(self._kept, reverse=True) if key in self._kept[one]
        ]
        return rows * limit if self._is_cut_off and rows else rows

    def met_by(self, keys: Collection[bytes], limit: int) -> list[tuple[PartyRow, bytes | None]]:
        """Everybody under some keys in an order of no meaning, the smaller half of all in a cluster."""
        self.asked.append("met_by")
        holders = [one for one in sorted(self._kept, reverse=True) if self._kept[one].intersection(keys)]
        return [(party(one, self._kept[one]), GOLDEN if one < PEOPLE[3] else None) for one in holders[:limit]]


def party(customer: bytes, keys: Collection[bytes]) -> PartyRow:
    """A party that is found by some keys."""
    return PartyRow(customer, b"d" * 16, 1, "person", True, b"", b"".join(sorted(keys)), b"")


@given(KEPT, KEPT, ASKED, st.booleans(), st.integers(1, 7))
def test_who_is_found_does_not_depend_on_how_it_was_asked(
    kept: dict[bytes, set[bytes]],
    changed: dict[bytes, set[bytes]],
    asked: tuple[str, set[bytes]],
    is_cut_off: bool,
    limit: int,
):
    """Asked for one by one or together, with their parties or without, before or after changes: the first by id."""
    book, (form, together) = MasterBook(Stored(kept, is_cut_off=is_cut_off)), asked  # type: ignore[arg-type]
    book.load_met(together, limit) if form == "parties" else book.load_found(together)
    for customer, keys in changed.items():
        book.put_party(party(customer, keys))
    now = {**kept, **changed}

    found = {key: book.found_by(key, limit) for key in KEYS}

    assert found == {key: sorted(one for one, keys in now.items() if key in keys)[:limit] for key in KEYS}


def test_who_is_met_is_asked_for_once():
    """One look-up by keys brings the parties under them with their clusters: nothing of these is asked for again."""
    stored = Stored({PEOPLE[0]: {KEYS[0], KEYS[1]}, PEOPLE[4]: {KEYS[1]}}, is_cut_off=False)
    book = MasterBook(stored)  # type: ignore[arg-type]

    book.load_met(KEYS, 3)

    assert [book.found_by(key, 9) for key in KEYS[:2]] == [[PEOPLE[0]], [PEOPLE[0], PEOPLE[4]]]
    assert [book.party(one) for one in PEOPLE[:5:4]] == [party(PEOPLE[0], KEYS[:2]), party(PEOPLE[4], KEYS[1:2])]
    assert [book.member(one) for one in PEOPLE[:5:4]] == [MemberRow(PEOPLE[0], GOLDEN), None]
    assert stored.asked == ["met_by"]
