"""Draw the pictures of `docs/guides/regulator`: the site of a hub as others see it, in both languages, as WebP.

Decides which pages there are pictures of and how they are reached. A hub with a made-up recall of two months is served;
a real browser (CARNET_CHROMIUM, or a chromium on the path) of 1100 by 760 draws what a person sees. `--axe` also prints
what axe finds on each page. Nothing is asserted here: whoever draws them looks at them.

    python -m tools.regulator_pictures [--folder docs/guides/regulator] [--axe]
"""

import argparse
import base64
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from carnet_hub.core.outside.regulators import Scope  # noqa: E402  (needs the path set above)
from support.programs import Service, free_port, run_here, running  # noqa: E402  (needs the path set above)
from support.recall_hub import RecallHub, begin_recall  # noqa: E402
from support.recall_plans import NUMBER  # noqa: E402
from support.vins import make_vins  # noqa: E402

WEBP_QUALITY: Final = 70
SIZE: Final = ViewportSize(width=1100, height=760)
FLEET: Final = 240
SITES: Final = {"A001": "43", "B001": "44", "C001": "12", "D001": "31", "E001": "51"}
TEXTS: Final = {
    "title": "制动软管 / Brake hose",
    "producer": "示例汽车有限公司",
    "scope": "2024 年 5 月生产的部分车辆",
    "defect": "制动软管在低温下可能开裂。",
    "hazard": "制动距离变长，存在安全隐患。",
    "emergency_advice": "低速行驶，尽快联系服务店。",
    "remedy": "免费更换制动软管。",
    "hazard_level": "park_outside",
}


class Cars(NamedTuple):
    """A regulator's token, a car that is open and one that was done."""

    token: str
    open: str
    done: str


def main() -> int:
    """Draw all of them; returns the exit code."""
    parser = argparse.ArgumentParser(description="pictures of the pages for regulators and of the public check")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "guides" / "regulator", help="where they go")
    parser.add_argument("--axe", action="store_true", help="also print what axe finds")
    options = parser.parse_args()
    chromium = os.environ.get("CARNET_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        parser.error("no browser; `make system-deps` installs chromium")
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        hub, vins = _recall_under_way(Path(scratch))
        scopes = [word for scope in Scope for word in ("--scope", scope.value)]
        token = run_here("carnet-hub", hub.data, "regulator", "token", "add", "samr", *scopes)["token"]
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with running(hub):
            for language in ("zh", "en"):
                page = browser.new_page(viewport=SIZE)
                _draw_all(page, hub, language, Cars(token, vins[0], vins[-1]), options)
                page.close()
        browser.close()
    return 0


def _recall_under_way(scratch: Path) -> tuple[Service, list[str]]:
    """A hub whose recall has run for two months, with a published report."""
    vins, dice = make_vins(FLEET), random.Random(7)
    recall = begin_recall(scratch / "hub", vins, **TEXTS)
    for code, province in list(SITES.items())[2:]:
        recall.open_site(code, province)
    waiting = vins[1:]
    for _ in range(30):
        recall.days_pass(2)
        _some_are_done(recall, waiting, dice)
    recall.note("public_notice")
    recall.make("cn-stage", scratch / "report")
    recall.hub.app.published_reports().publish(scratch / "report")
    recall.hub.app.close()
    return Service("carnet-hub", scratch / "hub", free_port()), vins


def _some_are_done(recall: RecallHub, waiting: list[str], dice: random.Random) -> None:
    for _ in range(dice.randrange(8)):
        site = dice.choices(list(SITES), weights=(9, 7, 4, 3, 2))[0]
        recall.complete(site, waiting.pop(), method=dice.choice(("replaced", "replaced", "inspected_no_defect")))


def _draw_all(page: Page, hub: Service, language: str, cars: Cars, options: argparse.Namespace) -> None:
    def draw(name: str) -> None:
        """What the window shows, once it stands still."""
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(150)
        session = page.context.new_cdp_session(page)
        drawn = session.send("Page.captureScreenshot", {"format": "webp", "quality": WEBP_QUALITY})
        (options.folder / f"{name}-{language}.webp").write_bytes(base64.b64decode(drawn["data"]))
        print(f"  {name}-{language}", flush=True)
        if options.axe:
            for found in Axe().run(page).response["violations"]:
                print(f"    {found['impact']}: {found['id']}: {found['nodes'][0]['html'][:120]}")

    def go(path: str) -> None:
        """Open a page in this language."""
        page.goto(f"{hub.url}{path}?lang={language}")

    go("/check")
    page.fill("[name=vin]", cars.open)
    page.click("main form button")
    draw("check")
    page.fill("[name=vin]", cars.done)
    page.click("main form button")
    draw("check-none")
    go("/regulator/login")
    draw("login")
    page.fill("[name=token]", cars.token)
    page.click("main form button")
    draw("campaigns")
    go(f"/regulator/campaigns/{NUMBER}")
    draw("campaign")
    go("/regulator/vehicle")
    page.fill("[name=vin]", cars.done)
    page.click("main form button")
    draw("vehicle")
    go("/regulator/reports")
    draw("reports")
    go("/regulator/owners")
    for case in (f"2026-{language}-11", f"2026-{language}-12"):
        page.fill("[name=case_no]", case)
        page.fill("[name=vins]", cars.open)
        page.click("main form button")
        page.wait_for_selector("main table")
    first = run_here("carnet-hub", hub.data, "regulator", "named", "list")[-2]["request_id"]
    run_here("carnet-hub", hub.data, "regulator", "named", "release", first, "--by", "op-2")
    go("/regulator/owners")
    draw("owners")


if __name__ == "__main__":
    sys.exit(main())
