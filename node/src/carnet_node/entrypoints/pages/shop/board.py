"""The board of cars in the shop, as columns and as a list, and where somebody moves one.

Decides addresses only. One form moves the car that is chosen, so that a page of five hundred cars stays small; scripts
choose by dragging and by digits, and send the same form. A board that hangs open asks for itself anew: that keeps no
session awake.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from carnet_node.core.commands.drafting import Drafts, NewId, missing
from carnet_node.core.commands.staging import Stage, stage_visit
from carnet_node.core.node import Node
from carnet_node.core.refusals import refuse_if_any
from carnet_node.core.saving.basis import read_for_step
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.editing import require_record
from carnet_node.core.showing.board import Board, Card, board_of, stages_within
from carnet_node.core.staff.advisors import advisor_names, advisors_of_views
from carnet_node.entrypoints.pages.formats import NOTHING
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed
from carnet_node.entrypoints.pages.orders import save_on_order
from carnet_node.entrypoints.pages.page import Page, PageOf, page_of, watched_page_of
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_work
from carnet_node.entrypoints.pages.shop.day import SCREEN
from carnet_node.entrypoints.pages.visitors import SCRIPT_HEADER
from carnet_node.entrypoints.reading import record_from_text
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import HOLD_REASONS, VISIT
from carnet_protocol.registry import Value

router = APIRouter()

JUDGED_BY: Final = ("status", "stage")
_BETWEEN: Final = "="
"""Between an order and its heads in the value of a card."""

_COLUMNS, _LIST = "/board", "/board/list"


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A car as a template shows it, read once: of five hundred, whatever is done for each of them counts.

    Attributes:
        order: id of its order.
        chosen_as: what the form sends when it is chosen: the order with its heads.
        plate: what the car is known by: plate, VIN or number of the order.
        advisor: number and name; the number alone of somebody nobody knows here.
        promised_at: ms since 1970.
        repeat_of: id of the order before; empty when the car is not back soon.
    """

    order: str
    chosen_as: str
    plate: str
    model: str
    advisor: str
    stage: Stage
    hold_reason: Value
    promised_at: Value
    is_overdue: bool
    repeat_of: str


async def _board_page_of(request: Request) -> Page:
    """The page, asked for by a person, or by the script of a board that is left open."""
    return await (watched_page_of if SCRIPT_HEADER in request.headers else page_of)(request)


BoardPageOf = Annotated[Page, Depends(_board_page_of)]


@router.get(_COLUMNS)
async def show_board(page: BoardPageOf, moved: str | None = None) -> Response:
    """Columns by stage, overdue first."""
    return await _shown(page, _COLUMNS, moved)


@router.get(_LIST)
async def show_list(page: BoardPageOf, moved: str | None = None) -> Response:
    """The same cars as a list, for the keyboard and for screen readers."""
    return await _shown(page, _LIST, moved)


@router.post(_COLUMNS)
async def move(page: PageOf) -> Response:
    """Put the car that was chosen into a stage."""
    typed = page.typed()
    address = _LIST if typed.text("view") == "list" else _COLUMNS
    chosen, _, heads = typed.text("visit").partition(_BETWEEN)

    def _work(node: Node) -> str:
        refuse_if_any([missing("vehicle_id", "No car is chosen.")] if not chosen else ())
        record = record_from_text(chosen)
        save(node, lambda _: _moved(node, record, heads, typed))
        return f"{address}?moved={record_text(record)}"

    def _context(_: FormState) -> Mapping[str, Any]:
        return _columns(page.node, board_of(page.node), chosen)

    return await save_work(RecordForm(page, _template(address), SCREEN, address, _context), typed, _work)


@router.post("/visits/{visit}/stage")
async def move_here(page: PageOf, visit: str) -> Response:
    """Put the car of an order into a stage, from the page of the order."""
    record, typed = record_from_text(visit), page.typed()

    def _drafts(node: Node, _: NewId) -> Drafts:
        return _moved(node, record, typed.text(BASED_ON), typed)

    return await save_on_order(page, typed, record, "stage", _drafts)


def _moved(node: Node, record: RecordId, heads: str, typed: Typed) -> Drafts:
    read = read_for_step(require_record(node, VISIT, record), heads, JUDGED_BY)
    with node.store.read() as tx:
        stages = stages_within(node, tx)
    return stage_visit(read, typed.text("stage"), typed.text("hold_reason"), stages, node.clock.now_ms())


async def _shown(page: Page, address: str, moved: str | None) -> Response:
    chosen = "" if moved is None else record_text(record_from_text(moved))

    def _read() -> Mapping[str, Any]:
        return _columns(page.node, board_of(page.node), chosen)

    return await page.show(_template(address), _read, screen=SCREEN, form=FormState())


def _template(address: str) -> str:
    return "shop/board_list.html" if address == _LIST else "shop/board.html"


def _columns(node: Node, board: Board, chosen: str) -> Mapping[str, Any]:
    """The board by column, and which car is chosen."""
    names = advisor_names(node, advisors_of_views(one.visit for one in board.cards))
    cards = [_shown_card(one, names) for one in board.cards]
    columns = {one.code: (one, list[ShownCard]()) for one in board.stages}
    for card in cards:
        columns[card.stage.code][1].append(card)
    shown = {"cards": cards, "columns": columns.values(), "stages": board.stages, "is_more": board.is_more}
    return {**shown, "corrections": board.corrections, "chosen": chosen, "hold_reasons": HOLD_REASONS}


def _shown_card(card: Card, names: Mapping[str, str]) -> ShownCard:
    said, order, car = card.visit.values.get, record_text(card.visit.id), card.car
    advisor = str(said("advisor_code") or "")
    return ShownCard(
        order=order,
        chosen_as=f"{order}{_BETWEEN}{card.visit.heads.to_text()}",
        plate=str(said("plate_at_visit") or (car and car.vin) or said("ro_no") or NOTHING),
        model=car.model_name if car else "",
        advisor=names.get(advisor, advisor),
        stage=card.stage,
        hold_reason=said("hold_reason"),
        promised_at=said("promised_at"),
        is_overdue=card.is_overdue,
        repeat_of="" if card.repeat_of is None else record_text(card.repeat_of),
    )
