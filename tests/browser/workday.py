"""What people at a front desk do with one car in a day, from the call to the papers; each step says what it saw.

Decides the keys and clicks of the day. Does not decide what is right (`test_workshop_day`). What is typed where
only a person's own words stand belongs to no language.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

from playwright.sync_api import Locator
from pypdf import PdfReader

from browser.front_desk import FrontDesk
from browser.inspection import foreign_words, grave_problems
from carnet_protocol.shop_figures import FIGURES, Figures

TYPED = "20261123"
APPOINTMENT = re.compile(r"/appointments/[0-9a-f-]{36}$")
ORDER = re.compile(r"/visits/[0-9a-f-]{36}$")


@dataclass
class Workday:
    """One car, and the desk at which it is looked after.

    Attributes:
        foreign: words of the other language on any page of the day.
        grave: what axe calls serious or critical on those that only come up in the course of a day.
        order: address of its repair order, once there is one.
    """

    desk: FrontDesk
    language: str
    plate: str
    phone: str
    foreign: set[str] = field(default_factory=set)
    grave: set[tuple[str, str]] = field(default_factory=set)
    order: str = ""

    def note_call(self) -> str:
        """Beside the day, with nothing known but a number and a plate; returns the state of the call."""
        page = self.desk.page
        self.desk.go("/appointments")
        self._look()
        page.focus("[name=caller_phone]")
        for text in (self.phone, "\n", self.plate):
            self.desk.type_or_press(text)
        self._send(APPOINTMENT)
        return self._state()

    def ask_for_a_taken_slot(self, taken: str) -> tuple[str, bool]:
        """The bay is somebody's then; returns the time that is still typed, and whether the refusal has a link."""
        page = self.desk.page
        page.click("a[href$='/edit']")
        self._slot(taken, "B1")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("#summary")
        self._look_closely()
        return page.input_value("[name=starts_at]"), page.locator("#summary a").count() > 0

    def take_a_free_slot(self, bay: str) -> str:
        """The first that is offered, in another bay; returns the state of the call."""
        page = self.desk.page
        self._slot(page.locator("#free option").first.get_attribute("value") or "", bay)
        self._send(APPOINTMENT)
        self._look()
        return self._state()

    def check_in(self) -> tuple[str, str]:
        """The car has come; returns plate and phone as the check-in has them from the call."""
        page = self.desk.page
        page.click("form[action$='/check-in'] button")
        page.wait_for_selector("[name='appointment']")
        found = page.input_value("[name='car.plate']"), page.input_value("[name='sender_phone']")
        page.fill("[name='sender_name']", TYPED)
        page.fill("[name='jobs[0].complaint']", TYPED)
        page.check("[name=is_odometer_unknown]")
        self._send(ORDER)
        self._look()
        self.order = page.url.removeprefix(self.desk.url)
        return found

    def look_back(self, appointment: str) -> tuple[str, int]:
        """The state of the call now, and how many links lead from it to the order."""
        self.desk.go(appointment)
        self._look()
        return self._state(), self.desk.page.locator(f"main a[href='{self.order}']").count()

    def hold_by_digits(self) -> tuple[str | None, bool]:
        """On hold for the first reason; returns where the car stands, and whether it is still the chosen one."""
        page = self.desk.page
        self.desk.go("/board")
        stages = page.eval_on_selector_all("[data-stage]", "all => all.map((one) => one.dataset.sense)")
        self._card().locator("input").focus()
        self._press(str(stages.index("on_hold") + 1), "1", "Enter")
        self._look_closely()
        return self._stands(), self._card().locator("input").is_checked()

    def drag_to(self, sense: str) -> str | None:
        """Moved by the pointer, at once; returns where the car stands."""
        page = self.desk.page
        with page.expect_navigation():
            self._card().drag_to(page.locator(f"[data-sense={sense}]").first)
        return self._stands()

    def drag_to_hold(self, reason: str) -> tuple[str | None, str, str | None]:
        """A hold wants its reason first; returns where the car stands until then, where the keyboard is, the end."""
        page = self.desk.page
        self._card().drag_to(page.locator("[data-sense=on_hold]").first)
        before, keyboard = self._stands(), page.evaluate("document.activeElement.name")
        page.select_option("[name=hold_reason]", reason)
        with page.expect_navigation():
            page.click("form[data-board] button[type=submit]")
        return before, keyboard, self._stands()

    def move_in_the_list(self, digit: str) -> tuple[bool, bool]:
        """Without a pointer; returns whether its row says the stage of that digit, and whether it has the keyboard."""
        page = self.desk.page
        self.desk.go("/board/list")
        row = page.locator("tr", has_text=self.plate)
        row.locator("input").focus()
        self._press(digit, "Enter")
        self._look()
        chosen = page.locator("#f-stage option").nth(int(digit)).inner_text().removeprefix(f"{digit} ")
        has_keyboard = bool(row.locator("input").evaluate("one => one === document.activeElement"))
        return chosen in row.inner_text(), has_keyboard

    def add_work(self, name: str, hours: str, pay_type: str, *, is_asked: bool) -> None:
        """One more job at 120 yuan an hour; asked for first, it waits for the customer's answer."""
        page = self.desk.page
        self.desk.go(self.order)
        page.click("summary:has(+ form[action$='/jobs'])")
        line = {"labour[0].labour_name": name, "labour[0].actual_hours": hours, "labour[0].rate_fen": "120"}
        for part, text in {"op_name": name, **line}.items():
            page.fill(f"[name='jobs[0].{part}']", text)
        page.select_option("[name='jobs[0].pay_type']", pay_type)
        page.set_checked("[name='jobs[0].approval']", is_asked)
        self._send(ORDER)

    def ask_the_customer(self) -> tuple[str, str]:
        """By phone; returns what the page says of the work before and after the answer."""
        page, answer = self.desk.page, "[aria-labelledby=answers] .state >> nth=0"
        before = page.inner_text(answer)
        page.select_option("[name=approval_channel]", "phone")
        with page.expect_navigation():
            page.click("button[value=approved]")
        self._look_closely()
        return before, page.inner_text(answer)

    def finish_work(self) -> str:
        """By the step that the page offers; returns the state of the order."""
        self._next()
        return self._state()

    def split_bill(self, *typed: str) -> list[list[str]]:
        """Open the bill and type shares of the customer; returns the amounts that the page tells beside each."""
        page, told = self.desk.page, []
        self._next()
        for text in typed:
            page.fill("[name='shares[0].share_fen']", text)
            told.append(re.findall(r"-?¥[\d,.]*\d", page.inner_text("[data-sum-of=customer]")))
        self._look()
        return told

    def let_off(self, *typed: str) -> list[str]:
        """Type discounts of the customer into the open bill; returns what the page says is due after each."""
        page, due = self.desk.page, []
        for text in typed:
            page.fill("[name=customer_discount_fen]", text)
            due.append(page.inner_text("[data-due-of=customer]"))
        return due

    def settle(self) -> tuple[str, str]:
        """Half a fen is refused first; returns the field to which the refusal leads, and the state of the order."""
        page, share = self.desk.page, "[name='shares[0].share_fen']"
        page.fill(share, "1.005")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("#summary:focus")
        self._look_closely()
        page.click("#summary a >> nth=0")
        leads_to = str(page.evaluate("document.activeElement.name"))
        page.fill(share, "")
        self._send(ORDER)
        return leads_to, self._state()

    def hand_over(self) -> str:
        """With the next service agreed; returns the state of the order."""
        self._next()
        self.desk.page.fill("[name=next_service_km]", "60000")
        self._look()
        self._send(ORDER)
        self._look()
        return self._state()

    def find(self) -> tuple[int, int]:
        """Among the documents of this month, by plate; returns how many there are, and how many are the order."""
        page = self.desk.page
        self.desk.go("/documents")
        page.fill("[name=plate]", self.plate)
        page.click("form[action='/documents'] button[type=submit]")
        page.wait_for_selector("#found")
        self._look()
        return page.locator("[data-list] tbody tr").count(), page.locator(f"[data-list] a[href='{self.order}']").count()

    def ten_days(self) -> Figures:
        """What the report of these ten days counts in all."""
        self.desk.go("/reports")
        with self.desk.page.expect_navigation():
            self.desk.page.click("a[href^='/reports?span=ten_days&']")
        self._look()
        told = [one.replace(",", "") for one in self.desk.page.locator("tr.total td").all_inner_texts()]
        return Figures(*(_count(name, text) for name, text in zip(FIGURES, told, strict=True)))

    def print_sheet(self, sheet: str, size: str, folder: Path) -> tuple[int, int, str]:
        """On paper, by the link of the order; returns pages, width of the paper in points, and what is read on it."""
        page = self.desk.page
        self.desk.go(self.order)
        with page.expect_navigation():
            page.click(f"a[href$='/print/{sheet}']")
        if not page.locator(f"a[href$='size={size}'][aria-current]").count():
            with page.expect_navigation():
                page.click(f"a[href$='size={size}']")
        self._look()
        printed = folder / f"{sheet}-{size}.pdf"
        page.pdf(path=printed, prefer_css_page_size=True)
        document = PdfReader(printed)
        text = " ".join(normalize("NFKC", one.extract_text()) for one in document.pages)
        return len(document.pages), round(float(document.pages[0].mediabox.width)), " ".join(text.split())

    def _slot(self, starts_at: str, bay: str) -> None:
        self.desk.page.fill("[name=starts_at]", starts_at)
        self.desk.page.fill("[name=planned_minutes]", "30")
        self.desk.page.select_option("[name=bay_code]", bay)

    def _card(self) -> Locator:
        return self.desk.page.locator(".card", has_text=self.plate)

    def _stands(self) -> str | None:
        """What the stage means under which the car stands on the board."""
        return self.desk.page.locator("[data-stage]", has=self._card()).get_attribute("data-sense")

    def _state(self) -> str:
        return self.desk.page.inner_text("h1 .state")

    def _next(self) -> None:
        """The one step that the page of the order offers."""
        with self.desk.page.expect_navigation():
            self.desk.page.click(".title .actions .primary")

    def _send(self, leads_to: re.Pattern[str]) -> None:
        with self.desk.page.expect_navigation(url=leads_to):
            self.desk.page.keyboard.press("Control+Enter")

    def _press(self, *keys: str) -> None:
        with self.desk.page.expect_navigation():
            for key in keys:
                self.desk.page.keyboard.press(key)

    def _look(self) -> None:
        """Note words of the other language on the page that is open."""
        self.foreign |= foreign_words(self.desk.page.inner_text("main"), self.language)

    def _look_closely(self) -> None:
        """The same, and what axe finds: for pages that the walk through all screens does not see like this."""
        self._look()
        self.grave |= set(grave_problems(self.desk))


def _count(name: str, text: str) -> int:
    return int(text.replace(".", "")) if name.endswith("_fen") else int(text)
