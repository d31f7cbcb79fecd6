"""Transports for tests of HTTP clients: answers arrive as streams, as they do from a real line."""

from collections.abc import AsyncIterator, Callable
from typing import Final

import httpx

_CHUNK_BYTES: Final = 65_536


class Chunks(httpx.AsyncByteStream):
    """A body that arrives piece by piece."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._body), _CHUNK_BYTES):
            yield self._body[at : at + _CHUNK_BYTES]


class AnsweringTransport(httpx.AsyncBaseTransport):
    """Answers every request from a function, and streams what it answers.

    Args:
        answer: from a request, whose body has been read, to a response.
    """

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self._answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        await request.aread()
        response = self._answer(request)
        return httpx.Response(response.status_code, headers=response.headers, stream=Chunks(_raw_body(response)))


def _raw_body(response: httpx.Response) -> bytes:
    """The body as it would travel, not inflated."""
    assert isinstance(response.stream, httpx.SyncByteStream)
    return b"".join(response.stream)
