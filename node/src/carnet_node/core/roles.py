"""What each role at a dealer site may do: one table, no code.

Decides permissions by role, and which permission a write needs. Whoever logs in acts through `authoring`, which asks
here for every draft of every set: a page that forgets to hide a button grants nothing. The operator of the machine
(command line, programs on loopback) has no role and is asked nothing: who holds the machine holds its database.

    >>> may("advisor", Permission.EXPORT)
    False
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import STAFF_ROLES


class Permission(StrEnum):
    """Something that not everybody may do."""

    RECORD = "record"
    WORK = "work"
    SETTLE = "settle"
    VOID = "void"
    CLAIMS = "claims"
    CARE = "care"
    STOP_SALE = "stop sale"
    ARRANGE = "arrange"
    SHOW_PERSONAL = "show personal"
    EXPORT = "export"
    IMPORT = "import"
    MANAGE_STAFF = "manage staff"
    OPERATE = "operate"


_EVERYBODY: Final = frozenset({Permission.RECORD, Permission.SHOW_PERSONAL})
_MANAGER: Final = _EVERYBODY | {
    Permission.WORK,
    Permission.SETTLE,
    Permission.VOID,
    Permission.CLAIMS,
    Permission.CARE,
    Permission.STOP_SALE,
    Permission.ARRANGE,
    Permission.EXPORT,
    Permission.MANAGE_STAFF,
}

GRANTED: Final[dict[str, frozenset[Permission]]] = {
    "advisor": _EVERYBODY | {Permission.WORK, Permission.SETTLE},
    "claims_clerk": _EVERYBODY | {Permission.WORK, Permission.CLAIMS, Permission.EXPORT},
    "care_clerk": _EVERYBODY | {Permission.CARE, Permission.EXPORT},
    "manager": _MANAGER,
    "administrator": _MANAGER | {Permission.IMPORT, Permission.OPERATE},
}
"""Permissions by role. Whoever serves customers takes no lists away; a small site's owner is its administrator."""

_WORKSHOP: Final = frozenset({"visit", "job", "labour_line", "part_line", "promise_change", "recall_completion"})
_BY_KIND: Final = {
    "staff": Permission.MANAGE_STAFF,
    "key_change": Permission.OPERATE,
    "stop_sale": Permission.STOP_SALE,
    "settlement": Permission.SETTLE,
    "settlement_share": Permission.SETTLE,
    "bay": Permission.ARRANGE,
    "booking_hours": Permission.ARRANGE,
    "board_stage": Permission.ARRANGE,
}
_BY_STATUS: Final = {
    "void": Permission.VOID,
    "settled": Permission.SETTLE,
    "closed": Permission.SETTLE,
}


def may(role: object, permission: Permission) -> bool:
    """Whether a role has a permission; a role this version does not know has none."""
    return isinstance(role, str) and permission in GRANTED.get(role, frozenset())


def needed_for(draft: Draft) -> Permission:
    """What a person needs to write a draft."""
    if draft.kind.name not in _WORKSHOP:
        return _BY_KIND.get(draft.kind.name, Permission.RECORD)
    return _BY_STATUS.get(str(draft.values.get("status")), Permission.WORK)


def all_needed(drafts: Iterable[Draft]) -> frozenset[Permission]:
    """What a person needs to write all of them."""
    return frozenset(needed_for(draft) for draft in drafts)


assert GRANTED.keys() == set(STAFF_ROLES)  # noqa: S101  (a role without a row would lock its people out)
