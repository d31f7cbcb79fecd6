"""Chinese and English are both complete, and nothing on a page stands outside the catalogues."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment
from tools.messages import (
    NODE,
    PAGES,
    InContext,
    arguments_of,
    detailed,
    details_of,
    key_of,
    marked,
    sentences_of,
    spoken,
    untranslated,
)

from carnet_node.entrypoints.pages.formats import Clockface
from carnet_node.entrypoints.pages.languages import Language
from carnet_node.entrypoints.pages.registry_words import CODES, FIELDS, KINDS
from carnet_node.entrypoints.pages.rendering import Renderer
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Writer

ROOT = Path(__file__).parents[2]
HUB_WORDS = "hub/src/carnet_hub/data"
TEMPLATES = sorted((ROOT / PAGES / "templates").rglob("*.html"))
UNTRANSLATED = {
    "Carnet",
    "English",
    "中文",
    "VIN",
    "°",
    "km",
    "¥",
    "A4",
    "A5",
    "xlsx",
    "csv",
    "f",
    "Ctrl",
    "Enter",
    "Alt",
}
"""Words that are the same in both languages, each language's own name, keys, and how the id of a field begins."""

SEEN_ELSEWHERE = {
    "authoring.py: draft.kind.name",
    "editing.py: kind.name",
    "import_cells.py: column.hint",
    "staff.py: record_text(staff)",
}
"""Details without a literal: a kind has its word, a hint and a fault stand where they are made, an id is no word."""

_NO_TEXT = re.compile(r"\{#.*?#\}", re.DOTALL)
_TAG = re.compile(r"<[^>]*>?", re.DOTALL)
_ATTRIBUTE_TAIL = re.compile(r"[\w\- ]*=\"[^\"<>]*\"?|[\w\-]*\"[^<>]*>")
_WORD = re.compile(r"[A-Za-z\u4e00-\u9fff]+")


def literals_of(source: str) -> set[str]:
    """Words of a template that a reader would see and no catalogue has."""
    tokens = Environment(trim_blocks=True, extensions=["jinja2.ext.i18n"], autoescape=True).lex(source)
    text = _NO_TEXT.sub(" ", "".join(value for _, kind, value in tokens if kind == "data"))
    seen = " ".join(_ATTRIBUTE_TAIL.sub(" ", _TAG.sub(" ", text)).split())
    return {word for word in _WORD.findall(seen) if word not in UNTRANSLATED}


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_text_of_the_pages_is_in_the_catalogue(language: str):
    """What templates and pages mark is what the catalogue holds: `make messages` was run."""
    with (ROOT / PAGES / "locale" / f"{language}.po").open("rb") as file:
        known = {key_of(one) for one in read_po(file) if one.id}

    assert set(marked(ROOT)) - known == set()


def test_every_text_of_the_pages_is_translated():
    """No text that a template or page marks is without Chinese."""
    left = set(untranslated(ROOT / PAGES / "locale" / "zh_CN.po"))

    assert {str(one) for one in marked(ROOT)} & left == set()


def test_every_sentence_of_the_core_is_translated():
    """What a refusal or a failure says is in the catalogue, and in Chinese: `make messages` names what is not."""
    path = ROOT / PAGES / "locale" / "zh_CN.po"
    with path.open("rb") as file:
        known = {one.id for one in read_po(file) if isinstance(one.id, str)}

    assert set(spoken(ROOT)) - known == set()
    assert untranslated(path) == []


def test_every_detail_of_a_refusal_is_translated():
    """What exactly a refusal says, down to the hint of a column, is in the catalogue too."""
    with (ROOT / PAGES / "locale" / "zh_CN.po").open("rb") as file:
        known = {one.id for one in read_po(file) if isinstance(one.id, str)}

    assert set(detailed(ROOT)) - known == set()


def test_nothing_of_a_refusal_is_made_out_of_sight_of_the_catalogues():
    """A detail that stands in a variable comes from a place whose texts are read: columns, rows at fault, files."""
    unseen = {
        f"{path.name}: {ast.unparse(detail)}"
        for path in (*sorted((ROOT / NODE / "core").rglob("*.py")), *sorted((ROOT / PAGES).rglob("*.py")))
        for detail in arguments_of(ast.parse(path.read_text(encoding="utf-8")))
        if not isinstance(detail, ast.Constant | ast.JoinedStr)
    }

    assert unseen == SEEN_ELSEWHERE


def test_english_is_its_own_translation():
    """The English catalogue leaves nothing out."""
    assert untranslated(ROOT / PAGES / "locale" / "en.po") == []


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_translations_keep_what_is_filled_in(language: str):
    """A translation names every gap of its sentence."""
    with (ROOT / PAGES / "locale" / f"{language}.po").open("rb") as file:
        told = [(one.id, one.string) for one in read_po(file) if isinstance(one.id, str) and one.id and one.string]

    gaps = re.compile(r"%\(\w+\)s|\{[0-9]\}")
    assert [source for source, said in told if set(gaps.findall(source)) != set(gaps.findall(str(said)))] == []


