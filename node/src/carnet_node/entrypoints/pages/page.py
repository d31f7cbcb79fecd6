"""What every handler of a page needs: the desk, who asks, and the two ways to answer.

Decides who gets to see a page at all: nobody before the site is set up, then whoever is logged in and has not locked
the screen. A page is read and rendered in one blocking call; a form is saved once under its key, by the person, and its
draft goes with the same transaction; a refused form comes back with everything that was typed. Decides nothing about
what is read or saved.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from carnet_node.core.desk_limits import AWAITED_KEPT_MAX, SEARCHES_KEPT_MAX
from carnet_node.core.local_ports import PasswordHasher
from carnet_node.core.log.acting import acting_for
from carnet_node.core.log.idempotency import AnswerGone, KeyReused, answer_once, claiming, keyed_request
from carnet_node.core.node import Node
from carnet_node.core.saving.form_drafts import draft_of, drop_draft, saving_draft
from carnet_node.core.showing.status import status_of
from carnet_node.core.staff.browser_sessions import look_at_session, present_session
from carnet_node.core.staff.staff import is_set_up
from carnet_node.entrypoints.pages.forms import (
    ADDRESS,
    SAVE_KEY,
    TOKEN,
    WAS,
    FormState,
    Typed,
    digests_as_sent,
    digests_of,
    own_address,
    read_form,
    saved_as,
    typed_since,
)
from carnet_node.entrypoints.pages.languages import language_of
from carnet_node.entrypoints.pages.remembered import Remembered
from carnet_node.entrypoints.pages.rendering import Renderer, Words
from carnet_node.entrypoints.pages.strip import STRIP_FRESH_MS, Strip, strip_of
from carnet_node.entrypoints.pages.visitors import (
    SCRIPT_HEADER,
    SESSION_BYTES,
    TOKEN_HEADER,
    Person,
    Visitor,
    keep_session,
    session_of,
    text_of,
)
from carnet_node.entrypoints.web.desk import Desk
from carnet_node.entrypoints.web.problem_response import BODY_IN_SCOPE, FORM_EXPIRED, HttpProblem
from carnet_node.entrypoints.wording import FAILURES, Explained, explain_failure
from carnet_protocol.errors import BadValue
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.reasons import Reason
from carnet_storage.adapters.small_files import read_status
from carnet_storage.core.status import concerns

CONTENT_SECURITY: Final = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
"""Nothing inline and nothing from elsewhere: neither script nor style nor picture."""

RESTORED: Final = "restored"
"""In the address behind a restore: kind and register, and never a value."""

_SAVE_KEY_BYTES: Final = 16


class PageRefused(Exception):
    """The request as such is turned away, before anybody looked at what it asks."""

    def __init__(self, problem: HttpProblem) -> None:
        self.problem = problem
        super().__init__(problem.code)


class NobodyThere(Exception):
    """The page needs somebody who is logged in; `address` is where they become that."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(address)


