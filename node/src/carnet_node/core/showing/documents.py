"""Any document of this site by what somebody remembers of it: days, plate, customer, state, advisor, amount, a word.

Decides what can be asked together and how a question that makes no sense is refused; which index answers is the
store's. Every question has days. One that names neither a plate nor a customer spans a year at most, so that a large
dealer's ten years are never read for one word. Newest documents come first; what does not fit is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Final

from carnet_node.core.commands.cleaning import clean_text, plate_number
from carnet_node.core.desk_limits import EXPORT_DAYS_MAX, FIRST_YEAR
from carnet_node.core.limits import FIND_ROWS_MAX, FIND_TEXT_CHARS_MAX
from carnet_node.core.node import Node
from carnet_node.core.numbering import local_midnight
from carnet_node.core.refusals import Problem, ProblemCode, refuse, refuse_if_any
from carnet_node.core.shop_limits import CUSTOMERS_MEANT_MAX, DOCUMENT_DAYS_MAX, DOCUMENT_ROWS_MAX
from carnet_node.core.shop_ports import DocumentFilter, DocumentRow, Span
from carnet_node.core.showing.record_view import view_all
from carnet_node.core.showing.searching import PLATE_LENGTHS, find
from carnet_protocol.kinds import (
    APPOINTMENT,
    APPOINTMENT_STATES,
    COMPLETION_METHODS,
    CUSTOMER,
    PLATE,
    RECALL_COMPLETION,
    SETTLEMENT,
    VISIT,
    VISIT_STATES,
)
from carnet_protocol.registry import Kind

_DAY_MS: Final = 24 * 3600 * 1000
RETRACTED: Final = "retracted"

STATES: Final = MappingProxyType(
    {
        VISIT.name: VISIT_STATES,
        APPOINTMENT.name: APPOINTMENT_STATES,
        SETTLEMENT.name: ("stands", RETRACTED),
        RECALL_COMPLETION.name: (*COMPLETION_METHODS, RETRACTED),
    }
)
"""By kind of document: the states that can be asked for."""

_KINDS: Final = MappingProxyType({one.name: one for one in (VISIT, APPOINTMENT, SETTLEMENT, RECALL_COMPLETION)})


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """What somebody asks for, as typed; empty text and None leave a condition out.

    Attributes:
        kind: a key of `STATES`.
        first, last: days of the site, both included.
        plate: whole, or the end of the only one that ends so, 4 characters or more.
        customer: name or phone number.
        least_fen, most_fen: bounds of the amount, both included.
        text: a word somewhere in the document.
    """

    kind: str
    first: date
    last: date
    plate: str = ""
    customer: str = ""
    status: str = ""
    advisor_code: str = ""
    least_fen: int | None = None
    most_fen: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Documents:
    """What was found, newest first; `is_more` when there is more than fits."""

    rows: tuple[DocumentRow, ...]
    is_more: bool


def check_query(node: Node, query: DocumentQuery) -> None:
    """Refuse what makes no sense, before any document is read.

    Raises:
        CommandRefused: no such kind or state, or days and amounts that cannot be, all of it at once; or a part of a
            plate that leads to no plate, or to several.
    """
    refuse_if_any(_problems(query))
    _plate_meant(node, query.plate)


def find_documents(node: Node, query: DocumentQuery, limit: int = DOCUMENT_ROWS_MAX) -> Documents:
    """The newest documents that a query means.

    Args:
        limit: 1 to `DOCUMENT_ROWS_MAX`.

    Raises:
        CommandRefused: see `check_query`; no document was read.
    """
    kind, asked = _kind_of(query), _filter_of(node, query)
    if asked is None:
        return Documents((), is_more=False)
    with node.store.read() as tx:
        rows = tx.shop.documents(kind, asked, limit + 1)
    return Documents(tuple(rows[:limit]), len(rows) > limit)


def every_document(node: Node, query: DocumentQuery, page_rows: int = DOCUMENT_ROWS_MAX) -> Iterator[DocumentRow]:
    """All of them, page by page, each page a snapshot of its own.

    Args:
        page_rows: 1 to `DOCUMENT_ROWS_MAX`.

    Raises:
        CommandRefused: see `find_documents`, before the first row.
    """
    kind, asked = _kind_of(query), _filter_of(node, query)
    return iter(()) if asked is None else _pages(node, kind, asked, page_rows)


def _pages(node: Node, kind: Kind, asked: DocumentFilter, page_rows: int) -> Iterator[DocumentRow]:
    while True:
        with node.store.read() as tx:
            rows = tx.shop.documents(kind, asked, page_rows)
        yield from rows
        if len(rows) < page_rows:
            return
        asked = replace(asked, behind=(rows[-1].at_ms, rows[-1].record))


def _kind_of(query: DocumentQuery) -> Kind:
    refuse_if_any(_problems(query))
    return _KINDS[query.kind]


def _filter_of(node: Node, query: DocumentQuery) -> DocumentFilter | None:
    """The question as the store reads it; None where nothing can be found."""
    offset, text = node.settings.utc_offset_minutes, clean_text(query.text)
    since_ms, last_ms = (local_midnight(day, offset) for day in (query.first, query.last))
    customer = clean_text(query.customer)
    meant = None if customer is None else [one.view.id for one in find(node, customer, kind=CUSTOMER)]
    if meant == [] and query.kind != APPOINTMENT.name:
        return None
    return DocumentFilter(
        Span(node.identity.dealer_id, since_ms, last_ms + _DAY_MS),
        customers=None if meant is None else tuple(meant[:CUSTOMERS_MEANT_MAX]),
        caller=None if customer is None else customer[:FIND_TEXT_CHARS_MAX],
        plate=_plate_meant(node, query.plate),
        status=query.status or None,
        advisor_code=clean_text(query.advisor_code),
        least_fen=query.least_fen,
        most_fen=query.most_fen,
        text=None if text is None else text[:FIND_TEXT_CHARS_MAX],
    )


def _plate_meant(node: Node, typed: str) -> str | None:
    """The plate that a text names: as it is written, or the only one on file that ends so; None for no text.

    Raises:
        CommandRefused: too short for a whole plate, and no plate on file ends so, or several do.
    """
    plate = plate_number(typed)
    if plate is None or len(plate) >= min(PLATE_LENGTHS):
        return plate
    with node.store.read() as tx:
        if tx.find_equal(PLATE, "plate_no", plate, 1):
            return plate
        ending = view_all(tx, node.identity, tx.find_tail(PLATE, "plate_no", plate, FIND_ROWS_MAX))
    found = {str(one.values.get("plate_no")) for one in ending}
    if len(found) == 1:
        return found.pop()
    if found:
        raise refuse("plate", ProblemCode.BAD_VALUE, "Several plates on file end so.", "Type the whole plate.")
    what = "This is no whole plate, and no plate on file is found by it."
    raise refuse("plate", ProblemCode.NOT_FOUND, what, "Type the whole plate, or at least its last four characters.")


def _problems(query: DocumentQuery) -> Iterator[Problem]:
    states = STATES.get(query.kind)
    if states is None:
        known = ", ".join(STATES)
        yield Problem("kind", ProblemCode.BAD_VALUE, "There are no documents of this kind.", f"Choose one of {known}.")
    elif query.status and query.status not in states:
        next_step = f"Choose one of {', '.join(states)}."
        yield Problem("status", ProblemCode.BAD_VALUE, "These documents have no such state.", next_step)
    yield from _problems_of_days(query)
    least, most = query.least_fen, query.most_fen
    if least is not None and most is not None and least > most:
        what = "The least amount is above the largest one."
        yield Problem("least_fen", ProblemCode.BAD_VALUE, what, "Exchange the two.")


def _problems_of_days(query: DocumentQuery) -> Iterator[Problem]:
    days = (query.last - query.first).days + 1
    is_narrow = bool(query.plate.strip() or query.customer.strip())
    most = EXPORT_DAYS_MAX if is_narrow else DOCUMENT_DAYS_MAX
    if query.first.year < FIRST_YEAR:
        what, next_step = f"Days before {FIRST_YEAR} are not looked for.", "Begin later."
        yield Problem("first", ProblemCode.BAD_DATE, what, next_step)
    elif days < 1:
        yield Problem("last", ProblemCode.BAD_DATE, "The last day is before the first one.", "Exchange the two.")
    elif days > most:
        what = f"These are {days} days, and {most} can be looked through at once."
        next_step = "Name fewer days." if is_narrow else "Name fewer days, or a plate or a customer."
        yield Problem("last", ProblemCode.BAD_DATE, what, next_step)
