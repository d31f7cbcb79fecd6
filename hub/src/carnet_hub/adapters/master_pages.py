"""The queue and a cluster as pages for people who would rather look: one file each, no script, nothing from elsewhere.

Decides the form only; what stands in it has been masked, or not, by whoever asked. A page is written beside its name
and renamed, readable by its owner alone: it may hold personal values.
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from carnet_hub.adapters.system import DiskFiles

_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:80rem}"
    "table{border-collapse:collapse;margin:0 0 2rem}"
    "th,td{text-align:left;padding:.3rem .8rem;border-bottom:1px solid #ddd;vertical-align:top}"
    "tr.first td{border-top:2px solid #555}caption{text-align:left;font-weight:600;padding:.5rem 0}"
)
_ID_BYTES: Final = 16


def write_queue_page(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """The queue, the people it is about together.

    Raises:
        OSError: no room or no permission; what the file held before is unchanged.
    """
    columns = ("entity", "cause", "one_name", "one_site", "one", "other_name", "other_site", "other")
    first = [number == 0 or rows[number - 1]["entity"] != row["entity"] for number, row in enumerate(rows)]
    _write(path, "待核对 Proposals", [_table(f"{len(rows)}", columns, rows, first)])


def write_cluster_page(path: Path, cluster: Mapping[str, Any], decisions: Sequence[Mapping[str, Any]]) -> None:
    """A cluster: its golden values, its records, what was decided.

    Raises:
        OSError: no room or no permission; what the file held before is unchanged.
    """
    parts = [
        _table("主客户档案 Golden values", ("group", "value", "site", "at", "customer"), cluster["values"]),
        _table("来源档案 Records", ("site", "name", "phones", "documented", "shares", "customer"), cluster["members"]),
        _table("待核对 Proposals", ("cause", "one", "other"), cluster["waiting"]),
        _table("同人判定 Decisions", ("at", "effect", "by", "cause", "one", "other", "weight", "stands"), decisions),
    ]
    _write(path, f"主档 {_text(cluster['id'])}", parts)


def _write(path: Path, title: str, parts: Iterable[str]) -> None:
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    body = f"<h1>{html.escape(title)}</h1>" + "".join(parts)
    page = f'<!doctype html><html lang="zh"><head>{head}</head><body>{body}</body></html>\n'
    DiskFiles().replace(path, page.encode())


def _table(
    caption: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], first: Sequence[bool] | None = None
) -> str:
    if not rows:
        return ""
    heads = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in columns)
    lines = []
    for number, row in enumerate(rows):
        cells = "".join(f"<td>{html.escape(_text(row.get(name)))}</td>" for name in columns)
        lines.append(f"<tr{' class=first' if first is not None and first[number] else ''}>{cells}</tr>")
    return f"<table><caption>{html.escape(caption)}</caption><tr>{heads}</tr>{''.join(lines)}</table>"


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case bytes():
            return str(UUID(bytes=value)) if len(value) == _ID_BYTES else value.hex()
        case Mapping():
            return ", ".join(str(one) for one in value.values() if one not in (None, ""))
        case list() | tuple():
            return ", ".join(_text(one) for one in value)
        case _:
            return str(value)
