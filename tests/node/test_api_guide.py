"""docs/spec/node-api.md: every exchange it shows happens exactly so, in its order, against a fresh node."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from support.api_node import ApiNode
from support.node_builder import build_node

GUIDE: Final = Path(__file__).parents[2] / "docs" / "spec" / "node-api.md"
_BLOCK: Final = re.compile(r"^```http\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME: Final = re.compile(r"<([a-z0-9 ]+)>")
_STATUS: Final = re.compile(r"^HTTP (\d{3})$", re.MULTILINE)


@dataclass(frozen=True)
class Exchange:
    """One example: what is asked and what is answered."""

    request_line: str
    headers: dict[str, str]
    body: str
    status: int
    answer: Any


@dataclass
class Reader:
    """Somebody who follows the guide, and remembers the values that answers gave out."""

    desk: ApiNode
    known: dict[str, str] = field(default_factory=dict)

    def follow(self, exchange: Exchange) -> None:
        """Ask as the guide says, and hold the answer against it."""
        method, path = self._filled(exchange.request_line).split(" ", 1)
        body = json.loads(self._filled(exchange.body)) if exchange.body else None
        answered = self.desk.ask(method, path, body, headers=exchange.headers)
        assert answered.status_code == exchange.status, answered.text
        self._compare(exchange.answer, answered.json(), exchange.request_line)

    def _filled(self, text: str) -> str:
        return _NAME.sub(lambda found: self.known[found[1]], text)

    def _compare(self, shown: Any, real: Any, where: str) -> None:
        """Everything shown is there; objects and lists may hold more."""
        if isinstance(shown, dict):
            for name, one in shown.items():
                assert name in real, f"{where}: no {name}"
                self._compare(one, real[name], f"{where} {name}")
        elif isinstance(shown, list) and shown:
            for one, other in zip(shown, real, strict=False):
                self._compare(one, other, where)
            assert len(real) >= len(shown), where
        elif isinstance(shown, str) and (name := _NAME.fullmatch(shown)):
            assert self.known.setdefault(name[1], real) == real, where
        else:
            assert shown == real, where


def exchanges() -> list[Exchange]:
    """The examples of the guide, in order."""
    return [_read(block) for block in _BLOCK.findall(GUIDE.read_text(encoding="utf-8"))]


def _read(block: str) -> Exchange:
    asked, status, answer = _STATUS.split(block)
    head, _, body = asked.strip().partition("\n\n")
    request_line, *headers = head.split("\n")
    return Exchange(request_line, dict(one.split(": ", 1) for one in headers), body, int(status), json.loads(answer))


def test_every_example_of_the_guide_happens_as_shown(tmp_path: Path):
    """Each request is answered with the status and the values that the page shows."""
    reader = Reader(ApiNode(build_node(tmp_path)))

    for one in exchanges():
        reader.follow(one)

    assert len(exchanges()) > 15


def test_an_example_that_is_not_so_is_noticed(tmp_path: Path):
    """A wrong status, value or name in the page would fail."""
    reader = Reader(ApiNode(build_node(tmp_path)))

    for answer in ({"status": "broken"}, {"line": "ok"}):
        with pytest.raises(AssertionError):
            reader.follow(Exchange("GET /healthz", {}, "", 200, answer))
    with pytest.raises(AssertionError):
        reader.follow(Exchange("GET /healthz", {}, "", 201, {}))


def test_every_address_the_guide_names_is_in_the_description(tmp_path: Path):
    """The page shows no address that the generated description does not have."""
    described = ApiNode(build_node(tmp_path)).api.openapi()["paths"]
    patterns = {path: re.compile(re.sub(r"{[a-z_]+}", "[^/]+", path)) for path in described}

    unknown = [
        one.request_line
        for one in exchanges()
        for method, path in [one.request_line.split(" ", 1)]
        if not any(
            pattern.fullmatch(path.partition("?")[0]) and method.lower() in described[known]
            for known, pattern in patterns.items()
        )
    ]

    assert unknown == []
