"""What a registry of record kinds is made of, and the questions everybody asks it.

Decides the vocabulary: a *kind* has *registers*; a register is one field, or a group of fields that travel together (so
that no half-old address appears); each register has a resolver, a privacy class and, if personal, an erasure group. A
kind has a writer and an audience. The kinds themselves are declared in `kinds`.

Rules:
- A field's label is ``register number * 8 + position``. Grouping can therefore be read off a label that this version
  does not know: an older hub folds a newer node's extra field into the right register.
- A register is uniform: one privacy class, one erasure group, one resolver.
- Comparing resolvers (`once`, `restrictive`) are allowed on public registers only: personal values must never have to
  be compared to fold.
- Unknown labels of a known kind are folded and passed on; outside a seal they are public.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import Enum, IntEnum, StrEnum
from functools import cached_property
from typing import Final

from carnet_protocol import limits
from carnet_protocol.errors import BadValue, BrokenRule
from carnet_protocol.ids import RECORD_ID_BYTES
from carnet_protocol.reasons import Reason

Value = int | str | bytes | bool | None
"""What a field may hold on the wire; anything else is refused."""

FIELDS_PER_REGISTER: Final = 8
REGISTER_NUMBER_MAX: Final = 255
DATE_CHARS: Final = 10


class Writer(StrEnum):
    """Who may write records of a kind."""

    OWNER_SITE = "owner site"
    ANY_SITE = "any site"
    HUB = "hub"


class Audience(StrEnum):
    """Who receives records of a kind."""

    OWNER_SITE = "owner site"
    ASSIGNED = "assigned sites"
    ALL = "all sites"


class Resolver(StrEnum):
    """Which of several concurrent heads is shown."""

    LATEST = "latest"
    STEWARD = "steward"
    ONCE = "once"
    RESTRICTIVE = "restrictive"
    FORWARD = "forward"


class Privacy(StrEnum):
    """Public values stand in signed bytes; personal ones are sealed; secret ones are encrypted at rest too."""

    PUBLIC = "public"
    PERSONAL = "personal"
    SECRET = "secret"


class ErasureGroup(IntEnum):
    """What can be erased together: one commitment per op and group."""

    IDENTITY = 1
    CONTACT = 2
    NOTES = 3
    SECRET = 4


class ValueType(Enum):
    """The type of a field's value."""

    TEXT = "text"
    CODE = "code"
    INT = "int"
    INSTANT = "instant"
    DATE = "date"
    BOOL = "bool"
    REF = "ref"
    BYTES = "bytes"


PythonType = type

