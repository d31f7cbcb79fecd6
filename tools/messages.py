"""The catalogues of the front desk: what there is to translate, and what is.

Decides which texts people see: those that templates and pages mark, the sentences of refusals and failures, and what a
refusal says exactly. What the core says is found by its shape, since the core knows no catalogue: a literal that begins
with a capital letter or a gap and ends with a full stop, outside docstrings; and, as details, the last argument of what
refuses and the hint of a column. What an f-string fills in becomes a numbered gap.

    python -m tools.messages            write both catalogues anew; what was translated stays, what is gone goes
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

NODE: Final = Path("node/src/carnet_node")
PAGES: Final = NODE / "entrypoints" / "pages"
SPEAKING: Final = (
    "protocol/src/carnet_protocol/reasons.py",
    "node/src/carnet_node/adapters/workbook_files.py",
    "node/src/carnet_node/entrypoints/asking.py",
    "node/src/carnet_node/entrypoints/wording.py",
    "node/src/carnet_node/entrypoints/web/problem_response.py",
    "storage/src/carnet_storage/core/failures.py",
    "storage/src/carnet_storage/core/status.py",
)
"""Modules outside the core and the pages whose sentences people at the desk may read."""

DETAILED: Final = (
    "protocol/src/carnet_protocol/ids.py",
    "protocol/src/carnet_protocol/registry.py",
    "protocol/src/carnet_protocol/vin.py",
    "node/src/carnet_node/adapters/bundle_files.py",
    "node/src/carnet_node/adapters/compression.py",
    "node/src/carnet_node/adapters/csv_files.py",
    "node/src/carnet_node/adapters/hub_client.py",
    "node/src/carnet_node/adapters/list_workbooks.py",
    "node/src/carnet_node/adapters/uploads.py",
    "node/src/carnet_node/adapters/workbook_files.py",
    "node/src/carnet_node/entrypoints/exporting.py",
    "node/src/carnet_node/entrypoints/reading.py",
    "storage/src/carnet_storage/adapters/sheets.py",
)
"""Modules outside the core and the pages whose refusals people at the desk may read."""

REFUSING: Final = {
    "BadValue": 2,
    "Malformed": 1,
    "NotAuthentic": 1,
    "NotAllowed": 1,
    "OutOfOrder": 1,
    "Refused": 1,
    "HubUnreachable": 0,
    "SheetRefused": 0,
    "Column": 3,
    "_unreadable": 0,
}
"""Which argument of a call is the detail."""

KEYWORDS: Final = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "later": None,
    "say": None,
    "many": (1, 2),
    "translate": None,
    "pgettext": ((1, "c"), 2),
}
_SENTENCE: Final = re.compile(r"(?:[A-Z`]|\{0\}).*[.?]", re.DOTALL)
_GAP: Final = re.compile(r"\{[0-9]\}")
_WORD: Final = re.compile(r"[A-Za-z/]+")
_WORDS_MIN: Final = 2
"""A sentence says something beside what is filled in; a pattern of gaps alone would fit every text."""

_EXTENSIONS: Final = {"trimmed": "false", "silent": "false"}


@dataclass(frozen=True, slots=True, order=True)
class InContext:
    """A text of which one English word has several translations, with what tells them apart."""

    context: str
    text: str


Message = str | tuple[str, str] | InContext


def main() -> int:
    """Write the catalogues; says how much Chinese is missing."""
    root = Path.cwd()
    messages = all_messages(root)
    for language in ("zh_CN", "en"):
        path = root / PAGES / "locale" / f"{language}.po"
        path.write_bytes(written(updated(path, language, messages)))
    missing = untranslated(root / PAGES / "locale" / "zh_CN.po")
    print(f"{len(messages)} messages, {len(missing)} without Chinese")
    print("\n".join(missing))
    return 0


def all_messages(root: Path) -> tuple[Message, ...]:
    """Everything there is to translate, in a stable order."""
    found: set[Message] = set(marked(root)) | set(spoken(root)) | set(detailed(root))
    return tuple(sorted(found, key=_order))


def _order(message: Message) -> tuple[str, str]:
    match message:
        case str():
            return message, ""
        case InContext():
            return message.text, message.context
        case tuple():
            return message


def marked(root: Path) -> Iterator[Message]:
    """Texts that templates and pages mark."""
    for method, pattern in (("python", "*.py"), ("jinja2", "*.html")):
        for path in sorted((root / PAGES).rglob(pattern)):
            with path.open("rb") as file:
                options = _EXTENSIONS if method == "jinja2" else {}
                for _, message, _, context in extract(method, file, KEYWORDS, (), options):
                    if context is not None:
                        yield InContext(context, str(message))
                    else:
                        yield message if isinstance(message, str) else (message[0], message[1])


def spoken(root: Path) -> Iterator[str]:
    """Sentences of the core, of pages that refuse, and of the modules that speak for either."""
    folders = (root / NODE / "core", root / PAGES)
    modules = [*(path for one in folders for path in sorted(one.rglob("*.py"))), *(root / name for name in SPEAKING)]
    for path in modules:
        yield from sentences_of(ast.parse(path.read_text(encoding="utf-8")))


def detailed(root: Path) -> Iterator[str]:
    """What refusals say exactly."""
    folders = (root / NODE / "core", root / PAGES)
    modules = [
        *(path for folder in folders for path in sorted(folder.rglob("*.py"))),
        *(root / one for one in DETAILED),
    ]
    for path in modules:
        yield from details_of(ast.parse(path.read_text(encoding="utf-8")))


def details_of(tree: ast.Module) -> Iterator[str]:
    """Every text of a module that stands where a refusal says what exactly."""
    for detail in arguments_of(tree):
        text = _with_gaps(detail) if isinstance(detail, ast.JoinedStr) else None
        if isinstance(detail, ast.Constant) and isinstance(detail.value, str):
            text = detail.value
        if text is not None and len(_WORD.findall(_GAP.sub(" ", text))) >= (_WORDS_MIN if "{0}" in text else 1):
            yield text


def arguments_of(tree: ast.Module) -> Iterator[ast.expr]:
    """Whatever stands where a refusal says what exactly; for the name of a constant of the module, its value."""
    named = {
        one.target.id: one.value
        for one in tree.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.value is not None
    }
    for one in ast.walk(tree):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id in REFUSING:
            for detail in one.args[REFUSING[one.func.id] :][:1]:
                yield named.get(detail.id, detail) if isinstance(detail, ast.Name) else detail


def sentences_of(tree: ast.Module) -> Iterator[str]:
    """Every sentence of a module that is no docstring and no part of an f-string."""
    inside = {id(part) for one in ast.walk(tree) if isinstance(one, ast.JoinedStr) for part in ast.walk(one)}
    silent = inside | {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for one in ast.walk(tree):
        text = None
        if isinstance(one, ast.JoinedStr):
            text = _with_gaps(one)
        elif isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in silent:
            text = one.value
        if text is not None and _SENTENCE.fullmatch(text) and len(_WORD.findall(_GAP.sub(" ", text))) >= _WORDS_MIN:
            yield text


def updated(path: Path, language: str, messages: tuple[Message, ...]) -> Catalog:
    """A catalogue of these messages with the translations there are; English is its own translation."""
    with path.open("rb") if path.exists() else BytesIO() as file:
        known = {key_of(one): one.string for one in read_po(file, locale=language) if one.id}
    catalogue = Catalog(locale=language, project="Carnet", fuzzy=False, charset="utf-8", header_comment=_HEADER)
    for message in messages:
        text, context = (message.text, message.context) if isinstance(message, InContext) else (message, None)
        own = text if language == "en" else ("" if isinstance(text, str) else ("",))
        flags = ("python-brace-format",) if "{0}" in str(text) else ()
        catalogue.add(text, known.get(message) or own, flags=flags, context=context)
    return catalogue


def key_of(one: Entry) -> Message:
    """A message of a catalogue as `all_messages` names it."""
    if one.context is not None:
        return InContext(one.context, str(one.id))
    return one.id if isinstance(one.id, str) else (one.id[0], one.id[1])


def written(catalogue: Catalog) -> bytes:
    """A catalogue as a file: no dates and no places, so that equal words give equal bytes."""
    catalogue.mime_headers = [(name, value) for name, value in catalogue.mime_headers if name in _KEPT_HEADERS]
    out = BytesIO()
    write_po(out, catalogue, width=120, no_location=True, omit_header=False, sort_output=True)
    return re.sub(
        rb'"(?:POT-Creation-Date|PO-Revision-Date|Last-Translator|Generated-By|Report-Msgid-Bugs-To|'
        rb'Language-Team|Project-Id-Version)[^"]*"\n',
        b"",
        out.getvalue(),
    )


def untranslated(path: Path) -> list[str]:
    """Messages of a catalogue without a translation."""
    with path.open("rb") as file:
        return [str(one.id) for one in read_po(file) if one.id and not all(_as_tuple(one.string))]


def _as_tuple(string: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (string or "",) if isinstance(string, str | None) else tuple(string)


def _with_gaps(joined: ast.JoinedStr) -> str:
    parts, gap = [], 0
    for one in joined.values:
        if isinstance(one, ast.Constant):
            parts.append(str(one.value))
        else:
            parts.append(f"{{{gap}}}")
            gap += 1
    return "".join(parts)


_KEPT_HEADERS: Final = ("MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Plural-Forms", "Language")
_HEADER: Final = "# The words of the front desk. English is the source; `make messages` writes this file anew."

if __name__ == "__main__":
    raise SystemExit(main())
