"""Every failure of the JSON API as one shape, RFC 9457 `application/problem+json`: the only place that maps them.

Decides status, form and the pointers into the body that was sent. What happened, what is safe and what to do next come
from `entrypoints/wording`; the few sentences here are about HTTP itself. No answer repeats a value that was sent, and
nothing is logged but the type and place of what was unexpected.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from carnet_node.core.failures import NodeFailure
from carnet_node.core.ports import Entropy
from carnet_node.core.refusals import NOTHING_SAVED, Problem, ProblemCode
from carnet_node.entrypoints.wording import Explained, explain_failure
from carnet_protocol.errors import Refused
from carnet_protocol.reasons import Reason, explain

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:carnet:problem:"
RETRY_AFTER_S: Final = 2
"""A writer waits five seconds for the lock already; two more let the other process finish."""

BODY_IN_SCOPE: Final = "carnet.body"
"""Where the guard leaves the body in the request's scope, so that a problem can point into it."""

Json = dict[str, Any]

_REASONS: Final = frozenset(Reason)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HttpProblem:
    """Something wrong with a request as such, before anybody looked at what it asks."""

    status: HTTPStatus
    code: str
    what: str
    next: str


WRONG_HOST: Final = HttpProblem(
    HTTPStatus.MISDIRECTED_REQUEST,
    "wrong-host",
    "This node does not answer under that name.",
    "Open it as localhost, or have the name added to CARNET_NODE_ALLOWED_HOSTS.",
)
FOREIGN_PAGE: Final = HttpProblem(
    HTTPStatus.FORBIDDEN,
    "foreign-page",
    "The request came from a page of another site.",
    "Close that page; open the front desk by its own address.",
)
FORM_EXPIRED: Final = HttpProblem(
    HTTPStatus.FORBIDDEN,
    "form-expired",
    "The form does not belong to the session that is open in this browser now.",
    "Open the page again and save there; what you typed is kept as a draft.",
)
NO_SESSION: Final = HttpProblem(
    HTTPStatus.UNAUTHORIZED,
    "no-session",
    "Nobody is logged in in this browser, or the screen is locked.",
    "Log in again; what you typed is kept as a draft.",
)
SET_UP_ELSEWHERE: Final = HttpProblem(
    HTTPStatus.FORBIDDEN,
    "set-up-elsewhere",
    "This site has no staff yet, and the first person is entered at the machine itself.",
    "Open this page on the machine on which Carnet runs, as localhost.",
)
NO_PAGE: Final = HttpProblem(
    HTTPStatus.NOT_FOUND,
    "no-page",
    "There is no page under this address.",
    "Go to the first page and search for what you need.",
)
NO_TOKEN: Final = HttpProblem(
    HTTPStatus.UNAUTHORIZED,
    "no-token",
    "The request does not carry the token of this node.",
    "Send it as Authorization: Bearer TOKEN, with the content of api.token in the data folder.",
)
NOT_JSON: Final = HttpProblem(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "not-json",
    "The body is not announced as JSON.",
    "Send it with Content-Type: application/json.",
)
BODY_TOO_LARGE: Final = HttpProblem(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too-large",
    "The body is larger than a form can be.",
    "Save it in smaller steps.",
)
BAD_ADDRESS: Final = HttpProblem(
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "bad-address",
    "The address asks for something that this page does not have.",
    "Go to the first page, and come here again by its links.",
)
_NO_ROUTE: Final = HttpProblem(
    HTTPStatus.NOT_FOUND, "not-found", "There is nothing under this address.", "Look at /api/openapi.json."
)
_NO_METHOD: Final = HttpProblem(
    HTTPStatus.METHOD_NOT_ALLOWED,
    "method-not-allowed",
    "This address does not take that method.",
    "Look at /api/openapi.json.",
)
_NOT_READABLE: Final = HttpProblem(
    HTTPStatus.BAD_REQUEST, "malformed", "The body is not valid JSON.", "Correct the program that sent it."
)

