"""Templates: how a page becomes HTML.

Decides what every template can reach: the words of its language, formats, labels. Everything is escaped; a name that is
missing is an error and never an empty place. No template is given a view of the store: handlers read, templates show.

One environment per language, made when the language is first used and kept.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from carnet_node.core.desk_limits import EVIDENCE_BYTES_MAX, SESSION_IDLE_MS, SESSION_MAX_MS
from carnet_node.core.exchange.import_reasons import WHOLE_ROW, RowProblem
from carnet_node.core.value_bounds import chars_max_of
from carnet_node.entrypoints.pages import formats
from carnet_node.entrypoints.pages.formats import Clockface
from carnet_node.entrypoints.pages.labels import Labels
from carnet_node.entrypoints.pages.languages import Language, Translate, read_catalogue
from carnet_node.entrypoints.pages.phone_forms import READ_OUT, doubts_on_file
from carnet_node.entrypoints.pages.sentences import COLON, Sentences
from carnet_protocol.registry import Value

TEMPLATES: Final = Path(__file__).parent / "templates"

_GAPS: Final = {Language.ZH: "", Language.EN: " "}
"""What stands between two sentences: nothing where the full stop brings its own room."""


@dataclass(frozen=True)
class Words:
    """A language, ready to use.

    Attributes:
        say: one text of the catalogue.
        many: one of two texts, by a number.
        sentence: one sentence of the core.
        labels: fields and codes.
    """

    language: Language
    say: Translate
    many: Callable[[str, str, int], str]
    sentence: Sentences
    labels: Labels
    environment: Environment

    def left_out(self, problems: Iterable[RowProblem], headers: Mapping[str, str]) -> str:
        """Why a row of an import is left out, or what deserves a look in it.

        Args:
            headers: what a column is called in the file; one that is not in it has the name it has on every page.
        """
        return " · ".join(self._row_problem(one, headers) for one in problems)

    def _row_problem(self, one: RowProblem, headers: Mapping[str, str]) -> str:
        said = self.sentence.several(one.text)
        if one.column == WHOLE_ROW:
            return said
        return f"{headers.get(one.column) or self.labels.path(one.column)}{self.colon}{said}"

    @property
    def colon(self) -> str:
        """What stands between a label and what it is about: Chinese has a sign of its own, without a space."""
        return self.say(COLON)


class Renderer:
    """Renders templates.

    Args:
        clockface: of the site.
        static: the address below which files stand, with their version.
    """

    def __init__(self, clockface: Clockface, static: str) -> None:
        self.clockface = clockface
        self._static = static
        self._words: dict[Language, Words] = {}

    def words(self, language: Language) -> Words:
        """A language; read when it is asked for first."""
        if language not in self._words:
            self._words[language] = self._made(language)
        return self._words[language]

    def render(self, language: Language, template: str, context: Mapping[str, Any]) -> str:
        """The HTML of a template."""
        return self.words(language).environment.get_template(template).render(context)

    def _near(self, translate: Translate, at_ms: Value, now_ms: int) -> str:
        return self.clockface.near(at_ms, now_ms, translate)

    def _made(self, language: Language) -> Words:
        translations, gapped = read_catalogue(language)
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        )
        environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
        labels = Labels(translations.gettext)
        # English stays as the core said it: "no such customer", and not the word that stands beside a field.
        is_source = language is Language.EN
        sentences = (
            Sentences(str, ()) if is_source else Sentences(translations.gettext, gapped, labels.word, labels.listed)
        )
        words = Words(
            language,
            translations.gettext,
            translations.ngettext,
            sentences,
            labels,
            environment,
        )
        environment.filters |= {
            "moment": self.clockface.moment,
            "near": partial(self._near, translations.gettext),
            "day": self.clockface.day,
            "local": self.clockface.local,
            "yuan": formats.yuan,
            "in_yuan": formats.in_yuan,
            "hundredths": formats.hundredths,
            "km": formats.kilometres,
            "hidden": formats.hidden,
            "phone": formats.phone,
            "id": formats.id_text,
            "dash": formats.or_dash,
            "sentence": words.sentence,
            "left_out": words.left_out,
            "doubts": doubts_on_file,
        }
        environment.globals |= {"colon": words.colon, "gap": _GAPS[language]}
        environment.globals |= {"labels": words.labels, "language": language, "static": self._static}
        environment.globals |= {"session_max_ms": SESSION_MAX_MS, "session_idle_ms": SESSION_IDLE_MS}
        environment.globals |= {
            "evidence_bytes_max": EVIDENCE_BYTES_MAX,
            "chars_max": chars_max_of,
            "read_out": READ_OUT,
        }
        return words
