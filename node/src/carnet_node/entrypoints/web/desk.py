"""What every route of the JSON API needs: the node, a way to block, and the sync that a save wakes.

Decides how a handler reaches blocking code (only through `run_blocking`), that a save under an `Idempotency-Key`
happens once (`core.idempotency`), and that whoever asks for personal values in full leaves a trace without them.
Decides nothing about what is read or written.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Protocol, TypeVar

import structlog
from fastapi import Depends, Header, Query, Request
from fastapi.exceptions import RequestValidationError

from carnet_node.adapters.passwords import Argon2Passwords
from carnet_node.core.limits import IDEMPOTENCY_KEY_CHARS_MAX, LIST_ROWS_MAX
from carnet_node.core.line.session import SyncPorts
from carnet_node.core.local_ports import PasswordHasher
from carnet_node.core.log.idempotency import Claim, answer_once, claiming, keyed_request
from carnet_node.core.node import Node
from carnet_node.core.ports import RunBlocking
from carnet_node.core.refusals import Problem, ProblemCode, refuse_if_any
from carnet_node.core.saving.desk import Saved
from carnet_node.core.showing.views import list_records
from carnet_node.core.upkeep.doctor import Finding
from carnet_node.entrypoints.presenting import Json, Presenter, is_masked
from carnet_node.entrypoints.reading import instant_from_text, values_from_json
from carnet_node.entrypoints.sticks import Sticks
from carnet_node.entrypoints.web.problem_response import BODY_IN_SCOPE
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.registry import Kind, Privacy, Value

T = TypeVar("T")

log = structlog.get_logger(__name__)


IDEMPOTENCY_KEY: Final = "Idempotency-Key"

_SAVING_METHODS: Final = frozenset({"POST", "PATCH"})
_KEY: Final = re.compile(rf"[\x21-\x7e]{{1,{IDEMPOTENCY_KEY_CHARS_MAX}}}")
_NO_KEY: Final = {
    "loc": ("header", IDEMPOTENCY_KEY),
    "type": "string_pattern_mismatch",
    "msg": f"One key of 1 to {IDEMPOTENCY_KEY_CHARS_MAX} printable ASCII characters is expected",
}


class Background(Protocol):
    """Syncing beside the requests (`adapters.sync_loop.BackgroundSync`)."""

    async def run(self) -> None:
        """Sync until cancelled."""
        ...

    def wake(self) -> None:
        """Something was saved: look at the outbox now. Called from the event loop."""
        ...


@dataclass(frozen=True)
class Desk:
    """A node behind its JSON API.

    Attributes:
        run_blocking: a thread in production.
        ports: for "sync now"; None when no hub address is known.
        background: woken after every save; None when nothing syncs in the background.
        backups: where the status of backups lies; None when nobody tells.
        claim: of a save under an `Idempotency-Key`; None without one.
        hasher: of the passwords of staff.
        examine: looks for everything that could be wrong with this machine.
        uploads: where files of a former system wait; None where none are taken.
        sticks: for bundles; None where none are made.
    """

    node: Node
    run_blocking: RunBlocking
    ports: SyncPorts | None = None
    background: Background | None = None
    backups: Path | None = None
    claim: Claim | None = None
    hasher: PasswordHasher = field(default_factory=Argon2Passwords)
    examine: Callable[[], Sequence[Finding]] = tuple
    uploads: Path | None = None
    sticks: Sticks | None = None

    async def read(self, work: Callable[[], T]) -> T:
        """What blocking work returns."""
        return await self.run_blocking(work)

    async def write(self, work: Callable[[], Json]) -> Json:
        """As `read`, for work that saves: sending does not wait for the next look at the outbox."""
        saves = work if self.claim is None else partial(answer_once, self.claim, work)
        result = await self.run_blocking(saves)
        if self.background is not None:
            self.background.wake()
        return result


async def desk_of(request: Request) -> Desk:
    """The desk of the application that a request came to; with a key, one that saves once under it.

    Raises:
        RequestValidationError: a key that is none.
    """
    desk: Desk = request.app.state.desk
    keys = request.headers.getlist(IDEMPOTENCY_KEY)
    if not keys or request.method not in _SAVING_METHODS:
        return desk
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        raise RequestValidationError([_NO_KEY])
    target = request.url.path + "?" + request.url.query
    presented = request.headers.get("carnet-personal", "")
    parts = (request.method, target, presented)
    asked = keyed_request(keys[0], *(part.encode() for part in parts), request.scope.get(BODY_IN_SCOPE) or b"")
    claim = claiming(desk.node, asked)
    return replace(desk, node=claim.node, claim=claim)


DeskOf = Annotated[Desk, Depends(desk_of)]
"""The desk, for a handler."""


async def asking_desk_of(request: Request) -> Desk:
    """The desk of a request that saves nothing, so that no key of it is taken: asked again, it is answered anew."""
    desk: Desk = request.app.state.desk
    return desk


AskingDeskOf = Annotated[Desk, Depends(asking_desk_of)]
"""The desk, for a handler that only asks, by POST because the question is personal or long."""

_AsksPersonal = Annotated[
    bool, Header(description="true shows names, phones, plates, addresses and notes in full; the asking is logged")
]


async def presenter_of(request: Request, *, carnet_personal: _AsksPersonal = False) -> Presenter:
    """How views are shown to this caller: masked, unless the header `Carnet-Personal: true` asks for all of it."""
    if carnet_personal:
        log.info("personal values asked for", route=_route(request), method=request.method, records=_records(request))
    return Presenter(show_personal=carnet_personal)


Show = Annotated[Presenter, Depends(presenter_of)]
"""The presenter of a request."""


After = Annotated[str | None, Query(max_length=64, description="go on after this record id")]
Limit = Annotated[int, Query(ge=1, le=LIST_ROWS_MAX)]
"""Where a page of a list begins, and how long it is."""


def records_page(node: Node, kind: Kind, show: Presenter, *, after: str | None, limit: int) -> Json:
    """A page of a list, and where the next one begins.

    Raises:
        BadValue: `after` is no record id.
    """
    page = list_records(node, kind, after=None if after is None else parse_record_text(after), limit=limit)
    return {
        "records": show.records(page.records),
        "after": None if page.after is None else record_text(page.after),
    }


def heads_by_id(given: Mapping[str, str]) -> dict[RecordId, str]:
    """Heads of several records, by record id.

    Raises:
        BadValue: a name that is no record id.
    """
    return {parse_record_text(text): heads for text, heads in given.items()}


def instant_of(desk: Desk, name: str, given: int | str | None) -> int:
    """Milliseconds since 1970 of an instant in a form; now when it was left out.

    Raises:
        BadValue: no instant.
    """
    if given is None:
        return desk.node.clock.now_ms()
    return given if isinstance(given, int) else instant_from_text(name, given)


def values_of(kind: Kind, given: Mapping[str, object], *, where: str = "") -> dict[str, Value]:
    """Field values of a form.

    Args:
        where: stands before the field names of problems, for lists inside a form.

    Raises:
        CommandRefused: unknown fields, values of another type, or personal values in their masked form, which would
            replace what they stand for; all of them at once.
    """
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    for name, one in given.items():
        try:
            values |= values_from_json(kind, {name: one})
        except BadValue as refused:
            problems.append(_problem_of(kind, name, refused, where))
            continue
        if is_masked(values[name]) and kind.register_of(name).privacy is not Privacy.PUBLIC:
            problems.append(Problem(where + name, ProblemCode.BAD_VALUE, _MASKED_WHAT, _MASKED_NEXT))
    refuse_if_any(problems)
    return values


def list_of(kind: Kind, given: Sequence[Mapping[str, object]], name: str) -> list[dict[str, Value]]:
    """As `values_of`, for a list of records inside a form.

    Args:
        name: of the list.
    """
    return [values_of(kind, one, where=f"{name}[{place}].") for place, one in enumerate(given)]


def saved_json(kind: Kind, saved: Saved, view: Json | None) -> Json:
    """What was saved, and the view as it is now, whose heads the next save is based on.

    Args:
        kind: of the first record of the set, which is the one that was meant.
        view: None when the record is gone.
    """
    if saved.sealed is None:
        return {"changed": False, "view": view}
    return {
        "changed": True,
        "kind": kind.name,
        "id": record_text(saved.records[0]),
        "set": saved.sealed.seq,
        "nonce": saved.sealed.nonce.hex(),
        "set_hash": saved.sealed.set_hash.hex(),
        "view": view,
    }


def _problem_of(kind: Kind, name: str, refused: BadValue, where: str) -> Problem:
    if name not in kind.labels:
        return Problem(where + name, ProblemCode.UNKNOWN_FIELD, f"A {kind.name} has no such field.", "Leave it out.")
    rule = refused.detail.removeprefix(f"{name}: ")
    return Problem(
        where + name, ProblemCode.BAD_VALUE, f"The value is not what the field takes: {rule}.", "Correct it."
    )


_MASKED_WHAT: Final = "This is the masked form of a value, which it would replace."
_MASKED_NEXT: Final = "Leave the field out, or read the record with Carnet-Personal: true first."
_UNKNOWN_ROUTE: Final = "unknown"


def _route(request: Request) -> str:
    """The route's template: never the path as sent, in whose place of an id anything may stand."""
    route: Any = request.scope.get("route")
    return str(getattr(route, "path", _UNKNOWN_ROUTE))


def _records(request: Request) -> list[str]:
    """Those of the path's parameters that are record ids; ids are public."""
    return [text for text in map(_record_or_none, request.path_params.values()) if text is not None]


def _record_or_none(text: object) -> str | None:
    try:
        return record_text(parse_record_text(str(text)))
    except BadValue:
        return None
