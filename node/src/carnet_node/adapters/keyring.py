"""The node's keys: where they lie, how they are checked at start, and what they do.

Decides the files (one key each, raw bytes, mode 0600, in a folder of their own outside the database), the refusal to
start with keys that are missing, damaged or readable by others, and the two wrappings of the data key. The signing
key is never backed up; the wrappings may be.

    signing.key    Ed25519, signs everything this node says
    exchange.key   X25519, opens bundle files made for this node
    data.key       32 bytes; keys of the secret box derive from it
    data.hub       the data key for the hub's X25519 key (HPKE)
    data.recovery  the data key for the printed passphrase (Argon2id, AES-GCM)

Source: HPKE as in RFC 9180; Argon2id as in RFC 9106 (its second recommended choice); AES-GCM as in NIST SP 800-38D.
"""

import hmac
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from carnet_node.adapters.system import PRIVATE_MODE
from carnet_node.core.failures import NOT_READABLE, AlreadyEnrolled, KeysUnreadable, WrongPassphrase
from carnet_node.core.ports import Entropy, Files
from carnet_protocol.envelope import key_id_of
from carnet_protocol.recovery import KEPT_INFO

KEY_BYTES: Final = 32
CHECK_BYTES: Final = 16
SIGNING_FILE: Final = "signing.key"
EXCHANGE_FILE: Final = "exchange.key"
DATA_FILE: Final = "data.key"
WRAPPED_FOR_HUB_FILE: Final = "data.hub"
WRAPPED_FOR_RECOVERY_FILE: Final = "data.recovery"

KEY_FILES: Final = (SIGNING_FILE, EXCHANGE_FILE, DATA_FILE)
UNFINISHED_FILE: Final = "init.unfinished"
_WRAP_INFO: Final = KEPT_INFO
_NONCE_BYTES: Final = 12
_SALT_BYTES: Final = 16
_PASSPHRASE_BYTES: Final = 15
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})
_ARGON_PASSES: Final = 3
_ARGON_LANES: Final = 4
_ARGON_MEMORY_KIB: Final = 64 * 1024

SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
"""The suite of RFC 9180 that every implementation has; used for the data key and for bundle files."""


