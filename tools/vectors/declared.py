"""The registry as it stands in signed bytes, and the subset of CBOR as a list of what is not in it."""

from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Kind, Register
from tools.vectors.names import Vector


def registry() -> list[Vector]:
    """Every kind: numbers, labels, types, resolvers. A renumbered label shows here as a diff."""
    return [_kind(kind) for kind in REGISTRY.kinds]


def cbor_invalid() -> list[Vector]:
    """Items outside the subset of CBOR, with the reason of each."""
    cases = [
        ("nothing", "malformed", ""),
        ("an integer cut short", "malformed", "19"),
        ("an array cut short", "malformed", "8201"),
        ("a byte string cut short", "malformed", "44010203"),
        ("a byte string of 2**64 bytes", "malformed", "5bffffffffffffffff"),
        ("an array of indefinite length", "malformed", "9f01ff"),
        ("a map of indefinite length", "malformed", "bf0102ff"),
        ("a byte string of indefinite length", "malformed", "5f41614162ff"),
        ("text of indefinite length", "malformed", "7f6161ff"),
        ("a break", "malformed", "ff"),
        ("text that is no UTF-8", "malformed", "62c328"),
        ("a byte after the end", "trailing-bytes", "0000"),
        ("one key twice", "duplicate-key", "a201020103"),
        ("one key twice, spelled differently", "duplicate-key", "a20102180103"),
        ("tag 1, a time", "forbidden-type", "c100"),
        ("tag 2, a bignum", "forbidden-type", "c249010000000000000000"),
        ("tag 3, a negative bignum", "forbidden-type", "c349010000000000000000"),
        ("tag 4, a decimal fraction", "forbidden-type", "c4820102"),
        ("tag 28, shareable", "forbidden-type", "d81c80"),
        ("tag 256, string references", "forbidden-type", "d9010080"),
        ("a tag nobody knows", "forbidden-type", "d9ffff00"),
        ("nine arrays inside each other", "too-deep", "81" * 9 + "01"),
    ]
    return [{"name": name, "reason": reason, "cbor_hex": text} for name, reason, text in cases]


def _kind(kind: Kind) -> Vector:
    return {
        "number": kind.number,
        "name": kind.name,
        "writer": kind.writer.value,
        "audience": kind.audience.value,
        "parent": kind.parent,
        "anchor": kind.anchor,
        "is_fact": kind.is_fact,
        "registers": [_register(register) for register in kind.registers],
    }


def _register(register: Register) -> Vector:
    transitions = register.transitions
    return {
        "number": register.number,
        "name": register.name,
        "resolver": register.resolver.value,
        "privacy": register.privacy.value,
        "erasure_group": None if register.group is None else int(register.group),
        "is_masked": register.masked,
        "transitions": transitions and {str(state): sorted(following) for state, following in transitions.items()},
        "fields": [
            {
                "label": label,
                "name": one.name,
                "type": one.type.value,
                "codes": list(one.codes),
                "minimum": one.minimum,
                "maximum": one.maximum,
                "refers_to": one.refers_to,
            }
            for label, one in zip(register.labels, register.fields, strict=True)
        ],
    }
