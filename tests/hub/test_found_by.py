"""Who stands under a key, as of now: what is stored and what the transaction changed, however it was asked for."""

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from carnet_hub.core.limits import KEY_ROWS_MAX
from carnet_hub.core.master_book import MasterBook
from carnet_hub.core.master_rows import MatchKeyRow, PartyRow

PEOPLE = [bytes([number]) * 16 for number in range(1, 7)]
KEYS = [letter.encode() * 16 for letter in "PVWD"]
KEPT = st.dictionaries(st.sampled_from(PEOPLE), st.sets(st.sampled_from(KEYS)))


class Stored:
    """A snapshot of parties and their keys; nothing else is asked of it."""

    def __init__(self, kept: dict[bytes, set[bytes]], *, is_cut_off: bool) -> None:
        self._kept = kept
        self._is_cut_off = is_cut_off

    def parties(self, customers: Collection[bytes]) -> dict[bytes, PartyRow]:
        """Those that are stored."""
        return {one: party(one, self._kept[one]) for one in customers if one in self._kept}

    def found_by(self, key: bytes, limit: int) -> list[bytes]:
        """The first under a key."""
        return sorted(one for one, keys in self._kept.items() if key in keys)[:limit]

    def found_by_any(self, keys: Collection[bytes], limit: int) -> list[MatchKeyRow]:
        """Everybody under some keys in an order of no meaning; so many rows that they are cut off, where told so."""
        assert limit == KEY_ROWS_MAX
        rows = [
            MatchKeyRow(key, one) for key in keys for one in sorted(self._kept, reverse=True) if key in self._kept[one]
        ]
        return rows * limit if self._is_cut_off and rows else rows


def party(customer: bytes, keys: Collection[bytes]) -> PartyRow:
    """A party that is found by some keys."""
    return PartyRow(customer, b"d" * 16, 1, "person", True, b"", b"".join(sorted(keys)), b"")


@given(KEPT, KEPT, st.sets(st.sampled_from(KEYS)), st.booleans(), st.integers(1, 7))
def test_who_is_found_does_not_depend_on_how_it_was_asked(
    kept: dict[bytes, set[bytes]],
    changed: dict[bytes, set[bytes]],
    together: set[bytes],
    is_cut_off: bool,
    limit: int,
):
    """Asked for together or one by one, before or after changes: the first customers that have a key now, by id."""
    book = MasterBook(Stored(kept, is_cut_off=is_cut_off))  # type: ignore[arg-type]
    book.load_found(together)
    for customer, keys in changed.items():
        book.put_party(party(customer, keys))
    now = {**kept, **changed}

    found = {key: book.found_by(key, limit) for key in KEYS}

    assert found == {key: sorted(one for one, keys in now.items() if key in keys)[:limit] for key in KEYS}
