"""The file of an encrypted copy: compressed, sealed in frames, whole or useless.

Decides the bytes. A key of its own per file derives from the key material and a random salt, so no nonce is ever used
twice. Each frame is bound to the header, to its number and to whether it is the last one: cutting, swapping, joining
or changing is refused. The header says in clear whose copy it is, how it was sealed and how much it inflates to, and
carries the wrappings of the data key, which are of no use without the hub or the printed passphrase.

    magic (17)  header length (4)  header (JSON)  frame*        frame = length (4), AES-256-GCM ciphertext
    nonce = prefix (7), number (4), last (1)     associated data = SHA-256 of everything before the first frame

Source: AES-GCM as in NIST SP 800-38D; HKDF as in RFC 5869; Argon2id as in RFC 9106; frames as in the STREAM
construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015).
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Final, Literal

import msgspec
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from carnet_storage.core.copies import CopyName
from carnet_storage.core.failures import CopyDamaged, WrongKey
from carnet_storage.core.limits import COPY_BYTES_MAX, FRAME_BYTES, HEADER_BYTES_MAX

MAGIC: Final = b"carnet-backup-v1\n"
SALT_BYTES: Final = 32
PREFIX_BYTES: Final = 7
_KEY_BYTES: Final = 32
_LENGTH_BYTES: Final = 4
_TAG_BYTES: Final = 16
_LEVEL: Final = 6
_ARGON_PASSES: Final = 3
_ARGON_LANES: Final = 4
_ARGON_MEMORY_KIB: Final = 64 * 1024


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a copy says in clear.

    Attributes:
        key: `data-key`, or `passphrase` when one was set for copies.
        check: 16 bytes that tell a wrong key from a damaged file, and nothing else.
        plain_bytes: what it inflates to.
        wrappings: the wrapped data key by file name; opened by the hub or by the printed passphrase.
    """

    product: Literal["node", "hub"]
    source: str
    ordinal: int
    made_at_ms: int
    key: Literal["data-key", "passphrase"]
    salt: bytes
    prefix: bytes
    check: bytes
    plain_bytes: Annotated[int, msgspec.Meta(ge=0, le=COPY_BYTES_MAX)]
    wrappings: dict[str, bytes]


def new_header(
    name: CopyName,
    key: bytes | str,
    *,
    salt: bytes,
    prefix: bytes,
    plain_bytes: int,
    wrappings: dict[str, bytes] | None = None,
) -> Header:
    """The header of a new copy.

    Args:
        key: the 32-byte data key, or a passphrase.
        salt: 32 random bytes.
        prefix: 7 random bytes.
    """
    return Header(
        name.product,  # type: ignore[arg-type]  # the name admits these two only
        name.place.source,
        name.place.ordinal,
        name.made_at_ms,
        "passphrase" if isinstance(key, str) else "data-key",
        salt,
        prefix,
        _derive(_material(key, salt), salt, b"check")[:16],
        plain_bytes,
        dict(wrappings or {}),
    )


