"""The first page: the search box, and what the day holds.

Decides addresses only. What is searched for may be a telephone number or a name, so it is sent in a body and never
stands in an address: the results stand under a random one, and "back" leads to them. A whole plate that nobody knows
leads to a check-in with the plate filled in, or to the one that was begun for it; that page leads back to the results.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Response

from carnet_node.core.saving.stop_sales import stop_list
from carnet_node.core.saving.unsaved import begin_with, unsaved_beside, unsaved_check_ins, unsaved_found, unsaved_with
from carnet_node.core.showing.day import day_of
from carnet_node.core.showing.searching import FoundBy, find, is_whole_plate
from carnet_node.core.staff.advisors import advisors_of_day
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.recalls import searched_recalls

router = APIRouter()

_HANDLE_BYTES: Final = 16


@router.get("/")
async def show_home(page: PageOf) -> Response:
    """What the day holds."""
    staff_no = page.person.staff_no
    return await page.show("home.html", lambda: _today(page, staff_no), screen="home")


@router.post("/search")
async def search(page: PageOf) -> Response:
    """To the results of a search, or to the check-in of a whole plate that nobody knows."""
    text = page.typed().text("text")
    handle = page.node.entropy.random_bytes(_HANDLE_BYTES).hex()
    page.pages.searches.keep(page.visitor.session, handle, text)
    if not is_whole_plate(text):
        return page.go(f"/search/{handle}")
    form = await page.pages.desk.read(lambda: _begun_for(page, text))
    return page.go(f"/search/{handle}" if form is None else page.words.labels.form_address(form, search=handle))


@router.get("/search/{handle}")
async def show_found(page: PageOf, handle: str) -> Response:
    """What a text may mean, read anew; what is forgotten is said to be."""
    text = page.pages.searches.text_of(page.visitor.session, handle)
    if text is None:
        return await page.show("search.html", status=HTTPStatus.GONE, screen="home", searched=None)
    return await page.show("search.html", lambda: _found(page, text), screen="home", searched=text, handle=handle)


def _today(page: Page, staff_no: str | None) -> Mapping[str, Any]:
    """The day with each order in one list only: mine, then in the shop, then corrections, then who came and went."""
    today = day_of(page.node, staff_no)
    mine = {one.visit.id for one in today.mine}
    others_here = [one for one in today.in_shop if one.visit.id not in mine]
    shown = mine | {one.visit.id for one in others_here}
    others_came = [one for one in today.arrivals if one.visit.id not in shown]
    corrections = [one for one in today.corrections if one.visit.id not in mine]
    unsaved = unsaved_check_ins(page.node, page.person.id)
    unsold = len(stop_list(page.node).waiting)
    return {
        "today": today,
        "unsaved": unsaved,
        "unsaved_beside": unsaved_beside(page.node, page.person.id),
        "others_here": others_here,
        "others_came": others_came,
        "corrections": corrections,
        "unsold": unsold,
        "names": advisors_of_day(page.node, today),
    }


def _begun_for(page: Page, plate: str) -> str | None:
    """The name of the check-in that a plate leads to; None when something is found under it."""
    return None if find(page.node, plate, limit=1) else begin_with(page.node, page.person.id, plate)


def _found(page: Page, text: str) -> Mapping[str, Any]:
    hits = find(page.node, text)
    is_on_file = any(one.by is FoundBy.VIN for one in hits)
    return {
        "hits": hits,
        "begun": None if hits else unsaved_with(page.node, page.person.id, text),
        "unsaved": unsaved_found(page.node, page.person.id, text, [one.view.id for one in hits]),
        "recalls": None if is_on_file else searched_recalls(page.node, text),
    }
