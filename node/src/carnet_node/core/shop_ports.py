"""What is asked of the store about a day in the workshop: the board, what people are reminded of, figures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from carnet_protocol.ids import RecordId
from carnet_protocol.registry import Kind, Value


@dataclass(frozen=True, slots=True)
class ShopCar:
    """A car in the shop, as far as the board asks; empty where nothing is known."""

    vehicle: RecordId
    vin: str
    model_name: str


Counted = Mapping[str, Value]
"""What a record shows, as far as the figures of the workshop ask; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Span:
    """The records of one site in a half-open span of time.

    Attributes:
        owner: the site.
        since_ms, before_ms: ms since 1970.
    """

    owner: bytes
    since_ms: int
    before_ms: int


@dataclass(frozen=True, slots=True)
class CountedOrder:
    """An order that may count in a span.

    Attributes:
        has_settlement: a settlement of it stands.
    """

    visit: RecordId
    values: Counted
    has_settlement: bool


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents of one kind are asked for; None leaves a condition out.

    Attributes:
        span: in which their day lies.
        customers: whose they are, on file; at most `CUSTOMERS_MEANT_MAX`.
        caller: the same as it was typed, for what a caller said about themselves.
        plate: whole, as it is stored.
        status: of the order or appointment; how a recall was done; whether a settlement stands.
        least_fen, most_fen: bounds of the amount, both included.
        text: somewhere in the document.
        behind: moment and id of the last one that is known already.
    """

    span: Span
    customers: tuple[RecordId, ...] | None = None
    caller: str | None = None
    plate: str | None = None
    status: str | None = None
    advisor_code: str | None = None
    least_fen: int | None = None
    most_fen: int | None = None
    text: str | None = None
    behind: tuple[int, RecordId] | None = None


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document as a list shows it; what it does not state is None.

    Attributes:
        visit: the order that it belongs to, or that it is.
        number: of the order, the settlement or the recall.
        at_ms: the moment it counts by.
    """

    record: RecordId
    visit: RecordId | None
    number: str | None
    at_ms: int
    status: str | None
    plate_no: str | None
    customer_name: str | None
    advisor_code: str | None
    amount_fen: int | None


class ShopReads(Protocol):
    """The part of one snapshot that speaks of the workshop's day."""

    def cars_in_shop(self, owner: bytes, limit: int) -> Mapping[RecordId, ShopCar]:
        """By order of a site: the cars that have not been handed over, as `orders_in_shop` has them."""

    def corrections(self, owner: bytes, limit: int) -> list[RecordId]:
        """Orders of a site that correct another one and are not closed, the one opened last first; no car came."""

    def dated(self, kind: Kind, field: str, since: date, until: date, limit: int) -> list[RecordId]:
        """Visible records whose day lies in a span, both ends included, by day; an indexed field."""

    def returned_orders(self, owner: bytes, within_ms: int, limit: int) -> list[tuple[RecordId, RecordId]]:
        """Orders of a site in the shop whose car had left so few ms before, with an order that had been done then.

        Orders that correct another one are none: no car came for them.
        """

    def counted_orders(self, span: Span) -> Iterator[CountedOrder]:
        """Visible orders that were opened, completed or settled in a span, each once."""

    def counted_promises(self, span: Span) -> Mapping[RecordId, list[Counted]]:
        """By order: changes of the promise of those that were completed in a span."""

    def counted_settlements(self, span: Span) -> Iterator[tuple[Counted, Counted]]:
        """Visible settlements made in a span, retracted ones too, each with its order."""

    def counted_completions(self, span: Span) -> Iterator[tuple[Counted, Counted]]:
        """Visible recalls done in a span, whatever became of them, each with its order."""

    def counted_appointments(self, span: Span) -> Iterator[Counted]:
        """Visible appointments whose slot begins in a span."""

    def documents(self, kind: Kind, asked: DocumentFilter, limit: int) -> list[DocumentRow]:
        """Visible documents of a kind, the newest first."""
