"""By which Latin letters a name is found: its pinyin, the initials of its pinyin, or the name itself.

Decides the keys of one customer's name. A character may have several readings (单 as a surname is shan, else dan), and
nobody at the counter knows which one is meant: every usual reading is a key, that of the surname first. A reading that
hardly any word has is none (沈 is shen, and as good as never tan): whoever types two initials would find strangers. One
more key is the name as the hub
compares it (`carnet_master`): without title, region and form, in simplified script. Keys are derived from the name and
stored beside the projection, so they go when the name is erased. Does not decide how a typed text is looked up.

    >>> sorted(name_keys("张三"))
    ['zhangsan', 'zs']
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import islice, product
from typing import TYPE_CHECKING, Final

from carnet_node.core.desk_limits import (
    NAME_KEY_CHARS_MAX,
    NAME_KEYS_MAX,
    READING_SHARE_MIN,
    READING_WORDS_MIN,
    READINGS_MAX,
    READINGS_OF_NAMES_MAX,
)
from carnet_protocol.registry import Value

if TYPE_CHECKING:
    from carnet_master.features import Features

_CHINESE: Final = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]+")
_WORD: Final = re.compile(r"[a-z0-9]+")


def name_keys(*names: Value) -> frozenset[str]:
    """The keys under which somebody with these names is found; lower-case letters and digits.

    Args:
        names: as stored: full name, pinyin, company name.
    """
    from carnet_master.features import RawCustomer, customer_features  # noqa: PLC0415  (25 ms, and few commands save names)

    found: set[str] = set()
    for name in names:
        if isinstance(name, str):
            found.update(islice(_keys_of(name), NAME_KEYS_MAX))
            compared = compared_key(customer_features(RawCustomer(full_name=name)))
            found.update(() if compared is None else (compared,))
    return frozenset(key[:NAME_KEY_CHARS_MAX] for key in found)


def load_readings() -> None:
    """Load the dictionary of readings now, so that the first person who types need not wait for it."""
    from carnet_master.features import load_dictionaries  # noqa: PLC0415  (as above)

    load_dictionaries()
    name_keys("一")


def compared_key(features: "Features") -> str | None:
    """The letters under which everybody is found whose name sounds alike, or None when there is no whole name."""
    letters = features.name_pinyin or features.company_pinyin or ""
    return letters.replace(" ", "")[:NAME_KEY_CHARS_MAX] or None


def typed_key(text: str) -> str | None:
    """A typed text as a key, or None when it is none: other than Latin letters, digits, spaces and marks."""
    folded = _folded(text)
    if not folded.isascii():
        return None
    return "".join(_WORD.findall(folded)) or None


def _keys_of(name: str) -> Iterable[str]:
    folded = _folded(name)
    characters = "".join(_CHINESE.findall(folded))
    readings = _readings(characters) if characters else []
    if readings:
        yield from _readings_keys(readings)
    words = _WORD.findall(folded)
    for at in range(len(words)):
        yield "".join(words[at:])
    if len(words) > 1:
        yield "".join(word[0] for word in words)


def _readings_keys(readings: Sequence[Sequence[str]]) -> Iterable[str]:
    """Initials first: they are typed most."""
    initials = [list(dict.fromkeys(one[0] for one in many)) for many in readings]
    half = NAME_KEYS_MAX // 2
    for letters in islice(product(*initials), half):
        yield "".join(letters)
    for syllables in islice(product(*readings), half):
        yield "".join(syllables)


def _readings(characters: str) -> list[list[str]]:
    """The usual readings of each character, without tones, the one that is meant most often first."""
    from pypinyin import Style, pinyin  # noqa: PLC0415  (its dictionary takes a fifth of a second to load)
    from pypinyin.constants import PINYIN_DICT  # noqa: PLC0415  (as above)

    from carnet_master.surnames import split_surname  # noqa: PLC0415  (most commands make no keys)

    known = "".join(one for one in characters if ord(one) in PINYIN_DICT)
    if not known:
        return []
    found = pinyin(known, style=Style.NORMAL, heteronym=True, v_to_u=False)
    typed = [[letters for one in many if (letters := "".join(_WORD.findall(_folded(one))))] for many in found]
    surname, _ = split_surname(known)
    first = _of_surname(surname, typed[: len(surname)])
    usual = [_usual(one, many) for one, many in zip(known, typed, strict=True)]
    ordered = [list(dict.fromkeys((*first[place : place + 1], *many))) for place, many in enumerate(usual)]
    return [many[:READINGS_MAX] for many in ordered if many]


def _of_surname(surname: str, readings: Sequence[Sequence[str]]) -> Sequence[str]:
    """How each character of a surname is read where that is known; nothing where a dictionary says it right."""
    from carnet_master.surnames import COMPOUND, READINGS  # noqa: PLC0415  (as above)

    known = COMPOUND.get(surname) or READINGS.get(surname)
    if known is None or len(surname) == 1:
        return () if known is None else (known,)
    return next((one for one in product(*readings) if "".join(one) == known), ())


def _usual(character: str, readings: Sequence[str]) -> Sequence[str]:
    """Those of the readings that words are made of; of a character that no word has, as many as names may mean."""
    if len(readings) == 1:
        return readings
    usual = _usual_readings().get(character)
    if usual is None:
        return readings[:READINGS_OF_NAMES_MAX]
    return [one for place, one in enumerate(readings) if place == 0 or one in usual]


@cache
def _usual_readings() -> Mapping[str, frozenset[str]]:
    """The readings of each character that enough words of the dictionary have."""
    from pypinyin.constants import PHRASES_DICT  # noqa: PLC0415  (as above)

    places = Counter(
        (one, many[0]) for word, spelled in PHRASES_DICT.items() for one, many in zip(word, spelled, strict=False)
    )
    words: dict[str, Counter[str]] = {}
    for (one, reading), count in places.items():
        words.setdefault(one, Counter())[_without_tone(reading)] += count
    return {
        one: frozenset(reading for reading, count in many.items() if count >= _words_min(many))
        for one, many in words.items()
    }


def _words_min(words: Counter[str]) -> float:
    return max(READING_WORDS_MIN, words.total() * READING_SHARE_MIN)


@cache
def _without_tone(reading: str) -> str:
    """A syllable as it is typed: ü is v."""
    plain = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(one for one in plain if not unicodedata.combining(one))


def _folded(text: str) -> str:
    """Half width, lower case, without accents."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).lower())
    return "".join(one for one in plain if not unicodedata.combining(one))
