"""What the hub keeps so that a campaign's sums are at hand, as plain rows; all of them are projections of the log.

Decides which facts exist and what identifies each, as `rows` does for everything else. A pair is a campaign's record id
followed by a VIN in normal form, in UTF-8. Every key but those of the first two begins with the campaign.
"""

from typing import Final, NamedTuple


class PairSourceRow(NamedTuple):
    """A record that says something of a pair: a pair finds what was said of it, and an order what hangs on it.

    Attributes:
        hangs_on: a record that decides what it is worth: the order that a completion names; None for none.
    """

    kind: int
    record: bytes
    pair: bytes
    hangs_on: bytes | None


class LeftCarRow(NamedTuple):
    """A car that was exported, scrapped or stolen, or is unsold, and shows the VIN that its record derives from.

    Attributes:
        vin: in normal form.
        is_back: a dealer has had it in since.
    """

    vehicle: bytes
    vin: str
    lifecycle: str
    is_back: bool


class ListedRow(NamedTuple):
    """Members of a campaign that stand at one place, see `member_places`.

    Attributes:
        members, withdrawn: of the newest plan, and of those whom an earlier one had; packed, ascending.
    """

    campaign: bytes
    place: bytes
    members: bytes
    withdrawn: bytes


class PairRow(NamedTuple):
    """What became of a pair of which something is known; all others rest.

    Attributes:
        standing: a `Standing`.
        state: a `PairState`; empty for a stranger, and for a member that rests.
        dealer, work_day: who closed it, and on which day of work (`trends.work_day`); empty and 0 while nobody has.
        fates: what became of each report, `ReportFate` values in the order of judgement with a space between them.
        came_back: see `PairVerdict`.
    """

    pair: bytes
    standing: int
    state: str
    dealer: bytes
    work_day: int
    fates: str
    came_back: bool


class SumRow(NamedTuple):
    """How many pairs or reports of a campaign are alike in one respect, never 0; see `kept_sums`."""

    key: bytes
    number: int


class CountRow(NamedTuple):
    """A campaign as its pairs were judged.

    Attributes:
        terms: what it asks, packed; how it rests and whether it is superseded is left out.
        lists: SHA-256 over the hashes of its member lists.
        member_count: distinct members, withdrawn ones among them.
        is_whole: every list was on the shelf; otherwise nothing of it is counted here.
    """

    campaign: bytes
    terms: bytes
    lists: bytes
    member_count: int
    is_whole: bool


CountedRow = PairSourceRow | LeftCarRow | ListedRow | PairRow | SumRow | CountRow

COUNT_PROJECTIONS: Final[dict[type[CountedRow], int]] = {
    PairSourceRow: 2,
    LeftCarRow: 1,
    ListedRow: 2,
    PairRow: 1,
    SumRow: 1,
    CountRow: 1,
}
"""How many of a row's first columns identify it."""

OF_A_CAMPAIGN: Final = (ListedRow, PairRow, SumRow, CountRow)
"""Rows whose key begins with a campaign: they need its member lists, which lie outside the database."""
