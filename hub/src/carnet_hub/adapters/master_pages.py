"""The queue and a cluster as pages for people who would rather look: one file each, no script, nothing from elsewhere.

Decides the form and the words, Chinese and English side by side (`data/master_words.toml`); what stands in a page has
been masked, or not, by whoever asked. A page is written beside its name and renamed, readable by its owner alone: it
may hold personal values.
"""

import html
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from carnet_hub.adapters.system import DiskFiles

_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:90rem}"
    "table{border-collapse:collapse;margin:0 0 2rem}"
    "th,td{text-align:left;padding:.3rem .8rem;border-bottom:1px solid #ddd;vertical-align:top}"
    "tr.first td{border-top:2px solid #555}caption{text-align:left;font-weight:600;padding:.5rem 0}"
    "pre{margin:.3rem 0;font:13px/1.4 ui-monospace,monospace}summary{cursor:pointer}"
)
_QUEUE: Final = (
    "entity",
    "cause",
    "probability",
    *(f"one{part}" for part in ("_name", "_phones", "_site", "")),
    *(f"other{part}" for part in ("_name", "_phones", "_site", "")),
    "why",
)
_VALUES: Final = ("group", "value", "site", "at", "customer")
_MEMBERS: Final = ("site", "name", "phones", "documented", "shares", "is_silent", "customer")
_NEAR: Final = ("cause", "one", "other")
_DECISIONS: Final = ("at", "effect", "by", "cause", "one", "other", "weight", "stands")
_ID_BYTES: Final = 16

Words = Mapping[str, Mapping[str, Sequence[str]]]
Row = Mapping[str, Any]


def write_queue_page(path: Path, rows: Sequence[Row]) -> None:
    """The queue, the people it is about together; `why` of a row, a text of lines, opens where it is clicked.

    Raises:
        OSError: no room or no permission; what the file held before is unchanged.
    """
    words = _words()
    first = [number == 0 or rows[number - 1]["entity"] != row["entity"] for number, row in enumerate(rows)]
    title = _told(words, "page", "queue")
    _write(path, title, [_table(words, f"{title}: {len(rows)}", _QUEUE, rows, first)])


def write_cluster_page(path: Path, cluster: Row, decisions: Sequence[Row]) -> None:
    """A cluster: its golden values, its records, who is near, what waits, what was decided.

    Raises:
        OSError: no room or no permission; what the file held before is unchanged.
    """
    words = _words()
    sections: tuple[tuple[str, Sequence[str], Sequence[Row]], ...] = (
        ("values", _VALUES, cluster["values"]),
        ("members", _MEMBERS, cluster["members"]),
        ("relations", _NEAR, cluster["relations"]),
        ("waiting", _NEAR, cluster["waiting"]),
        ("decisions", _DECISIONS, decisions),
    )
    parts = [_table(words, _told(words, "page", name), columns, rows) for name, columns, rows in sections]
    if cluster["former_ids"]:
        former = html.escape(f"{_told(words, 'page', 'former')}: {_text(words, cluster['former_ids'])}")
        parts.append(f"<p>{former}</p>")
    _write(path, f"{_told(words, 'page', 'cluster')} {_text(words, cluster['id'])}", parts)


def _words() -> Words:
    data = resources.files("carnet_hub").joinpath("data")
    return tomllib.loads(data.joinpath("master_words.toml").read_text(encoding="utf-8"))


def _told(words: Words, table: str, code: str) -> str:
    """A code in both languages; a code nobody has words for, such as a steward's own reason, as it is."""
    pair = words[table].get(code)
    return code if pair is None else " ".join(pair)


def _write(path: Path, title: str, parts: Iterable[str]) -> None:
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    body = f"<h1>{html.escape(title)}</h1>" + "".join(parts)
    page = f'<!doctype html><html lang="zh"><head>{head}</head><body>{body}</body></html>\n'
    DiskFiles().replace(path, page.encode())


def _table(
    words: Words, caption: str, columns: Sequence[str], rows: Sequence[Row], first: Sequence[bool] | None = None
) -> str:
    if not rows:
        return ""
    heads = "".join(f"<th>{html.escape(_told(words, 'page', name))}</th>" for name in columns)
    lines = []
    for number, row in enumerate(rows):
        cells = "".join(f"<td>{_cell(words, name, row)}</td>" for name in columns)
        lines.append(f"<tr{' class=first' if first is not None and first[number] else ''}>{cells}</tr>")
    return f"<table><caption>{html.escape(caption)}</caption><tr>{heads}</tr>{''.join(lines)}</table>"


def _cell(words: Words, name: str, row: Row) -> str:
    value = row.get(name)
    match name:
        case "why" if value:
            summary = html.escape(_told(words, "page", "why"))
            return f"<details><summary>{summary}</summary><pre>{html.escape(str(value))}</pre></details>"
        case "cause" if isinstance(value, str):
            return html.escape(_cause(words, value, is_group=row.get("effect") == "pin"))
        case "effect" | "group" if isinstance(value, str):
            return html.escape(_told(words, name, value))
        case _:
            return html.escape(_text(words, value))


def _cause(words: Words, cause: str, *, is_group: bool) -> str:
    """A cause in both languages, its tier in front; of a pin the group of fields."""
    tier, colon, code = cause.rpartition(":")
    return f"{tier}{colon}{' ' if tier else ''}{_told(words, 'group' if is_group else 'cause', code)}"


def _text(words: Words, value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return _told(words, "yes", "yes" if value else "no")
        case bytes():
            return str(UUID(bytes=value)) if len(value) == _ID_BYTES else value.hex()
        case Mapping():
            return ", ".join(str(one) for one in value.values() if one not in (None, ""))
        case list() | tuple():
            return ", ".join(_text(words, one) for one in value)
        case _:
            return str(value)
