"""The control socket of a running Litestream: HTTP over a Unix socket, in a dozen lines of the standard library."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any

from carnet_storage.core.failures import ReplicatorFailed
from carnet_storage.core.limits import CONTROL_BYTES_MAX, ERROR_CHARS_MAX, SYNC_WAIT_S


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("litestream", timeout=timeout_s)
        self._path = path
        self._timeout_s = timeout_s

    def connect(self) -> None:
        """Connect to the socket instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._timeout_s)
        self.sock.connect(str(self._path))


class UnixControl:
    """`ports.Control` on the socket of one Litestream.

    Args:
        socket_path: where it listens.
        database: which of its databases is meant.
    """

    def __init__(self, socket_path: Path, database: Path) -> None:
        self._socket = socket_path
        self._database = database

    def sync(self) -> tuple[int, int]:
        """See `ports.Control`."""
        body = {"path": str(self._database), "wait": True, "timeout": SYNC_WAIT_S}
        answer = self._ask("POST", "/sync", body, SYNC_WAIT_S + 2)
        try:
            return int(answer["txid"]), int(answer["replicated_txid"])
        except (KeyError, TypeError, ValueError) as error:
            raise ReplicatorFailed("its answer cannot be read") from error

    def pid(self) -> int | None:
        """The process behind the socket; None when nobody answers."""
        try:
            found = self._ask("GET", "/info", None, 2).get("pid")
        except ReplicatorFailed:
            return None
        return found if isinstance(found, int) else None

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, timeout_s: float) -> dict[str, Any]:
        connection = _UnixConnection(self._socket, timeout_s)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read(CONTROL_BYTES_MAX)
            answer = json.loads(content)
        except TimeoutError as error:
            raise ReplicatorFailed(f"no answer within {timeout_s:.0f} s") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ReplicatorFailed(f"its socket does not answer ({type(error).__name__})") from error
        finally:
            connection.close()
        if not isinstance(answer, dict):
            raise ReplicatorFailed("its answer cannot be read")
        if response.status != http.client.OK:
            raise ReplicatorFailed(str(answer.get("error", response.status))[:ERROR_CHARS_MAX])
        return answer
