"""The people of the site: who works here, start codes, roles, departures, and what was looked at in bulk.

Decides addresses. A start code is shown once, in the answer to the form, and never stands in an address. What somebody
saw and took out is a page of its own, with a departure and at any time before and after it. Who may do what to whom is
decided in `core.staff`.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Response

from carnet_node.core.commands.staff import folded_staff_no
from carnet_node.core.log.acting import require
from carnet_node.core.node import Node
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_node.core.roles import Permission
from carnet_node.core.saving.form_drafts import drafts_of
from carnet_node.core.saving.unsaved import unsaved_beside, unsaved_check_ins
from carnet_node.core.staff.access_log import accesses_of, report_on
from carnet_node.core.staff.staff import (
    Departure,
    add_member,
    edit_member,
    heir_of,
    issue_start_code,
    let_leave,
    list_staff,
    require_code_for,
    take_back,
)
from carnet_node.core.staff.staff_list import is_working
from carnet_node.entrypoints.pages.forms import BASED_ON, FormState, Typed
from carnet_node.entrypoints.pages.page import Page, PageOf
from carnet_node.entrypoints.pages.record_forms import RecordForm, save_work
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.wording import FAILURES, explain_failure
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import STAFF_ROLES
from carnet_protocol.reasons import Reason

router = APIRouter(prefix="/staff")


@router.get("")
async def show_staff(page: PageOf) -> Response:
    """Everybody, and the form for somebody new."""
    return await page.show("staff.html", lambda: _staff(page), screen="staff", form=FormState(), told=None)


@router.post("")
async def add(page: PageOf) -> Response:
    """Somebody starts to work here; their start code is shown once."""
    typed = page.typed()
    values = {name: typed.text(name) for name in ("staff_no", "full_name", "role")}
    number = folded_staff_no(values["staff_no"])
    return await _told(page, typed, lambda: {"code": add_member(page.node, values)[1], "staff_no": number})


@router.get("/me")
async def show_me(page: PageOf) -> Response:
    """The person themselves: what they have typed and not saved, password, log-out."""
    person = page.person

    def _unsaved() -> Mapping[str, Any]:
        plates = {one.form: one.plate for one in unsaved_check_ins(page.node, person.id)}
        numbers = {one.form: one.number for one in unsaved_beside(page.node, person.id)}
        return {"drafts": drafts_of(page.node, person.id), "numbers": {**plates, **numbers}}

    return await page.show("me.html", _unsaved, screen="")


@router.get("/accesses")
async def show_accesses(page: PageOf) -> Response:
    """What was viewed in bulk, shown, printed or exported at this node."""

    def _read() -> Mapping[str, Any]:
        with page.node.store.read() as tx:
            require(page.node, tx, Permission.MANAGE_STAFF)
        names = {one.view.id: one.view.values for one in list_staff(page.node)}
        return {"accesses": accesses_of(page.node, None), "names": names}

    return await page.show("accesses.html", _read, screen="staff")


@router.get("/{member}/accesses")
async def show_report(page: PageOf, member: str) -> Response:
    """What one person saw in bulk, showed, printed and took out in ninety days."""
    staff = record_from_text(member)

    def _read() -> Mapping[str, Any]:
        found = _one_of(page, staff)
        return {
            **found,
            "report": report_on(accesses_of(page.node, staff), page.node.clock.now_ms()),
            "departure": None,
        }

    return await page.show("report.html", _read, screen="staff")


@router.get("/{member}/code")
async def ask_code(page: PageOf, member: str) -> Response:
    """What a new start code ends, before it does."""
    staff = record_from_text(member)

    def _read() -> Mapping[str, Any]:
        found = _one_of(page, staff)
        require_code_for(page.node, staff)
        return found

    return await page.show("code.html", _read, screen="staff")


@router.post("/{member}/code")
async def give_code(page: PageOf, member: str) -> Response:
    """A new start code; the password and the sessions of this person end."""
    staff, typed, staff_no = record_from_text(member), page.typed(), page.person.staff_no
    is_self = staff == page.person.id

    def _work() -> Mapping[str, Any]:
        return {"code": issue_start_code(page.node, staff), "staff_no": typed.text("staff_no")}

    async def _begin_anew(told: Mapping[str, Any]) -> Response:
        """Nobody is logged in any more: the page of the code is the way in again."""
        form = FormState(Typed({"staff_no": (staff_no,)}))
        return await page.show("start.html", form=form, told=told, person=None, address="/start")

    return await _told(page, typed, _work, _begin_anew if is_self else None)


@router.post("/{member}/role")
async def change_role(page: PageOf, member: str) -> Response:
    """Another role or name."""
    staff, typed = record_from_text(member), page.typed()

    def _work(node: Node) -> str:
        edit_member(node, staff, {"role": typed.text("role")}, typed.text(BASED_ON))
        return router.prefix

    def _context(_: FormState) -> Mapping[str, Any]:
        return {**_staff(page), "told": None}

    return await save_work(RecordForm(page, "staff.html", "staff", router.prefix, _context), typed, _work)


@router.get("/{member}/leave")
async def ask_leave(page: PageOf, member: str) -> Response:
    """What will happen, and who takes over."""
    staff = record_from_text(member)
    return await page.show("leave.html", lambda: _leaving(page, staff), screen="staff", form=FormState())


@router.post("/{member}/leave")
async def leave(page: PageOf, member: str) -> Response:
    """Access ends at once; the answer says what moved to whom and what the person saw."""
    staff, typed = record_from_text(member), page.typed()

    def _work() -> dict[str, Any]:
        return {"departure": let_leave(page.node, staff, _successor(typed.text("successor")))}

    try:
        moved = await page.pages.desk.write(_work)
    except FAILURES as failure:
        form = FormState.refused(typed, explain_failure(failure))
        status = explain_failure(failure).status
        return await page.show("leave.html", lambda: _leaving(page, staff), status=status, screen="staff", form=form)
    page.pages.forget_strip()

    def _read() -> Mapping[str, Any]:
        departure: Departure = moved["departure"]
        return {**_one_of(page, staff), **moved, "report": report_on(departure.accesses, page.node.clock.now_ms())}

    return await page.show("report.html", _read, screen="staff", address=f"{router.prefix}/{member}/accesses")


@router.post("/{member}/return")
async def come_back(page: PageOf, member: str) -> Response:
    """Somebody who left works here again."""
    staff, typed = record_from_text(member), page.typed()
    return await _told(page, typed, lambda: {"code": take_back(page.node, staff), "staff_no": typed.text("staff_no")})


async def _told(
    page: Page,
    typed: Typed,
    work: Callable[[], Mapping[str, Any]],
    then: Callable[[Mapping[str, Any]], Awaitable[Response]] | None = None,
) -> Response:
    """The staff page with what a step brought, or with what was wrong.

    Args:
        then: another page for what it brought.
    """
    show = partial(page.show, "staff.html", lambda: _staff(page), screen="staff", address=router.prefix)
    try:
        told = await page.pages.desk.write(lambda: dict(work()))
    except FAILURES as failure:
        explained = explain_failure(failure)
        return await show(status=explained.status, form=FormState.refused(typed, explained), told=None)
    page.pages.forget_strip()
    return await (show(form=FormState(), told=told) if then is None else then(told))


def _successor(text: str) -> RecordId | None:
    """Whoever was chosen to take over; None for nobody in particular.

    Raises:
        CommandRefused: a text that names nobody.
    """
    try:
        return record_from_text(text) if text else None
    except BadValue as error:
        what = "The colleague who is to take over does not work on orders here."
        problem = refuse("successor", ProblemCode.NOT_FOUND, what, "Choose somebody from the staff list.")
        raise problem from error


def _leaving(page: Page, staff: RecordId) -> dict[str, Any]:
    """One person beside everybody else, and who takes over when nobody is chosen; see `_one_of`."""
    return {**_one_of(page, staff), "heir": heir_of(page.node, staff)}


def _one_of(page: Page, staff: RecordId) -> dict[str, Any]:
    """One person, beside everybody else: who leaves, has left or gets a code, and who may take over.

    Raises:
        CommandRefused: the role does not manage staff.
        BadValue: nobody of this site.
    """
    found = _staff(page)
    somebody = next((one for one in found["members"] if one.view.id == staff), None)
    if somebody is None:
        raise BadValue(Reason.NOT_FOUND, "staff", record_text(staff))
    return {**found, "somebody": somebody}


def _staff(page: Page) -> dict[str, Any]:
    """Everybody, for whoever may see the list.

    Raises:
        CommandRefused: the role does not manage staff.
    """
    with page.node.store.read() as tx:
        require(page.node, tx, Permission.MANAGE_STAFF)
    members = list_staff(page.node)
    return {"members": members, "working": [one for one in members if is_working(one.view)], "roles": STAFF_ROLES}
