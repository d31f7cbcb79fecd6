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


class ShopReads(Protocol):
    """The part of one snapshot that speaks of the workshop's day."""

    def cars_in_shop(self, owner: bytes, limit: int) -> Mapping[RecordId, ShopCar]:
        """By order of a site: the cars that have not been handed over, as `orders_in_shop` has them."""

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
