"""Who stands behind the number of an advisor.

Decides how an advisor is called: by number and name. A number belongs to one person for good, so whoever has it now had
it when an old order was opened. Two machines of a site that were apart may have given one number to two people; then it
stays a number, because nobody can say which of them is meant. So does a number of another site.
"""

from collections.abc import Iterable, Mapping

from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import Identity
from carnet_node.core.showing.day import Day
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.staff.staff_list import holders_of
from carnet_protocol.registry import Value


def advisor_names(node: Node, codes: Iterable[Value]) -> Mapping[str, str]:
    """What advisors of this site are called, by the number as it is written.

    Args:
        codes: of records of this site, some perhaps without one; each is looked up once.

    Returns: nothing for a number that nobody or more than one has.
    """
    with node.store.read() as tx:
        return advisor_names_within(tx, node.identity, codes)


def advisor_names_within(tx: ReadTransaction, identity: Identity, codes: Iterable[Value]) -> Mapping[str, str]:
    """As `advisor_names`, inside a snapshot the caller has begun."""
    wanted = {one for one in codes if isinstance(one, str) and one}
    called = {code: _called(holders_of(tx, identity, code)) for code in wanted}
    return {code: name for code, name in called.items() if name}


def advisors_of_views(views: Iterable[RecordView]) -> set[Value]:
    """The numbers of advisors on records of this site."""
    return {one.values.get("advisor_code") for one in views if one.is_own}


def advisors_of_day(node: Node, day: Day) -> Mapping[str, str]:
    """As `advisor_names`, of the orders that stand on a day's lists."""
    return advisor_names(node, advisors_of_views(one.visit for one in (*day.in_shop, *day.arrivals, *day.corrections)))


def _called(holders: tuple[RecordView, ...]) -> str:
    """Number and name of the only holder; empty where there is none, or more than one."""
    if len(holders) != 1:
        return ""
    said = holders[0].values
    return " ".join(str(said[name]) for name in ("staff_no", "full_name") if said.get(name))
