"""What is asked of the store about a day in the workshop: the board, what people are reminded of, figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from carnet_protocol.ids import RecordId
from carnet_protocol.registry import Kind


@dataclass(frozen=True, slots=True)
class ShopCar:
    """A car in the shop, as far as the board asks; empty where nothing is known."""

    vehicle: RecordId
    vin: str
    model_name: str


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
