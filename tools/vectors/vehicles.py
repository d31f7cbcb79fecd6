"""Vehicle identification numbers, and the byte forms of recall lists and of the steps between their states.

The numbers are test values: makers' codes are real, the cars are not.
"""

from carnet_protocol.recall_lists import STEP_MAGIC, Step, apply_step, encode_members, encode_step
from carnet_protocol.segments import SEGMENT_MAGIC, decode_segment, encode_segment, segment_hash, split_vin
from carnet_protocol.vin import VinPolicy, assess_vin, check_digit
from tools.vectors.names import Vector

SEVENTEEN_ONES = "1" * 17
PUBLISHED = "1M8GDM9AXKP042788"
"""The worked example of the check digit that the rule itself prints. Source: 49 CFR 565.15."""


def vin_cases() -> list[Vector]:
    """What is typed, its normal form, what is wrong with it, and what each policy says."""
    typed = [
        ("the published example", PUBLISHED),
        ("lower case with a dash", "1m8gdm9a-xkp042788"),
        ("full width", "１Ｍ８ＧＤＭ９ＡＸＫＰ０４２７８８"),
        ("a wrong check digit", "1M8GDM9A0KP042788"),
        ("a letter O for a zero", "1M8GDM9AXKPO42788"),
        ("a letter I for a one", "IM8GDM9AXKP042788"),
        ("a year code that is none", "1M8GDM9AXUP042788"),
        ("letters in the tail", "1M8GDM9AXKP04A788"),
        ("seventeen ones", SEVENTEEN_ONES),
        ("a character lost", PUBLISHED[:-1]),
        ("a frame number", "AE86-5012345"),
        ("nothing", ""),
    ]
    return [
        {"name": name, "typed": text, "vin": assess_vin(text, VinPolicy.STRICT).vin}
        | {"problems": list(assess_vin(text, VinPolicy.STRICT).problems)}
        | {f"is_acceptable_{policy.value}": assess_vin(text, policy).is_acceptable for policy in VinPolicy}
        | {f"suggestion_{policy.value}": assess_vin(text, policy).suggestion for policy in VinPolicy}
        for name, text in typed
    ]


def segments_valid() -> list[Vector]:
    """Lists and the one byte form of each."""
    lists: list[tuple[str, list[str]]] = [
        ("no member", []),
        ("one regular member", [PUBLISHED]),
        ("typed otherwise, twice", ["1m8gdm9a-xkp042788", PUBLISHED]),
        ("neighbours of one prefix", [_with_tail(tail) for tail in (2789, 2788, 2790, 9999)]),
        ("two prefixes", [_with_tail(1), _right("LSVAA49J132047371")]),
        ("exceptions: a wrong check digit and a frame number", ["1M8GDM9A0KP042788", "AE86-5012345"]),
        ("both", [PUBLISHED, "AE86-5012345"]),
    ]
    return [
        {"name": name, "vins": vins, "segment_hex": encode_segment(vins).hex()}
        | {"sha256_hex": segment_hash(encode_segment(vins)).hex()}
        | {"split": [list(parts) if (parts := split_vin(vin)) else None for vin in vins]}
        for name, vins in lists
    ]


def segments_invalid() -> list[Vector]:
    """Bytes that no correct writer makes; every reason is `bad-segment`."""
    one = encode_segment([PUBLISHED])
    prefix = one[len(SEGMENT_MAGIC) + 1 : len(SEGMENT_MAGIC) + 11]
    exception = encode_segment(["AE86-5012345"])
    cases = [
        ("nothing", b""),
        ("another magic", b"CSEH\x01" + one[5:]),
        ("another version", b"CSEG\x02" + one[5:]),
        ("cut short", one[:-1]),
        ("a byte after the end", one + b"\x00"),
        ("a number longer than needed", SEGMENT_MAGIC + b"\x80\x00\x00"),
        ("a prefix without serials", SEGMENT_MAGIC + b"\x01" + prefix + b"\x00\x00"),
        ("one prefix twice", SEGMENT_MAGIC + b"\x02" + (prefix + b"\x01\x00") * 2 + b"\x00"),
        ("a prefix with a letter no VIN has", SEGMENT_MAGIC + b"\x01" + b"O" * 10 + b"\x01\x00\x00"),
        ("a serial beyond the last", SEGMENT_MAGIC + b"\x01" + prefix + b"\x01\xff\xff\xff\x7f\x00"),
        ("exceptions unsorted", SEGMENT_MAGIC + b"\x00\x02\x02B1\x02A1"),
        ("an exception that is regular", SEGMENT_MAGIC + b"\x00\x01\x11" + PUBLISHED.encode()),
        ("an exception in small letters", exception.lower().replace(b"cseg", b"CSEG")),
    ]
    return [{"name": name, "reason": "bad-segment", "segment_hex": data.hex()} for name, data in cases]


def steps_valid() -> list[Vector]:
    """A list, a step, and the list behind it."""
    frame, wrong_digit = "AE86-5012345", "1M8GDM9A0KP042788"
    cases: list[tuple[str, list[str], list[str], list[str]]] = [
        ("one more", [PUBLISHED], [_with_tail(2789)], []),
        ("one less", [PUBLISHED, _with_tail(2789)], [], [PUBLISHED]),
        ("the last one goes", [PUBLISHED], [], [PUBLISHED]),
        ("a prefix comes and another goes", [PUBLISHED], [_right("LSVAA49J132047371")], [PUBLISHED]),
        ("an exception comes and another goes", [frame], [wrong_digit], [frame]),
        ("said again, of whom it was so", [PUBLISHED], [PUBLISHED], [frame]),
    ]
    return [
        {"name": name, "vins": vins, "added": added, "dropped": dropped}
        | {"step_hex": encode_step(_step(added, dropped)).hex(), "sha256_hex": _hash_behind(vins, added, dropped)}
        for name, vins, added, dropped in cases
    ]


def steps_invalid() -> list[Vector]:
    """Bytes that no correct writer makes; every reason is `bad-segment`."""
    one = encode_step(_step([PUBLISHED], []))
    nobody, somebody = encode_segment([]), encode_segment([PUBLISHED])
    cases = [
        ("nothing", b""),
        ("another magic", b"CSTQ\x01" + one[5:]),
        ("another version", b"CSTP\x02" + one[5:]),
        ("a segment and no step", somebody),
        ("cut short", one[:-1]),
        ("a byte after the end", one + b"\x00"),
        ("a length beyond the end", STEP_MAGIC + b"\xff\xff\xff\xff" + somebody + nobody),
        ("somebody who comes and goes", STEP_MAGIC + len(somebody).to_bytes(4, "big") + somebody + somebody),
        ("a step that does nothing", STEP_MAGIC + len(nobody).to_bytes(4, "big") + nobody + nobody),
    ]
    return [{"name": name, "reason": "bad-segment", "step_hex": data.hex()} for name, data in cases]


def _step(added: list[str], dropped: list[str]) -> Step:
    return Step(decode_segment(encode_segment(added)), decode_segment(encode_segment(dropped)))


def _hash_behind(vins: list[str], added: list[str], dropped: list[str]) -> str:
    behind = apply_step(decode_segment(encode_segment(vins)), _step(added, dropped))
    return segment_hash(encode_members(behind)).hex()


def _with_tail(tail: int) -> str:
    return _right(f"{PUBLISHED[:13]}{tail:04d}")


def _right(vin: str) -> str:
    return vin[:8] + check_digit(vin) + vin[9:]
