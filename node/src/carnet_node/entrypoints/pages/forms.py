"""What a form held when it was sent: bounded text under the names of its fields, and what was wrong with it.

Decides how names are spelled (`jobs[0].labour[1].actual_hours`, as refusals of the core spell them), how many fields a
form may have and how many rows a list of it, and how a refused form is shown again with everything that was typed. What
a text means is `typed`.

    >>> Typed({"jobs[0].complaint": ("noise",), "jobs[2].complaint": ("smell",)}).places("jobs")
    (0, 2)
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl

from carnet_node.core.commands.cleaning import is_seen
from carnet_node.core.limits import FORM_FIELDS_MAX, FORM_LINES_MAX, FORM_PARTS_MAX, LONG_LISTS_ROWS_MAX
from carnet_node.core.refusals import NOTHING_SAVED, Problem
from carnet_node.entrypoints.pages.typed import in_typed_units
from carnet_node.entrypoints.wording import Explained
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason

TOKEN: Final = "token"
SAVE_KEY: Final = "save_key"
BASED_ON: Final = "based_on"
ADDRESS: Final = "address"
"""The page that a form stands on, as the form says."""

WAS: Final = "was"
"""A digest of every text a page was rendered with: what its author left alone is no change, whoever wrote meanwhile."""

_NOTHING_ASKED: Final = "Nothing was changed; what you typed is still on the screen."
"""What is safe about a question that cannot be answered."""

_DIGEST_CHARS: Final = 12
_SENT_CHARS: Final = 8
"""Of the digest of one field that was sent: those of the longest form fit into one kept answer."""
_PLACE_OF_NAME: Final = re.compile(r"\[([0-9]{1,4})\]")
NOT_TYPED: Final = frozenset({TOKEN, SAVE_KEY, BASED_ON, WAS, ADDRESS})

_ROW: Final = re.compile(r"(\w+)\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class Typed:
    """Texts by field name, in the order of the form; a box that is not ticked is missing."""

    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def text(self, name: str, otherwise: str = "") -> str:
        """The text of a field, without blanks around it; an empty one where nothing of it can be seen."""
        if name not in self.texts:
            return otherwise
        text = self.texts[name][0].strip()
        return text if is_seen(text) else ""

    def all(self, name: str) -> tuple[str, ...]:
        """All texts of a field that stands there several times."""
        return self.texts.get(name, ())

    def below(self, prefix: str) -> dict[str, str]:
        """Fields that stand directly below a prefix (`values.`, `jobs[0].`), by what is left of their names."""
        rest = {name.removeprefix(prefix): name for name in self.texts if name.startswith(prefix)}
        return {short: self.text(name) for short, name in rest.items() if re.fullmatch(r"\w+", short)}

    def is_untouched(self, name: str) -> bool:
        """Whether a field still says what the page was rendered with; never for a form that does not tell."""
        was = self.digests()
        return was is not None and was.get(name, digest_of("")) == digest_of(self.text(name))

    def digests(self) -> Mapping[str, str] | None:
        """What the page was rendered with, by field name; None for a form that does not tell."""
        try:
            was = json.loads(self.text(WAS) or "null")
        except (ValueError, RecursionError):
            return None
        return was if isinstance(was, dict) else None

    def places(self, name: str) -> tuple[int, ...]:
        """Places of a list that are filled in, ascending; a form may leave gaps where rows were taken away."""
        opening, at = name + "[", len(name)
        found = (_PLACE_OF_NAME.match(one, at) for one in self.texts if one.startswith(opening))
        return tuple(sorted({int(one[1]) for one in found if one is not None and int(one[1]) < rows_max(name)}))


@dataclass(frozen=True, slots=True)
class FormState:
    """A form as it is shown: what stands in it, and what is wrong.

    Attributes:
        typed: what was typed, or what is on file.
        explained: why it could not be saved; None for a form that was not sent yet.
        based_on: heads of what it was rendered from.
        was: digests of the texts it was rendered with.
        drafted_ms: when what was typed was last kept; None when nothing was.
        on_file: what somebody else has saved since it was read, by field name; it is said beside the field.
    """

    typed: Typed = Typed()
    explained: Explained | None = None
    based_on: str = ""
    was: str = ""
    drafted_ms: int | None = None
    on_file: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def refused(cls, typed: Typed, explained: Explained) -> "FormState":
        """A form that was sent and could not be saved; what is wrong is said in the units in which people type."""
        told = replace(explained, problems=tuple(map(in_typed_units, explained.problems)))
        return cls(typed, told, typed.text(BASED_ON), typed.text(WAS))

    @classmethod
    def unanswered(cls, typed: Typed, explained: Explained) -> "FormState":
        """A question that was sent and cannot be answered: it would have saved nothing, so saving is not spoken of."""
        safe = _NOTHING_ASKED if explained.safe == NOTHING_SAVED else explained.safe
        return cls.refused(typed, replace(explained, safe=safe))

    def text(self, name: str, otherwise: str = "") -> str:
        """What stands in a field."""
        return self.typed.text(name, otherwise)

    def problems(self, name: str) -> tuple[Problem, ...]:
        """What is wrong with a field."""
        found = () if self.explained is None else self.explained.problems
        return tuple(one for one in found if one.field == name)

    def rows(self, name: str, least: int) -> range:
        """Places of a list as it is shown: at least so many, and as many as something stands in."""
        return range(max((least, *(place + 1 for place in self.typed.places(name)))))

    def has_anything_in(self, *lists: str) -> bool:
        """Whether something was typed into lists of the form, or is wrong with them, so that they must be seen.

        Args:
            lists: beginnings of names, as `jobs[0].labour[`.
        """
        found = () if self.explained is None else self.explained.problems
        is_typed = any(name.startswith(lists) and any(texts) for name, texts in self.typed.texts.items())
        return is_typed or any(one.field.startswith(lists) for one in found)

    def asks_again(self, name: str) -> bool:
        """Whether a number may stand as it is when somebody says that they have read or compared it again."""
        return any(one.is_confirmable for one in self.problems(name))


def saved_as(address: str, save_key: str) -> str:
    """The key under which a form is saved once.

    Args:
        address: that it is sent to.
        save_key: of the page it stands on.
    """
    return f"{address} {save_key}"


def digest_of(text: str) -> str:
    """What stands for a text where only sameness counts."""
    return sha256(text.strip().encode(errors="replace")).hexdigest()[:_DIGEST_CHARS]


def digests_of(texts: Mapping[str, str]) -> str:
    """What a page says it was rendered with."""
    return json.dumps({name: digest_of(text) for name, text in texts.items() if text.strip()})


def digests_as_sent(typed: Typed) -> str:
    """What is kept of a form that was saved, to tell what was typed into it afterwards."""
    return "".join(_digest_as_sent(name, texts) for name, texts in typed.texts.items())


def typed_since(typed: Typed, sent: str) -> dict[str, tuple[str, ...]]:
    """The fields of a form that say something else than when it was saved.

    Args:
        sent: `digests_as_sent` of what was saved.
    """
    known = {sent[at : at + _SENT_CHARS] for at in range(0, len(sent), _SENT_CHARS)}
    by_hand = {name: texts for name, texts in typed.texts.items() if name not in NOT_TYPED}
    return {name: texts for name, texts in by_hand.items() if _digest_as_sent(name, texts) not in known}


def _digest_as_sent(name: str, texts: Iterable[str]) -> str:
    return digest_of(json.dumps([name, *texts]))[:_SENT_CHARS]


def rows_max(name: str) -> int:
    """How many rows a list of a form may have."""
    return LONG_LISTS_ROWS_MAX.get(name.rpartition(".")[2], FORM_PARTS_MAX)


def check_places(names: Iterable[str]) -> None:
    """Accept the field names of a form.

    Raises:
        BadValue: a row of a list stands further down than the list may be long.
    """
    for name in names:
        for one, place in _ROW.findall(name):
            if len(place) > len(str(FORM_LINES_MAX)) or int(place) >= rows_max(one):
                raise BadValue(Reason.BAD_FIELD, "form", f"a list of this form has more than {rows_max(one)} rows")


def read_form(body: bytes) -> Typed:
    """What a browser sent as `application/x-www-form-urlencoded`.

    Raises:
        BadValue: no such form, or one with more fields, rows, or texts under one name than any of ours.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=FORM_FIELDS_MAX,
        )
    except ValueError as error:
        raise BadValue(Reason.MALFORMED, "form", "not a form of this program") from error
    texts: dict[str, list[str]] = {}
    for name, text in pairs:
        texts.setdefault(name, []).append(text.replace("\r\n", "\n"))
    check_places(texts)
    if any(len(several) > FORM_PARTS_MAX for several in texts.values()):
        raise BadValue(Reason.BAD_FIELD, "form", f"a field of this form stands there more than {FORM_PARTS_MAX} times")
    return Typed({name: tuple(several) for name, several in texts.items()})


def own_address(text: str, otherwise: str = "/") -> str:
    """A path of this site; the first page, or another one, for anything else."""
    is_own = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if is_own else otherwise


def what_was_typed(typed: Typed) -> dict[str, str]:
    """The fields of a form without those the page itself put in."""
    return {name: texts[0] for name, texts in typed.texts.items() if name not in NOT_TYPED}
