"""Who asks for a page, as far as the browser proves it.

Decides the session cookie and the token that every write of a page carries. The token follows from the session alone,
so a page that was open while the node was restarted can still be saved; another site's page knows neither.

Rules
- The cookie is HttpOnly, SameSite=Strict, and Secure where the line is encrypted; it names a session and nothing else.
- A browser has a session before anybody logs in, so that the log-in itself carries a token; logging in replaces it.
- A write without the token of its session is refused (403), whatever its origin says.
"""

import base64
import hmac
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from carnet_node.core.roles import Permission, may
from carnet_node.core.staff.browser_sessions import PresentSession
from carnet_node.entrypoints.pages.formats import or_dash
from carnet_node.entrypoints.pages.languages import Language
from carnet_protocol.ids import RecordId

SESSION_COOKIE: Final = "carnet_session"
TOKEN_HEADER: Final = "carnet-token"
PERSON_HEADER: Final = "carnet-person"
"""Who is logged in, for a page whose session was replaced in another window."""
SCRIPT_HEADER: Final = "carnet-script"
"""A script of a page sends its form: it is told where that leads, and goes there itself."""

SESSION_BYTES: Final = 32
_SESSION_CHARS: Final = 43
_TOKEN_PURPOSE: Final = b"carnet page token 1"
_HTTPS: Final = "https"


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff, as pages show and ask them."""

    present: PresentSession

    @property
    def id(self) -> RecordId:
        """Their record."""
        return self.present.staff.id

    @property
    def name(self) -> str:
        """What they are called; the number where the name was erased."""
        values = self.present.staff.values
        return or_dash(values.get("full_name") or values.get("staff_no"))

    @property
    def staff_no(self) -> str:
        """Their number, which stands on repair orders."""
        return or_dash(self.present.staff.values.get("staff_no"))

    @property
    def role(self) -> str:
        """Their role."""
        return self.present.role

    def may(self, permission: str) -> bool:
        """Whether a page offers something; the core refuses it all the same to whoever may not."""
        return may(self.role, Permission(permission))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody with a browser.

    Attributes:
        session: the cookie's text.
        is_new: the browser had none; the answer sets it.
        person: who is logged in; None for nobody.
    """

    session: str
    language: Language
    is_new: bool
    person: Person | None = None

    @property
    def token(self) -> str:
        """What a write of this session carries."""
        return text_of(hmac.digest(self.session.encode(), _TOKEN_PURPOSE, "sha256"))

    def owns(self, token: str) -> bool:
        """Whether a token is this session's."""
        return hmac.compare_digest(self.token.encode(), token.encode())


def session_of(request: Request) -> str | None:
    """The session a browser names; None when it names none."""
    session = request.cookies.get(SESSION_COOKIE, "")
    return session if len(session) == _SESSION_CHARS else None


def keep_session(response: Response, session: str, request: Request) -> None:
    """Let the browser keep a session until it is closed."""
    is_secure = request.url.scheme == _HTTPS
    response.set_cookie(SESSION_COOKIE, session, httponly=True, samesite="strict", secure=is_secure, path="/")


def text_of(octets: bytes) -> str:
    """Random bytes as they stand in a cookie or a form."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
