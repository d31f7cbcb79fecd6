"""The pages of a node without a browser: requests with a cookie jar, forms filled in from what a page holds.

visitor = Visitor(build_node(tmp_path)).logged_in()
visitor.search("12345")
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import anyio
import httpx
from fastapi import FastAPI

from carnet_node.adapters.system import run_blocking
from carnet_node.core.node import Node
from carnet_node.core.staff.staff import set_up
from carnet_node.entrypoints.pages.visitors import SESSION_COOKIE
from carnet_node.entrypoints.web.desk import Desk
from carnet_node.entrypoints.web.guards import LOOPBACK_NAMES
from support.shared_api import shared_api
from support.staffed import PASSWORD, TestHasher

ADDRESS = "http://localhost:8420"


class Fields(HTMLParser):
    """The fields of every form of a page as a browser would send them, by the address the form goes to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._form: dict[str, str] | None = None
        self._within = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a form, or a field of the one it stands in."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = self.forms.setdefault(given.get("action", ""), {})
        elif self._form is None:
            return
        elif tag == "input":
            self._input(self._form, given)
        elif tag in ("select", "textarea"):
            self._within = given.get("name", "")
        elif tag == "option" and (self._within not in self._form or "selected" in given):
            self._form[self._within] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        """What stands in a text area."""
        if self._within and self._form is not None and self.get_starttag_text() is not None:
            text = self.get_starttag_text() or ""
            if text.startswith("<textarea"):
                self._form[self._within] = data

    def handle_endtag(self, tag: str) -> None:
        """A form, or a field with content, ends."""
        if tag == "form":
            self._form = None
        if tag in ("select", "textarea"):
            self._within = ""

    @staticmethod
    def _input(form: dict[str, str], given: dict[str, str]) -> None:
        is_ticked = given.get("type") not in ("checkbox", "radio") or "checked" in given
        if is_ticked and given.get("type") not in ("submit", "file"):
            form[given.get("name", "")] = given.get("value", "")


@dataclass
class Visitor:
    """One browser at a node's pages.

    Attributes:
        cookies: what the browser keeps.
        client: the machine it runs on.
    """

    node: Node
    api: FastAPI | None = None
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    client: str = "127.0.0.1"

    def __post_init__(self) -> None:
        desk = Desk(self.node, run_blocking, hasher=TestHasher())
        self.api = self.api or shared_api(desk, hosts=LOOPBACK_NAMES, token="for programs")

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request and its answer, whatever it is; cookies are kept."""

        async def conversation() -> httpx.Response:
            assert self.api is not None
            transport = httpx.ASGITransport(self.api, raise_app_exceptions=False, client=(self.client, 50_000))
            async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, cookies=self.cookies) as client:
                answered = await client.request(method, path, **more)
                self.cookies = client.cookies
                return answered

        return anyio.run(conversation)

    def open(self, path: str) -> str:
        """The HTML of a page."""
        answered = self.ask("GET", path)
        assert answered.status_code == 200, answered.text
        return answered.text

    def submit(self, page: str, action: str, typed: Mapping[str, str]) -> httpx.Response:
        """Send a form of a page with what somebody typed; hidden fields go along."""
        return self.ask("POST", action, data={**Fields(page).forms[action], **typed})

    def search(self, text: str) -> httpx.Response:
        """The results of a search from the first page."""
        answered = self.submit(self.open("/"), "/search", {"text": text})
        return self.ask("GET", answered.headers["location"])

    def logged_in(self) -> "Visitor":
        """The same browser after the site was set up by its first person, who is logged in."""
        opened = set_up(self.node, TestHasher(), {"staff_no": "B01", "full_name": "陈测试"}, PASSWORD)
        return self.with_session(opened.token)

    def with_session(self, token: str) -> "Visitor":
        """The same browser with somebody's session."""
        self.cookies.set(SESSION_COOKIE, token, domain="localhost.local", path="/")
        return self

    def as_session(self, token: str) -> "Visitor":
        """Another browser at the same node, with somebody's session."""
        return Visitor(self.node, self.api).with_session(token)

    def send(self, page: str, path: str, body: Any) -> httpx.Response:
        """What a script of a page sends."""
        token = page.split('data-token="')[1].split('"', maxsplit=1)[0]
        return self.ask("POST", path, json=body, headers={"Carnet-Token": token})

    def in_english(self) -> "Visitor":
        """The same browser after somebody chose English."""
        return self.in_english_at("/")

    def in_english_at(self, path: str) -> "Visitor":
        """As `in_english`, from a page that nobody has to be logged in for."""
        self.submit(self.open(path), "/language", {"language": "en"})
        return self
