"""What a typed name says: surname, given characters, pinyin, and whether it is a whole name at all.

Decides how a person's name is read for comparison. Does not decide whether two names are of one person, nor whether the
name is a company's (see `companies`).

Rules
1. What stands in brackets is a remark, and digits are no part of a name.
2. A whole name has a surname and a given name. What remains of a title, a surname alone or a call name is `TITLE`: it
   says something about the surname and nothing more.
3. A name with a dot, or of five characters and more, is one of a people that puts no surname first: it is compared as a
   whole, dots left out, because a desk types them or not.
4. A name in Latin letters is its words; the first is taken as the surname, as an identity card prints it.
5. Pinyin is made from the characters; what was typed as pinyin is used only when there are none.

    >>> name = read_name("單曉明先生")
    >>> name.form.value, name.surname, name.given1, name.given2, name.pinyin
    ('full', '单', '晓', '明', 'shan xiaoming')
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet_master.folding import HAN, fold_text, han_of
from carnet_master.limits import NAME_CHARS_MAX
from carnet_master.surnames import given_pinyin, split_surname, surname_pinyin
from carnet_master.titles import Stripped, sex_of_title, strip_titles

_REMARKS: Final = re.compile(r"\([^()]*\)?|\[[^\[\]]*\]?|【[^【】]*】?|<[^<>]*>?|〔[^〔〕]*〕?")
_DOTS: Final = "·•‧∙⋅・･.。˙●"
_DOTTED: Final = re.compile(f"[{HAN}]\\s*[{re.escape(_DOTS)}]\\s*[{HAN}]")
_WORDS: Final = re.compile(r"[^\W\d_]+")
_WHOLE_CHARS_MIN: Final = 5
_DOUBLE_SURNAME_WORDS: Final = 2
_UMLAUTS: Final = (("lü", "lv"), ("nü", "nv"), ("lyu", "lv"), ("nyu", "nv"), ("ü", "v"))


class NameForm(StrEnum):
    """How much of a name a text holds."""

    FULL = "full"
    """Surname and given name in Chinese characters."""
    WHOLE = "whole"
    """A name of a people without surnames: compared as a whole."""
    LATIN = "latin"
    """Words in Latin letters, or in a script of their own."""
    TITLE = "title"
    """A title, a surname alone, a call name, or somebody's relative: no name."""
    NONE = "none"
    """Nothing that could be read."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it is compared; every part that is not known is None.

    Attributes:
        form: how much of a name it is.
        name: the whole name in normal form; only with `FULL`, `WHOLE` and `LATIN`.
        surname: with `FULL` and `TITLE` (there only when one was named).
        given1, given2: the first character of a given name, and what follows it.
        surname_pinyin, given_pinyin: letters without tones and spaces.
        sex: what a title says, "female" or "male".
    """

    form: NameForm
    name: str | None = None
    surname: str | None = None
    given1: str | None = None
    given2: str | None = None
    surname_pinyin: str | None = None
    given_pinyin: str | None = None
    sex: str | None = None

    @property
    def pinyin(self) -> str | None:
        """Surname and given name in letters, a space between; None unless it is a whole name."""
        if self.name is None:
            return None
        return " ".join(part for part in (self.surname_pinyin, self.given_pinyin) if part) or None


def read_name(full_name: str, *, typed_pinyin: str = "", salutation: str = "") -> Name:
    """A person's name as it is compared.

    Args:
        full_name: as stored, any Unicode.
        typed_pinyin: the field beside it; used only when the name has no Chinese characters.
        salutation: the form of address on file; only its sex is used.
    """
    folded = _REMARKS.sub(" ", fold_text(full_name))
    han = han_of(folded)[:NAME_CHARS_MAX]
    found = _read_han(han, is_dotted=_DOTTED.search(folded) is not None) if han else _read_latin(folded)
    if found.form is NameForm.NONE and typed_pinyin:
        found = _read_latin(fold_text(typed_pinyin))
    sex = found.sex or sex_of_title(fold_text(salutation))
    return Name(
        found.form,
        found.name,
        found.surname,
        found.given1,
        found.given2,
        found.surname_pinyin,
        found.given_pinyin,
        sex,
    )


def _read_han(han: str, *, is_dotted: bool) -> Name:
    if is_dotted:
        return _whole(han)
    stripped = strip_titles(han)
    if not stripped.rest or stripped.is_somebody_else:
        return Name(NameForm.TITLE, sex=stripped.sex)
    surname, given = split_surname(stripped.rest)
    if not given:
        return Name(NameForm.TITLE, surname=surname, surname_pinyin=surname_pinyin(surname) or None, sex=stripped.sex)
    if len(stripped.rest) >= _WHOLE_CHARS_MIN:
        return _whole(stripped.rest, sex=stripped.sex)
    return _full(surname, given, stripped)


def _full(surname: str, given: str, stripped: Stripped) -> Name:
    return Name(
        NameForm.FULL,
        stripped.rest,
        surname,
        given[0],
        given[1:] or None,
        surname_pinyin(surname) or None,
        given_pinyin(given) or None,
        stripped.sex,
    )


def _whole(han: str, *, sex: str | None = None) -> Name:
    return Name(NameForm.WHOLE, han, given_pinyin=given_pinyin(han) or None, sex=sex)


def _read_latin(folded: str) -> Name:
    stripped = strip_titles(" ".join(_WORDS.findall(folded.replace("'", ""))))
    words = [_letters(word) for word in stripped.rest.split()]
    name = " ".join(words)[:NAME_CHARS_MAX].strip()
    if not name:
        return Name(NameForm.TITLE if stripped.is_titled else NameForm.NONE, sex=stripped.sex)
    if len(words) < _DOUBLE_SURNAME_WORDS:
        return Name(NameForm.LATIN, name, given_pinyin=_ascii(name), sex=stripped.sex)
    surname, *given = name.split()
    return Name(
        NameForm.LATIN,
        name,
        surname_pinyin=_ascii(surname),
        given_pinyin=_ascii("".join(given)),
        sex=stripped.sex,
    )


def _letters(word: str) -> str:
    """A word without accents; ü as the dictionary of readings writes it."""
    for umlaut, letter in _UMLAUTS:
        word = word.replace(umlaut, letter)
    plain = unicodedata.normalize("NFD", word)
    return unicodedata.normalize("NFC", "".join(one for one in plain if not unicodedata.combining(one)))


def _ascii(text: str) -> str | None:
    return "".join(one for one in text if "a" <= one <= "z") or None
