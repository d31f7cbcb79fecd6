"""One secret value out of a database, opened: whether a data key is the one that sealed it.

Decides which value is tried: the oldest of the own log, else one the hub sent, else one kept for the desk. Some of
these tables have no index that helps, so this is asked once in the life of a database (`core.own_keys`).
"""

from typing import Any, Final

from sqlalchemy import func, literal, or_, select

from carnet_node.adapters.at_rest import KINDS_WITH_SECRETS, SEALED, AtRest
from carnet_node.adapters.local_tables import FormDraftRow
from carnet_node.adapters.statements import Statement, table

_own, _base, _hub = table("own_set"), table("base_record"), table("hub_set")
_kept, _draft = table("kept_answer"), table(str(FormDraftRow.__tablename__))

OWN: Final = Statement(
    select(_own.c.nonce, _own.c.opening).where(_own.c.has_secret).order_by(_own.c.log_id).limit(1),
)
BASE: Final = Statement(
    select(_base.c.kind, _base.c.record, _base.c.entries)
    .where(
        or_(*[_base.c.kind == number for number in sorted(KINDS_WITH_SECRETS)]),
        func.substr(_base.c.entries, 1, 1) == literal(SEALED),
    )
    .limit(1)
)
HUB: Final = Statement(
    select(_hub.c.message, _hub.c.opening).where(func.substr(_hub.c.opening, 1, 1) == literal(SEALED)).limit(1)
)
KEPT: Final = Statement(select(_kept.c.key, _kept.c.asked).limit(1))
DRAFT: Final = Statement(select(_draft.c.staff, _draft.c.form, _draft.c.content).limit(1))


def open_one_secret(connection: Any, at_rest: AtRest) -> None:
    """Open some secret value that is stored, if there is one.

    Raises:
        KeysUnreadable: it was sealed with another data key; nothing was written.
    """
    openers = (
        (OWN, at_rest.open_opening),
        (BASE, at_rest.unpack),
        (HUB, at_rest.open_hub_opening),
        (KEPT, lambda key, asked: at_rest.open_kept(key, "asked", asked)),
        (DRAFT, at_rest.open_draft),
    )
    for statement, open_value in openers:
        row = connection.execute(statement.sql, statement.arguments({})).fetchone()
        if row is not None:
            open_value(*row)
            return
