"""Questions that are kept: under a name, without what is personal, meaning the same days next month."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from carnet_node.core.log.acting import acting_for
from carnet_node.core.node import Node
from carnet_node.core.refusals import CommandRefused
from carnet_node.core.saving.kept_queries import KeptFor, forget_query, keep_query, kept_queries, kept_query
from carnet_node.core.shop_limits import KEPT_NAME_CHARS_MAX, KEPT_QUERIES_MAX
from carnet_node.core.showing.spans import PERIODS, SPANS, days_of, period_of
from carnet_node.entrypoints.asking import documents_asked, report_asked, with_kept
from carnet_protocol.shop_figures import Grouping
from support.node_builder import build_node, close_node
from support.staffed import build_site, hire


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A node without records."""
    made = build_node(tmp_path)
    yield made
    close_node(made)


def test_nothing_personal_is_kept(node: Node):
    """Plate, customer and free text are left out, whoever asks; so no erasure has to look here."""
    typed = {"kind": "visit", "status": "open", "plate": "沪A12345", "customer": "Anna", "text": "Anna", "span": "week"}

    keep_query(node, KeptFor.DOCUMENTS, " Open orders ", typed)

    assert kept_queries(node, KeptFor.DOCUMENTS) == {"Open orders": {"kind": "visit", "status": "open", "span": "week"}}


def test_a_name_stands_for_the_last_question_under_it(node: Node):
    """Kept again, it is replaced; forgotten, it is gone; the other page has names of its own."""
    for span in ("month", "last_month"):
        keep_query(node, KeptFor.REPORTS, "mine", {"span": span})

    assert kept_query(node, KeptFor.REPORTS, "mine") == {"span": "last_month"}
    assert kept_queries(node, KeptFor.DOCUMENTS) == {}
    assert [forget_query(node, KeptFor.REPORTS, "mine") for _ in range(2)] == [True, False]
    assert kept_queries(node, KeptFor.REPORTS) == {}


def test_everybody_keeps_their_own(tmp_path: Path):
    """What one person has kept, nobody else is shown, nor the operator of the machine."""
    site = build_site(tmp_path)
    advisor = acting_for(site.node, hire(site, "A07", "advisor"))

    keep_query(site.as_admin, KeptFor.REPORTS, "mine", {"span": "month"})

    kept = [list(kept_queries(one, KeptFor.REPORTS)) for one in (site.as_admin, advisor, site.node)]
    assert kept == [["mine"], [], []]


@pytest.mark.parametrize("name", ["", " ", "x" * (KEPT_NAME_CHARS_MAX + 1)], ids=["none", "blank", "too long"])
def test_a_name_that_is_none_is_refused(node: Node, name: str):
    """Nothing is kept then."""
    with pytest.raises(CommandRefused):
        keep_query(node, KeptFor.REPORTS, name, {"span": "month"})

    assert kept_queries(node, KeptFor.REPORTS) == {}


def test_names_are_bounded(node: Node):
    """One more than fits is refused; one of those that are kept may still be changed."""
    for place in range(KEPT_QUERIES_MAX):
        keep_query(node, KeptFor.REPORTS, f"n{place}", {"span": "month"})

    with pytest.raises(CommandRefused):
        keep_query(node, KeptFor.REPORTS, "one more", {"span": "month"})
    keep_query(node, KeptFor.REPORTS, "n0", {"span": "ten_days"})

    assert kept_query(node, KeptFor.REPORTS, "n0") == {"span": "ten_days"}
    assert len(kept_queries(node, KeptFor.REPORTS)) == KEPT_QUERIES_MAX


def test_what_another_version_kept_is_left_out(node: Node):
    """Parts that this version does not know are no part of the question; a setting that is no JSON keeps nothing."""
    with node.store.write() as tx:
        tx.put_setting("kept-queries.reports.operator", b'{"a": {"by": "day", "colour": "red"}, "b": 7}')
        tx.put_setting("kept-queries.documents.operator", b"\xff")

    assert kept_queries(node, KeptFor.REPORTS) == {"a": {"by": "day"}}
    assert kept_queries(node, KeptFor.DOCUMENTS) == {}


def test_what_is_typed_wins_over_what_is_kept(node: Node):
    """A day that is typed takes the place of kept days; other parts stay."""
    keep_query(node, KeptFor.DOCUMENTS, "mine", {"span": "last_month", "status": "open"})

    asked = documents_asked(node, with_kept(node, KeptFor.DOCUMENTS, "mine", {"first": "2026-09-01", "status": ""}))

    assert (asked.first, asked.last, asked.status) == (date(2026, 9, 1), date(2026, 9, 21), "open")


def test_without_a_word_it_is_this_month(node: Node):
    """Orders of the month, and the report of the month by advisor."""
    asked, (period, by) = documents_asked(node, {}), report_asked(node, {})

    assert (asked.kind, asked.first, asked.last) == ("visit", date(2026, 9, 1), date(2026, 9, 30))
    assert (period.name, by) == ("2026-09", Grouping.ADVISOR)


def test_everything_that_cannot_be_read_is_said_at_once(node: Node):
    """One refusal with each field that is wrong."""
    with pytest.raises(CommandRefused) as documents:
        documents_asked(node, {"first": "2026-02-30", "last": "tomorrow", "least_fen": "0.1", "most_fen": "1e3"})
    with pytest.raises(CommandRefused) as reports:
        report_asked(node, {"period": "2026-13", "by": "colour"})

    assert [one.field for one in documents.value.problems] == ["first", "last", "least_fen", "most_fen"]
    assert [one.field for one in reports.value.problems] == ["by", "period"]


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        ("today", (2026, 3, 1), (2026, 3, 1)),
        ("week", (2026, 2, 23), (2026, 3, 1)),
        ("year", (2025, 3, 2), (2026, 3, 1)),
        ("ten_days", (2026, 3, 1), (2026, 3, 10)),
        ("last_ten_days", (2026, 2, 21), (2026, 2, 28)),
        ("month", (2026, 3, 1), (2026, 3, 31)),
        ("last_month", (2026, 2, 1), (2026, 2, 28)),
    ],
)
def test_days_have_names_that_move_along(span: str, first: tuple[int, int, int], last: tuple[int, int, int]):
    """On the first day of a March, what is past lies in February."""
    assert days_of(span, date(2026, 3, 1)) == (date(*first), date(*last))


def test_every_name_is_tried_above():
    """The table names them all, and a period is the same days."""
    assert set(SPANS) == {"today", "week", "year", *PERIODS}
    assert all(days_of(one, date(2026, 3, 1))[0] == period_of(one, date(2026, 3, 1)).start for one in PERIODS)


def test_a_name_nobody_knows_is_refused():
    """Whether days or a period are asked for."""
    for ask in (days_of, period_of):
        with pytest.raises(CommandRefused):
            ask("yesterday", date(2026, 3, 1))
