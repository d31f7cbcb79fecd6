"""What a person at a front desk sees and does, in a real browser; and the people and cars of the site they work at."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page

from browser.ended_orders import nearly_over, somebody_is_due
from browser.expected_cars import a_day
from carnet_node.bootstrap import open_installation
from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.log.acting import acting_for
from carnet_node.core.saving.desk import save, save_vehicle, save_visit
from carnet_node.core.saving.editing import new_owner_drafts, plate_drafts
from carnet_node.core.saving.taking_on import take_on
from carnet_node.core.staff.staff import add_member, set_up
from carnet_node.settings import NodeSettings
from carnet_protocol.ids import RecordId, record_text, vehicle_id
from support.staffed import PASSWORD
from support.vins import make_vins

ADMINISTRATOR = "B01"
PLATE = "津A12345"

SIZES = {"desk": (1366, 768), "tablet": (1024, 768), "zoomed": (683, 384)}


def furnish(data: Path) -> None:
    """People, a customer with a car, and an order in the shop; passwords with the real hash."""
    from carnet_node.adapters.passwords import Argon2Passwords  # noqa: PLC0415  (slow to import, and used once)

    installation = open_installation(NodeSettings(data_dir=data))
    node = installation.node()
    opened = set_up(node, Argon2Passwords(), {"staff_no": ADMINISTRATOR, "full_name": "陈立群"}, PASSWORD)
    node = acting_for(node, opened.staff)
    colleague = add_member(node, {"staff_no": "A07", "full_name": "周敏", "role": "advisor"})[0]
    command = AddCustomer(
        {"party_kind": "person", "full_name": "王小明", "segment": "private"},
        [{"number": "13800138000", "phone_kind": "mobile"}],
        [{"street": "南京路 1 号"}],
    )
    customer = save(node, partial(add_customer, command)).records[0]

    def plate(vehicle: RecordId, new_id: NewId) -> Drafts:
        return plate_drafts(node, vehicle, {"plate_no": PLATE, "from_on": "2024-05-01"}, new_id)

    values = {"model_name": "雅阁 2.0", "color": "珍珠白"}
    vehicle = save_vehicle(node, AddVehicle(make_vins(1)[0], node.settings.vin_policy, values), plate).vehicle
    save(node, lambda _: new_owner_drafts(node, vehicle, customer, "owner", {"from_on": "2024-05-01"}))
    job = NewJob({"complaint": "刹车异响", "op_name": "更换制动片", "pay_type": "customer"})
    order = OpenVisit(
        "", vehicle, node.clock.now_ms(), customer, {"odometer_in_km": 42000, "advisor_code": "B01"}, [job]
    )
    visit = save_visit(node, order).visit
    somebody_is_due(node)
    take_on(node, RecordId(vehicle_id(make_vins(99)[98])), "towed_in")
    screens = {
        "vehicle-dates": f"/vehicles/{record_text(vehicle)}/dates",
        "customer": f"/customers/{record_text(customer)}",
        "customer-edit": f"/customers/{record_text(customer)}/edit",
        "vehicle": f"/vehicles/{record_text(vehicle)}",
        "vehicle-edit": f"/vehicles/{record_text(vehicle)}/edit",
        "order": f"/visits/{record_text(visit)}",
        "order-edit": f"/visits/{record_text(visit)}/edit",
        "order-work": f"/visits/{record_text(visit)}/work",
        "print": f"/visits/{record_text(visit)}/print/reception",
        "print-order": f"/visits/{record_text(visit)}/print/order",
        "returning": f"/visits/new?vehicle={record_text(vehicle)}",
        "code": f"/staff/{record_text(colleague)}/code",
        "leave": f"/staff/{record_text(colleague)}/leave",
        "report": f"/staff/{record_text(opened.staff)}/accesses",
        **nearly_over(node, customer),
        **a_day(node),
    }
    (data.parent / "screens.txt").write_text("\n".join(f"{name} {path}" for name, path in screens.items()))
    installation.store.close()


def screens_of(data: Path) -> dict[str, str]:
    """Every screen that somebody who is logged in may open, by a short name."""
    listed = (line.split() for line in (data.parent / "screens.txt").read_text().splitlines())
    return {
        "home": "/",
        "check-in": "/visits/new",
        "orders": "/visits",
        "customers": "/customers",
        "customer-new": "/customers/new",
        "sync": "/sync",
        "exchange": "/exchange",
        "recalls": "/recalls",
        "due": "/due",
        "look-ups": "/look-ups",
        "documents": "/documents",
        "reports": "/reports",
        "board": "/board",
        "board-list": "/board/list",
        "appointments": "/appointments",
        "appointment-new": "/appointments/new",
        "arrangement": "/arrangement",
        "staff": "/staff",
        "accesses": "/staff/accesses",
        "me": "/staff/me",
        "password": "/password",
        **dict(listed),
    }


def forget_drafts(data: Path) -> None:
    """Throw away what anybody has typed and not saved."""
    with closing(sqlite3.connect(data / "node.db", timeout=20)) as connection, connection:
        connection.execute("DELETE FROM form_draft")


@dataclass
class FrontDesk:
    """One browser at one node.

    Attributes:
        complaints: what the browser wrote to its console, and scripts that failed.
    """

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def opened(
        cls, browser: Browser, url: str, *, language: str = "zh_CN", size: str = "desk", scale: float = 1
    ) -> Iterator["FrontDesk"]:
        """A browser window; gone when the block ends."""
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=scale)
        context.add_cookies([{"name": "carnet_language", "value": language, "url": url}])
        desk = cls(context.new_page(), url)
        desk.page.on("console", lambda said: desk.complaints.append(said.text))
        desk.page.on("pageerror", lambda error: desk.complaints.append(str(error)))
        try:
            yield desk
        finally:
            context.close()

    def log_in(self) -> None:
        """Staff number and password, by keyboard."""
        self.go("/login")
        self.page.keyboard.type(ADMINISTRATOR)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("nav.screens")

    def begin(self, staff_no: str, code: str) -> None:
        """Somebody new chooses a password with the code they were given."""
        self.go("/start")
        self.page.fill("[name=staff_no]", staff_no)
        self.page.fill("[name=code]", code)
        for name in self.page.eval_on_selector_all("main input[type=password]", "all => all.map((one) => one.name)"):
            self.page.fill(f"[name='{name}']", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("nav.screens")

    def type_or_press(self, text: str) -> None:
        """A text by keyboard; a tab and a line break are keys."""
        keys = {"\t": "Tab", "\n": "Enter"}
        if text in keys:
            self.page.keyboard.press(keys[text])
        else:
            self.page.keyboard.type(text)

    def speak(self, language: str) -> None:
        """The language of every page from the next one on."""
        self.page.context.add_cookies([{"name": "carnet_language", "value": language, "url": self.url}])

    def search(self, text: str) -> str:
        """What the one box finds."""
        self.page.fill("#search", text)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".hits")
        return self.page.inner_text("main")

    def press_sync(self) -> None:
        """One round now, by the button of the sync centre; returns with its result."""
        self.go("/sync")
        self.page.click("form[action='/sync/now'] button")
        self.page.wait_for_selector("main .notice[role=status]")

    def go(self, path: str) -> None:
        """Open a screen and wait until its scripts have run."""
        self.page.goto(self.url + path)
        self.page.wait_for_load_state("load")

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
