"""Bundle files as they lie on a stick: the signed bundle inside an HPKE encryption to its receiver.

Decides the outside only; what a bundle holds and whether it is believed is `carnet_protocol.bundle`'s business. A
lost stick tells nobody anything but its length.

Suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode, one message, `info` = `HPKE_INFO`. The file is
the encapsulated key followed by the ciphertext. Source: RFC 9180.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from carnet_hub.core.limits import BUNDLE_FILE_BYTES_MAX
from carnet_protocol.bundle import HPKE_INFO
from carnet_protocol.errors import Malformed, NotAuthentic
from carnet_protocol.reasons import Reason

_SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)


def encrypt_bundle(plain: bytes, receiver_key: bytes) -> bytes:
    """The content of a bundle file that only one machine can read.

    Args:
        plain: from `bundle.pack_bundle`.
        receiver_key: raw 32-byte X25519 public key from the receiver's enrolment.
    """
    return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(receiver_key), info=HPKE_INFO)


def decrypt_bundle(data: bytes, own_key: X25519PrivateKey) -> bytes:
    """The signed bundle inside a file.

    Raises:
        Malformed: larger than any bundle.
        NotAuthentic: encrypted for somebody else, cut short or altered.
    """
    if len(data) > BUNDLE_FILE_BYTES_MAX:
        raise Malformed(Reason.TOO_LARGE, f"{len(data)} bytes")
    try:
        return _SUITE.decrypt(data, own_key, info=HPKE_INFO)
    except (InvalidTag, ValueError) as error:
        raise NotAuthentic(Reason.BAD_BUNDLE, "not for this hub, or altered") from error
