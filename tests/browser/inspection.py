"""What is looked at on every screen: accessibility, width, foreign words, and what the browser complains of.

Decides which pages there are, by the addresses and the templates of the application itself, how those are reached that
have no address of their own, and what is noted of each. Does not decide what is wrong (`test_screens`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from fastapi.routing import APIRoute

from browser.front_desk import SIZES, FrontDesk
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
    take_back,
    take_former_system_over,
    write_former_system,
)
from carnet_node.entrypoints.pages.rendering import TEMPLATES
from carnet_node.entrypoints.pages.site import ROUTERS

GRAVE = ("serious", "critical")
SAME_IN_BOTH = re.compile(
    r"\b(?:TJ\d+-RO-\d+-\w+-\d+|Carnet|VIN|English|km|xlsx|CSV|A4|A5|Ctrl\+Enter|YYYY-MM-DD|HH:MM|TJ\d+|Tianjin one|"
    r"[A-Z]\d+|[0-9a-f]{16}|[A-Z0-9]{17})\b"
)
"""Names, codes and formats that no language translates."""

NAMES_OUTSIDE = """all => all.filter((one) => {
    const { left, right } = one.getBoundingClientRect();
    return left < 0 || right > document.documentElement.clientWidth;
}).length"""
"""How many of the names at the top stand where somebody has to scroll to them."""

CHINESE = re.compile(r"[\u3400-\u9fff]+")
ENGLISH = re.compile(r"[A-Za-z]{3,}(?: [A-Za-z]{2,})*")
ENTERED = {
    *("中文", "王小明", "陈立群", "周敏", "津", "雅阁", "珍珠白", "刹车异响", "更换制动片", "南京路", "号", "王", "南"),
    *("制动片", "异响", "孙悦", "孙", "举升机", "钣金"),
    *("客户编号", "姓名", "手机", "会员等级", "赵一鸣", "赵", "钱多多", "钱", "周"),
}
"""What `furnish` and a former system enter, whole and masked, and the button that changes the language."""


@dataclass(frozen=True)
class Seen:
    """What was noted of one screen.

    Attributes:
        address: as the application spells it, with its gaps.
        page: the template it was drawn with.
        grave: rule and first place of what axe calls serious or critical.
        wider: by how many pixels it is wider than its window, by size; only where it is.
        outside: how many screens are named outside the window, by size; only where there are some.
        foreign: words of the other language.
    """

    name: str
    address: str
    page: str
    grave: tuple[tuple[str, str], ...]
    wider: Mapping[str, int]
    outside: Mapping[str, int]
    foreign: frozenset[str]


def addresses() -> dict[str, re.Pattern[str]]:
    """Every address of the application that a browser may open, in the order in which it is looked for."""
    routes = [
        one for router in ROUTERS for one in router.routes if isinstance(one, APIRoute) and "GET" in (one.methods or ())
    ]
    return {one.path: one.path_regex for one in routes}


def page_templates() -> frozenset[str]:
    """Every template that is drawn as a page: it extends a layout and is none."""
    named = {path.relative_to(TEMPLATES).with_suffix("").as_posix(): path for path in TEMPLATES.rglob("*.html")}
    extended = {name: re.findall(r'{% extends "(\w+)\.html" %}', path.read_text()) for name, path in named.items()}
    layouts = {name for names in extended.values() for name in names}
    return frozenset(name for name, names in extended.items() if names and name not in layouts)


def address_of(url: str) -> str:
    """The address of the application behind one in the browser; an empty text when it has none."""
    path = urlsplit(url).path
    return next((address for address, pattern in addresses().items() if pattern.match(path)), "")


def grave_problems(desk: FrontDesk) -> tuple[tuple[str, str], ...]:
    """What axe finds serious or critical on the screen that is open."""
    violations = Axe().run(desk.page).response["violations"]
    return tuple((one["id"], one["nodes"][0]["html"]) for one in violations if one["impact"] in GRAVE)


def looked_at(desk: FrontDesk, name: str, language: str) -> Seen:
    """The screen that is open, in every size of window."""
    grave, wider, outside = grave_problems(desk), {}, {}
    for size, (width, height) in reversed(SIZES.items()):
        desk.page.set_viewport_size({"width": width, "height": height})
        if desk.overflow() > 0:
            wider[size] = desk.overflow()
        if (names := desk.page.eval_on_selector_all("nav.screens a", NAMES_OUTSIDE)) > 0:
            outside[size] = names
    text = desk.page.inner_text("body")
    for code in desk.page.locator(".startcode, code").all_inner_texts():
        text = text.replace(code, " ")
    page = desk.page.get_attribute("body", "data-page") or ""
    return Seen(name, address_of(desk.page.url), page, grave, wider, outside, foreign_words(text, language))


def foreign_words(text: str, language: str) -> frozenset[str]:
    """Words of the other language; names, codes and what people entered belong to none."""
    if language == "en":
        return frozenset(CHINESE.findall(text)) - ENTERED
    return frozenset(ENGLISH.findall(SAME_IN_BOTH.sub(" ", text)))


def steps(desk: FrontDesk, screens: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Screens that are reached by doing something: their names, each open when it is handed out."""
    search_for(desk, "王")
    yield "search"
    look_for_documents(desk)
    yield "documents, found"
    ask_the_hub(desk, "津B99999")
    yield "a look-up without a line"
    send_mistakes(desk, screens["returning"])
    yield "check-in, refused"
    ask_who(desk, "王小明", "13800138000")
    yield "check-in, asked who it is"
    save_again(desk, "周敏", "陈立群")
    yield "saved before"
    look_at_former_system(desk, write_former_system(folder))
    yield "import preview with its mapping"
    take_former_system_over(desk)
    yield "import done"
    let_go(desk, screens["leave"])
    yield "departure with its report"
    desk.go("/staff")
    yield "staff with somebody who left"
    take_back(desk)
    yield "start code"
    lock(desk)
    yield "lock"
