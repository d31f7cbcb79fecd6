"""A real browser at a really served node whose hub is out of reach.

Decides where the browser comes from (CARNET_CHROMIUM, or a chromium on the path), and that a machine without one says
so: where CARNET_REQUIRE_BROWSER is set, a missing browser is a failure and no skip.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser.front_desk import FrontDesk, forget_drafts, furnish
from support.cli_node import enrol_folder
from support.programs import Service, free_port, running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's chromium, for one module: while it lives, no other test of this process can run an event loop."""
    path = os.environ.get("CARNET_CHROMIUM") or shutil.which("chromium")
    if path is None:
        missing = "NO BROWSER: the pages were not driven; `make system-deps` installs chromium"
        if os.environ.get("CARNET_REQUIRE_BROWSER"):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Service]:
    """A served node with people, customers and cars."""
    folder: Path = tmp_path_factory.mktemp("desk")
    enrol_folder(folder)
    furnish(folder / "data")
    with running(Service("carnet-node", folder / "data", free_port(), ("--offline",))) as service:
        yield service


@pytest.fixture
def desk(served: Service, chromium: Browser) -> Iterator[FrontDesk]:
    """Somebody who is logged in, in Chinese, on a screen of 1366 by 768; no form is begun."""
    forget_drafts(served.data)
    with FrontDesk.opened(chromium, served.url) as opened:
        opened.log_in()
        yield opened


@pytest.fixture(params=["zh_CN", "en"])
def language(request: pytest.FixtureRequest) -> str:
    """Both languages."""
    return str(request.param)
