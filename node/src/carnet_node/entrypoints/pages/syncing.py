"""The sync centre: what waits, what was held back and why, what was overruled, keys, backups, receipts, findings.

Decides addresses only. A restore names the heads of the list it was chosen from, and the page it leads to says what
was restored; "sync now" ends with a sentence, and so does a bundle from the hub. A bundle for the hub is a POST with
the session's token, as every export.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Response
from starlette.datastructures import UploadFile

from carnet_node.core.desk_limits import UPLOAD_FIELDS_MAX
from carnet_node.core.failures import HubUnreachable
from carnet_node.core.heads import heads_from_text
from carnet_node.core.limits import BUNDLE_FILE_BYTES_MAX
from carnet_node.core.line.bundling import BundleReport
from carnet_node.core.line.sync import run_round
from carnet_node.core.local_facts import Access
from carnet_node.core.node import Node
from carnet_node.core.showing.conflicts import OverruledValue, restore_value
from carnet_node.core.showing.sync_centre import sync_centre
from carnet_node.core.staff.access_log import note_access
from carnet_node.entrypoints.pages.forms import ADDRESS, BASED_ON, own_address
from carnet_node.entrypoints.pages.page import RESTORED, Page, PageOf
from carnet_node.entrypoints.reading import kind_from_text, op_from_text, record_from_text
from carnet_node.entrypoints.software import SOFTWARE
from carnet_node.entrypoints.sticks import Sticks, make_stick, take_stick
from carnet_node.entrypoints.wording import FAILURES, Explained, explain_failure
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason, explain
from carnet_storage.adapters.small_files import read_status
from carnet_storage.core.status import concerns

router = APIRouter()

_COMPARED: Final = ("customer_note", "internal_note", "note", "belongings")
"""Words written about a car or a customer: which of two is right, nobody can tell while they are masked.

Who somebody is stays so.
"""


@router.get("/sync")
async def show_sync(page: PageOf) -> Response:
    """Everything about line and sync on one page; the strip below it is counted anew, so that both say the same."""
    page.pages.forget_strip()
    return await page.show("sync.html", lambda: _centre(page), screen="sync", address="/sync", result=None, findings=())


@router.post("/sync/examine")
async def examine(page: PageOf) -> Response:
    """Look for everything that could be wrong with this machine; the page says it in plain words."""
    page.typed()
    look = page.pages.desk.examine

    def _read() -> Mapping[str, Any]:
        return {**_centre(page), "findings": look()}

    return await page.show("sync.html", _read, screen="sync", address="/sync", result=None)


@router.post("/sync/now")
async def sync_now(page: PageOf) -> Response:
    """One round now; the page says how it ended."""
    page.typed()
    ports = page.pages.desk.ports
    failures: list[Explained] = []
    if ports is None:
        failures.append(explain_failure(HubUnreachable("no hub address is known")))
    else:
        try:
            report = await run_round(page.node, ports, software=SOFTWARE)
            found = (report.push_failure, report.pull_failure)
            failures += [explain_failure(one) for one in found if one is not None]
        except FAILURES as failure:
            failures.append(explain_failure(failure))
    page.pages.forget_strip()
    return await page.show(
        "sync.html", lambda: _centre(page), screen="sync", address="/sync", result=failures, findings=()
    )


@router.post("/sync/bundle")
async def make_bundle(page: PageOf) -> Response:
    """Everything the hub has not answered, as a file for a USB stick."""
    page.typed()
    sticks = _sticks(page)
    made = await page.pages.desk.read(lambda: make_stick(page.node, sticks))
    headers = {"content-disposition": f'attachment; filename="{made.name}"'}
    return page.answer(Response(made.content, media_type="application/octet-stream", headers=headers))


@router.post("/sync/bundle/take")
async def take_bundle(page: PageOf) -> Response:
    """The hub's answer from a USB stick; the page says what it brought, or why it was not taken."""
    sticks = _sticks(page)
    async with page.request.form(max_files=1, max_fields=UPLOAD_FIELDS_MAX) as form:
        page.require_token(str(form.get("token", "")))
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise BadValue(Reason.BAD_FIELD, "file", "choose the bundle that the hub has made")
        content = file.file
        try:
            taken: BundleReport | None = await page.pages.desk.read(
                lambda: take_stick(page.node, sticks, content.read(BUNDLE_FILE_BYTES_MAX + 1))
            )
            refused = None
        except FAILURES as failure:
            taken, refused = None, explain_failure(failure)
    page.pages.forget_strip()
    return await page.show(
        "sync.html",
        lambda: _centre(page),
        status=HTTPStatus.OK if refused is None else refused.status,
        screen="sync",
        address="/sync",
        result=None if refused is None else [refused],
        taken=taken,
        findings=(),
    )


@router.post("/conflicts/restore")
async def restore(page: PageOf) -> Response:
    """Bring an overruled value back, for everybody."""
    typed = page.typed()
    kind, record, op = (
        kind_from_text(typed.text("kind")),
        record_from_text(typed.text("id")),
        op_from_text(typed.text("op")),
    )
    heads = heads_from_text(typed.text(BASED_ON))

    def _work(node: Node) -> str:
        name = typed.text("register")
        restore_value(node, kind, record, name, op, read=heads)
        return f"{own_address(typed.text(ADDRESS)).partition('?')[0]}?{RESTORED}={kind.name}.{name}"

    return await page.save(typed, _work, page.failed)


def _note_compared(node: Node, conflicts: Iterable[OverruledValue]) -> None:
    """Note the words about cars and customers that a page is about to show in full."""
    both = [(one.overruled.values, {} if one.shown is None else one.shown.values) for one in conflicts]
    shown = [pair for pair in both if any(values.get(name) for values in pair for name in _COMPARED)]
    if shown:
        note_access(node, Access.SHOWN, "conflicts", len(shown))


def _sticks(page: Page) -> Sticks:
    sticks = page.pages.desk.sticks
    if sticks is None:
        raise BadValue(Reason.NOT_FOUND, "file", "this node makes and takes no bundles")
    return sticks


def _centre(page: Page) -> Mapping[str, Any]:
    node, desk = page.node, page.pages.desk
    told = None if desk.backups is None else read_status(desk.backups)
    centre = sync_centre(node)
    _note_compared(node, [one.value for one in (*centre.conflicts, *centre.former)])
    return {
        "centre": centre,
        "plain": _COMPARED,
        "explain": explain,
        "backups": () if told is None else concerns(told, node.clock.now_ms()),
        "has_backups": told is not None,
    }
