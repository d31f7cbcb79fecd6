"""A certificate of the node's own, so that pages travel encrypted over a dealer's network without any authority.

Decides what it names and when it is made anew: the names under which browsers may reach the node, when they change, and
a month before it ends. The key is P-256, lies beside the data with mode 600, and is in no backup. Browsers show a
warning until the certificate is trusted once on each machine; its fingerprint is logged at start, to be compared.

Source: RFC 5280; CA/Browser Forum Baseline Requirements section 6.3.2 for the lifetime browsers accept.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from carnet_node.adapters.system import PRIVATE_MODE, DiskFiles
from carnet_node.core.limits import CERTIFICATE_FILE_BYTES_MAX
from carnet_node.core.ports import Clock

FOLDER_NAME: Final = "tls"
_CERTIFICATE: Final = "certificate.pem"
_KEY: Final = "certificate.key"
_LIFETIME_DAYS: Final = 397
_RENEWED_BEFORE_DAYS: Final = 30
_BACKDATED: Final = timedelta(days=1)
"""A desk whose clock is some hours behind accepts it all the same."""


@dataclass(frozen=True, slots=True)
class LocalCertificate:
    """Where certificate and key lie, and the fingerprint people compare."""

    certificate: Path
    key: Path
    sha256: str


def local_certificate(data_dir: Path, names: Iterable[str], files: DiskFiles, clock: Clock) -> LocalCertificate:
    """The certificate for these names; made when there is none that is good for them.

    Args:
        names: as they stand in a Host header: lower case, IPv6 in brackets.

    Raises:
        OSError: the data folder cannot be written.
    """
    folder = data_dir / FOLDER_NAME
    wanted = sorted({name.strip("[]") for name in names})
    now = datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
    known = _known(folder, files)
    if known is None or _names_of(known) != wanted or not _is_fresh(known, now):
        known = _make(folder, wanted, now, files)
    return LocalCertificate(folder / _CERTIFICATE, folder / _KEY, known.fingerprint(hashes.SHA256()).hex(":"))


def _known(folder: Path, files: DiskFiles) -> x509.Certificate | None:
    """The certificate that is there, with its key in private; None when one of them cannot be used."""
    certificate = files.read(folder / _CERTIFICATE, bytes_max=CERTIFICATE_FILE_BYTES_MAX)
    key = files.read(folder / _KEY, bytes_max=CERTIFICATE_FILE_BYTES_MAX)
    if certificate is None or key is None or files.mode(folder / _KEY) != PRIVATE_MODE:
        return None
    try:
        found = x509.load_pem_x509_certificate(certificate)
        private = serialization.load_pem_private_key(key, password=None)
    except ValueError:
        return None
    return found if found.public_key() == private.public_key() else None


def _make(folder: Path, names: list[str], now: datetime, files: DiskFiles) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Carnet node")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=_LIFETIME_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files.replace(folder / _KEY, private)
    files.replace(folder / _CERTIFICATE, made.public_bytes(serialization.Encoding.PEM))
    return made


def _names_of(certificate: x509.Certificate) -> list[str]:
    try:
        listed = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return sorted(str(one.value) for one in listed)


def _is_fresh(certificate: x509.Certificate, now: datetime) -> bool:
    renewed_at = certificate.not_valid_after_utc - timedelta(days=_RENEWED_BEFORE_DAYS)
    return certificate.not_valid_before_utc <= now < renewed_at


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
