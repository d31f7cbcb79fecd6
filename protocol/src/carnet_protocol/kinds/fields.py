"""Short names to declare fields and registers with, so that a kind reads as a table: one line per field.

Decides nothing but spelling; what a field or register means is in `registry`.

    >>> one(5, code("color")).name
    'color'
"""

from typing import Final

from carnet_protocol.registry import ErasureGroup, Field, Privacy, Register, Resolver, ValueType

INTEGER_MAX: Final = 2**53
"""Largest count or amount a field allows unless it says less: exact in every JSON reader."""


def text(name: str) -> Field:
    """Free text."""
    return Field(name, ValueType.TEXT)


def code(name: str, *codes: str) -> Field:
    """A code; without a list, any of at most 64 characters."""
    return Field(name, ValueType.CODE, codes=codes)


def integer(name: str, minimum: int = 0, maximum: int = INTEGER_MAX) -> Field:
    """A whole number within inclusive bounds; the unit is the end of the name."""
    return Field(name, ValueType.INT, minimum=minimum, maximum=maximum)


def instant(name: str) -> Field:
    """A moment in ms UTC since 1970."""
    return Field(name, ValueType.INSTANT)


def date(name: str) -> Field:
    """A calendar day, YYYY-MM-DD."""
    return Field(name, ValueType.DATE)


def flag(name: str) -> Field:
    """Yes or no."""
    return Field(name, ValueType.BOOL)


def octets(name: str) -> Field:
    """A byte string: a key, a hash, a list of ids."""
    return Field(name, ValueType.BYTES)


def reference(name: str, kind: str) -> Field:
    """The id of a record of another kind."""
    return Field(name, ValueType.REF, refers_to=kind)


def one(number: int, field: Field, resolver: Resolver = Resolver.LATEST, *, masked: bool = False) -> Register:
    """A public register of one field."""
    return Register(number, field.name, (field,), resolver, masked=masked)


def group(
    number: int, name: str, *fields: Field, resolver: Resolver = Resolver.LATEST, masked: bool = False
) -> Register:
    """A public register of several fields that travel together."""
    return Register(number, name, fields, resolver, masked=masked)


def personal(
    number: int,
    name: str,
    erasure: ErasureGroup,
    *fields: Field,
    resolver: Resolver = Resolver.LATEST,
    masked: bool = True,
) -> Register:
    """A sealed register; masked for other sites unless said otherwise."""
    return Register(number, name, fields, resolver, Privacy.PERSONAL, erasure, masked)


RETRACTION_REASONS: Final = ("entered_in_error", "duplicate", "wrong_record", "withdrawn", "other")


def retracted(number: int) -> Register:
    """The mutable register of a fact: why it does not hold. A closed list, since free text would be signed for ever."""
    return one(number, code("retracted", *RETRACTION_REASONS))