_FAULT_BYTES: Final = 4
"""Of the number of a fault: short enough to be read out on the phone."""

_HEADS: Final = "based_on"
"""How the members end that carry heads; they stand beside `values` and `changes`, never inside."""

HEADS_MISSING: Final = "A save says which version it was made from, so that nothing saved meanwhile is overwritten."
HEADS_NEXT: Final = "Send the `heads` of the view the form was filled from, unchanged, and keep what was typed."


def answer_problems(api: FastAPI) -> None:
    """Turn every exception that leaves a handler into a problem document."""
    api.add_exception_handler(Refused, _failed)
    api.add_exception_handler(NodeFailure, _failed)
    api.add_exception_handler(RequestValidationError, _not_a_form)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(Exception, _bug)


def answer_http_problem(problem: HttpProblem, headers: Mapping[str, str] | None = None) -> Response:
    """The document of a problem with the request as such."""
    told = {"code": problem.code, "what": problem.what, "safe": "Nothing was changed.", "next": problem.next}
    return _document(problem.status, problem.what, told, headers=headers)


def pointer_to(body: object, field: str) -> str:
    """Where a field stands in the body that was sent, or would stand: a JSON pointer as a URI fragment.

    Args:
        body: parsed.
        field: as in `Problem.field`: a registry name, with its place in a list before it (`phones[1].number`).

    Source: RFC 6901 section 6.

        >>> pointer_to({"values": {}, "phones": [{}]}, "phones[0].number")
        '#/phones/0/number'
    """
    path: list[str] = []
    at: Any = body
    for name in re.findall(r"[^.\[\]]+", field):
        inner = _descend(at, name)
        path += inner
        for step in inner:
            at = _member(at, step)
    return "#" + "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)


def _title(explained: Explained) -> str:
    """What the code always means; what happened this time stands in `what`."""
    return explain(Reason(explained.code)).what if explained.code in _REASONS else explained.what


def _pointer(body: object, field: str) -> str | None:
    """None for what stands in the address and not in the body."""
    if not isinstance(body, dict) or (field == "id" and field not in body):
        return None
    return pointer_to(body, field)


def _descend(at: Any, name: str) -> list[str]:
    """The steps from here to a name: through `values` or `changes` when it does not stand here itself."""
    if isinstance(at, dict):
        if name.isdecimal():
            return []
        group = next((group for group in ("values", "changes") if isinstance(at.get(group), dict)), None)
        is_inside = group is not None and (name in at[group] or name not in at)
        if group is not None and is_inside and not name.endswith(_HEADS):
            return [group, name]
    return [name]


def _member(at: Any, step: str) -> Any:
    if isinstance(at, dict):
        return at.get(step)
    return at[int(step)] if isinstance(at, list) and step.isdecimal() and int(step) < len(at) else None


async def _failed(request: Request, error: Exception) -> Response:
    explained = explain_failure(error)
    fault = note_fault(request, error) if is_our_fault(explained) else ""
    return answer_failure(explained, _body_of(request), fault=fault)


def is_our_fault(explained: Explained) -> bool:
    """Whether nothing that the caller does otherwise would help."""
    return explained.status is HTTPStatus.INTERNAL_SERVER_ERROR


def answer_failure(explained: Explained, body: object, *, fault: str = "") -> Response:
    """The document of a refusal or failure, with a pointer for every field that is wrong.

    Args:
        body: what was sent, parsed; None when nothing was.
        fault: the number under which it was logged.
    """
    problems = list(explained.problems)
    told: Json = {
        "code": explained.code,
        "what": problems[0].what if len(problems) == 1 else explained.what,
        "safe": explained.safe,
        "next": explained.next,
        **({"fault": fault} if fault else {}),
    }
    if explained.field is not None and not problems:
        problems = [Problem(explained.field, ProblemCode.BAD_VALUE, explained.what, explained.next)]
    errors = [_error(_pointer(body, one.field), one) for one in problems]
    is_stale = any(one.code is ProblemCode.CHANGED for one in problems)
    return _document(HTTPStatus.CONFLICT if is_stale else explained.status, _title(explained), told, errors)


