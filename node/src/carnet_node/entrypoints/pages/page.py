"""What every handler of a page needs: the desk, who asks, and the two ways to answer.

Decides that a page is read and rendered in one blocking call, that a form is saved once under its key, and that a
refused form comes back with everything that was typed. Decides nothing about what is read or saved.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from carnet_node.core.idempotency import KeyReused, answer_once, claiming, keyed_request
from carnet_node.core.node import Node
from carnet_node.core.status import status_of
from carnet_node.entrypoints.pages.forms import SAVE_KEY, TOKEN, Typed, read_form
from carnet_node.entrypoints.pages.rendering import Renderer, Words
from carnet_node.entrypoints.pages.strip import STRIP_FRESH_MS, Strip, strip_of
from carnet_node.entrypoints.pages.visitors import TOKEN_HEADER, Visitor, keep_session, visitor_of
from carnet_node.entrypoints.web.desk import Desk
from carnet_node.entrypoints.web.problem_response import BODY_IN_SCOPE, FORM_EXPIRED, HttpProblem
from carnet_node.entrypoints.wording import FAILURES, Explained, explain_failure
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason

CONTENT_SECURITY: Final = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
"""Nothing inline and nothing from elsewhere: neither script nor style nor picture."""

_SAVE_KEY_BYTES: Final = 16
_HTTPS: Final = "https"


class PageRefused(Exception):
    """The request as such is turned away, before anybody looked at what it asks."""

    def __init__(self, problem: HttpProblem) -> None:
        self.problem = problem
        super().__init__(problem.code)


class Pages:
    """What all pages of an application share.

    Args:
        desk: the node behind them.
        renderer: its templates.
    """

    def __init__(self, desk: Desk, renderer: Renderer) -> None:
        self.desk = desk
        self.renderer = renderer
        self._strips: dict[str, tuple[int, Strip]] = {}

    def strip(self, words: Words, now_ms: int) -> Strip:
        """The strip, made anew when the last one is no longer fresh."""
        made_ms, strip = self._strips.get(words.language.value, (0, None))
        if strip is None or not 0 <= now_ms - made_ms < STRIP_FRESH_MS:
            strip = strip_of(status_of(self.desk.node), words, self.renderer.clockface, now_ms)
            self._strips[words.language.value] = now_ms, strip
        return strip

    def forget_strip(self) -> None:
        """Something was saved: what waits is counted again for the next page."""
        self._strips.clear()


@dataclass(frozen=True)
class Page:
    """One request for a page."""

    request: Request
    pages: Pages
    visitor: Visitor

    @property
    def node(self) -> Node:
        """The node behind the desk."""
        return self.pages.desk.node

    @property
    def words(self) -> Words:
        """The language of the page."""
        return self.pages.renderer.words(self.visitor.language)

    def typed(self) -> Typed:
        """What the form of this request holds, once its token is found to be this session's.

        Raises:
            PageRefused: the form carries no token of this session.
            BadValue: no form.
        """
        typed = read_form(self.request.scope.get(BODY_IN_SCOPE) or b"")
        self._require_token(typed.text(TOKEN))
        return typed

    def sent(self) -> dict[str, Any]:
        """The JSON object that a script of a page sent, once its token is found to be this session's.

        Raises:
            PageRefused: no token of this session.
            BadValue: no JSON object.
        """
        self._require_token(self.request.headers.get(TOKEN_HEADER, ""))
        try:
            sent = json.loads(self.request.scope.get(BODY_IN_SCOPE) or b"")
        except ValueError as error:
            raise BadValue(Reason.MALFORMED, "body", "not JSON") from error
        if not isinstance(sent, dict):
            raise BadValue(Reason.MALFORMED, "body", "no JSON object")
        return sent

    async def show(
        self,
        template: str,
        read: Callable[[], Mapping[str, Any]] = dict,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        **context: Any,
    ) -> Response:
        """A page.

        Args:
            read: what the template shows, read from the store; runs where it may block.
            context: what is known already.

        Raises:
            Refused, NodeFailure: as `read`.
        """

        def work() -> str:
            return self.pages.renderer.render(self.visitor.language, template, {**self._common(), **context, **read()})

        return self.answer(HTMLResponse(await self.pages.desk.read(work), status_code=int(status)))

    async def save(
        self, typed: Typed, work: Callable[[Node], str], again: Callable[[Explained], Awaitable[Response]]
    ) -> Response:
        """Save a form once, and go where its work says.

        Args:
            work: saves through the node it is given, and returns the address to go to.
            again: shows the form again, with what was wrong.
        """
        key = typed.text(SAVE_KEY)
        asked = keyed_request(key, self.request.url.path.encode(), self.request.scope.get(BODY_IN_SCOPE) or b"")
        node = claiming(self.node, asked)
        try:
            if not key:
                raise KeyReused
            answer = await self.pages.desk.write(lambda: answer_once(node, asked, lambda: {"go": work(node)}))
        except FAILURES as failure:
            return await again(explain_failure(failure))
        self.pages.forget_strip()
        return self.go(str(answer["go"]))

    def go(self, address: str) -> Response:
        """On to another page, by GET."""
        return self.answer(RedirectResponse(address, status_code=int(HTTPStatus.SEE_OTHER)))

    def answer(self, response: Response) -> Response:
        """The response with what every page carries."""
        response.headers["content-security-policy"] = CONTENT_SECURITY
        if self.visitor.is_new:
            keep_session(response, self.visitor, is_secure=self.request.url.scheme == _HTTPS)
        return response

    def _require_token(self, token: str) -> None:
        if self.visitor.is_new or not self.visitor.owns(token):
            raise PageRefused(FORM_EXPIRED)

    def _common(self) -> dict[str, Any]:
        """What the layout and the macros of every template use."""
        now_ms = self.node.clock.now_ms()
        return {
            "strip": self.pages.strip(self.words, now_ms),
            "token": self.visitor.token,
            "save_key": self.node.entropy.random_bytes(_SAVE_KEY_BYTES).hex(),
            "now_ms": now_ms,
            "address": self.request.url.path,
            "searched": "",
        }


async def page_of(request: Request) -> Page:
    """The page that a request asks for."""
    pages: Pages = request.app.state.pages
    return Page(request, pages, visitor_of(request, pages.desk.node.entropy.random_bytes))


PageOf = Annotated[Page, Depends(page_of)]
"""The page, for a handler."""
