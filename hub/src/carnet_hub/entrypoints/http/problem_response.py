"""Refusals as RFC 9457 problem documents: the only place where a reason becomes a status.

Decides status and form. The three sentences come from the protocol's catalogue; details that went into an exception
stay inside, because they are for a log. Source: RFC 9457; the table in docs/spec/http.md.
"""

from http import HTTPStatus
from typing import Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from carnet_hub.core.failures import HubFailure
from carnet_hub.core.limits import RETRY_AFTER_S
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.ports import StoreError
from carnet_protocol.errors import Refused
from carnet_protocol.reasons import Reason, explain

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:carnet:problem:"
_BY_STATUS: Final[dict[int, tuple[Reason, ...]]] = {
    400: (
        Reason.MALFORMED,
        Reason.TRAILING_BYTES,
        Reason.DUPLICATE_KEY,
        Reason.TOO_DEEP,
        Reason.FORBIDDEN_TYPE,
        Reason.TOO_MANY_OPS,
        Reason.BAD_FIELD,
        Reason.BAD_VIN,
        Reason.WRONG_HUB,
        Reason.OPENING_MISMATCH,
        Reason.OPENING_MISSING,
        Reason.BAD_BUNDLE,
        Reason.BAD_SEGMENT,
        Reason.UNKNOWN_KIND,
        Reason.SCHEMA_TOO_NEW,
        Reason.SCHEMA_TOO_OLD,
        Reason.LOOK_UP_REASON,
    ),
    401: (Reason.BAD_SIGNATURE, Reason.UNKNOWN_KEY, Reason.STALE_CHALLENGE, Reason.BAD_TOKEN),
    403: (
        Reason.BAD_CODE,
        Reason.BAD_PROOF,
        Reason.UNKNOWN_NODE,
        Reason.SUSPENDED_NODE,
        Reason.REPLACED_KEY,
        Reason.FOREIGN_RECORD,
        Reason.HUB_ONLY,
        Reason.TOO_MANY_LOOK_UPS,
    ),
    404: (Reason.NOT_FOUND,),
    409: (
        Reason.SUPERSEDED_EPOCH,
        Reason.GAP,
        Reason.FORK,
        Reason.NONCE_REUSED,
        Reason.HUB_EPOCH_CHANGED,
        Reason.HUB_BEHIND,
        Reason.OLDER_LISTS,
        Reason.UNKNOWN_BASE,
        Reason.TOO_MANY_HEADS,
        Reason.ILLEGAL_TRANSITION,
        Reason.BASE_LOST,
        Reason.EXCLUDED,
        Reason.NO_LONGER_FOLLOWED,
    ),
    410: (Reason.CODE_USED, Reason.CODE_EXPIRED),
    413: (Reason.TOO_LARGE,),
    500: (Reason.INTERNAL,),
    503: (Reason.BUSY,),
}

STATUS: Final[dict[Reason, int]] = {reason: status for status, reasons in _BY_STATUS.items() for reason in reasons}
"""HTTP status of every reason; a test walks the catalogue."""

