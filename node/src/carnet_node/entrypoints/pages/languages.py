"""Chinese or English: which one a page speaks, and where its words come from.

Decides how a person's choice is kept (a cookie that says nothing else) and how catalogues are read. English is the
source language; `locale/<language>.po` is the only file a translator touches. It is compiled in memory when a language
is first used, so no generated file is kept.

Rules
- Chinese unless somebody chose English: the browser's wish does not count, since a desk is shared.
- A sentence without a translation is shown in English; a test keeps the catalogues complete.
"""

from collections.abc import Callable
from enum import StrEnum
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

LANGUAGE_COOKIE: Final = "carnet_language"
LOCALES: Final = Path(__file__).parent / "locale"

Translate = Callable[[str], str]


class Language(StrEnum):
    """What a page may be written in; the value is the name of its catalogue."""

    ZH = "zh_CN"
    EN = "en"

    @property
    def tag(self) -> str:
        """As HTML writes it (BCP 47)."""
        return "zh-CN" if self is Language.ZH else "en"

    @property
    def other(self) -> "Language":
        """The one to switch to."""
        return Language.EN if self is Language.ZH else Language.ZH


def language_of(request: Request) -> Language:
    """The language somebody chose in this browser; Chinese otherwise."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return Language.EN if chosen == Language.EN.value else Language.ZH


def read_catalogue(language: Language) -> tuple[GNUTranslations, tuple[str, ...]]:
    """The words of a language, compiled in memory, and those of its sentences that have gaps (`{0}`).

    Raises:
        OSError: the catalogue is not there: the program was not installed as a whole.
    """
    with (LOCALES / f"{language.value}.po").open("rb") as file:
        catalogue = read_po(file, locale=language.value)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    gapped = tuple(one.id for one in catalogue if isinstance(one.id, str) and "{0}" in one.id)
    return GNUTranslations(compiled), gapped


def later(message: str) -> str:
    """Mark a sentence for the catalogues where it stands in a table; it is translated when it is shown."""
    return message
