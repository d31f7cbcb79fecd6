"""The way in: the first set-up, log-in, start code, lock screen, password, log-out.

Decides addresses, and that a site is set up only from the machine itself: until then nobody has proved anything, and
the LAN may be open. Who gets a session is decided in `core.login`. A log-in always gives the browser another session.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Response

from carnet_node.core.line.enrolment import is_loopback
from carnet_node.core.node import Node
from carnet_node.core.refusals import NOTHING_SAVED, ProblemCode, refuse
from carnet_node.core.staff.browser_sessions import OpenedSession, lock_session, log_out, unlock_session
from carnet_node.core.staff.login import begin_with_code, change_password, confirm_password, log_in
from carnet_node.core.staff.staff import can_anybody_log_in, is_set_up, set_up
from carnet_node.entrypoints.pages.forms import ADDRESS, FormState, Typed, own_address
from carnet_node.entrypoints.pages.page import DoorOf, NobodyThere, Page, PageOf, PageRefused
from carnet_node.entrypoints.pages.visitors import keep_session
from carnet_node.entrypoints.web.problem_response import SET_UP_ELSEWHERE
from carnet_node.entrypoints.wording import FAILURES, explain_failure

router = APIRouter()

_FIRST_CODE: Final = "carnet-node staff reset"
_SAFE: Final = {
    "set_up.html": "Nothing was set up. Number and name still stand there; a password is never shown again.",
    "start.html": "Nothing was changed; the start code is as good as before.",
    "password.html": "Nothing was changed; the present password counts as before.",
}
"""What is safe behind a refusal on which passwords were typed: unlike other words they are not on the screen again."""


@router.get("/set-up")
async def show_set_up(page: DoorOf) -> Response:
    """The first person of a site."""
    _require_this_machine(page)
    if await page.pages.desk.read(lambda: is_set_up(page.node)):
        return page.go("/login")
    return await page.show("set_up.html", partial(_door, page.node), form=FormState())


@router.post("/set-up")
async def send_set_up(page: DoorOf) -> Response:
    """Enter the first person, who becomes the administrator."""
    _require_this_machine(page)
    typed = page.typed()
    values = {"staff_no": typed.text("staff_no"), "full_name": typed.text("full_name")}

    def work() -> OpenedSession:
        """The first person, with the password that was typed twice."""
        return set_up(page.node, page.pages.hasher, values, _chosen(typed))

    return await _enter(page, typed, work, "set_up.html")


@router.get("/login")
async def show_login(page: DoorOf, to: str = "/") -> Response:
    """Staff number and password."""
    if not await page.pages.desk.read(lambda: is_set_up(page.node)):
        return page.go("/set-up")
    wanted = own_address(to)
    door = partial(_door, page.node)
    return await page.show("login.html", door, form=FormState(), to=wanted, address=_with_target("/login", wanted))


@router.post("/login")
async def send_login(page: DoorOf) -> Response:
    """Open a session."""
    typed = page.typed()
    work = partial(log_in, page.node, page.pages.hasher, typed.text("staff_no"), typed.text("password"))
    return await _enter(page, typed, work, "login.html")


@router.get("/start")
async def show_start(page: DoorOf) -> Response:
    """A start code, and the password its owner chooses."""
    return await page.show("start.html", form=FormState())


@router.post("/start")
async def send_start(page: DoorOf) -> Response:
    """Choose a password with a start code."""
    typed = page.typed()

    def work() -> OpenedSession:
        """The first session, with the password that was typed twice."""
        staff_no, code = typed.text("staff_no"), typed.text("code")
        return begin_with_code(page.node, page.pages.hasher, staff_no, code, _chosen(typed))

    return await _enter(page, typed, work, "start.html")


@router.post("/lock")
async def lock(page: DoorOf) -> Response:
    """Lock the screen; everything typed is kept."""
    typed = page.typed()
    page.pages.forget_session(page.visitor.session)
    await page.pages.desk.read(lambda: lock_session(page.node, page.visitor.session))
    return page.go(_with_target("/locked", own_address(typed.text(ADDRESS))))


@router.get("/locked")
async def show_locked(page: DoorOf, to: str = "/") -> Response:
    """Who has locked the screen, and the password that opens it; whoever has not goes on."""
    wanted = own_address(to)
    if page.visitor.person is None:
        return page.go(_with_target("/login", wanted))
    if not page.visitor.person.present.is_locked:
        return page.go(wanted)
    return await page.show("locked.html", form=FormState(), to=wanted, address=_with_target("/locked", wanted))


@router.post("/locked")
async def unlock(page: DoorOf) -> Response:
    """Go on where the screen was locked."""
    typed, person = page.typed(), page.person

    def _work() -> bool:
        staff = confirm_password(page.node, page.pages.hasher, person.staff_no, typed.text("password"))
        return unlock_session(page.node, page.visitor.session, staff)

    try:
        is_open = await page.pages.desk.read(_work)
    except FAILURES as failure:
        explained = explain_failure(failure)
        form = FormState.refused(_without_secrets(typed), explained)
        return await page.show("locked.html", status=explained.status, form=form, to=own_address(typed.text("to")))
    if not is_open:
        raise NobodyThere("/login")
    return page.go(own_address(typed.text("to")))


@router.get("/password")
async def show_password(page: PageOf) -> Response:
    """Another password."""
    return await page.show("password.html", form=FormState())


@router.post("/password")
async def send_password(page: PageOf) -> Response:
    """Change the password; sessions in other browsers end."""
    typed = page.typed()
    staff, present = page.person.id, typed.text("present")

    def work() -> OpenedSession:
        """A new session, with the password that was typed twice."""
        return change_password(page.node, page.pages.hasher, staff, present=present, chosen=_chosen(typed))

    return await _enter(page, typed, work, "password.html")


@router.post("/logout")
async def leave(page: DoorOf) -> Response:
    """End the session."""
    page.typed()
    page.pages.forget_session(page.visitor.session)
    await page.pages.desk.read(lambda: log_out(page.node, page.visitor.session))
    return page.go("/login")


async def _enter(page: Page, typed: Typed, work: Callable[[], OpenedSession], template: str) -> Response:
    """A new session for whoever has proved who they are; the form again for everybody else."""
    to = own_address(typed.text("to"))
    try:
        opened = await page.pages.desk.read(work)
    except FAILURES as failure:
        explained = explain_failure(failure)
        if explained.safe == NOTHING_SAVED:
            explained = replace(explained, safe=_SAFE.get(template, explained.safe))
        form = FormState.refused(_without_secrets(typed), explained)
        return await page.show(template, partial(_door, page.node), status=explained.status, form=form, to=to)
    page.pages.forget_strip()
    answer = page.go(to)
    keep_session(answer, opened.token, page.request)
    return answer


def _door(node: Node) -> Mapping[str, Any]:
    """What the way in tells of this machine: whether a password opens it already, and what gives the first code."""
    return {"is_new_machine": not can_anybody_log_in(node), "first_code": _FIRST_CODE}


def _chosen(typed: Typed) -> str:
    """The password that somebody has chosen.

    Raises:
        CommandRefused: it was typed otherwise the second time.
    """
    if typed.text("password") != typed.text("password_again"):
        raise refuse("password", ProblemCode.BAD_VALUE, "The two passwords differ.", "Type both again.")
    return typed.text("password")


def _without_secrets(typed: Typed) -> Typed:
    """What may be shown again: never a password, nor a code."""
    return Typed({name: texts for name, texts in typed.texts.items() if name in ("staff_no", "full_name", "to")})


def _with_target(address: str, to: str) -> str:
    return address if to == "/" else f"{address}?to={quote(to)}"


def _require_this_machine(page: Page) -> None:
    client = page.request.client
    if client is None or not is_loopback(client.host):
        raise PageRefused(SET_UP_ELSEWHERE)