def seal(header: Header, key: bytes | str, plain: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of a copy.

    Args:
        plain: the database, in pieces of any size, `header.plain_bytes` altogether.
    """
    encoded = msgspec.json.encode(header)
    opening = MAGIC + len(encoded).to_bytes(_LENGTH_BYTES, "big") + encoded
    yield opening
    aead = AESGCM(_derive(_material(key, header.salt), header.salt, b"frames"))
    bound = hashlib.sha256(opening).digest()
    for number, (frame, is_last) in enumerate(_marked_last(_frames(plain))):
        sealed = aead.encrypt(_nonce(header, number, is_last=is_last), frame, bound)
        yield len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed


def read_header(name: str, read: Callable[[int], bytes]) -> tuple[Header, bytes]:
    """The header of a copy, and the bytes it stood in.

    Args:
        name: of the copy, for messages.
        read: gives exactly as many bytes as asked for, or fewer at the end.

    Raises:
        CopyDamaged: no copy, or a cut one.
    """
    magic = read(len(MAGIC))
    if magic != MAGIC:
        raise CopyDamaged(name, "it is not a copy of Carnet, or its beginning is damaged")
    length = read(_LENGTH_BYTES)
    size = int.from_bytes(length, "big")
    if len(length) != _LENGTH_BYTES or size > HEADER_BYTES_MAX:
        raise CopyDamaged(name, "its beginning is damaged")
    encoded = read(size)
    try:
        header = msgspec.json.decode(encoded, type=Header)
    except msgspec.DecodeError as error:
        raise CopyDamaged(name, "its beginning is damaged") from error
    if len(header.salt) != SALT_BYTES or len(header.prefix) != PREFIX_BYTES:
        raise CopyDamaged(name, "its beginning is damaged")
    return header, magic + length + encoded


def open_sealed(
    name: str, header: Header, opening: bytes, key: bytes | str, read: Callable[[int], bytes]
) -> Iterator[bytes]:
    """The database inside a copy, in pieces. What was yielded counts for nothing until the end is reached.

    Args:
        opening: the bytes the header stood in.
        key: the data key, or the passphrase.

    Raises:
        WrongKey: before anything is yielded.
        CopyDamaged: at the first frame that is not what was sealed.
    """
    material = _material(key, header.salt)
    if not hmac.compare_digest(_derive(material, header.salt, b"check")[:16], header.check):
        raise WrongKey(name, _needed(header))
    aead = AESGCM(_derive(material, header.salt, b"frames"))
    bound = hashlib.sha256(opening).digest()
    inflate = zstandard.ZstdDecompressor().decompressobj()
    inflated = 0
    for frame in _opened_frames(name, header, aead, bound, read):
        try:
            piece = inflate.decompress(frame)
        except zstandard.ZstdError as error:
            raise CopyDamaged(name, "it does not inflate") from error
        inflated += len(piece)
        if inflated > header.plain_bytes:
            raise CopyDamaged(name, "it inflates to more than it says")
        yield piece
    if inflated != header.plain_bytes:
        raise CopyDamaged(name, "it inflates to less than it says")


def _opened_frames(
    name: str, header: Header, aead: AESGCM, bound: bytes, read: Callable[[int], bytes]
) -> Iterator[bytes]:
    number, is_last = 0, False
    while not is_last:
        size = int.from_bytes(length := read(_LENGTH_BYTES), "big")
        if len(length) != _LENGTH_BYTES or not _TAG_BYTES <= size <= FRAME_BYTES + _TAG_BYTES:
            raise CopyDamaged(name, f"it ends or is damaged behind part {number}")
        sealed = read(size)
        if len(sealed) != size:
            raise CopyDamaged(name, f"it is cut off in part {number + 1}")
        frame, is_last = _open_frame(name, header, aead, bound, number=number, sealed=sealed)
        yield frame
        number += 1
    if read(1):
        raise CopyDamaged(name, "something stands behind its end")


def _open_frame(
    name: str, header: Header, aead: AESGCM, bound: bytes, *, number: int, sealed: bytes
) -> tuple[bytes, bool]:
    """One frame, and whether it is the last: only the right one of two nonces opens it."""
    for is_last in (False, True):
        try:
            return aead.decrypt(_nonce(header, number, is_last=is_last), sealed, bound), is_last
        except InvalidTag:
            continue
    raise CopyDamaged(name, f"part {number + 1} is not what was written")


def _frames(plain: Iterable[bytes]) -> Iterator[bytes]:
    """Compressed pieces of `FRAME_BYTES`, the last one shorter; at least one."""
    chunker = zstandard.ZstdCompressor(level=_LEVEL).chunker(chunk_size=FRAME_BYTES)
    for piece in plain:
        yield from chunker.compress(piece)
    yield from chunker.finish()  # type: ignore[no-untyped-call]  # the package declares one of its two functions


def _marked_last(frames: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    held: bytes | None = None
    for frame in frames:
        if held is not None:
            yield held, False
        held = frame
    yield held or b"", True


def _nonce(header: Header, number: int, *, is_last: bool) -> bytes:
    return header.prefix + number.to_bytes(4, "big") + bytes([is_last])


def _needed(header: Header) -> str:
    if header.key == "passphrase":
        return "it was made with another backup passphrase"
    return "it was made with the data key of another installation"


def _material(key: bytes | str, salt: bytes) -> bytes:
    if isinstance(key, bytes):
        return key
    return Argon2id(
        salt=salt, length=_KEY_BYTES, iterations=_ARGON_PASSES, lanes=_ARGON_LANES, memory_cost=_ARGON_MEMORY_KIB
    ).derive(key.strip().encode())


def _derive(material: bytes, salt: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), _KEY_BYTES, salt=salt, info=b"carnet/backup/v1/" + purpose).derive(material)
