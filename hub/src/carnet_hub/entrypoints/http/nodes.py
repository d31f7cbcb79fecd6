"""What nodes ask for: card, enrolment, hello, look-up, push, offer, feed, recall lists.

Holds no rules; docs/spec/http.md says which bytes stand where.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from carnet_hub.bootstrap import HubApp
from carnet_hub.core.exchange.enrolment import answer_enrol
from carnet_hub.core.exchange.greeting import greet_node, hub_card, recognise
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.exchange.list_telling import signed_manifest
from carnet_hub.core.exchange.looking_up import answer_look_up
from carnet_hub.core.exchange.offers import receive_offer
from carnet_hub.core.exchange.recovering import answer_recovery
from carnet_hub.core.limits import POSITION_MAX, REQUEST_BYTES_MAX, WAIT_S_MAX
from carnet_hub.core.log.excluded import read_excluded
from carnet_hub.core.log.feed import has_news, read_page
from carnet_hub.core.rows import Node
from carnet_hub.core.shelves import intact_list
from carnet_hub.entrypoints.http.bodies import (
    CBOR,
    SEGMENT,
    bearer_token,
    cbor_response,
    inflate_body,
    large_response,
    read_body,
)
from carnet_hub.entrypoints.http.long_poll import LogEnd
from carnet_protocol import cbor, limits
from carnet_protocol.envelope import read_envelope
from carnet_protocol.errors import Refused
from carnet_protocol.hello import decode_offer
from carnet_protocol.messages import Page, decode_batch, encode_answers
from carnet_protocol.reasons import Reason

_IMMUTABLE: Final = "private, max-age=31536000, immutable"

Position = Annotated[int, Query(ge=0, le=POSITION_MAX)]
Epoch = Annotated[str, Query(pattern="^[0-9a-fA-F]{16}$")]
WaitS = Annotated[int, Query(ge=0, le=WAIT_S_MAX)]
Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


def joining_routes(app: HubApp) -> APIRouter:
    """Card, enrolment, hello and look-up: what a node asks without a token, under a signature of its own."""
    router = APIRouter()
    hub, session_key = app.hub, app.keyring.session_key

    @router.get("/v1/hub")
    async def card() -> Response:
        """The hub's id, epoch and public keys, signed; needs no token and tells nothing that is secret."""
        return cbor_response(hub_card(hub, app.keys, session_key))

    @router.post("/v1/enrol")
    async def enrol(request: Request) -> Response:
        """Let a machine in that proves its one-time code; the same request again gets the same answer."""
        message = await read_body(request, bytes_max=REQUEST_BYTES_MAX)
        return cbor_response(await app.run_blocking(lambda: answer_enrol(hub, app.keys, message)))

    @router.post("/v1/recover")
    async def recover(request: Request) -> Response:
        """Give a lost machine's data key back to the node that proves a recovery code."""
        message = await read_body(request, bytes_max=REQUEST_BYTES_MAX)
        return cbor_response(await app.run_blocking(lambda: answer_recovery(hub, app.keyring, message)))

    @router.post("/v1/look-up")
    async def look_up(request: Request) -> Response:
        """Show a desk another dealer's car, masked, once that is written down."""
        message = await read_body(request, bytes_max=REQUEST_BYTES_MAX)
        return large_response(request, await app.run_blocking(lambda: answer_look_up(hub, session_key, message)), CBOR)

    @router.post("/v1/hello")
    async def hello(request: Request) -> Response:
        """Exchange what both sides hold; the answer carries the token of all other requests."""
        message = await read_body(request, bytes_max=REQUEST_BYTES_MAX)

        def greet() -> bytes:
            """Answer, and note how far the log has come: a node may act on it from now on."""
            answer = greet_node(hub, session_key, message)
            app.mark.raise_if_due(hub)
            return answer

        return cbor_response(await app.run_blocking(greet))

    return router


