"""`carnet-hub serve`: a real process that answers on loopback, or over TLS, and refuses to be overheard."""

import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from support.hub_cli import Printed, call


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serving(data: Path, *arguments: str) -> Iterator[int]:
    """`carnet-hub serve` as a real process; gives its port, and stops it cleanly afterwards."""
    port = free_port()
    program = Path(sys.executable).with_name("carnet-hub")
    command = [str(program), "--data", str(data), "serve", "--port", str(port), "--log-json", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)
    assert server.returncode in (0, -15)


def wait_for(url: str, trust: ssl.SSLContext | None = None, seconds: float = 30.0) -> httpx.Response:
    """The first answer of a server that is starting."""
    until = time.monotonic() + seconds
    while True:
        try:
            return httpx.get(url, verify=trust or True)
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_a_clear_server_on_the_network_is_refused(data: Path, capsys: Printed):
    """`serve` on another address than loopback needs TLS or a proxy."""
    assert call(data, "serve", "--host", "192.0.2.1") == 1
    assert "--tls-cert" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told_in_words(data: Path, capsys: Printed):
    """A second `serve` names the port and what helps, and ends as a refusal."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        code = call(data, "serve", "--port", str(port))

    assert (code, capsys.readouterr().err.splitlines()[0]) == (1, f"Port {port} is taken by another program.")


def test_the_server_answers_on_loopback(data: Path):
    """`carnet-hub serve` is a real process that answers over HTTP and stops cleanly when told to."""
    with serving(data) as port:
        health = wait_for(f"http://127.0.0.1:{port}/healthz")
        card = httpx.get(f"http://127.0.0.1:{port}/v1/hub")

    assert health.json()["status"] == "ok"
    assert card.headers["content-type"] == "application/cbor"


def test_the_server_ends_tls_itself(data: Path, tmp_path: Path):
    """With certificate and key the hub answers over HTTPS to whoever trusts it, and to nobody in clear."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make, *names], check=True, capture_output=True)

    with serving(data, "--tls-cert", str(certificate), "--tls-key", str(key)) as port:
        trust = ssl.create_default_context(cafile=str(certificate))
        health = wait_for(f"https://127.0.0.1:{port}/healthz", trust)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/healthz")

    assert health.json()["status"] == "ok"
