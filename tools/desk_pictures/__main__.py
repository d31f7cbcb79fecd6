"""Draw the pictures of `docs/guides/dealer`: every screen of the front desk, in both languages, as WebP.

Decides how they are drawn; `screens` says which there are. A hub publishes a recall and is switched off; a node that
has joined it is filled with a made-up day (`shop`) and served; a real browser (CARNET_CHROMIUM, or a chromium on the
path) of 1366 by 768 draws what a person sees. Nothing is asserted here: whoever draws them looks at them.

    python -m tools.desk_pictures [--folder docs/guides/dealer] [--size desk|tablet] [--only home recalls]
"""

import argparse
import base64
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser.front_desk import FrontDesk  # noqa: E402  (needs the path set above)
from browser.moves import write_former_system  # noqa: E402
from carnet_protocol.ids import record_text, vehicle_id  # noqa: E402
from support.programs import Service, free_port, must_run, run_here, running  # noqa: E402
from support.vins import make_vins  # noqa: E402
from tools.desk_pictures import shop  # noqa: E402
from tools.desk_pictures.screens import BEFORE_ANYBODY, BY_DOING, INSIDE, LANGUAGES, OUTSIDE, pictured  # noqa: E402

WEBP_QUALITY: Final = 70


def main() -> int:
    """Draw all of them; returns the exit code."""
    parser = argparse.ArgumentParser(description="pictures of every screen of the front desk")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "guides" / "dealer", help="where they go")
    parser.add_argument("--size", choices=("desk", "tablet"), default="desk", help="of the window")
    parser.add_argument("--only", nargs="+", choices=sorted(pictured()), help="these pictures alone")
    options = parser.parse_args()
    chromium = os.environ.get("CARNET_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        parser.error("no browser; `make system-deps` installs chromium")
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        _draw_all(Path(scratch), _Album(browser, options.folder, options.size, options.only or pictured()))
        browser.close()
    return 0


class _Album:
    """Where pictures go, which are wanted, and the browser that draws them."""

    def __init__(self, browser: Browser, folder: Path, size: str, wanted: Iterable[str]) -> None:
        self._browser = browser
        self._folder = folder
        self._size = size
        self._wanted = frozenset(wanted)

    @contextmanager
    def opened(self, url: str, language: str) -> Iterator[FrontDesk]:
        """A window in one of the languages."""
        with FrontDesk.opened(self._browser, url, language=LANGUAGES[language], size=self._size) as desk:
            yield desk

    def wants_any(self, names: Iterable[str]) -> bool:
        """Whether one of these pictures is wanted."""
        return not self._wanted.isdisjoint(names)

    def draw_at(self, desk: FrontDesk, addresses: Mapping[str, str], language: str) -> None:
        """Every wanted picture of screens that are opened by their address."""
        for name, address in addresses.items():
            if self.wants_any((name,)):
                desk.go(address)
                self.draw(desk.page, name, language)

    def draw(self, page: Page, name: str, language: str) -> None:
        """What the window shows, where that picture is wanted."""
        if not self.wants_any((name,)):
            return
        page.wait_for_timeout(150)
        session = page.context.new_cdp_session(page)
        drawn = session.send("Page.captureScreenshot", {"format": "webp", "quality": WEBP_QUALITY})
        (self._folder / f"{name}-{language}.webp").write_bytes(base64.b64decode(drawn["data"]))
        print(f"  {name}-{language}", flush=True)


def _draw_all(scratch: Path, album: _Album) -> None:
    hub, node = _joined(scratch)
    if album.wants_any(BEFORE_ANYBODY):
        with running(node):
            for language in LANGUAGES:
                with album.opened(node.url, language) as desk:
                    album.draw_at(desk, BEFORE_ANYBODY, language)
    places = shop.furnish(node.data) | {"hub": str(hub.data), "hub_port": str(hub.port)}
    former = write_former_system(scratch)
    for language in LANGUAGES:
        with running(_copied(node, scratch / language)) as copy, album.opened(copy.url, language) as desk:
            album.draw_at(desk, OUTSIDE, language)
            _log_in(desk)
            album.draw_at(desk, {name: address.format_map(places) for name, address in INSIDE.items()}, language)
            if album.wants_any(BY_DOING):
                for name, (_, reach) in BY_DOING.items():
                    reach(desk, places, former)
                    album.draw(desk.page, name, language)


def _copied(node: Service, folder: Path) -> Service:
    """The same day for each language: what is done for the pictures of one is not seen on those of the other."""
    shutil.copytree(node.data, folder / node.data.name)
    return Service(node.name, folder / node.data.name, node.port)


def _joined(scratch: Path) -> tuple[Service, Service]:
    """A hub that is gone, and a node that knows of its recall and has taken a car of another dealer on."""
    hub, node = (
        Service("carnet-hub", scratch / "hub", free_port()),
        Service("carnet-node", scratch / "data", free_port()),
    )
    run_here("carnet-hub", hub.data, "init")
    run_here("carnet-hub", hub.data, "dealers", "add", "TJ01", "天津一店")
    run_here("carnet-hub", hub.data, "recalls", "import", shop.write_campaign(scratch / "campaign"))
    run_here("carnet-hub", hub.data, "recalls", "publish", shop.CAMPAIGN)
    run_here("carnet-hub", hub.data, "dealers", "add", "BJ01", "北京一店")
    codes = {one: run_here("carnet-hub", hub.data, "dealers", "invite", one)["code"] for one in ("TJ01", "BJ01")}
    with running(hub):
        _serve_elsewhere(scratch / "elsewhere", hub.url, codes["BJ01"])
        run_here("carnet-node", node.data, "init")
        must_run("carnet-node", node.data, "enrol", "--hub", hub.url, codes["TJ01"])
        car = record_text(vehicle_id(make_vins(shop.TAKEN_ON + 1)[shop.TAKEN_ON]))
        must_run("carnet-node", node.data, "lookup", "take-on", car, "--reason", "towed_in")
        must_run("carnet-node", node.data, "sync")
    return hub, node


def _serve_elsewhere(data: Path, hub_url: str, code: str) -> None:
    """Another dealer's node, whose two cars the hub knows."""
    run_here("carnet-node", data, "init")
    must_run("carnet-node", data, "enrol", "--hub", hub_url, code)
    owner = run_here("carnet-node", data, "customers", "add", "--name", "秦明", "--phone", "13800138620")["id"]
    vins = make_vins(shop.TAKEN_ON + 1)
    cars = ((vins[shop.TAKEN_ON - 1], shop.TRAVELLER_PLATE), (vins[shop.TAKEN_ON], "京P3M417"))
    for vin, plate in cars:
        said = ("--owner", owner, "--plate", plate, "--set", "model_name=思域 1.5T", "--set", "color=蓝色")
        run_here("carnet-node", data, "vehicles", "add", vin, *said)
        for km, work in ((8_120, "首次保养"), (21_450, "更换前刹车片")):
            job = f"complaint={work};op_name={work};pay_type=customer"
            run_here("carnet-node", data, "visits", "add", "--vin", vin, "--km", str(km), "--job", job)
    must_run("carnet-node", data, "sync")


def _log_in(desk: FrontDesk) -> None:
    desk.go("/login")
    desk.page.fill("[name=staff_no]", shop.ADMINISTRATOR[0])
    desk.page.fill("[name=password]", shop.PASSWORD)
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector("nav.screens")


if __name__ == "__main__":
    sys.exit(main())