@dataclass(frozen=True)
class Keyring:
    """The keys of one node, in memory."""

    signing: Ed25519PrivateKey = field(repr=False)
    exchange: X25519PrivateKey = field(repr=False)
    data_key: bytes = field(repr=False)

    @cached_property
    def signing_public(self) -> bytes:
        """Raw 32 bytes of the public signing key."""
        return self.signing.public_key().public_bytes_raw()

    @cached_property
    def exchange_public(self) -> bytes:
        """Raw 32 bytes of the public exchange key."""
        return self.exchange.public_key().public_bytes_raw()

    @cached_property
    def data_key_check(self) -> bytes:
        """See `data_key_check_of`."""
        return data_key_check_of(self.data_key)

    @cached_property
    def key_id(self) -> bytes:
        """Key id of the signing key (a `Signer`)."""
        return key_id_of(self.signing_public)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of a message (a `Signer`)."""
        return self.signing.sign(message)


class DataKeyBox:
    """Encryption at rest of secret values, and an index by which an exact value can be found again.

    Two independent keys derive from the data key, so that the index says nothing about the ciphertext.
    """

    def __init__(self, data_key: bytes, entropy: Entropy) -> None:
        self._aead = AESGCM(_derive(data_key, b"carnet/secret/v1"))
        self._index_key = _derive(data_key, b"carnet/blind-index/v1")
        self._entropy = entropy

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """Encrypt a value, bound to its place.

        Args:
            plain: the value.
            aad: what names the place (record, register); needed again to open it.
        """
        nonce = self._entropy.random_bytes(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """Decrypt a value.

        Raises:
            KeysUnreadable: another data key, another place, or damaged bytes.
        """
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad)
        except (InvalidTag, ValueError) as error:
            raise KeysUnreadable(DATA_FILE, "a secret value does not open with this key") from error

    def blind_index(self, text: str) -> bytes:
        """32 bytes that are equal for equal text and say nothing to anybody without the key."""
        return hmac.digest(self._index_key, text.encode(), "sha256")


def data_key_check_of(data_key: bytes) -> bytes:
    """What a database keeps of its data key, so that another one is noticed before it seals anything.

    Derived like the keys of the box and independent of them, so it says nothing about the data key: 16 bytes.
    """
    return HKDF(hashes.SHA256(), CHECK_BYTES, salt=None, info=b"carnet/data-key-check/v1").derive(data_key)


def create_keyring(folder: Path, files: Files, entropy: Entropy) -> Keyring:
    """Make the three keys of a new node, or those that are missing where this was cut short.

    A mark lies beside them meanwhile: without it, a missing key is a lost one.

    Raises:
        AlreadyEnrolled: a key file exists, and no mark; no file was touched.
        OSError: not writable; what was written stays, and the next call goes on.
    """
    require_no_keys(folder)
    if not is_unfinished(folder):
        files.replace(folder / UNFINISHED_FILE, b"")
    for name in KEY_FILES:
        if not (folder / name).exists():
            files.replace(folder / name, entropy.random_bytes(KEY_BYTES))
    (folder / UNFINISHED_FILE).unlink()
    return open_keyring(folder, files)


def require_no_keys(folder: Path) -> None:
    """Go on only where no keys lie, or where making them was cut short.

    Raises:
        AlreadyEnrolled: a key file exists, and no mark.
    """
    if not is_unfinished(folder) and any((folder / name).exists() for name in KEY_FILES):
        raise AlreadyEnrolled("key files exist")


def is_unfinished(folder: Path) -> bool:
    """Whether the keys were being made here when the program ended."""
    return (folder / UNFINISHED_FILE).exists()


def open_keyring(folder: Path, files: Files) -> Keyring:
    """Read and check the keys.

    Raises:
        KeysUnreadable: a file is missing, has another size, or others may read it.
    """
    signing, exchange, data_key = (_read_key(folder / name, files) for name in KEY_FILES)
    return Keyring(
        Ed25519PrivateKey.from_private_bytes(signing), X25519PrivateKey.from_private_bytes(exchange), data_key
    )


def create_line_keys(folder: Path, files: Files, entropy: Entropy) -> Keyring:
    """Make the keys to sign and exchange with, where none lie, on a machine whose data key is still to come.

    Raises:
        KeysUnreadable: one of them lies there and cannot be used.
        OSError: not writable.
    """
    for name in (SIGNING_FILE, EXCHANGE_FILE):
        if not (folder / name).exists():
            files.replace(folder / name, entropy.random_bytes(KEY_BYTES))
    return open_without_data_key(folder, files)


def read_data_key(folder: Path, files: Files) -> bytes:
    """The data key alone.

    Raises:
        KeysUnreadable: it is missing, damaged or open to others.
    """
    return _read_key(folder / DATA_FILE, files)


def open_without_data_key(folder: Path, files: Files) -> Keyring:
    """The keys to sign and exchange with, of a machine that has lost its data key.

    Raises:
        KeysUnreadable: one of these two is missing, damaged or open to others.
    """
    signing, exchange = (_read_key(folder / name, files) for name in (SIGNING_FILE, EXCHANGE_FILE))
    return Keyring(Ed25519PrivateKey.from_private_bytes(signing), X25519PrivateKey.from_private_bytes(exchange), b"")


def wrap_for_hub(data_key: bytes, hub_exchange_key: bytes) -> bytes:
    """The data key as only the hub can open it.

    Args:
        data_key: 32 bytes.
        hub_exchange_key: raw 32 bytes of the hub's X25519 key.
    """
    return SUITE.encrypt(data_key, X25519PublicKey.from_public_bytes(hub_exchange_key), info=_WRAP_INFO)


def wrap_with_passphrase(data_key: bytes, passphrase: str, entropy: Entropy) -> bytes:
    """The data key as only the printed passphrase opens it; takes about a fifth of a second by design."""
    salt, nonce = entropy.random_bytes(_SALT_BYTES), entropy.random_bytes(_NONCE_BYTES)
    return salt + nonce + AESGCM(_stretch(passphrase, salt)).encrypt(nonce, data_key, _WRAP_INFO)


def unwrap_with_passphrase(wrapped: bytes, passphrase: str) -> bytes:
    """The data key behind a recovery file.

    Args:
        wrapped: content of `data.recovery`.
        passphrase: as typed; case, dashes, spaces and look-alikes do not matter.

    Raises:
        WrongPassphrase: another passphrase, or a damaged file.
    """
    salt, rest = wrapped[:_SALT_BYTES], wrapped[_SALT_BYTES:]
    try:
        key = AESGCM(_stretch(passphrase, salt))
        return key.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _WRAP_INFO)
    except (InvalidTag, ValueError) as error:
        raise WrongPassphrase(WRAPPED_FOR_RECOVERY_FILE, "this passphrase does not open it") from error


def new_passphrase(entropy: Entropy) -> str:
    """A passphrase of 120 random bits for the printed sheet: 24 characters in groups of four."""
    number = int.from_bytes(entropy.random_bytes(_PASSPHRASE_BYTES), "big")
    chars = "".join(_ALPHABET[number >> shift & 31] for shift in range(8 * _PASSPHRASE_BYTES - 5, -1, -5))
    return "-".join(chars[at : at + 4] for at in range(0, len(chars), 4))


def _read_key(path: Path, files: Files) -> bytes:
    try:
        content = files.read(path, bytes_max=KEY_BYTES)
        if content is None:
            raise KeysUnreadable(path.name, "the file is missing")
        mode = files.mode(path)
    except OSError as error:
        raise KeysUnreadable(path.name, NOT_READABLE) from error
    if len(content) != KEY_BYTES:
        raise KeysUnreadable(path.name, f"{len(content)} bytes, not {KEY_BYTES}")
    if mode & ~PRIVATE_MODE:
        raise KeysUnreadable(path.name, f"others may use it (mode {mode:03o}, not 600)")
    return content


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=purpose).derive(key)


def _stretch(passphrase: str, salt: bytes) -> bytes:
    typed = passphrase.strip().upper().translate(_LOOKALIKES).encode()
    return Argon2id(
        salt=salt, length=KEY_BYTES, iterations=_ARGON_PASSES, lanes=_ARGON_LANES, memory_cost=_ARGON_MEMORY_KIB
    ).derive(typed)
