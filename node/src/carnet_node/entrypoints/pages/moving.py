"""What belongs to every page: the language, and the strip by itself.

Decides addresses only. The language is a choice of the person at this browser; switching comes back to where they were.
"""

from fastapi import APIRouter, Response

from carnet_node.entrypoints.pages.forms import ADDRESS, own_address
from carnet_node.entrypoints.pages.languages import LANGUAGE_COOKIE, Language
from carnet_node.entrypoints.pages.page import DoorOf, NobodyThere
from carnet_node.entrypoints.pages.visitors import PERSON_HEADER
from carnet_protocol.ids import record_text

router = APIRouter()

_YEAR_S = 365 * 24 * 3600


@router.post("/language")
async def choose_language(page: DoorOf) -> Response:
    """Show all pages in the other language from now on."""
    typed = page.typed()
    chosen = Language.EN if typed.text("language") == Language.EN.value else Language.ZH
    answer = page.go(own_address(typed.text(ADDRESS)))
    answer.set_cookie(LANGUAGE_COOKIE, chosen.value, max_age=_YEAR_S, httponly=True, samesite="strict")
    return answer


@router.get("/strip")
async def show_strip(page: DoorOf) -> Response:
    """The strip alone, for the script that keeps it fresh; whoever has gone quiet is not kept awake by it."""
    person = page.visitor.person
    if person is None or person.present.is_locked:
        raise NobodyThere("/locked")
    answer = await page.show("strip.html")
    answer.headers[PERSON_HEADER] = record_text(person.id)
    return answer
