"""Draw the pictures of `docs/guides/dealer`: every screen of the front desk, in both languages, as WebP.

Decides which screens there are pictures of and how they are reached. A hub publishes a recall and is switched off; a
node that has joined it is filled with a made-up day (`shop`) and served; a real browser (CARNET_CHROMIUM, or a chromium
on the path) of 1366 by 768 draws what a person sees. Nothing is asserted here: whoever draws them looks at them.

    python -m tools.desk_pictures [--folder docs/guides/dealer] [--size desk|tablet]
"""

import argparse
import base64
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser.front_desk import FrontDesk  # noqa: E402  (needs the path set above)
from browser.moves import (  # noqa: E402
    let_go,
    lock,
    look_at_former_system,
    search_for,
    send_mistakes,
    take_back,
    take_former_system_over,
    write_former_system,
)
from support.programs import Service, free_port, must_run, run_here, running  # noqa: E402
from tools.desk_pictures import shop  # noqa: E402

LANGUAGES: Final = {"zh": "zh_CN", "en": "en"}
WEBP_QUALITY: Final = 70
STEADY: Final = {
    "home": "/",
    "orders": "/visits",
    "customers": "/customers",
    "customer-new": "/customers/new",
    "sync": "/sync",
    "exchange": "/exchange",
    "staff": "/staff",
    "accesses": "/staff/accesses",
    "me": "/staff/me",
    "password": "/password",
    "failure": "/no-such-page",
}
"""Screens that stand at the same address everywhere."""


def main() -> int:
    """Draw all of them; returns the exit code."""
    parser = argparse.ArgumentParser(description="pictures of every screen of the front desk")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "guides" / "dealer", help="where they go")
    parser.add_argument("--size", choices=("desk", "tablet"), default="desk", help="of the window")
    options = parser.parse_args()
    chromium = os.environ.get("CARNET_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        parser.error("no browser; `make system-deps` installs chromium")
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        _draw_all(Path(scratch), _Album(browser, options.folder, options.size))
        browser.close()
    return 0


class _Album:
    """Where pictures go, and the browser that draws them."""

    def __init__(self, browser: Browser, folder: Path, size: str) -> None:
        self._browser = browser
        self._folder = folder
        self._size = size

    @contextmanager
    def opened(self, url: str, language: str) -> Iterator[FrontDesk]:
        """A window in one of the languages."""
        with FrontDesk.opened(self._browser, url, language=LANGUAGES[language], size=self._size) as desk:
            yield desk

    def draw(self, page: Page, name: str, language: str) -> None:
        """What the window shows."""
        page.wait_for_timeout(150)
        session = page.context.new_cdp_session(page)
        drawn = session.send("Page.captureScreenshot", {"format": "webp", "quality": WEBP_QUALITY})
        (self._folder / f"{name}-{language}.webp").write_bytes(base64.b64decode(drawn["data"]))
        print(f"  {name}-{language}", flush=True)


def _draw_all(scratch: Path, album: _Album) -> None:
    node = _joined(scratch)
    with running(node):
        for language in LANGUAGES:
            with album.opened(node.url, language) as desk:
                desk.go("/set-up")
                album.draw(desk.page, "set-up", language)
    places = shop.furnish(node.data)
    former = write_former_system(scratch)
    with running(node):
        for language in LANGUAGES:
            with album.opened(node.url, language) as desk:
                _outside(desk, album, language)
                _log_in(desk)
                for name, path in (STEADY | places).items():
                    desk.go(path)
                    album.draw(desk.page, name, language)
                for name, reach in _STEPS.items():
                    reach(desk, places, former)
                    album.draw(desk.page, name, language)
        with album.opened(node.url, "en") as desk:
            _log_in(desk)
            for language in reversed(LANGUAGES):
                _departure(desk, places, album, language)


def _joined(scratch: Path) -> Service:
    """A node that knows of a recall, and whose hub is gone."""
    hub, node = (
        Service("carnet-hub", scratch / "hub", free_port()),
        Service("carnet-node", scratch / "data", free_port()),
    )
    run_here("carnet-hub", hub.data, "init")
    run_here("carnet-hub", hub.data, "dealers", "add", "TJ01", "天津一店")
    run_here("carnet-hub", hub.data, "recalls", "import", shop.write_campaign(scratch / "campaign"))
    run_here("carnet-hub", hub.data, "recalls", "publish", shop.CAMPAIGN)
    code = run_here("carnet-hub", hub.data, "dealers", "invite", "TJ01")["code"]
    with running(hub):
        run_here("carnet-node", node.data, "init")
        must_run("carnet-node", node.data, "enrol", "--hub", hub.url, code)
        must_run("carnet-node", node.data, "sync")
    return node


def _outside(desk: FrontDesk, album: _Album, language: str) -> None:
    for name in ("login", "start"):
        desk.go(f"/{name}")
        album.draw(desk.page, name, language)


def _log_in(desk: FrontDesk) -> None:
    desk.go("/login")
    desk.page.fill("[name=staff_no]", shop.ADMINISTRATOR[0])
    desk.page.fill("[name=password]", shop.PASSWORD)
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector("nav.screens")


def _examine(desk: FrontDesk) -> None:
    desk.go("/sync")
    desk.page.click("form[action='/sync/examine'] button")
    desk.page.wait_for_selector("[data-grade]")
    desk.page.evaluate("document.querySelector('[data-grade]').scrollIntoView({block: 'center'})")


_Move = Callable[[FrontDesk, Mapping[str, str], Path], None]
_STEPS: Final[Mapping[str, _Move]] = {
    "search": lambda desk, _places, _former: search_for(desk, "王"),
    "refused": lambda desk, places, _former: send_mistakes(desk, places["check-in"]),
    "import": lambda desk, _places, former: look_at_former_system(desk, former),
    "import-run": lambda desk, _places, _former: take_former_system_over(desk),
    "examined": lambda desk, _places, _former: _examine(desk),
    "locked": lambda desk, _places, _former: lock(desk),
}
"""Screens that are reached by doing something, in this order."""


def _departure(desk: FrontDesk, places: Mapping[str, str], album: _Album, language: str) -> None:
    """Somebody leaves, and comes back for the picture in the other language."""
    desk.page.context.add_cookies([{"name": "carnet_language", "value": LANGUAGES[language], "url": desk.url}])
    let_go(desk, places["leave"])
    album.draw(desk.page, "left", language)
    desk.go("/staff")
    take_back(desk)


if __name__ == "__main__":
    sys.exit(main())