_PYTHON_TYPE: Final[dict[ValueType, PythonType]] = {
    ValueType.TEXT: str,
    ValueType.CODE: str,
    ValueType.INT: int,
    ValueType.INSTANT: int,
    ValueType.DATE: str,
    ValueType.BOOL: bool,
    ValueType.REF: bytes,
    ValueType.BYTES: bytes,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a register.

    Attributes:
        name: column and JSON name; the unit stands last (`_km`, `_fen`, `_at` in ms UTC, `_on` ISO date, `_hours` in
            hundredths).
        codes: the closed list of a CODE field; empty means any code of at most 64 characters. For a `restrictive` or
            `forward` register the order of the list is the order of the resolver, least restrictive or earliest first.
        minimum, maximum: inclusive bounds of an INT.
        refers_to: the kind a REF points at.
        fits: whether a value is plainly allowed; a False only means that `check` has to look closer.
    """

    name: str
    type: ValueType
    codes: tuple[str, ...] = ()
    minimum: int = limits.INT_VALUE_MIN
    maximum: int = limits.INT_VALUE_MAX
    refers_to: str | None = None
    fits: Callable[[object], bool] = dataclass_field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fits", _quick_test(self))

    def check(self, value: object) -> None:
        """Accept a value or refuse it.

        Raises:
            BadValue: wrong type (compared with `type(v) is`, which refuses floats, tags and bools for integers), too
                long, outside the bounds, or a code that is not in the list.
        """
        if value is None or self.fits(value):
            return
        if type(value) is not _PYTHON_TYPE[self.type]:
            raise BadValue(Reason.FORBIDDEN_TYPE, self.name, f"{type(value).__name__}, not {self.type.value}")
        if isinstance(value, str):
            self._check_text(value)
        elif isinstance(value, bytes):
            self._check_bytes(value)
        elif isinstance(value, int) and not self.minimum <= value <= self.maximum:
            raise BadValue(Reason.BAD_FIELD, self.name, f"not within {self.minimum} to {self.maximum}")

    def _check_bytes(self, value: bytes) -> None:
        if self.type is ValueType.REF and len(value) != RECORD_ID_BYTES:
            raise BadValue(Reason.BAD_FIELD, self.name, "a reference has 16 bytes")
        if len(value) > limits.TEXT_BYTES_MAX:
            raise BadValue(Reason.BAD_FIELD, self.name, f"more than {limits.TEXT_BYTES_MAX} bytes")

    def _check_text(self, value: str) -> None:
        if self.codes:
            if value not in self.codes:
                raise BadValue(Reason.BAD_FIELD, self.name, "not in the code list")
        elif self.type is ValueType.DATE:
            if not _is_date(value):
                raise BadValue(Reason.BAD_FIELD, self.name, "not YYYY-MM-DD")
        elif self.type is ValueType.CODE and len(value) > limits.CODE_CHARS_MAX:
            raise BadValue(Reason.BAD_FIELD, self.name, f"more than {limits.CODE_CHARS_MAX} characters")
        elif "\x00" in value:
            raise BadValue(Reason.BAD_FIELD, self.name, "holds a NUL character")
        elif text_bytes(value) > limits.TEXT_BYTES_MAX:
            raise BadValue(Reason.BAD_FIELD, self.name, f"more than {limits.TEXT_BYTES_MAX} bytes, or half a character")


@dataclass(frozen=True, slots=True)
class Register:
    """One field, or a group of fields that travel together.

    Attributes:
        number: 0 to 255; the labels of its fields are ``number * 8 + position``.
        masked: other sites receive its heads but never its values.
        transitions: for a `forward` register, the legal next states by the state that was read (None for none).
    """

    number: int
    name: str
    fields: tuple[Field, ...]
    resolver: Resolver = Resolver.LATEST
    privacy: Privacy = Privacy.PUBLIC
    group: ErasureGroup | None = None
    masked: bool = False
    transitions: Mapping[str | None, frozenset[str]] | None = None

    def label(self, position: int) -> int:
        """The label of the field at a position."""
        return self.number * FIELDS_PER_REGISTER + position

    @property
    def labels(self) -> tuple[int, ...]:
        """The labels of all fields, ascending."""
        return tuple(range(self.label(0), self.label(len(self.fields))))


@dataclass(frozen=True)
class Kind:
    """One kind of record.

    Attributes:
        number: stands in signed bytes; never reused.
        parent: the field that names the record this one belongs to (a job's visit, a phone's customer), or None.
        anchor: the field that names the vehicle whose assignments decide the audience, or None (then the parent's).
        is_fact: made once and retracted, never edited.
    """

    number: int
    name: str
    writer: Writer
    audience: Audience
    registers: tuple[Register, ...]
    parent: str | None = None
    anchor: str | None = None
    is_fact: bool = False

    @cached_property
    def by_number(self) -> dict[int, Register]:
        """Registers by number."""
        return {register.number: register for register in self.registers}

    @cached_property
    def by_label(self) -> dict[int, tuple[Register, Field]]:
        """Register and field by label."""
        return {
            register.label(position): (register, one)
            for register in self.registers
            for position, one in enumerate(register.fields)
        }

    @cached_property
    def public_tests(self) -> dict[int, Callable[[object], bool]]:
        """`Field.fits` by label, of the fields that may stand in the open."""
        return {label: one.fits for label, (register, one) in self.by_label.items() if register.group is None}

    @cached_property
    def labels(self) -> dict[str, int]:
        """Label by field name."""
        return {one.name: label for label, (_, one) in self.by_label.items()}

    @cached_property
    def holds_secrets(self) -> bool:
        """Whether a register of it is encrypted at rest."""
        return any(register.group is ErasureGroup.SECRET for register in self.registers)

    @cached_property
    def masked_registers(self) -> frozenset[int]:
        """Registers whose values other sites never receive."""
        return frozenset(register.number for register in self.registers if register.masked)

    def register_of(self, field_name: str) -> Register:
        """The register that holds a field.

        Raises:
            BadValue: the kind has no such field.
        """
        label = self.labels.get(field_name)
        if label is None:
            raise BadValue(Reason.BAD_FIELD, field_name, f"{self.name} has no such field")
        return self.by_label[label][0]


class Registry:
    """All kinds, by number and by name; immutable after construction."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.kinds = tuple(kinds)
        self.by_number = {kind.number: kind for kind in self.kinds}
        self.by_name = {kind.name: kind for kind in self.kinds}
        _check_registry(self)

    def __getitem__(self, name: str) -> Kind:
        return self.by_name[name]


def register_of_label(label: int) -> int:
    """The register number behind a label, known or not."""
    return label // FIELDS_PER_REGISTER


def text_bytes(value: str) -> int:
    """UTF-8 bytes of a text; one more than any bound for half of a surrogate pair, which has no UTF-8."""
    if value.isascii():
        return len(value)
    try:
        return len(value.encode())
    except UnicodeEncodeError:
        return limits.MESSAGE_BYTES_MAX


def _quick_test(one: Field) -> Callable[[object], bool]:
    """The test that most values of a field pass, as cheap as it can be: every field of every op goes through it."""
    if one.codes:
        codes = frozenset(one.codes)
        return lambda value: type(value) is str and value in codes
    minimum, maximum = one.minimum, one.maximum
    match one.type:
        case ValueType.BOOL:
            return lambda value: value is True or value is False
        case ValueType.INT | ValueType.INSTANT:
            return lambda value: type(value) is int and minimum <= value <= maximum
        case ValueType.REF:
            return lambda value: type(value) is bytes and len(value) == RECORD_ID_BYTES
        case ValueType.CODE | ValueType.TEXT:
            return _is_short_ascii
        case ValueType.DATE | ValueType.BYTES:
            return lambda _: False


def _is_short_ascii(value: object) -> bool:
    return type(value) is str and len(value) <= limits.CODE_CHARS_MAX and value.isascii() and "\x00" not in value


def _is_date(value: str) -> bool:
    return (
        len(value) == DATE_CHARS
        and value[4] == value[7] == "-"
        and (value[:4] + value[5:7] + value[8:]).isascii()
        and (value[:4] + value[5:7] + value[8:]).isdigit()
        and "01" <= value[5:7] <= "12"
        and "01" <= value[8:] <= "31"
    )


def _check_registry(registry: Registry) -> None:
    """The rules of this module, checked once per registry.

    Raises:
        BrokenRule: a declaration breaks one of them.
    """
    if len(registry.by_number) != len(registry.kinds) or len(registry.by_name) != len(registry.kinds):
        raise BrokenRule("two kinds share a number or a name")
    for kind in registry.kinds:
        if len(kind.by_number) != len(kind.registers):
            raise BrokenRule(f"{kind.name}: two registers share a number")
        if len(kind.labels) != len(kind.by_label):
            raise BrokenRule(f"{kind.name}: two fields share a name")
        for register in kind.registers:
            _check_register(kind, register)


def _check_register(kind: Kind, register: Register) -> None:
    where = f"{kind.name}.{register.name}"
    if not 0 < len(register.fields) <= FIELDS_PER_REGISTER or not 0 <= register.number <= REGISTER_NUMBER_MAX:
        raise BrokenRule(f"{where}: 1 to 8 fields, number 0 to 255")
    if (register.privacy is Privacy.PUBLIC) != (register.group is None):
        raise BrokenRule(f"{where}: personal registers have an erasure group, public ones have none")
    if (register.privacy is Privacy.SECRET) != (register.group is ErasureGroup.SECRET):
        raise BrokenRule(f"{where}: the secret group holds secret registers only")
    if register.resolver in (Resolver.ONCE, Resolver.RESTRICTIVE, Resolver.FORWARD) and register.group is not None:
        raise BrokenRule(f"{where}: comparing resolvers are for public registers")
    ordered = register.resolver in (Resolver.RESTRICTIVE, Resolver.FORWARD)
    if ordered and (len(register.fields) != 1 or not _is_ordered(register.fields[0])):
        raise BrokenRule(f"{where}: an ordered resolver needs one field with an order")


def _is_ordered(one: Field) -> bool:
    return bool(one.codes) or one.type is ValueType.BOOL
