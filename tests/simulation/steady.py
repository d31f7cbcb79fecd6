"""Randomness and encryption that are a function of the seed, so that a schedule can be seen again, byte for byte."""

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


@dataclass(frozen=True)
class SteadyBox:
    """Encryption at rest whose nonce is a function of place and text, so that equal states make equal files."""

    key: bytes = b"k" * 32

    @property
    def blind_key(self) -> bytes:
        """The key of keyed hashes."""
        return self.key

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """AES-GCM with a synthetic nonce in front."""
        nonce = hashlib.sha256(aad + plain).digest()[:12]
        return nonce + AESGCM(self.key).encrypt(nonce, plain, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """The counterpart of `seal`."""
        return AESGCM(self.key).decrypt(sealed[:12], sealed[12:], aad)

    def blind_index(self, text: str) -> bytes:
        """A keyed hash under the fixed key."""
        return hashlib.sha256(self.key + text.encode()).digest()[:16]


@dataclass
class Lots:
    """Random bytes that are a function of the seed, the step and how often they were drawn in it.

    Taking steps out of a schedule leaves the ids of the others as they were: short tapes stay comparable.
    """

    owner: str
    step: str = "start"
    drawn: int = 0

    def begin(self, step: str) -> None:
        """Another step begins."""
        self.step, self.drawn = step, 0

    def random_bytes(self, count: int) -> bytes:
        """The next bytes."""
        self.drawn += 1
        return hashlib.shake_256(f"{self.owner}/{self.step}/{self.drawn}".encode()).digest(count)
