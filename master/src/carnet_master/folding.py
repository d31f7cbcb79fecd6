"""From typed text to text that can be compared: half width, simplified characters, nothing invisible.

Decides how any text is folded before a name, a company or an address is read from it. Does not decide what the text
means, and is never used for what is stored or shown: a record keeps what its author typed.

Rules
1. Halves of surrogate pairs, control and format characters are dropped; every space is one space.
2. NFKC, then lower case: full-width forms, ligatures and compatibility characters become plain ones.
3. Traditional characters become simplified ones by OpenCC's tables. A few characters are left alone, because they are
   names in their own right, and a few Japanese and vulgar forms that OpenCC leaves are mended.
4. Folding twice changes nothing more.

    >>> fold_text("ＷＡＮＧ\u3000劉")
    'wang 刘'
"""

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from carnet_master.limits import FOLD_PASSES_MAX, TEXT_CHARS_MAX

if TYPE_CHECKING:
    from opencc import OpenCC

HAN: Final = r"\u3007\u3400-\u9fff\U00020000-\U000323af"
"""Chinese characters as the inside of a character class; 〇 is one in names."""

_SPACES: Final = re.compile(r"\s+")
_NOT_HAN: Final = re.compile(f"[^{HAN}]+")
_DROPPED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Mn", "Me"})

_KEPT: Final = frozenset("乾")
"""Rule 3. As a name 乾 is qian and stays as it is in simplified script; OpenCC would make 干 of it."""

_MENDED: Final = str.maketrans(
    "徳髙﨑冨浜渓渋広沢斉桜駅恵竜戸呉淸擧昻喩畵", "德高崎富滨溪涩广泽齐樱驿惠龙户吴清举昂喻画"
)
"""Rule 3. Japanese and compatibility forms that stand in people's names and that OpenCC's t2s leaves as they are."""


def fold_text(text: str) -> str:
    """The text as it is compared: at most `TEXT_CHARS_MAX` characters, lower case, simplified, one space between words.

    Args:
        text: as stored, any Unicode; what is longer than the bound is cut.
    """
    return _folded(text[:TEXT_CHARS_MAX]) if text else ""


def han_of(text: str) -> str:
    """The Chinese characters of a folded text, everything else left out."""
    return _NOT_HAN.sub("", text)


def is_han(text: str) -> bool:
    """Whether a folded text is Chinese characters only, at least one."""
    return bool(text) and _NOT_HAN.search(text) is None


def load_variants() -> None:
    """Load the tables of character variants now, so that the first record need not wait for them."""
    _converter()


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    for _ in range(FOLD_PASSES_MAX):
        folded = _folded_once(text)
        if folded == text:
            break
        text = folded
    return text


def _folded_once(text: str) -> str:
    if text.isascii():
        if text.isalnum():
            return text.lower()
        return _SPACES.sub(" ", "".join(one for one in text.lower() if one.isprintable() or one.isspace())).strip()
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    visible = "".join(one for one in plain if one.isspace() or unicodedata.category(one) not in _DROPPED_CATEGORIES)
    return _simplified(_SPACES.sub(" ", visible).strip()[:TEXT_CHARS_MAX])


def _simplified(text: str) -> str:
    if not han_of(text):
        return text
    return "".join(map(_simplified_character, text.translate(_MENDED)))


@lru_cache(maxsize=16384)
def _simplified_character(character: str) -> str:
    """One at a time: in phrases the tables would write one character of two names in two ways."""
    return character if character in _KEPT else _converter().convert(character)


@cache
def _converter() -> "OpenCC":
    from opencc import OpenCC  # noqa: PLC0415  (its tables take 30 ms to load)

    return OpenCC("t2s")
