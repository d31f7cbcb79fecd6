"""Passwords as Argon2id (see `core.local_ports.PasswordHasher`).

Decides nothing but how the library is called; the parameters are `core.desk_limits`. Verifying takes as long for a
password that is wrong, and for a name that nobody has (`nobody`).

Source: RFC 9106; argon2-cffi.
"""

from base64 import b64encode
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from carnet_node.core.desk_limits import (
    ARGON2_HASH_BYTES,
    ARGON2_LANES,
    ARGON2_MEMORY_KIB,
    ARGON2_SALT_BYTES,
    ARGON2_TIME_COST,
)

_VERSION: Final = 19


class Argon2Passwords:
    """Hashes and verifies with the parameters of this version."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=ARGON2_TIME_COST,
            memory_cost=ARGON2_MEMORY_KIB,
            parallelism=ARGON2_LANES,
            hash_len=ARGON2_HASH_BYTES,
            salt_len=ARGON2_SALT_BYTES,
        )

    def hash(self, password: str) -> str:
        """Encoded with salt and parameters."""
        return self._hasher.hash(password)

    def verify(self, encoded: str, password: str) -> bool:
        """Whether the password belongs to the hash."""
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    def is_outdated(self, encoded: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(encoded)

    @property
    def nobody(self) -> str:
        """An encoded hash of zeros: well-formed, and the hash of no password anybody will find."""
        salt, digest = (
            b64encode(bytes(count)).rstrip(b"=").decode() for count in (ARGON2_SALT_BYTES, ARGON2_HASH_BYTES)
        )
        costs = f"m={ARGON2_MEMORY_KIB},t={ARGON2_TIME_COST},p={ARGON2_LANES}"
        return f"$argon2id$v={_VERSION}${costs}${salt}${digest}"
