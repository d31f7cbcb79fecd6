"""Who asks for a page, as far as the browser proves it.

Decides the session cookie and the token that every write of a page carries. The token follows from the session alone,
so a page that was open while the node was restarted can still be saved; another site's page knows neither.

Rules
- The cookie is HttpOnly, SameSite=Strict, and Secure where the line is encrypted; it names a session and nothing else.
- A write without the token of its session is refused (403), whatever its origin says.
"""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from carnet_node.entrypoints.pages.languages import Language, language_of

SESSION_COOKIE: Final = "carnet_session"
TOKEN_HEADER: Final = "carnet-token"
SESSION_BYTES: Final = 32
_SESSION_CHARS: Final = 43
_TOKEN_PURPOSE: Final = b"carnet page token 1"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody with a browser.

    Attributes:
        session: the cookie's text.
        is_new: the browser had none; the answer sets it.
    """

    session: str
    language: Language
    is_new: bool

    @property
    def token(self) -> str:
        """What a write of this session carries."""
        return _text(hmac.digest(self.session.encode(), _TOKEN_PURPOSE, "sha256"))

    def owns(self, token: str) -> bool:
        """Whether a token is this session's."""
        return hmac.compare_digest(self.token.encode(), token.encode())


def visitor_of(request: Request, random_bytes: Callable[[int], bytes]) -> Visitor:
    """Who asks; a browser without a session gets a new one."""
    session = request.cookies.get(SESSION_COOKIE, "")
    is_new = len(session) != _SESSION_CHARS
    return Visitor(_text(random_bytes(SESSION_BYTES)) if is_new else session, language_of(request), is_new)


def keep_session(response: Response, visitor: Visitor, *, is_secure: bool) -> None:
    """Let the browser keep the session until it is closed."""
    response.set_cookie(SESSION_COOKIE, visitor.session, httponly=True, samesite="strict", secure=is_secure, path="/")


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
