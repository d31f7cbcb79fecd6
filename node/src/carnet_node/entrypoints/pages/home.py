"""The first page: the search box, and what the day holds.

Decides addresses only. What is searched for may be a telephone number or a name, so it is sent in a body and never
stands in an address. A plate that nobody knows leads to a check-in with the plate filled in.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from carnet_node.core.commands.cleaning import plate_number
from carnet_node.core.day import day_of
from carnet_node.core.searching import find
from carnet_node.entrypoints.pages.page import Page, PageOf

router = APIRouter()


@router.get("/")
async def show_home(page: PageOf) -> Response:
    """What the day holds."""
    staff_no = page.person.staff_no
    return await page.show("home.html", lambda: _today(page, staff_no), screen="home")


@router.post("/search")
async def search(page: PageOf) -> Response:
    """What a text may mean; one hit alone is opened at once."""
    text = page.typed().text("text")
    return await page.show("search.html", lambda: _found(page, text), screen="home", searched=text)


def _today(page: Page, staff_no: str | None) -> Mapping[str, Any]:
    """The day with each order in one list only: mine first, then what is in the shop, then who came and went."""
    today = day_of(page.node, staff_no)
    mine = {one.visit.id for one in today.mine}
    others_here = [one for one in today.in_shop if one.visit.id not in mine]
    shown = mine | {one.visit.id for one in others_here}
    others_came = [one for one in today.arrivals if one.visit.id not in shown]
    return {"today": today, "others_here": others_here, "others_came": others_came}


def _found(page: Page, text: str) -> Mapping[str, Any]:
    hits = find(page.node, text)
    return {"hits": hits, "plate": None if hits else plate_number(text)}