def sync_routes(app: HubApp) -> APIRouter:
    """Push, recall lists and what was excluded: one answer each."""
    router = APIRouter()

    @router.post("/v1/push")
    async def push(request: Request) -> Response:
        """Admit a batch of change sets; one answer a set, in order, each a verdict or the reason to send it again."""
        await _asking(app, request)
        body = await read_body(request, bytes_max=limits.MESSAGE_BYTES_MAX)

        def receive() -> bytes:
            """Unpack and admit; what inflates beyond its bound is refused before it is read."""
            sets = decode_batch(inflate_body(request, body, bytes_max=limits.MESSAGE_BYTES_MAX))
            return encode_answers(receive_sets(app.hub, sets))

        return cbor_response(await app.run_blocking(receive))

    @router.get("/v1/excluded")
    async def excluded(request: Request, after: Position = 0) -> Response:
        """Sets of the node's site that lost their effect after a compromise; its people can confirm honest work."""
        node = await _asking(app, request)
        message = await app.run_blocking(lambda: read_excluded(app.hub, node, after=after))
        return large_response(request, message, CBOR)

    @router.post("/v1/offer")
    async def offer(request: Request) -> Response:
        """Take back, after a restore of the hub, sets that it had once received; receipts prove their set times."""
        await _asking(app, request)
        body = await read_body(request, bytes_max=limits.MESSAGE_BYTES_MAX)

        def receive() -> bytes:
            """Unpack and take back; bounded as a push."""
            sets = decode_offer(inflate_body(request, body, bytes_max=limits.MESSAGE_BYTES_MAX))
            return encode_answers(receive_offer(app.hub, sets))

        return cbor_response(await app.run_blocking(receive))

    @router.get("/v1/segments/{sha256}")
    async def segment(request: Request, sha256: Sha256) -> Response:
        """A recall segment, or a step between two of its states, by its hash; any cache may keep it."""
        await _asking(app, request)
        name = bytes.fromhex(sha256)
        content = await app.run_blocking(lambda: intact_list(app.segments, name) or app.lists.get(name))
        if content is None:
            raise Refused(Reason.NOT_FOUND, "segment")
        return large_response(request, content, SEGMENT, ETag=f'"{sha256}"', Cache_Control=_IMMUTABLE)

    @router.get("/v1/recall-lists")
    async def recall_lists(request: Request, since: Position = 0) -> Response:
        """The signed manifest of all recall lists, or of those that changed behind a position."""
        await _asking(app, request)
        message = await app.run_blocking(lambda: signed_manifest(app.hub, app.lists, since))
        return large_response(request, message, CBOR)

    return router


def feed_routes(app: HubApp) -> APIRouter:
    """The feed, which may make a node wait."""
    router = APIRouter()
    hub = app.hub

    def read_position() -> int:
        """The end of the log."""
        with hub.store.read() as snapshot:
            return snapshot.head().position

    async def position_now() -> int:
        """The same from inside the event loop."""
        return await app.run_blocking(read_position)

    log_end = LogEnd(hub.clock, position_now)

    @router.get("/v1/feed")
    async def feed(
        request: Request, cursor: Position, hub_epoch: Epoch, outcomes_after: Position, wait_s: WaitS = 0
    ) -> Response:
        """A page of changes behind the cursor; an empty one waits until there is news or `wait_s` seconds are over."""
        node = await _asking(app, request)
        until_ms = hub.clock.now_ms() + wait_s * 1000

        def page() -> bytes:
            """The page as one snapshot of the database has it."""
            epoch = bytes.fromhex(hub_epoch)
            return read_page(hub, node, cursor=cursor, hub_epoch=epoch, outcomes_after=outcomes_after)

        def is_worth_it() -> bool:
            """Whether a page would say something; cheaper than the page."""
            return has_news(hub, node, cursor=cursor, outcomes_after=outcomes_after)

        message = await app.run_blocking(page)
        seen = _position_of_empty(message) if wait_s else None
        while seen is not None and await log_end.wait_beyond(seen, until_ms):
            seen = log_end.position
            if await app.run_blocking(is_worth_it):
                message = await app.run_blocking(page)
                seen = _position_of_empty(message)
        return large_response(request, message, CBOR)

    return router


async def _asking(app: HubApp, request: Request) -> Node:
    """The node behind the request's token, as it stands now."""
    token = bearer_token(request)
    return await app.run_blocking(lambda: recognise(app.hub, app.keyring.session_key, token))


def _position_of_empty(message: bytes) -> int | None:
    """The position of a page that says nothing; None for one that says something."""
    page = cbor.decode_frame(read_envelope(message).payload, Page)
    return None if page.rows or page.outcomes or page.hub_sets or not page.is_last else page.position
