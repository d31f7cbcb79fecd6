"""`carnet-node serve` as a process: it listens on this machine, answers over a real line, and stops when told."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import httpx
import pytest

from carnet_node.core.limits import API_BODY_BYTES_MAX
from support.cli_node import CliNode, enrol_folder

_RUNNING = re.compile(r"running on http://127\.0\.0\.1:(\d+)")
_CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an enrolled node."""
    folder = tmp_path_factory.mktemp("served")
    enrol_folder(folder)
    return folder


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    """A served node, on a port that was free."""
    command = [sys.executable, "-c", "from carnet_node.entrypoints.cli.main import run; run()"]
    arguments = ["--data", str(folder / "data"), "serve", "--port", "0", "--offline"]
    with subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        yield _port_said(process.stderr)
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(10) in (0, -signal.SIGTERM)


def _port_said(log: IO[str]) -> int:
    for line in log:
        if found := _RUNNING.search(line):
            return int(found[1])
    raise AssertionError("the server did not start")


def raw(port: int, request: bytes) -> bytes:
    """The status line that bytes on a socket are answered with."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        with suppress(BrokenPipeError, ConnectionResetError):  # the server may answer and close before all was sent
            line.sendall(request)
        return line.recv(4096).split(b"\r\n")[0]


def test_a_served_node_answers_on_this_machine(port: int, folder: Path):
    """Health and status come over a real line; the token lies beside the data."""
    address = f"http://127.0.0.1:{port}"
    bearer = {"Authorization": f"Bearer {(folder / 'data' / 'api.token').read_text().strip()}"}

    assert httpx.get(f"{address}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{address}/api/status", headers=bearer).json()["line"] == "unknown"


def test_the_server_does_not_name_itself(port: int):
    """An answer says nothing about the software behind it."""
    assert "server" not in httpx.get(f"http://127.0.0.1:{port}/healthz").headers


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"GET /api/status HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421", id="foreign host"),
        pytest.param(b"GET /api/status HTTP/1.0\r\n\r\n", b"421", id="no host at all"),
        pytest.param(
            b"GET http://localhost/api/status HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421", id="host in the target"
        ),
    ],
)
def test_a_raw_request_under_a_foreign_name_is_misdirected(port: int, request_bytes: bytes, status: bytes):
    """What no library would send is turned away as well."""
    assert raw(port, request_bytes).split()[1] == status


def test_an_endless_body_is_cut_off(port: int):
    """A body in chunks that never ends is answered at the bound."""
    head = (
        b"POST /search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )

    answered = raw(port, head + _CHUNK * (API_BODY_BYTES_MAX // 0x10000 + 1))

    assert answered.split()[1] == b"413"


def test_another_address_than_this_machines_needs_leave(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Listening beyond this machine is refused unless the settings allow it, and says which setting."""
    enrol_folder(tmp_path)
    node = CliNode(tmp_path, capsys)

    code = node.run("serve", "--host", "192.168.1.5")

    assert code == 1
    assert "CARNET_NODE_ALLOW_LAN" in node.complained


def test_a_port_that_is_taken_is_told_in_words(node: CliNode, port: int):
    """A second `serve` names the port and what helps, and ends as a refusal."""
    node.run("serve", "--port", port)

    told = f"port: {port} is taken by another program; name one with --port."
    assert (node.code, node.complained.splitlines()[0]) == (1, told)