class Pages:
    """What all pages of an application share.

    Args:
        desk: the node behind them.
        renderer: its templates.
        hasher: of passwords.
    """

    def __init__(self, desk: Desk, renderer: Renderer, hasher: PasswordHasher) -> None:
        self.desk = desk
        self.renderer = renderer
        self.hasher = hasher
        self.import_run: Any = None
        self.searches = Remembered(SEARCHES_KEPT_MAX)
        self.awaited = Remembered(AWAITED_KEPT_MAX)
        self._strips: dict[str, tuple[int, Strip]] = {}

    def strip(self, words: Words, now_ms: int) -> Strip:
        """The strip, made anew when the last one is no longer fresh."""
        made_ms, strip = self._strips.get(words.language.value, (0, None))
        if strip is None or not 0 <= now_ms - made_ms < STRIP_FRESH_MS:
            backups = None if self.desk.backups is None else read_status(self.desk.backups)
            told = [] if backups is None else concerns(backups, now_ms)
            strip = strip_of(status_of(self.desk.node), words, self.renderer.clockface, now_ms, told)
            self._strips[words.language.value] = now_ms, strip
        return strip

    def forget_session(self, session: str) -> None:
        """What is remembered of a session goes."""
        self.searches.forget(session)
        self.awaited.forget(session)

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
        """The node behind the desk; what is saved through it names the person."""
        person = self.visitor.person
        return self.pages.desk.node if person is None else acting_for(self.pages.desk.node, person.id)

    @property
    def person(self) -> Person:
        """Who is logged in.

        Raises:
            NobodyThere: nobody.
        """
        if self.visitor.person is None:
            raise NobodyThere("/login")
        return self.visitor.person

    @property
    def words(self) -> Words:
        """The language of the page."""
        return self.pages.renderer.words(self.visitor.language)

    def stands_at(self, otherwise: str = "/") -> str:
        """The page that is shown, or that a form was sent from when the form says so: where one comes back to."""
        if self.request.method == "GET":
            return self.request.url.path
        try:
            typed = read_form(self.request.scope.get(BODY_IN_SCOPE) or b"")
        except BadValue:  # no form at all: this is asked while another failure is being answered
            return otherwise
        return own_address(typed.text(ADDRESS), otherwise)

    def typed(self) -> Typed:
        """What the form of this request holds, once its token is found to be this session's.

        Raises:
            PageRefused: the form carries no token of this session.
            BadValue: no form.
        """
        typed = read_form(self.request.scope.get(BODY_IN_SCOPE) or b"")
        self.require_token(typed.text(TOKEN))
        return typed

    def sent(self) -> dict[str, Any]:
        """The JSON object that a script of a page sent, once its token is found to be this session's.

        Raises:
            PageRefused: no token of this session.
            BadValue: no JSON object.
        """
        self.require_token(self.request.headers.get(TOKEN_HEADER, ""))
        try:
            sent = json.loads(self.request.scope.get(BODY_IN_SCOPE) or b"")
        except (ValueError, RecursionError) as error:
            raise BadValue(Reason.MALFORMED, "body", "not JSON") from error
        if not isinstance(sent, dict):
            raise BadValue(Reason.MALFORMED, "body", "no JSON object")
        return sent

    def form(self, name: str, on_file: Mapping[str, str], based_on: str = "") -> FormState:
        """A form as it is shown first: what is on file, with what this person has typed into it and not saved.

        Args:
            name: of the draft.
            on_file: texts by field name.
            based_on: the heads of what is on file; a draft keeps those it was typed over.
        """
        draft = draft_of(self.node, self.person.id, name)
        was = digests_of(on_file)
        if draft is None:
            return FormState(Typed({one: (text,) for one, text in on_file.items()}), based_on=based_on, was=was)
        typed = Typed({**{one: (text,) for one, text in on_file.items()}, **draft.fields})
        return FormState(typed, based_on=draft.heads or based_on, was=typed.text(WAS, was), drafted_ms=draft.saved_ms)

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
            """Read and render in one thread, so that the page shows one moment."""
            known = {**self._common(), "page_name": template.removesuffix(".html"), **context}
            return self.pages.renderer.render(self.visitor.language, template, {**known, **read()})

        return self.answer(HTMLResponse(await self.pages.desk.read(work), status_code=int(status)))

    async def save(
        self,
        typed: Typed,
        work: Callable[[Node], str],
        again: Callable[[Explained], Awaitable[Response]],
        *,
        draft: str | None = None,
    ) -> Response:
        """Save a form once, and go where its work says; one that was saved before leads to what was saved then.

        Args:
            work: saves through the node it is given, and returns the address to go to.
            again: shows the form again, with what was wrong.
            draft: of this form; it goes with what is saved.
        """
        key = typed.text(SAVE_KEY)
        if not key:
            return await again(explain_failure(KeyReused()))
        asked = keyed_request(saved_as(self.request.url.path, key), self.request.scope.get(BODY_IN_SCOPE) or b"")
        claim = claiming(self.node if draft is None else saving_draft(self.node, self.person.id, draft), asked)

        def once() -> dict[str, Any]:
            """What was saved became, now or before."""
            return answer_once(claim, lambda: {"go": work(claim.node), "sent": digests_as_sent(typed)})

        try:
            answer = await self.pages.desk.write(once)
        except KeyReused as reused:
            return await self._saved_before(typed, reused.first, draft)
        except AnswerGone:
            return await self._saved_before(typed, None, draft)
        except FAILURES as failure:
            return await again(explain_failure(failure))
        await self._forget_draft(draft)
        self.pages.forget_strip()
        return self._saved_at(str(answer["go"]))

    async def _saved_before(self, typed: Typed, first: Mapping[str, Any] | None, draft: str | None) -> Response:
        """A form that was saved when it was sent first: what it became, and what was typed since; no form to save."""
        go, sent = (None, "") if first is None else (str(first["go"]), str(first.get("sent", "")))
        since = typed_since(typed, sent)
        await self._forget_draft(draft)
        if go is not None and not since:
            return self._saved_at(go)
        return await self.show("saved_before.html", status=HTTPStatus.CONFLICT, go=go, since=since)

    def _saved_at(self, address: str) -> Response:
        """On to what was saved; a script hears where that is, so that its page stays when the node dies meanwhile."""
        is_script = SCRIPT_HEADER in self.request.headers
        return self.answer(JSONResponse({"go": address})) if is_script else self.go(address)

    async def _forget_draft(self, draft: str | None) -> None:
        """What was kept of a form after it was saved would come back as one that is not."""
        if draft is None:
            return
        form, author = draft, self.person.id
        if await self.pages.desk.read(lambda: draft_of(self.node, author, form)) is not None:
            await self.pages.desk.read(lambda: drop_draft(self.node, author, form))

    async def failed(self, explained: Explained) -> Response:
        """What went wrong as a page of its own, for a form too small to be shown again."""
        return await self.show("failure.html", status=explained.status, explained=explained)

    def go(self, address: str) -> Response:
        """On to another page, by GET."""
        return self.answer(RedirectResponse(address, status_code=int(HTTPStatus.SEE_OTHER)))

    def answer(self, response: Response) -> Response:
        """The response with what every page carries."""
        response.headers["content-security-policy"] = CONTENT_SECURITY
        if self.visitor.is_new:
            keep_session(response, self.visitor.session, self.request)
        return response

    def require_token(self, token: str) -> None:
        """Accept a write that carries the token of its session.

        Raises:
            PageRefused: it does not.
        """
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
            "person": self.visitor.person,
            "address": self.stands_at(self.request.url.path),
            "is_answer": self.request.method != "GET",
            "searched": "",
            "restored": self._restored(),
        }

    def _restored(self) -> str:
        """What the page before has restored, in words; empty for nothing, and for no register of ours."""
        name, _, register = self.request.query_params.get(RESTORED, "").partition(".")
        kind = next((one for one in REGISTRY.kinds if one.name == name), None)
        if kind is None or all(one.name != register for one in kind.registers):
            return ""
        return f"{self.words.labels.kind(name)} · {self.words.labels.register(kind, register)}"


