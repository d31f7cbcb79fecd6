"""The pages of the front desk as the server makes them: each figure is one request, from guard to template.

Decides how the pages are asked without a line between: requests go straight into the application, on one event loop
that stays open, blocking work goes to threads and what was loaded is frozen, as it is in `serve`. What a browser adds
is not in the figures. The form of a check-in is read before the clock runs; its save, durable, is what is timed.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from http import HTTPStatus
from random import Random
from types import TracebackType
from typing import Final, Self

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from carnet_node.adapters.system import run_blocking
from carnet_node.core.staff.login import begin_with_code
from carnet_node.core.staff.staff import issue_start_code
from carnet_node.entrypoints.pages.static_files import FOLDER as STATIC
from carnet_node.entrypoints.pages.visitors import SESSION_COOKIE
from carnet_node.entrypoints.web.app import create_api
from carnet_node.entrypoints.web.desk import Desk as ServedDesk
from carnet_node.entrypoints.web.guards import LOOPBACK_NAMES
from carnet_protocol.ids import RecordId, record_text
from support.browsing import ADDRESS, Fields
from support.staffed import PASSWORD, TestHasher
from tools.desk_bench.data import Desk
from tools.desk_bench.questions import BOARD_MS, PAGE_MS, SAVE_MS, SEARCH_MS, STAFF_NO, Question, advisor_of

PAGE_BYTES_MAX: Final = 150_000
"""Issue C: what a page may weigh with style and scripts, without pictures."""


class Pages(AbstractContextManager["Pages"]):
    """The application around a measured desk, with an advisor logged in."""

    def __init__(self, desk: Desk) -> None:
        served = ServedDesk(desk.node, run_blocking, hasher=TestHasher())
        self._api = create_api(served, hosts=LOOPBACK_NAMES, token="for programs")
        self._session = _log_in(desk)
        self._open = ExitStack()
        self._portal: BlockingPortal
        self._client: httpx.AsyncClient

    def __enter__(self) -> Self:
        self._portal = self._open.enter_context(start_blocking_portal())
        transport = httpx.ASGITransport(self._api, raise_app_exceptions=False, client=("127.0.0.1", 50_000))
        self._client = httpx.AsyncClient(transport=transport, base_url=ADDRESS)
        self._client.cookies.set(SESSION_COOKIE, self._session, domain="localhost.local", path="/")
        gc.collect()
        gc.freeze()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        gc.unfreeze()
        self._portal.call(self._client.aclose)
        self._open.close()

    def get(self, path: str) -> str:
        """A page, which has to be there."""
        return self._asked("GET", path, 200, {})

    def post(self, path: str, sent: dict[str, str], status: int = 200) -> str:
        """What is answered to a form, which has to be taken."""
        return self._asked("POST", path, status, sent)

    def search(self, token: str, text: str) -> str:
        """The results of a search, with the step that leads to their address."""
        return self._asked("POST", "/search", 200, {"token": token, "text": text})

    def weight(self, path: str) -> int:
        """Bytes of a page with its style and scripts, nothing compressed, without pictures."""
        return len(self.get(path).encode()) + _static_bytes()

    def _asked(self, method: str, path: str, status: int, sent: dict[str, str]) -> str:
        async def asked() -> httpx.Response:
            """One request, in the thread of the portal."""
            return await self._client.request(method, path, data=sent or None, follow_redirects=status == HTTPStatus.OK)

        answer: httpx.Response = self._portal.call(asked)
        if answer.status_code != status:
            raise RuntimeError(f"{method} {path.partition('?')[0]}: {answer.status_code}")
        return answer.text


def page_questions_of(desk: Desk, pages: Pages, dice: Random, times: int) -> Iterator[Question]:
    """(page, ms it may take at the 99th percentile, opening it once); the save can be asked `times` times."""
    token = Fields(pages.get("/")).forms["/search"]["token"]

    def some(name: str) -> str:
        """The id of any record of a sample."""
        return record_text(RecordId(bytes.fromhex(dice.choice(desk.samples[name]))))

    def search(name: str, shape: Callable[[str], str] = str) -> Callable[[], object]:
        """A search for any value of a sample, or for a part of it."""
        return lambda: pages.search(token, shape(dice.choice(desk.samples[name])))

    yield "pages: search by plate", SEARCH_MS, search("plate")
    yield "pages: search by end of phone", SEARCH_MS, search("phone", lambda one: one[-4:])
    yield "pages: search by surname", SEARCH_MS, search("name", lambda one: one[:1])
    yield "pages: home", PAGE_MS, lambda: pages.get("/")
    yield "pages: board", BOARD_MS, lambda: pages.get("/board")
    yield "pages: board as a list", BOARD_MS, lambda: pages.get("/board/list")
    yield "pages: day board", BOARD_MS, lambda: pages.get("/appointments")
    yield "pages: a car", PAGE_MS, lambda: pages.get(f"/vehicles/{some('vehicle')}")
    yield "pages: a customer", PAGE_MS, lambda: pages.get(f"/customers/{some('customer')}")
    yield "pages: form of a check-in", PAGE_MS, lambda: pages.get(f"/visits/new?vehicle={some('vehicle')}")
    # Each car once: a second order for a car whose work is not done would be asked about.
    cars = (record_text(RecordId(bytes.fromhex(one))) for one in dice.sample(desk.samples["vehicle"], times))
    forms = [_filled(pages, car, dice) for car in cars]
    yield "pages: save of a check-in", SAVE_MS, lambda: pages.post("/visits/new", forms.pop(), 303)


def weights_of(desk: Desk, pages: Pages) -> Iterator[tuple[str, int]]:
    """(page, bytes) of the pages people open most."""
    vehicle, customer = (
        record_text(RecordId(bytes.fromhex(desk.samples[name][0]))) for name in ("vehicle", "customer")
    )
    for name, path in {
        "home": "/",
        "a car": f"/vehicles/{vehicle}",
        "a customer": f"/customers/{customer}",
        "form of a check-in": f"/visits/new?vehicle={vehicle}",
    }.items():
        yield name, pages.weight(path)


def _filled(pages: Pages, vehicle: str, dice: Random) -> dict[str, str]:
    """The form of a returning car as an advisor sends it."""
    form = Fields(pages.get(f"/visits/new?vehicle={vehicle}")).forms["/visits/new"]
    return form | {
        "odometer_in_km": str(300_000 + dice.randrange(1_000)),
        "is_read_again": "1",
        "sender_name": "Example Person",
        "sender_phone": "13800138000",
        "jobs[0].complaint": "刹车时有异响",
        "jobs[1].complaint": "常规保养",
        "belongings": "儿童座椅",
    }


def _log_in(desk: Desk) -> str:
    """A session of the advisor, who chooses a password anew at each run."""
    code = issue_start_code(desk.node, advisor_of(desk.node))
    return begin_with_code(desk.node, TestHasher(), STAFF_NO, code, PASSWORD).token


def _static_bytes() -> int:
    return sum(one.stat().st_size for one in STATIC.rglob("*") if one.suffix in (".css", ".js"))
