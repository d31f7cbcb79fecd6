"""The node's own certificate: what it names, when it is made anew, and that pages are served under it."""

import re
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from carnet_node.adapters.local_certificate import LocalCertificate, local_certificate
from carnet_node.adapters.system import DiskFiles
from support.cli_node import enrol_folder
from support.node_builder import TestClock

NAMES = ["localhost", "127.0.0.1", "[::1]", "desk.example"]
DAY_MS = 24 * 3600 * 1000


def made(folder: Path, clock: TestClock, names: list[str] = NAMES) -> LocalCertificate:
    """The certificate of a folder at a moment."""
    return local_certificate(folder, names, DiskFiles(), clock)


def test_it_names_every_way_to_the_node(tmp_path: Path):
    """Host names and addresses stand in it, addresses as addresses."""
    found = x509.load_pem_x509_certificate(made(tmp_path, TestClock()).certificate.read_bytes())

    named = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert named.get_values_for_type(x509.DNSName) == ["desk.example", "localhost"]
    assert [str(one) for one in named.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


def test_its_key_is_private(tmp_path: Path):
    """Nobody else on the machine reads the key."""
    assert made(tmp_path, TestClock()).key.stat().st_mode & 0o777 == 0o600


def test_it_is_kept_while_it_is_good(tmp_path: Path):
    """Browsers that trusted it once go on doing so."""
    clock = TestClock()
    first = made(tmp_path, clock)
    clock.ms += 300 * DAY_MS

    assert made(tmp_path, clock) == first


@pytest.mark.parametrize(
    ("days", "names"),
    [
        pytest.param(368, NAMES, id="a month before its end"),
        pytest.param(-2, NAMES, id="before its beginning"),
        pytest.param(0, [*NAMES, "192.168.1.5"], id="another name"),
    ],
)
def test_it_is_made_anew_when_it_is_not_good_any_more(tmp_path: Path, days: int, names: list[str]):
    """Time and names decide."""
    clock = TestClock()
    first = made(tmp_path, clock)
    clock.ms += days * DAY_MS

    assert made(tmp_path, clock, names).sha256 != first.sha256


@pytest.mark.parametrize("damage", ["certificate", "key", "mode"])
def test_what_cannot_be_used_is_replaced(tmp_path: Path, damage: str):
    """A damaged file or an open key costs a new certificate and no failure."""
    first = made(tmp_path, TestClock())
    match damage:
        case "certificate":
            first.certificate.write_text("none")
        case "key":
            first.key.write_text("none")
        case _:
            first.key.chmod(0o644)

    assert made(tmp_path, TestClock()).sha256 != first.sha256


def test_pages_are_served_under_it(tmp_path: Path):
    """`serve --tls` answers over TLS to whoever trusts the certificate, and its cookie is Secure."""
    enrol_folder(tmp_path)
    command = [sys.executable, "-c", "from carnet_node.entrypoints.cli.main import run; run()"]
    arguments = ["--data", str(tmp_path / "data"), "serve", "--port", "0", "--offline", "--tls"]

    with subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address = next(found[0] for line in process.stderr if (found := re.search(r"https://127\.0\.0\.1:\d+", line)))
        trust = ssl.create_default_context(cafile=str(tmp_path / "data" / "tls" / "certificate.pem"))
        answered = httpx.get(f"{address}/set-up", verify=trust)
        process.send_signal(signal.SIGTERM)
        process.stderr.read()

    assert answered.status_code == 200
    assert "Secure" in answered.headers["set-cookie"]
