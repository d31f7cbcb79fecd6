"""The hub's keys: where they lie, how they are checked at start, and what they do.

Decides the files (raw bytes, mode 0600, in a folder of their own outside the database) and the refusal to start with
one that is missing, damaged or readable by others. A database backup therefore never holds a key.

    sign.key      Ed25519, signs change sets, receipts, pages, answers
    export.key    Ed25519, signs exports and nothing else: a plain signature must never be mistaken for a message
    exchange.key  X25519, opens bundle files made for this hub
    data.key      32 bytes; the key of the secret box derives from it
    session.key   32 bytes; challenges and tokens, shared by all workers

Source: AES-GCM as in NIST SP 800-38D, HKDF as in RFC 5869, key files as in design section 4.
"""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hpke, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from carnet_hub.adapters.system import PRIVATE_MODE
from carnet_hub.core.failures import AlreadyInitialised, KeysUnreadable
from carnet_hub.core.ports import Entropy, Files
from carnet_protocol.envelope import key_id_of
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason
from carnet_protocol.recovery import KEPT_INFO, RETURNED_INFO

KEY_BYTES: Final = 32
CHECK_BYTES: Final = 16
SIGN_FILE: Final = "sign.key"
EXPORT_FILE: Final = "export.key"
EXCHANGE_FILE: Final = "exchange.key"
DATA_FILE: Final = "data.key"
SESSION_FILE: Final = "session.key"
KEY_FILES: Final = (SIGN_FILE, EXPORT_FILE, EXCHANGE_FILE, DATA_FILE, SESSION_FILE)

UNFINISHED_FILE: Final = "init.unfinished"

SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
"""The suite of RFC 9180 that every implementation has; used for data keys."""

_GCM_NONCE_BYTES: Final = 12


class Ed25519Signer:
    """A private Ed25519 key as a `carnet_protocol.envelope.Signer`."""

    def __init__(self, private: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private)
        self.public_key = self._key.public_key().public_bytes_raw()

    @cached_property
    def key_id(self) -> bytes:
        """16 bytes, see `envelope.key_id_of`."""
        return key_id_of(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of a message."""
        return self._key.sign(message)

    @cached_property
    def fingerprint(self) -> str:
        """See `fingerprint_of`."""
        return fingerprint_of(self._key.public_key())

    def public_pem(self) -> bytes:
        """The public key as SubjectPublicKeyInfo PEM, which openssl reads."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def fingerprint_of(key: Ed25519PublicKey) -> str:
    """SHA-256 of a public key's SubjectPublicKeyInfo in hex: what openssl and sha256sum print for its PEM file."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


class DataKeyBox:
    """`ports.SecretBox` under a key that derives from the data key."""

    def __init__(self, data_key: bytes, entropy: Entropy) -> None:
        self._aead = AESGCM(_derived(data_key, b"carnet/hub/secret/v1"))
        self.blind_key = _derived(data_key, b"carnet/hub/blind/v1")
        self._entropy = entropy

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """Encrypt a value, bound to its place.

        Args:
            plain: what to hide.
            aad: names the place (which set, which record); needed again to open it.
        """
        nonce = self._entropy.random_bytes(_GCM_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """Decrypt a value.

        Raises:
            KeysUnreadable: sealed under another data key, moved to another place, or damaged.
        """
        try:
            return self._aead.decrypt(sealed[:_GCM_NONCE_BYTES], sealed[_GCM_NONCE_BYTES:], aad)
        except (InvalidTag, ValueError) as error:
            raise KeysUnreadable(DATA_FILE, "it does not open what the database holds") from error


@dataclass(frozen=True)
class Keyring:
    """The keys of one hub, in memory."""

    sign: Ed25519Signer = field(repr=False)
    export: Ed25519Signer = field(repr=False)
    exchange: X25519PrivateKey = field(repr=False)
    data_key: bytes = field(repr=False)
    session_key: bytes = field(repr=False)

    @cached_property
    def exchange_public(self) -> bytes:
        """Raw 32 bytes of the public exchange key."""
        return self.exchange.public_key().public_bytes_raw()

    @cached_property
    def data_key_check(self) -> bytes:
        """What a database keeps of its data key: 16 bytes that derive from it and say nothing about it."""
        return HKDF(hashes.SHA256(), CHECK_BYTES, salt=None, info=b"carnet/hub/data-key-check/v1").derive(self.data_key)

    def rewrap(self, wrapped: bytes, exchange_key: bytes) -> bytes:
        """See `ports.Escrow`; HPKE as in RFC 9180."""
        try:
            data_key = SUITE.decrypt(wrapped, self.exchange, info=KEPT_INFO)
        except (InvalidTag, ValueError) as error:
            raise BadValue(Reason.BAD_FIELD, "wrapped", "this copy was not made for this hub, or is damaged") from error
        return SUITE.encrypt(data_key, X25519PublicKey.from_public_bytes(exchange_key), info=RETURNED_INFO)


def create_keyring(folder: Path, files: Files, entropy: Entropy) -> Keyring:
    """Make the keys of a new hub and write them down; go on where an `init` was cut short.

    A mark lies beside them until `finish_keyring`: only with it are keys without a database a hub that never was.

    Raises:
        AlreadyInitialised: a key lies there, and no mark; none is touched.
        OSError: not writable; what was written stays, and the next call goes on.
    """
    if not is_unfinished(folder):
        if any((folder / name).exists() for name in KEY_FILES):
            raise AlreadyInitialised(str(folder))
        files.replace(folder / UNFINISHED_FILE, b"", mode=PRIVATE_MODE)
    for name in KEY_FILES:
        if not (folder / name).exists():
            files.replace(folder / name, entropy.random_bytes(KEY_BYTES), mode=PRIVATE_MODE)
    return load_keyring(folder, files)


def is_unfinished(folder: Path) -> bool:
    """Whether an `init` began here and did not end."""
    return (folder / UNFINISHED_FILE).exists()


def finish_keyring(folder: Path) -> None:
    """Say that the database knows these keys' hub from now on."""
    (folder / UNFINISHED_FILE).unlink(missing_ok=True)


def load_keyring(folder: Path, files: Files) -> Keyring:
    """The keys of a hub, each file checked.

    Raises:
        KeysUnreadable: one is missing, has another size, or may be read by others.
    """
    sign, export, exchange, data_key, session_key = (_load(folder / name, files) for name in KEY_FILES)
    return Keyring(
        Ed25519Signer(sign),
        Ed25519Signer(export),
        X25519PrivateKey.from_private_bytes(exchange),
        data_key,
        session_key,
    )


def _load(path: Path, files: Files) -> bytes:
    try:
        content = files.read(path, bytes_max=KEY_BYTES)
        is_private = content is None or files.is_private(path)
    except OSError as error:
        raise KeysUnreadable(path.name, "it cannot be read, or is too long") from error
    if content is None:
        raise KeysUnreadable(path.name, "it is missing")
    if len(content) != KEY_BYTES:
        raise KeysUnreadable(path.name, f"it has {len(content)} bytes instead of {KEY_BYTES}")
    if not is_private:
        raise KeysUnreadable(path.name, "others may read it")
    return content


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=purpose).derive(key)