async def door_of(request: Request) -> Page:
    """A page that needs nobody: log-in, language, strip, failures. It does not keep a session awake."""
    pages: Pages = request.app.state.pages
    return await _page(request, pages, look_at_session)


async def page_of(request: Request) -> Page:
    """The page that somebody who is logged in asks for.

    Raises:
        NobodyThere: nobody is, or the screen is locked, or the site is not set up.
    """
    return await _somebodys_page(request, present_session)


async def watched_page_of(request: Request) -> Page:
    """The same for a page that is loaded anew by itself: it does not keep a session awake.

    Raises:
        NobodyThere: as `page_of`.
    """
    return await _somebodys_page(request, look_at_session)


async def _somebodys_page(request: Request, look: Callable[[Node, str], Any]) -> Page:
    pages: Pages = request.app.state.pages
    page = await _page(request, pages, look)
    if page.visitor.person is None:
        is_known = await pages.desk.read(lambda: is_set_up(pages.desk.node))
        raise NobodyThere("/login" if is_known else "/set-up")
    if page.visitor.person.present.is_locked:
        raise NobodyThere("/locked")
    return page


async def _page(request: Request, pages: Pages, look: Callable[[Node, str], Any]) -> Page:
    node, session = pages.desk.node, session_of(request)
    if session is None:
        return Page(
            request, pages, Visitor(text_of(node.entropy.random_bytes(SESSION_BYTES)), language_of(request), True)
        )
    present = await pages.desk.read(lambda: look(node, session))
    person = None if present is None else Person(present)
    return Page(request, pages, Visitor(session, language_of(request), is_new=False, person=person))


PageOf = Annotated[Page, Depends(page_of)]
"""The page, for a handler; somebody is logged in."""

WatchedPageOf = Annotated[Page, Depends(watched_page_of)]
"""The page, for a handler whose page is loaded anew by itself; somebody is logged in."""

DoorOf = Annotated[Page, Depends(door_of)]
"""The page, for a handler that needs nobody."""
