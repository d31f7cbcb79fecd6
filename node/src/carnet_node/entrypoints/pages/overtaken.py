"""A form that met what somebody else saved meanwhile: the same words on a new reading, so that it can be saved.

Decides what is left of a form once it is read anew. What its author left alone takes the value now on file; what they
typed stays and stands over the new reading, with the other value beside it, so the next save overrules it knowingly and
not unread. Rows keep their records and move to where those stand now; a row that somebody took away becomes a new one.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from carnet_node.core.refusals import Problem, ProblemCode
from carnet_node.entrypoints.pages.forms import BASED_ON, NOT_TYPED, FormState, Typed, digest_of, digests_of
from carnet_node.entrypoints.wording import Explained

_ROW: Final = re.compile(r"((\w+)\[([0-9]+)\]\.)(\w+)")
_OF_THE_PAGE: Final = frozenset({"id", "gone"})
_CHANGED: Final = "Somebody else has changed it since it was read."
_YOURS: Final = "Compare the two; saving again keeps what stands here."
_THEIRS: Final = "Their value stands here now; compare, and save again."
_GONE: Final = "Saving again enters what stands here anew."


@dataclass(frozen=True, slots=True)
class ReadAnew:
    """A form on a new reading.

    Attributes:
        form: as it is shown.
        fields: what its author typed into it, as a draft keeps it.
    """

    form: FormState
    fields: Mapping[str, tuple[str, ...]]


def is_overtaken(explained: Explained) -> bool:
    """Whether a form was refused for what somebody else saved since it was read."""
    return any(one.code is ProblemCode.CHANGED or _is_gone(one) for one in explained.problems)


def read_anew(typed: Typed, explained: Explained, on_file: Mapping[str, str], based_on: str) -> ReadAnew | None:
    """A refused form over what is on file now; None for one that does not tell what it was rendered with.

    Args:
        on_file: texts by field name.
        based_on: heads of what is on file.
    """
    was = typed.digests()
    if was is None:
        return None
    moved = _Moved(typed, on_file, was)
    kept, changed = dict(moved.kept()), {name: on_file.get(name, "") for name in moved.changed()}
    texts = Typed({**{name: (text,) for name, text in on_file.items()}, **kept})
    told = tuple(_told(explained.problems, moved, changed, kept))
    form = FormState.refused(texts, replace(explained, problems=told))
    return ReadAnew(replace(form, based_on=based_on, was=digests_of(on_file), on_file=changed), kept)


@dataclass(frozen=True)
class _Moved:
    """Where the fields of a form stand on a new reading, and what became of them."""

    typed: Typed
    on_file: Mapping[str, str]
    was: Mapping[str, str]

    def name(self, name: str) -> str:
        """What a field is called now."""
        where, short = _split(name)
        return self._rows.get(where, where) + short

    def kept(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What was typed and is not on file; all of a row that is not there any more."""
        for name in self._names:
            where, short = _split(name)
            texts = self.typed.texts.get(name, ("",))
            if where in self._lost:
                if short not in _OF_THE_PAGE and any(texts):
                    yield self.name(name), texts
            elif self._is_typed(name) and texts[0].strip() != self.on_file.get(self.name(name), ""):
                yield self.name(name), texts

    def changed(self) -> Iterator[str]:
        """The fields that say something else on file than when the form was rendered."""
        for name in self._names:
            is_same = self.was.get(name, digest_of("")) == digest_of(self.on_file.get(self.name(name), ""))
            if not is_same and _split(name)[0] not in self._lost:
                yield self.name(name)

    def _is_typed(self, name: str) -> bool:
        return not self.typed.is_untouched(name)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """The fields somebody sees, in the order of the form; boxes whose tick was taken away stand behind."""
        names = dict.fromkeys((*self.typed.texts, *self.was))
        return tuple(one for one in names if one not in NOT_TYPED and not one.endswith((".id", BASED_ON)))

    @cached_property
    def _lost(self) -> frozenset[str]:
        """Rows whose record is not on file any more."""
        there = {text for name, text in self.on_file.items() if name.endswith("].id")}
        rows = {_split(name)[0] for name in self.typed.texts if name.endswith("].id")}
        ids = {where: self.typed.text(f"{where}id") for where in rows}
        return frozenset(where for where, record in ids.items() if record and record not in there)

    @cached_property
    def _rows(self) -> Mapping[str, str]:
        """Where each row stands now: beside its record, and behind all of them where it has none."""
        now = {text: name.removesuffix("id") for name, text in self.on_file.items() if name.endswith("].id")}
        found: dict[str, str] = {}
        taken = {(match[2], int(match[3])) for one in self.on_file if (match := _ROW.fullmatch(one))}
        for name in self._names:
            where, _ = _split(name)
            match = _ROW.fullmatch(name)
            if match is None or where in found:
                continue
            record = self.typed.text(f"{where}id")
            if record in now:
                found[where] = now[record]
                continue
            if not any(self.typed.texts.get(name, ())):
                continue
            place = next(at for at in range(len(taken) + 1) if (match[2], at) not in taken)
            taken.add((match[2], place))
            found[where] = f"{match[2]}[{place}]."
        return found


def _told(
    problems: tuple[Problem, ...],
    moved: _Moved,
    changed: Mapping[str, str],
    kept: Mapping[str, tuple[str, ...]],
) -> Iterator[Problem]:
    """What is wrong with the form as it stands now: which fields are contested, and what was wrong besides."""
    rows = {_split(name)[0] for name in changed}
    for name in changed:
        yield Problem(name, ProblemCode.CHANGED, _CHANGED, _YOURS if name in kept else _THEIRS)
    for one in problems:
        at = moved.name(one.field)
        if _is_gone(one):
            where, _ = _split(at)
            yield replace(one, field=next((name for name in kept if name.startswith(where)), at), next=_GONE)
        elif one.code is not ProblemCode.CHANGED or _split(at)[0] not in rows:
            yield replace(one, field=at)


def _is_gone(problem: Problem) -> bool:
    """Whether the record of a row was taken away."""
    return problem.code is ProblemCode.NOT_FOUND and problem.field.endswith("].id")


def _split(name: str) -> tuple[str, str]:
    """The row a field stands in, with its dot, and the name of the field; an empty row for one that stands alone."""
    match = _ROW.fullmatch(name)
    return ("", name) if match is None else (match[1], match[4])
