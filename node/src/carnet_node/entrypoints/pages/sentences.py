"""What the core says about a refusal, in the language of a page.

Decides how a finished English sentence finds its translation. The core knows one language and fills its gaps itself
(`An order that is settled cannot become open.`); a catalogue holds the sentence with numbered gaps, and what stood in
them is translated by itself where there is a word for it.

    >>> gaps_of("The order is {0}.").fullmatch("The order is void.").groups()
    ('void',)
"""

import re
from collections.abc import Iterable
from typing import Final

from carnet_node.entrypoints.pages.languages import Translate

_GAP: Final = re.compile(r"\{[0-9]+\}")
_END: Final = re.compile(r"(?<=[.?]) ")
_DETAIL: Final = re.compile(r"(.+?) \((.+)\)\.?", re.DOTALL)


def gaps_of(sentence: str) -> re.Pattern[str]:
    """A pattern for every way in which the gaps of a sentence may be filled."""
    return re.compile("(.+?)".join(re.escape(part) for part in _GAP.split(sentence)), re.DOTALL)


class Sentences:
    """Translates what the core says.

    Args:
        translate: one text of the catalogue.
        gapped: sentences of the catalogue with numbered gaps.
    """

    def __init__(self, translate: Translate, gapped: Iterable[str]) -> None:
        self._translate = translate
        self._gapped = [(gaps_of(one), one) for one in gapped]

    def __call__(self, sentence: str) -> str:
        """The sentence in this language; as it is when the catalogue does not have it."""
        said = self._translate(sentence) if sentence else ""
        if said != sentence:
            return said
        for pattern, gapped in self._gapped:
            match = pattern.fullmatch(sentence)
            if match is not None:
                return self._translate(gapped).format(*map(self._translate, match.groups()))
        return self._with_detail(sentence)

    def several(self, text: str) -> str:
        """Several sentences in a row, each translated by itself; the longest that the catalogue has is taken first."""
        parts, said = _END.split(text), []
        while parts:
            found = next((n for n in range(len(parts), 0, -1) if self(" ".join(parts[:n])) != " ".join(parts[:n])), 1)
            said.append(self(" ".join(parts[:found])))
            del parts[:found]
        return " ".join(said)

    def _with_detail(self, sentence: str) -> str:
        """A sentence with what exactly in brackets at its end: the sentence translated, the brackets as they are."""
        match = _DETAIL.fullmatch(sentence)
        if match is None:
            return sentence
        said = self._translate(f"{match[1]}.")
        return sentence if said == f"{match[1]}." else f"{said} ({match[2]})"
