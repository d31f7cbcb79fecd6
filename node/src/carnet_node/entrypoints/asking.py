"""Questions about documents and reports as they come in: from a page, a command line or JSON, all in one way.

Decides how texts become a question, and what a question that is kept adds to one that is typed: what is typed wins.
Everything that cannot be read is refused at once, by field. What makes sense is decided below (`documents`, `spans`).
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

from carnet_node.core.commands.cleaning import is_calendar_date
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day
from carnet_node.core.refusals import Problem, ProblemCode, refuse_if_any
from carnet_node.core.saving.kept_queries import KeptFor, kept_query
from carnet_node.core.showing.documents import DocumentQuery
from carnet_node.core.showing.shop_reporting import period_asked
from carnet_node.core.showing.spans import days_of, period_of
from carnet_protocol.errors import BadValue
from carnet_protocol.limits import INT_VALUE_MAX, INT_VALUE_MIN
from carnet_protocol.shop_figures import Grouping
from carnet_protocol.ten_days import Period

T = TypeVar("T")
Texts = Mapping[str, str]
"""By name, as typed; what is empty says nothing."""


def with_kept(node: Node, page: KeptFor, name: str, texts: Texts) -> dict[str, str]:
    """What was typed, and of a kept question what was not typed.

    Args:
        name: of the kept one; empty for none. Days that were typed take the place of a kept span.

    Raises:
        CommandRefused: nothing is kept under this name.
    """
    kept = kept_query(node, page, name) if name else {}
    typed = {one: text for one, text in texts.items() if text}
    if typed.keys() & {"first", "last", "period"}:
        kept.pop("span", None)
    return {**kept, **typed}


def documents_asked(node: Node, texts: Texts) -> DocumentQuery:
    """The question of these texts: `kind`, `span` or `first` and `last`, and the conditions of a `DocumentQuery`.

    Amounts are whole fen. Without days it is this month, without a kind it is orders.

    Raises:
        CommandRefused: a day or an amount that is none, or days of no known name.
    """
    problems: list[Problem] = []
    today = site_day(node)
    start, end = days_of(texts.get("span") or "month", today)
    first = _read(problems, texts, "first", _day, _NO_DAY) or start
    last = _read(problems, texts, "last", _day, _NO_DAY) or (today if texts.get("first") else end)
    least = _read(problems, texts, "least_fen", _amount, _NO_AMOUNT)
    most = _read(problems, texts, "most_fen", _amount, _NO_AMOUNT)
    refuse_if_any(problems)
    said = {name: texts.get(name, "") for name in ("plate", "customer", "status", "advisor_code", "text")}
    return DocumentQuery(texts.get("kind") or "visit", first, last, least_fen=least, most_fen=most, **said)


def report_asked(node: Node, texts: Texts) -> tuple[Period, Grouping]:
    """The period and the grouping of these texts: `period` or `span`, and `by`.

    Without a period it is this month, without a grouping it is by advisor.

    Raises:
        CommandRefused: a period or a grouping that is none.
    """
    problems: list[Problem] = []
    by = _read(problems, texts, "by", Grouping, _NO_GROUPING) or Grouping.ADVISOR
    named = _read(problems, texts, "period", lambda text: period_asked(node, text), _NO_PERIOD)
    refuse_if_any(problems)
    return named or period_of(texts.get("span") or "month", site_day(node)), by


_NO_DAY = ("This is no day.", "Write it as YYYY-MM-DD.")
_NO_AMOUNT = ("This is no amount.", "Write a number.")
_NO_PERIOD = ("This is no month and no ten-day period.", "Write it as YYYY-MM, or YYYY-MM-1, -2 or -3.")
_NO_GROUPING = ("A report is not split by this.", f"Choose one of {', '.join(one.value for one in Grouping)}.")


def _read(
    problems: list[Problem], texts: Texts, name: str, read: Callable[[str], T], wrong: tuple[str, str]
) -> T | None:
    """What a text means; None where nothing was typed, or a problem was noted."""
    text = texts.get(name, "").strip()
    if not text:
        return None
    try:
        return read(text)
    except (ValueError, BadValue):
        problems.append(Problem(name, ProblemCode.BAD_VALUE, *wrong))
        return None


def _amount(text: str) -> int:
    """Fen, as far as a record can hold them.

    Raises:
        ValueError: no number, or one beyond every amount.
    """
    amount = int(text)
    if not INT_VALUE_MIN <= amount <= INT_VALUE_MAX:
        raise ValueError("beyond every amount")
    return amount


def _day(text: str) -> date:
    if not is_calendar_date(text):
        raise ValueError("no day")
    return date.fromisoformat(text)
