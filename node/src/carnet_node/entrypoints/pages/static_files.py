"""Style, scripts and the sign of the program, as files of our own.

Decides their address: it holds a digest of all of them, so a browser may keep them for ever and an update is seen at
once. They are read once, at start; a page refers to no other file.
"""

from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

FOLDER: Final = Path(__file__).parent / "static"
_DIGEST_CHARS: Final = 12
_FOR_EVER: Final = "public, max-age=31536000, immutable"


def static_address() -> str:
    """The address below which the files stand."""
    digest = sha256()
    for path in sorted(one for one in FOLDER.rglob("*") if one.is_file()):
        digest.update(path.relative_to(FOLDER).as_posix().encode() + b"\0" + path.read_bytes())
    return f"/static/{digest.hexdigest()[:_DIGEST_CHARS]}"


class KeptFiles:
    """The files, to be kept by browsers."""

    def __init__(self) -> None:
        self._files = StaticFiles(directory=FOLDER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file."""

        async def keep(message: Message) -> None:
            """Let browsers keep what was found: its address changes with its content."""
            if message["type"] == "http.response.start" and message["status"] == 200:  # noqa: PLR2004  (OK)
                MutableHeaders(scope=message)["cache-control"] = _FOR_EVER
            await send(message)

        await self._files(scope, receive, keep)
