"""Where somebody comes to who opens an address that only forms are sent to.

A form that was refused stands at the address it was sent to. Loaded anew, or opened from the browser's history, that
address is asked for without the form: it leads back to the document, the nearest address above it that is a page.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from starlette.routing import BaseRoute, Match, Route

_FIRST_PAGE: Final = "/"
_STANDS_ON: Final[Mapping[str, str]] = {"/conflicts": "/sync", "/documents/kept": "/documents"}
"""Pages whose forms go to addresses that do not lie right below them."""


def document_of(routes: Sequence[BaseRoute], method: str, path: str) -> str | None:
    """The page to go to, for whoever asks for an address that takes forms alone; None for any other address.

    Args:
        routes: of all pages.
        method: by which the address was asked for.
    """
    taken = {one.path for one in _answering(routes, "POST", path)}
    shown = {one.path for one in _answering(routes, "GET", path)}
    if method != "GET" or not taken - shown:
        return None
    above = path
    while above := above.rpartition("/")[0]:
        if above in _STANDS_ON or any(_answering(routes, "GET", above)):
            return _STANDS_ON.get(above, above)
    return _FIRST_PAGE


def _answering(routes: Iterable[BaseRoute], method: str, path: str) -> Iterable[Route]:
    """The routes that would answer."""
    asked = {"type": "http", "method": method, "path": path, "root_path": ""}
    return (one for one in routes if isinstance(one, Route) and one.matches(asked)[0] is Match.FULL)
