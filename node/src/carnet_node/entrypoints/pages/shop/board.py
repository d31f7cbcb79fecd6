"""The board of cars in the shop, as columns and as a list, and where somebody moves one.

Decides addresses only. One form moves the car that is chosen, so that a page of five hundred cars stays small; scripts
choose by dragging and by digits, and send the same form.
"""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.commands.drafting import Drafts, NewId, missing
from carnet_node.core.commands.staging import stage_visit
from carnet_node.core.node import Node
from carnet_node.core.refusals import refuse_if_any
from carnet_node.core.saving.basis import read_for_step
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.editing import require_record
from carnet_node.core.showing.board import Board, board_of, stages_within
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed
from carnet_node.entrypoints.pages.orders import save_on_order
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_work
from carnet_node.entrypoints.pages.shop.day import SCREEN
from carnet_node.entrypoints.reading import record_from_text
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import HOLD_REASONS, VISIT

router = APIRouter()

JUDGED_BY: Final = ("status", "stage")
_BETWEEN: Final = "="
"""Between an order and its heads in the value of a card."""

_COLUMNS, _LIST = "/board", "/board/list"


@router.get(_COLUMNS)
async def show_board(page: PageOf, moved: str | None = None) -> Response:
    """Columns by stage, overdue first."""
    return await _shown(page, _COLUMNS, moved)


@router.get(_LIST)
async def show_list(page: PageOf, moved: str | None = None) -> Response:
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
        return _columns(board_of(page.node), chosen)

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
        return _columns(board_of(page.node), chosen)

    return await page.show(_template(address), _read, screen=SCREEN, form=FormState())


def _template(address: str) -> str:
    return "shop/board_list.html" if address == _LIST else "shop/board.html"


def _columns(board: Board, chosen: str) -> Mapping[str, Any]:
    """The board by column, and which car is chosen."""
    by_stage = {one.code: [card for card in board.cards if card.stage.code == one.code] for one in board.stages}
    columns = [(one, by_stage[one.code]) for one in board.stages]
    return {"board": board, "columns": columns, "chosen": chosen, "hold_reasons": HOLD_REASONS}
