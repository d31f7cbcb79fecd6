"""A failure as a page: what happened, what is safe, what to do next, in the language of the person.

Decides which answers become pages and which stay problem documents: whoever asks for an address below `/api` or
`/healthz`, or sends JSON, is a program. An address that takes forms alone leads to its document. What is a fault of
ours is logged under a number that the page shows.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from carnet_node.core.failures import NodeFailure
from carnet_node.core.refusals import NOTHING_SAVED
from carnet_node.entrypoints.pages.page import NobodyThere, PageRefused, door_of
from carnet_node.entrypoints.pages.reloading import document_of
from carnet_node.entrypoints.web.problem_response import (
    BAD_ADDRESS,
    NO_PAGE,
    NO_SESSION,
    HttpProblem,
    answer_http_problem,
    is_our_fault,
    note_fault,
)
from carnet_node.entrypoints.wording import Exit, Explained, explain_failure
from carnet_protocol.errors import BadValue, Refused

Handler = Callable[[Request, Any], Awaitable[Response] | Response]

_PROGRAMS: Final = ("/api", "/healthz")
_UNCHANGED: Final = "Nothing was changed."


def answer_page_failures(api: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Show failures of pages as pages, and leave those of programs as they are.

    Args:
        routes: of all pages.
    """
    for kind in (Refused, NodeFailure, RequestValidationError, HTTPException, Exception):
        api.add_exception_handler(kind, _for_people(api.exception_handlers[kind], routes))
    api.add_exception_handler(PageRefused, _refused)
    api.add_exception_handler(NobodyThere, _nobody)


def is_for_programs(request: Request) -> bool:
    """Whether a program asks and not a person."""
    is_json = request.headers.get("content-type", "").startswith("application/json")
    return is_json or request.url.path.startswith(_PROGRAMS)


def _for_people(otherwise: Handler, routes: Sequence[BaseRoute]) -> Handler:
    async def handle(request: Request, error: Exception) -> Response:
        """A page for people; what a program asked is answered as before."""
        if is_for_programs(request):
            answer = otherwise(request, error)
            return answer if isinstance(answer, Response) else await answer
        is_no_page = isinstance(error, HTTPException) or (isinstance(error, BadValue) and error.field == "id")
        document = document_of(routes, request.method, request.url.path) if is_no_page else None
        if document is not None:
            return (await door_of(request)).go(document)
        if isinstance(error, HTTPException):
            return await _shown(request, _explained(NO_PAGE))
        if request.method == "GET" and isinstance(error, BadValue) and error.field == "id":
            return await _shown(request, _explained(NO_PAGE))
        if isinstance(error, RequestValidationError):
            return await _shown(request, _explained(BAD_ADDRESS))
        explained = _as_asked(request, explain_failure(error))
        fault = note_fault(request, error) if is_our_fault(explained) else ""
        return await _shown(request, explained, fault)

    return handle


def _as_asked(request: Request, explained: Explained) -> Explained:
    """Whoever only opened a page has entered nothing that could still be on the screen."""
    is_opened = request.method == "GET" and explained.safe == NOTHING_SAVED
    return replace(explained, safe=_UNCHANGED) if is_opened else explained


async def _refused(request: Request, error: Exception) -> Response:
    problem = error.problem if isinstance(error, PageRefused) else NO_PAGE
    if is_for_programs(request):
        return answer_http_problem(problem)
    return await _shown(request, _explained(problem))


async def _nobody(request: Request, error: Exception) -> Response:
    """To the log-in, and from there back to the page; what a form held is kept as its draft."""
    if is_for_programs(request) or request.url.path == "/strip":
        return answer_http_problem(NO_SESSION)
    address = error.address if isinstance(error, NobodyThere) else "/login"
    page = await door_of(request)
    wanted = _asked_for(request) if request.method == "GET" else page.stands_at()
    return page.go(address if wanted == "/" else f"{address}?to={quote(wanted)}")


def _asked_for(request: Request) -> str:
    """The page with what its address asks: ids and names of lists."""
    return request.url.path + ("?" + request.url.query if request.url.query else "")


async def _shown(request: Request, explained: Explained, fault: str = "") -> Response:
    page = await door_of(request)
    address = page.stands_at()
    return await page.show("failure.html", status=explained.status, explained=explained, fault=fault, address=address)


def _explained(problem: HttpProblem) -> Explained:
    return Explained(problem.code, problem.what, _UNCHANGED, problem.next, Exit.REFUSED, HTTPStatus(problem.status))
