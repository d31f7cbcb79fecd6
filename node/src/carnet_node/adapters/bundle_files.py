"""Bundle files as they lie on a USB stick: encrypted to their receiver, as a whole.

Decides the outside of a bundle (HPKE to the receiver's X25519 key) and the bounds of the file. The inside, signatures
and hashes included, is `carnet_protocol.bundle`. The sender is authenticated by the signed manifest, not by the
encryption.

Source: RFC 9180, base mode; info is the name of the format.
"""

from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from carnet_node.adapters.keyring import SUITE
from carnet_node.core.limits import BUNDLE_FILE_BYTES_MAX
from carnet_node.core.ports import Files
from carnet_protocol.bundle import HPKE_INFO
from carnet_protocol.errors import Malformed, NotAuthentic
from carnet_protocol.reasons import Reason


def write_bundle(path: Path, plain: bytes, receiver_exchange_key: bytes, files: Files) -> int:
    """Encrypt a packed bundle to its receiver and write it.

    Args:
        path: the file to make or replace.
        plain: from `pack_bundle`.
        receiver_exchange_key: raw 32 bytes of an X25519 key.

    Raises:
        OSError: not writable; an older file is unchanged.

    Returns: bytes written.
    """
    sealed = seal_bundle(plain, receiver_exchange_key)
    files.replace(path, sealed)
    return len(sealed)


def read_bundle(path: Path, own_exchange_key: X25519PrivateKey, files: Files) -> bytes:
    """The plain bytes of a bundle made for us; verify them with `unpack_bundle`.

    Raises:
        Malformed: there is no such file, or it is larger than any bundle.
        NotAuthentic: made for somebody else, damaged or truncated.
    """
    try:
        sealed = files.read(path, bytes_max=BUNDLE_FILE_BYTES_MAX)
    except OSError as error:
        raise Malformed(Reason.BAD_BUNDLE, "the file cannot be read or is too large") from error
    if sealed is None:
        raise Malformed(Reason.NOT_FOUND, "there is no such file")
    return open_bundle(sealed, own_exchange_key)


def seal_bundle(plain: bytes, receiver_exchange_key: bytes) -> bytes:
    """A packed bundle, encrypted to its receiver.

    Args:
        plain: from `pack_bundle`.
        receiver_exchange_key: raw 32 bytes of an X25519 key.
    """
    return SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(receiver_exchange_key), info=HPKE_INFO)


def open_bundle(sealed: bytes, own_exchange_key: X25519PrivateKey) -> bytes:
    """The plain bytes of a bundle made for us; verify them with `unpack_bundle`.

    Raises:
        Malformed: larger than any bundle.
        NotAuthentic: made for somebody else, damaged or truncated.
    """
    if len(sealed) > BUNDLE_FILE_BYTES_MAX:
        raise Malformed(Reason.BAD_BUNDLE, "the file is too large")
    try:
        return SUITE.decrypt(sealed, own_exchange_key, info=HPKE_INFO)
    except (InvalidTag, ValueError) as error:
        raise NotAuthentic(Reason.BAD_BUNDLE, "made for another receiver, or damaged") from error
