"""The board: every car in the shop by where it stands, what has been promised first.

Decides which orders stand on it and in which order, and which car is back after a short time. Overdue ones come first.
Where a car may be moved to is `commands.staging`. An order that corrects another one stands apart: no car came for it.
"""

from dataclasses import dataclass

from carnet_node.core.commands.staging import Stage, stage_of, stages_of
from carnet_node.core.desk_limits import REPEAT_REPAIR_DAYS
from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.shop_limits import BOARD_ROWS_MAX
from carnet_node.core.shop_ports import ShopCar
from carnet_node.core.showing.day import is_overdue, promise_place
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import BOARD_STAGE

_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Card:
    """One car on the board.

    Attributes:
        visit: its order.
        car: None when it has not arrived here.
        is_overdue: promised for a time that has passed, and still in work.
        repeat_of: an order that was done so few days before that the car may be back for the same fault.
    """

    visit: RecordView
    car: ShopCar | None
    stage: Stage
    is_overdue: bool
    repeat_of: RecordId | None


@dataclass(frozen=True, slots=True)
class Board:
    """Cars in the shop.

    Attributes:
        stages: of the site, in their order.
        cards: overdue first, then by promised time, then those without one.
        corrections: how many orders under way correct another one, up to `BOARD_ROWS_MAX`.
        is_more: there are more than fit.
    """

    stages: tuple[Stage, ...]
    cards: tuple[Card, ...]
    corrections: int
    is_more: bool


def board_of(node: Node) -> Board:
    """The board as it stands now."""
    now_ms, owner = node.clock.now_ms(), node.identity.dealer_id
    with node.store.read() as tx:
        stages = stages_within(node, tx)
        stored = tx.orders_in_shop(owner, BOARD_ROWS_MAX + 1)
        views = view_all(tx, node.identity, stored[:BOARD_ROWS_MAX])
        cars = tx.shop.cars_in_shop(owner, BOARD_ROWS_MAX)
        corrections = len(tx.shop.corrections(owner, BOARD_ROWS_MAX))
        again = dict(tx.shop.returned_orders(owner, REPEAT_REPAIR_DAYS * _DAY_MS, BOARD_ROWS_MAX))
    cards = [
        Card(one, cars.get(one.id), stage_of(one.values, stages), is_overdue(one, now_ms), again.get(one.id))
        for one in views
    ]
    cards.sort(key=lambda one: promise_place(one.visit, is_late=one.is_overdue))
    return Board(stages, tuple(cards), corrections, len(stored) > BOARD_ROWS_MAX)


def stages_within(node: Node, tx: ReadTransaction) -> tuple[Stage, ...]:
    """The stages that the site uses, inside a snapshot the caller has begun."""
    arranged = view_all(tx, node.identity, tx.list_records(BOARD_STAGE, None, LIST_ROWS_MAX))
    return stages_of(one.values for one in arranged)
