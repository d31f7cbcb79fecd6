"""The pages of a node without a browser: requests with a cookie jar, forms filled in from what a page holds.

visitor = Visitor(build_node(tmp_path))
page = visitor.open("/")
visitor.submit(page, "/search", {"text": "12345"})
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
from carnet_node.entrypoints.web.app import create_api
from carnet_node.entrypoints.web.desk import Desk
from carnet_node.entrypoints.web.guards import LOOPBACK_NAMES

ADDRESS = "http://localhost:8420"


class Fields(HTMLParser):
    """The fields of every form of a page, by the address the form goes to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._form: dict[str, str] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a form, or a field of the one it stands in."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = self.forms.setdefault(given.get("action", ""), {})
        elif tag == "input" and self._form is not None and given.get("type") in (None, "hidden", "text"):
            self._form[given.get("name", "")] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """A form ends."""
        if tag == "form":
            self._form = None


@dataclass
class Visitor:
    """One browser at a node's pages.

    Attributes:
        cookies: what the browser keeps.
    """

    node: Node
    api: FastAPI | None = None
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def __post_init__(self) -> None:
        desk = Desk(self.node, run_blocking)
        self.api = self.api or create_api(desk, hosts=LOOPBACK_NAMES, token="for programs")

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request and its answer, whatever it is; cookies are kept."""

        async def conversation() -> httpx.Response:
            transport = httpx.ASGITransport(self.api, raise_app_exceptions=False)  # type: ignore[arg-type]
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

    def in_english(self) -> "Visitor":
        """The same browser after somebody chose English."""
        self.submit(self.open("/"), "/language", {"language": "en"})
        return self
