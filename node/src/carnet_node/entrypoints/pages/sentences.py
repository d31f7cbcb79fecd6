"""What the core says about a refusal, in the language of a page.

Decides how a finished English sentence finds its translation. The core knows one language and fills its gaps itself
(`An order that is settled cannot become open.`); a catalogue holds the sentence with numbered gaps, and what stood in
them is translated by itself: a kind, a field or a code has a word of its own, a detail a text of the catalogue. What a
refusal says exactly is a detail without a full stop; it may stand as a sentence, or in brackets behind one.

    >>> gaps_of("The order is {0}.").fullmatch("The order is void.").groups()
    ('void',)
"""

import re
from collections.abc import Iterable
from typing import Final

from carnet_node.entrypoints.pages.languages import Translate, later

STOP: Final = later(".")
"""How a sentence ends."""

COLON: Final = later(": ")
"""What stands between a label and what it is about."""

_GAP: Final = re.compile(r"\{[0-9]+\}")
_END: Final = re.compile(r"(?<=[.?]) ")
_FIELD: Final = re.compile(r"[a-z][a-z_0-9]*")
_DETAIL: Final = re.compile(r"(.+?) \((.+)\)\.?", re.DOTALL)


def gaps_of(sentence: str) -> re.Pattern[str]:
    """A pattern for every way in which the gaps of a sentence may be filled; no gap holds the end of a sentence."""
    return re.compile(r"((?:(?!\. ).)+?)".join(re.escape(part) for part in _GAP.split(sentence)), re.DOTALL)


class Sentences:
    """Translates what the core says.

    Args:
        translate: one text of the catalogue.
        gapped: texts of the catalogue with numbered gaps.
        word: of a kind, a code or a field; anything else as it is.
        code: of a code, where several stand in a row.
    """

    def __init__(
        self, translate: Translate, gapped: Iterable[str], word: Translate = str, code: Translate = str
    ) -> None:
        self._translate = translate
        self._word = word
        self._code = code
        by_length = sorted(gapped, key=lambda one: -len(_GAP.sub("", one)))
        self._gapped = [(gaps_of(one), one) for one in by_length]

    def __call__(self, sentence: str) -> str:
        """A sentence, or several in a row, in this language; what the catalogue does not have stays as it is."""
        found = self._found(sentence)
        return self.several(sentence) if found is None else found

    def several(self, text: str) -> str:
        """Several sentences in a row, each translated by itself; the longest that the catalogue has is taken first."""
        parts, said = _END.split(text), []
        while parts:
            runs = ((count, self._found(" ".join(parts[:count]))) for count in range(len(parts), 0, -1))
            count, found = next(((count, one) for count, one in runs if one is not None), (1, None))
            said.append(parts[0] if found is None else found)
            del parts[:count]
        return " ".join(said)

    def _found(self, text: str) -> str | None:
        """A text of the catalogue, a detail as a sentence, or a sentence with a detail in brackets; None for others."""
        said = self._of_catalogue(text)
        if said is None and text.endswith("."):
            detail = self._of_catalogue(text.removesuffix("."))
            said = None if detail is None else detail + self._translate(STOP)
        return self._with_detail(text) if said is None else said

    def _of_catalogue(self, text: str) -> str | None:
        said = self._translate(text) if text else ""
        if said != text:
            return said
        for pattern, gapped in self._gapped:
            match = pattern.fullmatch(text)
            if match is not None:
                return self._translate(gapped).format(*map(self._gap, match.groups()))
        return self._of_field(text)

    def _of_field(self, text: str) -> str | None:
        """A detail with the field it is about: `vin: 17 characters`; one that has no word of its own is left out."""
        field, colon, detail = text.partition(": ")
        said = self._of_catalogue(detail) if colon and _FIELD.fullmatch(field) else None
        named = self._word(field)
        return said if said is None or named == field else f"{named}{self._translate(COLON)}{said}"

    def _gap(self, text: str) -> str:
        """What filled a gap: a word, a list of words, or a text of the catalogue."""
        parts = text.split(", ")
        word = self._word if len(parts) == 1 else self._code
        words = [self._counted(one, word) for one in parts]
        return ", ".join(words) if words != parts else self._of_catalogue(text) or text

    def _counted(self, text: str, word: Translate) -> str:
        """A word, or how many of a kind: `3 customer`."""
        count, _, kind = text.partition(" ")
        return f"{count} {self._word(kind)}" if count.rstrip("+").isdecimal() and kind else word(text)

    def _with_detail(self, sentence: str) -> str | None:
        """A sentence with what exactly in brackets at its end."""
        match = _DETAIL.fullmatch(sentence)
        if match is None:
            return None
        said = self._of_catalogue(f"{match[1]}.")
        return None if said is None else f"{said} ({self._exactly(match[2])})"

    def _exactly(self, detail: str) -> str:
        """What stands in brackets: what fills a gap, or a sentence that lost its full stop to the one around it."""
        said = self._gap(detail)
        whole = self._of_catalogue(f"{detail}.") if said == detail else None
        return said if whole is None else whole.removesuffix(self._translate(STOP))
