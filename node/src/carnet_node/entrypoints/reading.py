"""From text and JSON to values of the registry: the way in for the command line and the JSON API.

Decides how a field is spelled outside: references as UUID text, instants as ISO 8601 or milliseconds, yes and no in
words. Which fields a kind has comes from the registry, so a new field needs no line here. What a value may be is the
commands' business.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from carnet_node.entrypoints.presenting import is_masked
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import OP_ID_BYTES, OpId, RecordId, parse_record_text
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Field, Kind, Privacy, Value, ValueType

_MILLISECONDS: Final = re.compile(r"-?[0-9]{1,18}")
_YES: Final = frozenset({"yes", "true", "1", "y", "是"})
_NO: Final = frozenset({"no", "false", "0", "n", "否"})


def values_from_json(kind: Kind, given: Mapping[str, Any]) -> dict[str, Value]:
    """Field values of a JSON object; what a field may hold is left to the command.

    Raises:
        BadValue: an unknown field, a value of another type, or a reference or instant that is none.
    """
    return {name: _from_json(_field(kind, name), value) for name, value in given.items()}


def values_from_pairs(kind: Kind, pairs: Iterable[str]) -> dict[str, Value]:
    """Field values of `field=value` texts; an empty value takes the present one away.

    Raises:
        BadValue: no `=`, an unknown field, a value that is none of its type, or a personal value in its masked form,
            which would replace what it stands for.
    """
    values: dict[str, Value] = {}
    for pair in pairs:
        name, sign, text = (part.strip() for part in pair.partition("="))
        if not sign:
            raise BadValue(Reason.BAD_FIELD, name, "write field=value")
        values[name] = _from_text(_field(kind, name), text)
        if is_masked(values[name]) and kind.register_of(name).privacy is not Privacy.PUBLIC:
            raise BadValue(Reason.BAD_FIELD, name, "that is its masked form; write it in full, or leave it out")
    return values


def instant_from_text(name: str, text: str) -> int:
    """Milliseconds since 1970: such a number of at most 18 digits, or ISO 8601 text, in UTC when it has no offset.

    Raises:
        BadValue: no instant.
    """
    if _MILLISECONDS.fullmatch(text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadValue(Reason.BAD_FIELD, name, "an instant looks like 2026-03-07T08:30:00+08:00") from error
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def kind_from_text(name: str) -> Kind:
    """The kind of a name.

    Raises:
        BadValue: there is none.
    """
    if name not in REGISTRY.by_name:
        raise BadValue(Reason.NOT_FOUND, "kind", "there is no such kind of record")
    return REGISTRY[name]


def record_from_text(text: str) -> RecordId:
    """The record id behind UUID text.

    Raises:
        BadValue: not a UUID.
    """
    return parse_record_text(text)


def op_from_text(text: str) -> OpId:
    """The op id behind hex digits.

    Raises:
        BadValue: not 32 hex digits.
    """
    try:
        op = bytes.fromhex(text)
    except ValueError as error:
        raise BadValue(Reason.BAD_FIELD, "op", "an op id has 32 hex digits") from error
    if len(op) != OP_ID_BYTES:
        raise BadValue(Reason.BAD_FIELD, "op", "an op id has 32 hex digits")
    return OpId(op)


def _field(kind: Kind, name: str) -> Field:
    label = kind.labels.get(name)
    if label is None:
        raise BadValue(Reason.BAD_FIELD, name, f"a {kind.name} has no such field")
    return kind.by_label[label][1]


def _from_json(one: Field, value: Any) -> Value:
    if value is None:
        return None
    if isinstance(value, str) and one.type in (ValueType.REF, ValueType.BYTES, ValueType.INSTANT):
        return _from_text(one, value)
    if isinstance(value, bool | int | str):
        return value
    raise BadValue(Reason.FORBIDDEN_TYPE, one.name, f"{type(value).__name__}, not {one.type.value}")


def _from_text(one: Field, text: str) -> Value:
    if not text:
        return None
    match one.type:
        case ValueType.INT:
            return _whole(one, text)
        case ValueType.BOOL:
            return _yes_or_no(one, text)
        case ValueType.INSTANT:
            return instant_from_text(one.name, text)
        case ValueType.REF:
            return _reference(one, text)
        case ValueType.BYTES:
            return _bytes(one, text)
        case ValueType.TEXT | ValueType.CODE | ValueType.DATE:
            return text


def _whole(one: Field, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise BadValue(Reason.BAD_FIELD, one.name, "a whole number") from error


def _yes_or_no(one: Field, text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise BadValue(Reason.BAD_FIELD, one.name, "yes or no")


def _reference(one: Field, text: str) -> bytes:
    try:
        return parse_record_text(text)
    except BadValue as refusal:
        raise BadValue(Reason.BAD_FIELD, one.name, "not a record id") from refusal


def _bytes(one: Field, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise BadValue(Reason.BAD_FIELD, one.name, "hex digits") from error
