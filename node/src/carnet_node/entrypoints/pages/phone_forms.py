"""Telephone numbers in forms: which are asked about once more, and how somebody says that one is right.

Decides which fields are asked about: those that somebody has typed into. The same number in two fields is asked about
at the first of them. What is on file, of an import perhaps, is doubted where it is shown until somebody has confirmed
it. Which numbers look wrong is decided in `commands.cleaning`.
"""

from dataclasses import replace
from typing import Final

from carnet_node.core.commands.cleaning import phone_doubts
from carnet_node.core.commands.customers import AddCustomer
from carnet_node.core.refusals import Problem
from carnet_node.core.showing.record_view import RecordView
from carnet_node.entrypoints.pages.forms import Typed
from carnet_node.entrypoints.pages.typed import TICKED

READ_OUT: Final = "_is_read_out"
"""How the name of the box ends by which somebody says that a number was read out again and is right."""


def doubts_on_file(phone: RecordView) -> list[Problem]:
    """What speaks against a number on file that nobody has confirmed."""
    number = phone.values.get("number")
    is_confirmed = phone.values.get("verified_at") is not None
    return phone_doubts(number, field="number") if isinstance(number, str) and not is_confirmed else []


def confirmed_as_read_out(new: AddCustomer, typed: Typed, now_ms: int, *names: str) -> AddCustomer:
    """A new customer with the numbers as confirmed now of which the form says that they were read out again.

    Args:
        now_ms: ms since 1970.
        names: as of `doubted_phones`.
    """
    right = {typed.text(name) for name in names if typed.text(name + READ_OUT) == TICKED}
    phones = [{**one, "verified_at": now_ms} if one.get("number") in right else one for one in new.phones]
    return replace(new, phones=phones)


def doubted_phones(typed: Typed, *names: str) -> list[Problem]:
    """What speaks against the numbers in fields of a form, but for those that were read out.

    Args:
        names: of fields, the first one that is seen in front.
    """
    right = {typed.text(name) for name in names if typed.text(name + READ_OUT) == TICKED}
    asked: set[str] = set()
    doubts: list[Problem] = []
    for name in names:
        text = typed.text(name)
        if not typed.is_untouched(name) and text not in right | asked:
            doubts += phone_doubts(text, field=name)
            asked.add(text)
    return doubts
