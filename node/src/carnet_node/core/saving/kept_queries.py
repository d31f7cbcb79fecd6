"""Questions that somebody asks again and again, kept under a name.

Decides which parts of a question may be kept: none that is personal, so that no erasure has to look here, and none that
this version does not know. They belong to one person at one node, or to its operator, and never leave it.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from carnet_node.core.commands.cleaning import clean_text
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_node.core.shop_limits import KEPT_NAME_CHARS_MAX, KEPT_QUERIES_MAX
from carnet_protocol.limits import CODE_CHARS_MAX


class KeptFor(StrEnum):
    """Which page asks."""

    DOCUMENTS = "documents"
    REPORTS = "reports"


PARTS: Final = MappingProxyType(
    {
        KeptFor.DOCUMENTS: ("kind", "span", "status", "advisor_code", "least_fen", "most_fen"),
        KeptFor.REPORTS: ("span", "by"),
    }
)
"""Parts of a question that are kept; `span` names days that move along, such as this month."""

Parts = Mapping[str, str]


def keep_query(node: Node, page: KeptFor, name: str, parts: Parts) -> str:
    """Keep a question; one of the same name is replaced.

    Args:
        parts: as typed; what is empty, or is none of `PARTS`, is left out.

    Returns: the name as it is kept.

    Raises:
        CommandRefused: no name, one too long, or too many names; what is kept stays.
    """
    called = clean_text(name)
    if called is None:
        raise refuse("name", ProblemCode.MISSING, "A kept question needs a name.", "Name it.")
    if len(called) > KEPT_NAME_CHARS_MAX:
        what = f"A name has at most {KEPT_NAME_CHARS_MAX} characters."
        raise refuse("name", ProblemCode.BAD_VALUE, what, "Name it shorter.")
    kept = {one: parts[one][:CODE_CHARS_MAX] for one in PARTS[page] if parts.get(one)}
    with node.store.write() as tx:
        known = _within(node, tx, page)
        if called not in known and len(known) >= KEPT_QUERIES_MAX:
            what = f"{KEPT_QUERIES_MAX} questions are kept already."
            raise refuse("name", ProblemCode.LOCKED, what, "Forget one first.")
        tx.put_setting(_setting(node, page), _packed({**known, called: kept}))
    return called


def forget_query(node: Node, page: KeptFor, name: str) -> bool:
    """Forget a question; whether there was one."""
    with node.store.write() as tx:
        known = _within(node, tx, page)
        if name not in known:
            return False
        tx.put_setting(_setting(node, page), _packed({one: known[one] for one in known if one != name}))
    return True


def kept_queries(node: Node, page: KeptFor) -> dict[str, dict[str, str]]:
    """Parts by name, in the order of the names; what another version wrote is left out."""
    with node.store.read() as tx:
        return _within(node, tx, page)


def kept_query(node: Node, page: KeptFor, name: str) -> dict[str, str]:
    """The parts of one.

    Raises:
        CommandRefused: nothing is kept under this name.
    """
    found = kept_queries(node, page).get(name)
    if found is None:
        what = "No question is kept under this name."
        raise refuse("name", ProblemCode.NOT_FOUND, what, "See which ones are kept.")
    return found


def _within(node: Node, tx: ReadTransaction, page: KeptFor) -> dict[str, dict[str, str]]:
    try:
        kept = json.loads(tx.setting(_setting(node, page)) or b"{}")
    except ValueError:
        return {}
    return {
        name: {one: said for one, said in parts.items() if one in PARTS[page] and isinstance(said, str)}
        for name, parts in sorted(kept.items())
        if isinstance(parts, dict)
    }


def _packed(kept: Mapping[str, Parts]) -> bytes:
    return json.dumps({name: dict(parts) for name, parts in kept.items()}, ensure_ascii=False).encode()


def _setting(node: Node, page: KeptFor) -> str:
    who = "operator" if node.acting is None else node.acting.staff.hex()
    return f"kept-queries.{page.value}.{who}"
