"""What the columns of a former system's file mean, said once and remembered.

Decides how a person's choice is combined with what the headers say by themselves: a header that was given a meaning has
that one, a header set aside has none, every other one is read as before (`import_columns`). A mapping belongs to one
former system and one kind of file, stays on this node, and holds headers only.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from carnet_node.core.desk_limits import MAPPED_COLUMNS_MAX
from carnet_node.core.exchange.import_cells import normalise_header
from carnet_node.core.exchange.import_columns import COLUMNS, ImportKind, Layout, lay_out
from carnet_node.core.node import Node
from carnet_protocol.errors import BadValue
from carnet_protocol.reasons import Reason

SET_ASIDE: Final = ""
"""The meaning of a header that is not to be imported."""

Mapped = Mapping[str, str]
"""Column name, or `SET_ASIDE`, by header as it stands in the file."""


def lay_out_mapped(kind: ImportKind, headers: Sequence[str], mapped: Mapped) -> Layout:
    """Which column stands where, with what a person said about it.

    Raises:
        BadValue: a meaning that is no column of this kind, or see `lay_out`; nothing was read.
    """
    meanings = {normalise_header(header): name for header, name in _checked(kind, mapped).items()}
    names = [_said(header, meanings) for header in headers]
    layout = lay_out(kind, names)
    ignored = tuple(header for header, name in zip(headers, names, strict=True) if name == SET_ASIDE and header.strip())
    return Layout(kind, layout.positions, (*layout.ignored, *ignored), layout.width)


def save_mapping(node: Node, source: str, kind: ImportKind, mapped: Mapped) -> None:
    """Remember what somebody said; an empty mapping forgets it.

    Raises:
        BadValue: a meaning that is no column of this kind; what was remembered stays.
    """
    packed = json.dumps(dict(_checked(kind, mapped)), ensure_ascii=False).encode()
    with node.store.write() as tx:
        tx.put_setting(_setting(source, kind), packed)


def mapping_of(node: Node, source: str, kind: ImportKind) -> dict[str, str]:
    """What was said before; empty when nothing was, or when an older version wrote something else."""
    with node.store.read() as tx:
        packed = tx.setting(_setting(source, kind))
    try:
        known = json.loads(packed) if packed else {}
    except ValueError:
        return {}
    columns = COLUMNS[kind]
    return {header: name for header, name in known.items() if name in columns or name == SET_ASIDE}


def _said(header: str, meanings: Mapping[str, str]) -> str:
    """The header as `lay_out` is to read it: the column's own name, nothing, or as it stands."""
    folded = normalise_header(header)
    return meanings.get(folded, header) if folded else header


def _checked(kind: ImportKind, mapped: Mapped) -> Mapped:
    if len(mapped) > MAPPED_COLUMNS_MAX:
        raise BadValue(Reason.BAD_FIELD, "mapping", f"more than {MAPPED_COLUMNS_MAX} columns")
    for name in mapped.values():
        if name not in COLUMNS[kind] and name != SET_ASIDE:
            raise BadValue(Reason.BAD_FIELD, "mapping", "no such column")
    return mapped


def _setting(source: str, kind: ImportKind) -> str:
    return f"import-mapping.{source.strip()}.{kind.value}"