ACCESS_STATUS: Final[dict[Refusal, HTTPStatus]] = {
    Refusal.TOKEN_REFUSED: HTTPStatus.UNAUTHORIZED,
    Refusal.SESSION_OVER: HTTPStatus.UNAUTHORIZED,
    Refusal.TOKEN_EXPIRED: HTTPStatus.UNAUTHORIZED,
    Refusal.TOKEN_UNCONFIRMED: HTTPStatus.UNAUTHORIZED,
    Refusal.WRONG_ADDRESS: HTTPStatus.FORBIDDEN,
    Refusal.OUT_OF_SCOPE: HTTPStatus.FORBIDDEN,
    Refusal.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
    Refusal.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Refusal.BAD_REQUEST: HTTPStatus.BAD_REQUEST,
    Refusal.NO_VEHICLE_NUMBER: HTTPStatus.UNPROCESSABLE_ENTITY,
    Refusal.NO_CASE: HTTPStatus.UNPROCESSABLE_ENTITY,
    Refusal.NOT_A_MEMBER: HTTPStatus.UNPROCESSABLE_ENTITY,
    Refusal.OWN_REQUEST: HTTPStatus.FORBIDDEN,
    Refusal.NOT_RELEASED: HTTPStatus.CONFLICT,
    Refusal.OTHER_HISTORY: HTTPStatus.CONFLICT,
    Refusal.FORM_STALE: HTTPStatus.FORBIDDEN,
    Refusal.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""HTTP status of everything that a request from outside is refused with; a test walks the catalogue."""

_RETRIED: Final = frozenset({Reason.BUSY, Reason.INTERNAL})
"""Reasons after which the very same request may succeed without anybody acting."""

_OUTSIDE: Final = ("/v1/regulator/", "/regulator/")
"""Where regulators ask, who are refused in words of their own."""

_ASKED_AGAIN: Final = frozenset({Refusal.TOO_MANY, Refusal.BUSY})
"""The same, of requests from outside."""


def problem(reason: Reason, *, status: int | None = None) -> Response:
    """The problem document of a reason.

    Args:
        reason: from the catalogue.
        status: another status than the table's, for what HTTP itself refuses (405).
    """
    text = explain(reason)
    code = status or STATUS[reason]
    body = {
        "type": f"{TYPE_PREFIX}{reason.value}",
        "title": text.what,
        "status": code,
        "code": reason.value,
        "what": text.what,
        "safe": text.safe,
        "next": text.next,
        "retry": reason in _RETRIED,
    }
    headers = {"Retry-After": str(RETRY_AFTER_S)} if reason is Reason.BUSY else None
    return JSONResponse(body, status_code=code, media_type=MEDIA_TYPE, headers=headers)


def access_problem(refused: AccessRefused) -> Response:
    """The problem document of a request from outside that was not answered."""
    status, code = ACCESS_STATUS[refused.refusal], refused.refusal.value
    body = {
        "type": f"{TYPE_PREFIX}{code}",
        "title": refused.what,
        "status": status,
        "code": code,
        "what": refused.what,
        "safe": refused.safe,
        "next": refused.next,
        "retry": refused.refusal in _ASKED_AGAIN,
        **({"vins": list(refused.vins)} if refused.vins else {}),
    }
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else {}
    if refused.refusal in _ASKED_AGAIN:
        headers["Retry-After"] = str(refused.wait_s or RETRY_AFTER_S)
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def answer_problems(api: FastAPI) -> None:
    """Turn every exception that leaves a handler into a problem document."""
    api.add_exception_handler(Refused, _refused)
    api.add_exception_handler(AccessRefused, _access_refused)
    api.add_exception_handler(StoreError, _store_failed)
    api.add_exception_handler(OSError, _store_failed)  # the mark beside the keys could not be written
    api.add_exception_handler(RequestValidationError, _bad_query)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(HubFailure, _failed)
    api.add_exception_handler(Exception, _failed)


async def _refused(_request: Request, error: Exception) -> Response:
    return problem(error.reason if isinstance(error, Refused) else Reason.INTERNAL)


async def _access_refused(_request: Request, error: Exception) -> Response:
    return access_problem(error if isinstance(error, AccessRefused) else AccessRefused(Refusal.BUSY))


async def _store_failed(_request: Request, error: Exception) -> Response:
    structlog.get_logger("carnet_hub").warning("store_unavailable", exc_info=error)
    return problem(Reason.BUSY)


async def _bad_query(request: Request, _error: Exception) -> Response:
    is_from_outside = request.url.path.startswith(_OUTSIDE)
    return access_problem(AccessRefused(Refusal.BAD_REQUEST)) if is_from_outside else problem(Reason.BAD_FIELD)


async def _http(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return problem(Reason.NOT_FOUND, status=status)


async def _failed(_request: Request, error: Exception) -> Response:
    structlog.get_logger("carnet_hub").error("request_failed", exc_info=error)
    return problem(Reason.INTERNAL)