@pytest.mark.parametrize(
    ("other", "word"),
    [("门店", "经销店"), ("网点", "经销店"), ("外店", "其他经销店"), ("车牌", "号牌"), ("工单", "维修单")],
)
def test_an_idea_has_one_chinese_word(other: str, word: str):
    """The glossary says which: no second word for it stands in the catalogue, in the hub's words or in the guides."""
    with (ROOT / PAGES / "locale" / "zh_CN.po").open("rb") as file:
        said = [str(one.string) for one in read_po(file) if one.id]
    files = [*(ROOT / HUB_WORDS).rglob("*.toml"), *(ROOT / "docs" / "guides").glob("*.zh.md")]
    read = [line for one in files for line in one.read_text(encoding="utf-8").splitlines()]

    assert ([one for one in (*said, *read) if other in one], any(word in one for one in said)) == ([], True)


def test_no_template_brings_a_colon_of_its_own():
    """Between a label and what it is about stands `colon`, which is a sign of the reader's language."""
    bare = re.compile(r"(?:\}\}|%\}|</\w+>): ")

    assert [one.name for one in TEMPLATES if bare.search(one.read_text(encoding="utf-8"))] == []


def test_no_template_brings_room_between_two_sentences():
    """There stands `gap`, which is nothing where a full stop brings its own room."""
    room = re.compile(r"\|sentence \}\}(?:</\w+>)? \{\{ [\w.]+\|sentence")

    assert [one.name for one in TEMPLATES if room.search(one.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_words_of_its_own(template: Path):
    """Everything a reader sees comes from a catalogue or from a record."""
    assert literals_of(template.read_text(encoding="utf-8")) == set()


def test_a_word_outside_the_catalogues_is_found():
    """The check sees text between tags and leaves tags, attributes and expressions alone."""
    assert literals_of('<p class="x">{{ _("Name") }} Surname</p>') == {"Surname"}


def test_no_page_module_speaks_chinese():
    """Chinese stands in the catalogue, so that a translator finds all of it in one place."""
    speaking = [path.name for path in (ROOT / PAGES).rglob("*.py") if _speaks_chinese(path)]

    assert speaking == []


def _speaks_chinese(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = [one.value for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return any(re.search(r"[\u4e00-\u9fff]{5,}", text) for text in texts)


def test_every_field_and_code_of_a_dealer_has_a_word():
    """What a site writes can be named on a screen: kinds, fields and codes."""
    kinds = [one for one in REGISTRY.kinds if one.writer is not Writer.HUB and one.name != "key_change"]
    fields = {field.name: field for kind in kinds for register in kind.registers for field in register.fields}
    codes = {code for field in fields.values() for code in field.codes}

    assert {one.name for one in kinds} - KINDS.keys() == set()
    assert fields.keys() - FIELDS.keys() == set()
    assert codes - CODES.keys() == set()


def test_a_sentence_of_the_core_is_found_with_its_gaps():
    """Literals with a full stop are sentences, what an f-string fills in is a numbered gap, docstrings are silent."""
    source = (
        'def f(a):\n    """It says."""\n    return ["The order is locked.", f"The order is {a}.", "a code", "no end"]\n'
    )

    assert list(sentences_of(ast.parse(source))) == ["The order is locked.", "The order is {0}."]


def test_what_a_refusal_says_exactly_is_found():
    """The last word of a refusal, in full or with gaps, and the hint of a column; what has no word is silent."""
    source = (
        'raise BadValue(Reason.BAD_FIELD, "file", "has no row of headers")\n'
        'raise Malformed(Reason.TOO_LARGE, f"more than {n} bytes")\n'
        'Column("vin", (), code, "17 characters")\n'
        'raise BadValue(Reason.BAD_FIELD, "kind", f"{a}, {b}")\n'
    )

    assert list(details_of(ast.parse(source))) == ["has no row of headers", "more than {0} bytes", "17 characters"]


@pytest.mark.parametrize(
    ("said", "chinese"),
    [
        pytest.param("has no row of headers.", "文件没有标题行。", id="a detail as a sentence"),
        pytest.param("Carnet is busy (an import is running).", None, id="no sentence of ours"),
        pytest.param("file: has no row of headers.", "文件没有标题行。", id="a detail about something without a word"),
        pytest.param("vin: 17 characters.", "车辆识别代号（VIN）：应为 17 个字符。", id="a detail about a field"),
        pytest.param("Waiting to be sent: 18+ customer.", "待上传：18+ 客户。", id="how many of a kind"),
        pytest.param(
            "Waiting to be sent: 2 vehicle, 1 visit.", "待上传：2 车辆, 1 维修单。", id="how many of two kinds"
        ),
        pytest.param("There is no such visit here.", "此处没有这样的“维修单”。", id="a kind in a gap"),
        pytest.param(
            "The value is not in the code list. It is one of these: customer, warranty.",
            "值有误：不在代码表中。 可用的值：客户付费, 保修。",
            id="a detail and codes in gaps",
        ),
    ],
)
def test_a_refusal_is_said_in_chinese_with_all_its_parts(said: str, chinese: str | None):
    """Kinds, codes and details inside a sentence have their Chinese as well."""
    words = Renderer(Clockface(0), "/static").words(Language.ZH)

    assert words.sentence(said) == (said if chinese is None else chinese)


def test_one_english_word_may_have_two_chinese_ones():
    """A text with a context is another entry of the catalogue than the text alone."""
    with (ROOT / PAGES / "locale" / "zh_CN.po").open("rb") as file:
        told = {key_of(one): one.string for one in read_po(file) if one.id}

    assert told["From"] != told[InContext("where a value comes from", "From")]
