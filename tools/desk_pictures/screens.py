"""Which pictures of the front desk there are, and how each screen is reached.

Decides names, addresses and moves. Every page that the application has stands here (`tests/browser/test_pictures.py`),
with the gaps of its address as the application spells them; `shop` fills them with what it has entered.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from browser.front_desk import FrontDesk
from browser.moves import (
    ask_the_hub,
    ask_who,
    let_go,
    lock,
    look_at_former_system,
    look_for_documents,
    save_again,
    search_for,
    send_mistakes,
    take_former_system_over,
)
from support.programs import Service, running
from tools.desk_pictures import shop

LANGUAGES: Final = {"zh": "zh_CN", "en": "en"}

BEFORE_ANYBODY: Final = {"set-up": "/set-up"}
"""Screens of a node that nobody has set up."""

OUTSIDE: Final = {"login": "/login", "start": "/start"}
"""Screens that need nobody."""

INSIDE: Final = {
    "home": "/",
    "orders": "/visits",
    "customers": "/customers",
    "customer-new": "/customers/new",
    "sync": "/sync",
    "exchange": "/exchange",
    "recalls": "/recalls",
    "documents": "/documents",
    "reports": "/reports",
    "due": "/due",
    "look-ups": "/look-ups",
    "board": "/board",
    "board-list": "/board/list",
    "appointments": "/appointments",
    "day": "/appointments/on/{tomorrow}",
    "day-advisors": "/appointments/on/{day}/advisors",
    "appointment-new": "/appointments/new",
    "appointment": "/appointments/{appointment}",
    "appointment-edit": "/appointments/{appointment}/edit",
    "arrangement": "/arrangement",
    "staff": "/staff",
    "accesses": "/staff/accesses",
    "me": "/staff/me",
    "password": "/password",
    "failure": "/no-such-page",
    "customer": "/customers/{customer}",
    "customer-edit": "/customers/{customer}/edit",
    "vehicle": "/vehicles/{vehicle}",
    "vehicle-edit": "/vehicles/{vehicle}/edit",
    "vehicle-dates": "/vehicles/{vehicle}/dates",
    "check-in": "/visits/new?vehicle={vehicle}",
    "order": "/visits/{visit}",
    "order-edit": "/visits/{visit}/edit",
    "order-work": "/visits/{visit}/work",
    "settle": "/visits/{done}/settle",
    "hand-over": "/visits/{settled}/hand-over",
    "order-settled": "/visits/{settled}",
    "print-settlement": "/visits/{settled}/print/settlement",
    "print-warranty": "/visits/{settled}/print/warranty",
    "print": "/visits/{visit}/print/reception",
    "print-order": "/visits/{visit}/print/order",
    "code": "/staff/{member}/code",
    "report": "/staff/{member}/accesses",
    "leave": "/staff/{member}/leave",
}
"""Screens that somebody who is logged in opens by their address."""

Places = Mapping[str, str]
"""What fills the gaps of addresses."""


def _examine(desk: FrontDesk) -> None:
    desk.go("/sync")
    desk.page.click("form[action='/sync/examine'] button")
    desk.page.wait_for_selector("[data-grade]")
    desk.page.evaluate("document.querySelector('[data-grade]').scrollIntoView({block: 'center'})")


def _ask_with_a_line(desk: FrontDesk, places: Places) -> None:
    """The hub is there for one question."""
    with running(Service("carnet-hub", Path(places["hub"]), int(places["hub_port"]))):
        ask_the_hub(desk, shop.TRAVELLER_PLATE)


_Move = Callable[[FrontDesk, Places, Path], None]
BY_DOING: Final[Mapping[str, tuple[str, _Move]]] = {
    "search": ("/search/{handle}", lambda desk, _places, _former: search_for(desk, "王")),
    "look-up-cut-off": ("/look-ups", lambda desk, _places, _former: ask_the_hub(desk, "津B7K205")),
    "look-up-found": ("/look-ups", lambda desk, places, _former: _ask_with_a_line(desk, places)),
    "documents-found": ("/documents/{handle}", lambda desk, _places, _former: look_for_documents(desk)),
    "refused": (
        "/visits/new",
        lambda desk, places, _former: send_mistakes(desk, INSIDE["check-in"].format_map(places)),
    ),
    "asked": ("/visits/new", lambda desk, _places, _former: ask_who(desk, *shop.NAMESAKE)),
    "saved-before": ("/customers/new", lambda desk, _places, _former: save_again(desk, "韩雪", "韩雪梅")),
    "import": ("/exchange/import", lambda desk, _places, former: look_at_former_system(desk, former)),
    "import-run": ("/exchange/import", lambda desk, _places, _former: take_former_system_over(desk)),
    "examined": ("/sync", lambda desk, _places, _former: _examine(desk)),
    "left": (
        "/staff/{member}/leave",
        lambda desk, places, _former: let_go(desk, INSIDE["leave"].format_map(places)),
    ),
    "locked": ("/locked", lambda desk, _places, _former: lock(desk)),
}
"""Screens that are reached by doing something, in this order, and where they then stand."""


def pictured() -> dict[str, str]:
    """The address of every picture, by name."""
    return BEFORE_ANYBODY | OUTSIDE | INSIDE | {name: address for name, (address, _) in BY_DOING.items()}