async def _not_a_form(_request: Request, error: Exception) -> Response:
    found: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    if any(one["type"] == "json_invalid" for one in found):
        return answer_http_problem(_NOT_READABLE)
    errors = [_form_error(one) for one in found]
    told = {
        "code": "bad-field",
        "what": errors[0]["what"] if len(errors) == 1 else "The form is not what this address takes.",
        "safe": NOTHING_SAVED,
        "next": errors[0]["next"] if errors else "Look at /api/openapi.json.",
    }
    return _document(HTTPStatus.UNPROCESSABLE_ENTITY, "The form is not what this address takes.", told, errors)


def _form_error(one: Mapping[str, Any]) -> Json:
    """One mistake of a form's shape; what was sent is not repeated."""
    place, *path = [str(step) for step in one["loc"]]
    field = path[-1] if path else "body"
    pointer = "#" + "".join(f"/{step}" for step in path) if place == "body" else None
    is_missing = one["type"] == "missing" or (one["type"] == "string_too_short")
    if any(step.endswith(_HEADS) for step in path):
        return _error(pointer, Problem(field, ProblemCode.MISSING, HEADS_MISSING, HEADS_NEXT))
    if one["type"] == "extra_forbidden":
        found = Problem(field, ProblemCode.UNKNOWN_FIELD, f"There is no field {field} here.", "Leave it out.")
    elif is_missing:
        found = Problem(field, ProblemCode.MISSING, f"The field {field} is missing.", "Fill it in.")
    else:
        found = Problem(field, ProblemCode.BAD_VALUE, f"{one['msg']}.", "Correct it.")
    return _error(pointer, found)


def answer_no_token() -> Response:
    """The document for a program that does not say who it is."""
    return answer_http_problem(NO_TOKEN, {"WWW-Authenticate": "Bearer"})


async def _http(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    headers = error.headers if isinstance(error, HTTPException) else None
    match status:
        case HTTPStatus.NOT_FOUND:
            return answer_http_problem(_NO_ROUTE)
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return answer_http_problem(_NO_METHOD, headers)
        case _:
            return answer_http_problem(_NOT_READABLE)


async def _bug(request: Request, error: Exception) -> Response:
    return answer_failure(explain_failure(error), None, fault=note_fault(request, error))


def note_fault(request: Request, error: Exception) -> str:
    """Log a fault of ours under a number that the answer shows as well; nothing that was sent is logged."""
    entropy: Entropy = request.app.state.desk.node.entropy
    fault = entropy.random_bytes(_FAULT_BYTES).hex()
    log.error("request failed", fault=fault, method=request.method, exc_info=error)
    return fault


def _error(pointer: str | None, problem: Problem) -> Json:
    shown: Json = {"field": problem.field, "code": problem.code.value, "what": problem.what, "next": problem.next}
    return shown if pointer is None else {"pointer": pointer, **shown}


def _document(
    status: HTTPStatus,
    title: str,
    told: Json,
    errors: Iterable[Json] = (),
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    body: Json = {"type": f"{TYPE_PREFIX}{told['code']}", "title": title, "status": int(status), **told}
    listed = list(errors)
    if listed:
        body["errors"] = listed
    more = {"Retry-After": str(RETRY_AFTER_S)} if status is HTTPStatus.SERVICE_UNAVAILABLE else {}
    sent = {"Cache-Control": "no-store", **more, **(headers or {})}
    return JSONResponse(body, status_code=int(status), media_type=MEDIA_TYPE, headers=sent)


def _body_of(request: Request) -> object:
    """What was sent, parsed again to point into it; None when that is nothing."""
    body = request.scope.get(BODY_IN_SCOPE)
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None
