"""Request bodies, bounded while they are read, and the token beside them.

Decides how many bytes are taken from the line before a request is refused. Nothing here looks into a body.
"""

import base64
import binascii
from typing import Final

from fastapi import Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from carnet_hub.adapters.compression import deflate, inflate
from carnet_hub.core.limits import COMPRESSED_FROM_BYTES, TOKEN_CHARS_MAX
from carnet_protocol.errors import Malformed, NotAuthentic
from carnet_protocol.reasons import Reason

CBOR: Final = "application/cbor"
SEGMENT: Final = "application/octet-stream"
_SCHEME: Final = "bearer "


async def read_body(request: Request, *, bytes_max: int) -> bytes:
    """The body as sent.

    Args:
        bytes_max: reading stops at this many bytes, whatever the length header says.

    Raises:
        Malformed: longer, or announced to be; or the line broke before all of it was here, which is everyday.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > bytes_max:
        raise Malformed(Reason.TOO_LARGE, "announced")
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > bytes_max:
                raise Malformed(Reason.TOO_LARGE, "while reading")
    except ClientDisconnect as error:
        raise Malformed(Reason.MALFORMED, "half a body") from error
    return bytes(body)


def inflate_body(request: Request, body: bytes, *, bytes_max: int) -> bytes:
    """The body without its content coding.

    Args:
        bytes_max: inflated bytes accepted.

    Raises:
        Malformed: another coding than zstd or none, a broken frame, or larger than allowed.
    """
    match request.headers.get("content-encoding", "identity").strip().lower():
        case "zstd":
            return inflate(body, bytes_max=bytes_max)
        case "identity" | "":
            return body
        case _:
            raise Malformed(Reason.MALFORMED, "content coding")


def bearer_token(request: Request) -> bytes:
    """The token of the last hello.

    Raises:
        NotAuthentic: there is none, or it is no base64url.
    """
    text = bearer_text(request)
    if not text or len(text) > TOKEN_CHARS_MAX:
        raise NotAuthentic(Reason.BAD_TOKEN, "no token")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotAuthentic(Reason.BAD_TOKEN, "no base64url") from error


def bearer_text(request: Request) -> str:
    """What stands behind `Bearer` in the head of a request; empty for nothing."""
    header = request.headers.get("authorization", "")
    return header[len(_SCHEME) :].strip() if header.lower().startswith(_SCHEME) else ""


def cbor_response(body: bytes) -> Response:
    """A signed message, or a list of answers."""
    return Response(body, media_type=CBOR)


def large_response(request: Request, body: bytes, media_type: str, **headers: str) -> Response:
    """A page or a segment; as one zstd frame when the asker takes that and it is worth it."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()} | {"Vary": "Accept-Encoding"}
    if len(body) >= COMPRESSED_FROM_BYTES and _takes_zstd(request):
        return Response(deflate(body), media_type=media_type, headers={**sent, "Content-Encoding": "zstd"})
    return Response(body, media_type=media_type, headers=sent)


def _takes_zstd(request: Request) -> bool:
    """Whether zstd is offered with any weight but zero (RFC 9110, section 12.5.3)."""
    for offer in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = offer.replace(" ", "").partition(";q=")
        if name == "zstd":
            return weight.strip("0.") != "" or not weight
    return False
