"""Under which keys a record is found by those that may be the same customer.

Decides which features bring two records together to be compared, and how a personal value becomes a key. Does not
decide what is said of the pair then, and keeps no table: the hub does.

Rules
1. Records are compared when they share a key; one rule of `Block` makes each. A rule either asks for one value that
   few share, or for two that many share.
2. A key is a rule's letter and a keyed hash: whoever reads the index without the secret can neither read a value nor
   try values out. The version of the features is hashed too, so records of two versions never meet by accident.
3. A key with more than `BLOCK_RECORDS_MAX` records is generic: a shop's telephone, a taxi firm's code. It finds nobody,
   and its value says nothing for a pair either (`without_generic`).

    >>> features = customer_features(RawCustomer(full_name="王晓明", phones=("13912340001",)))
    >>> [key.block.value for key in blocking_values(features)]
    ['P', 'T']
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType
from typing import Final

from carnet_master.features import Features
from carnet_master.limits import KEY_SECRET_BYTES_MAX, KEY_SECRET_BYTES_MIN, KEYS_MAX

KEY_BYTES: Final = 16
"""A letter and 15 bytes of hash: two of a hundred million keys meet by accident once in 10^20 hubs."""

PHONE_TAIL_DIGITS: Final = 4
"""How much of the end of a telephone number finds somebody beside a name: what desks ask for, and read off."""

VIN_TAIL_CHARS: Final = 6
"""The same of a VIN: its serial number."""

_PERSONALISATION: Final = b"carnet-block-key"
_PLATE_TOWN_CHARS: Final = 2
_PLATE_PROVINCES: Final = """
京11 津12 冀13 晋14 蒙15 辽21 吉22 黑23 沪31 苏32 浙33 皖34 闽35 赣36 鲁37 豫41 鄂42 湘43 粤44 桂45 琼46 渝50 川51 贵52
云53 藏54 陕61 甘62 青63 宁64 新65
"""
_PROVINCE_OF_PLATE: Final[Mapping[str, str]] = MappingProxyType({one[0]: one[1:] for one in _PLATE_PROVINCES.split()})
"""The first character of a plate to the first two digits of a district. Source: GA 36, GB/T 2260."""
_SEPARATOR: Final = "\x1f"


class Block(StrEnum):
    """Why two records are compared; the letter stands in front of every key of the rule."""

    IDENTITY = "R"
    """The same valid identity number, other document or credit code."""
    IDENTITY_HEAD = "H"
    """The same county and birth of an identity number, typed rightly or not, and the same surname."""
    IDENTITY_TAIL = "I"
    """The same last twelve characters of an identity number, typed rightly or not."""
    PHONE = "P"
    VIN = "V"
    PLATE = "L"
    WECHAT = "W"
    BIRTH = "D"
    """The same pinyin and date of birth."""
    DISTRICT = "N"
    """The same name in characters and district."""
    DOOR = "A"
    """The same door."""
    PHONE_TAIL = "T"
    """The same pinyin and end of a telephone number."""
    PHONE_HEAD = "B"
    """The same pinyin and beginning of a telephone number."""
    PLATE_TOWN = "E"
    """The same name in characters and town on the plate."""
    PROVINCE = "Q"
    """The same name in characters and province, by address on one side and by plate on the other."""
    VIN_TAIL = "S"
    """The same surname in pinyin and end of a VIN."""
    COMPANY = "C"
    """The same company name in pinyin."""
    ORGANISATION = "O"
    """The same legal person in two credit codes."""


@dataclass(frozen=True, slots=True)
class BlockingValue:
    """What two records may share: a rule and the values it asks for, in plain."""

    block: Block
    value: str


def blocking_values(features: Features) -> tuple[BlockingValue, ...]:
    """What this record shares with those it is compared with; each once, at most `KEYS_MAX`, the strongest first."""
    return tuple(dict.fromkeys(_values(features)))[:KEYS_MAX]


def blocking_keys(features: Features, secret: bytes) -> tuple[bytes, ...]:
    """The keys of this record, in the order of `blocking_values`.

    Args:
        secret: of this hub alone, `KEY_SECRET_BYTES_MIN` to `KEY_SECRET_BYTES_MAX` bytes; another one
            gives other keys.

    Returns: `KEY_BYTES` bytes each.
    """
    return tuple(_key(one, features.version, secret) for one in blocking_values(features))


def identifier_tokens(features: Features, secret: bytes) -> frozenset[bytes]:
    """What says for sure who this is, hashed: identity number or credit code; two that differ are two customers.

    Another document is none of these: one person has a passport and an identity card.

    Args:
        secret: as for `blocking_keys`.
    """
    sure = (features.resident_id, features.credit_code)
    values = (BlockingValue(Block.IDENTITY, value) for value in sure if value is not None)
    return frozenset(_key(one, features.version, secret) for one in values)


def without_generic(features: Features, generic: Container[bytes], secret: bytes) -> Features:
    """The same features without the values that too many records share.

    Args:
        generic: keys that are over-full.
        secret: as for `blocking_keys`.
    """

    def own(block: Block, values: tuple[str, ...]) -> tuple[str, ...]:
        """Those of some values whose keys are not over-full."""
        keys = ((value, _key(BlockingValue(block, value), features.version, secret)) for value in values)
        return tuple(value for value, key in keys if key not in generic)

    def alone(value: str | None) -> str | None:
        """A number of a person or company, unless too many records have it."""
        return None if value is None or not own(Block.IDENTITY, (value,)) else value

    return features._replace(
        resident_id=alone(features.resident_id),
        document=alone(features.document),
        credit_code=alone(features.credit_code),
        phones=own(Block.PHONE, features.phones),
        vins=own(Block.VIN, features.vins),
        plates=own(Block.PLATE, features.plates),
        wechats=own(Block.WECHAT, features.wechats),
        doors=own(Block.DOOR, features.doors),
    )


def _values(features: Features) -> Iterator[BlockingValue]:
    for value in (features.resident_id, features.document, features.credit_code):
        if value is not None:
            yield BlockingValue(Block.IDENTITY, value)
    yield from _single(features)
    yield from _paired(features)


def _single(features: Features) -> Iterator[BlockingValue]:
    """Rules that ask for one value few share."""
    for block, values in (
        (Block.PHONE, features.phones),
        (Block.WECHAT, features.wechats),
        (Block.VIN, features.vins),
        (Block.PLATE, features.plates),
        (Block.DOOR, features.doors),
    ):
        for value in values:
            yield BlockingValue(block, value)
    for block, one in (
        (Block.ORGANISATION, features.organisation),
        (Block.COMPANY, features.company_pinyin),
        (Block.IDENTITY_TAIL, features.id_tail),
    ):
        if one is not None:
            yield BlockingValue(block, one)


def _paired(features: Features) -> Iterator[BlockingValue]:
    """Rules that ask for two values many share."""
    tails = {phone[-PHONE_TAIL_DIGITS:] for phone in features.phones}
    heads = {phone[:-PHONE_TAIL_DIGITS] for phone in features.phones}
    births = {birth for birth in (features.birth, features.birth_lunar) if birth is not None}
    towns = {plate[:_PLATE_TOWN_CHARS] for plate in features.plates}
    for block, one, others in (
        (Block.VIN_TAIL, features.surname_pinyin, {vin[-VIN_TAIL_CHARS:] for vin in features.vins}),
        (Block.IDENTITY_HEAD, features.surname_pinyin, {features.id_head} if features.id_head else set()),
        (Block.PHONE_TAIL, features.name_pinyin, tails),
        (Block.PHONE_HEAD, features.name_pinyin, heads),
        (Block.BIRTH, features.name_pinyin, births),
        (Block.DISTRICT, features.name, set(features.districts)),
        (Block.PLATE_TOWN, features.name, towns),
        (Block.PROVINCE, features.name, _provinces(features)),
    ):
        if one is not None:
            for other in sorted(others):
                yield BlockingValue(block, f"{one}{_SEPARATOR}{other}")


def _provinces(features: Features) -> set[str]:
    """By address and by plate: a desk types the one or the other."""
    by_plate = (_PROVINCE_OF_PLATE.get(plate[0]) for plate in features.plates)
    return {district[:2] for district in features.districts} | {code for code in by_plate if code is not None}


def _key(value: BlockingValue, version: int, secret: bytes) -> bytes:
    if not KEY_SECRET_BYTES_MIN <= len(secret) <= KEY_SECRET_BYTES_MAX:
        raise ValueError(f"a key secret has {KEY_SECRET_BYTES_MIN} to {KEY_SECRET_BYTES_MAX} bytes")
    text = f"{version}{_SEPARATOR}{value.block.value}{_SEPARATOR}{value.value}"
    digest = blake2b(text.encode(), digest_size=KEY_BYTES - 1, key=secret, person=_PERSONALISATION).digest()
    return value.block.value.encode() + digest
