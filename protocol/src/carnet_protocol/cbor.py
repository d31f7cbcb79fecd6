"""Strict CBOR: what may stand in a message, and the one form our encoder produces.

Decides the subset of RFC 8949 this protocol uses: integers of 64 bits, byte strings, text, arrays, maps with integer
keys, true, false and null. Refused: floats, tags (bignums too), indefinite lengths, duplicate keys, undefined, more
than 8 levels, bytes after the end. Our encoder is deterministic (shortest integers, map keys in the order given, which
callers sort); a sender need not be: bytes are kept as received and never encoded again to verify them.

A new decoder is built for every message (CVE-2025-68131: state leaks when one is reused).
"""

import io
from typing import Any, Final, NoReturn, TypeVar

import cbor2
import msgspec

from carnet_protocol import limits
from carnet_protocol.errors import Malformed
from carnet_protocol.reasons import Reason

T = TypeVar("T")

_KNOWN_TAGS: Final = (
    *(0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 43, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799),
)


def encode(value: object) -> bytes:
    """Deterministic bytes of lists, dicts with sorted integer keys, ints, bytes, text, bools and None."""
    return cbor2.dumps(value)


def encode_frame(frame: msgspec.Struct) -> bytes:
    """The bytes of a fixed-position frame (an array-like struct)."""
    return cbor2.dumps(msgspec.to_builtins(frame, builtin_types=(bytes,)))


def decode(data: bytes, *, bytes_max: int = limits.MESSAGE_BYTES_MAX) -> Any:
    """The value of exactly one item.

    Args:
        data: the whole message.
        bytes_max: refuse anything longer before decoding it.

    Raises:
        Malformed: too long, not CBOR, outside the subset (floats are left to `check_value`), or bytes follow the item.
    """
    if len(data) > bytes_max:
        raise Malformed(Reason.TOO_LARGE, f"{len(data)} bytes, at most {bytes_max}")
    stream = io.BytesIO(data)
    decoder = cbor2.CBORDecoder(
        stream,
        tag_hook=_refuse_tag,
        semantic_decoders=_TAG_REFUSALS,
        max_depth=limits.CBOR_DEPTH_MAX,
        allow_indefinite=False,
        allow_duplicate_keys=False,
    )
    try:
        value = decoder.decode()
    except Malformed:
        raise
    except Exception as error:  # the decoder raises many types; each means "not our CBOR"
        raise _translate(error) from error
    if stream.tell() != len(data):
        raise Malformed(Reason.TRAILING_BYTES, f"{len(data) - stream.tell()} bytes follow")
    return value


def decode_frame(data: bytes, frame: type[T], *, bytes_max: int = limits.MESSAGE_BYTES_MAX) -> T:
    """A fixed-position frame from bytes.

    Raises:
        Malformed: not CBOR of our subset, or not the shape of `frame`.
    """
    return to_frame(decode(data, bytes_max=bytes_max), frame)


def to_frame(value: object, frame: type[T]) -> T:
    """A decoded value as a frame.

    Raises:
        Malformed: another number of positions, another type at one of them, or a bound exceeded.
    """
    try:
        return msgspec.convert(value, frame, strict=True, builtin_types=(bytes,))
    except (msgspec.ValidationError, ValueError) as error:
        raise Malformed(Reason.MALFORMED, str(error)) from error


def _refuse_tag(*_: object) -> NoReturn:
    raise Malformed(Reason.FORBIDDEN_TYPE, "a tag")


_TAG_REFUSALS: Final[Any] = dict.fromkeys(_KNOWN_TAGS, _refuse_tag)


def _translate(error: Exception) -> Malformed:
    """One refusal per cause; the decoder tells causes apart only by text."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Malformed):
            return cause
        cause = cause.__cause__ or cause.__context__
    text = str(error).lower()
    if "duplicate" in text:
        return Malformed(Reason.DUPLICATE_KEY, "a map names one key twice")
    if "depth" in text or "nest" in text:
        return Malformed(Reason.TOO_DEEP, f"more than {limits.CBOR_DEPTH_MAX} levels")
    return Malformed(Reason.MALFORMED, type(error).__name__)
