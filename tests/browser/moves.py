"""What a person does to reach a screen that has no address of its own; each leaves that screen open.

Decides the keys and clicks, once for all who look at the screens: the tests and the pictures of the guide.
"""

from pathlib import Path

import openpyxl

from browser.front_desk import FrontDesk

FORMER = [
    ("客户编号", "姓名", "手机", "会员等级"),
    ("K1", "赵一鸣", 13900001111, "金"),
    ("K2", None, 13900002222, "银"),
    ("K3", "钱多多", 13900003333, ""),
]
"""A former system's list: a phone stored as a number, a row without a name, a column nobody knows."""


def search_for(desk: FrontDesk, text: str) -> None:
    """Search from the first page."""
    desk.go("/")
    desk.search(text)


def look_for_documents(desk: FrontDesk) -> None:
    """What the page of documents finds when nothing is changed: the orders of this month."""
    desk.go("/documents")
    desk.page.click("form[action='/documents'] button[type=submit]")
    desk.page.wait_for_selector("#found")


def ask_the_hub(desk: FrontDesk, number: str) -> None:
    """Somebody types a plate into the question for the hub and sends it with Enter; the answer stands then."""
    desk.go("/look-ups")
    desk.page.select_option("[name=way]", "plate")
    desk.page.select_option("[name=reason]", "towed_in")
    desk.page.fill("[name=sought]", number)
    with desk.page.expect_navigation():
        desk.page.press("[name=sought]", "Enter")


def send_mistakes(desk: FrontDesk, check_in: str) -> None:
    """A check-in that is refused: an odometer that went back, and a day that does not exist."""
    desk.go(check_in)
    desk.page.fill("[name=odometer_in_km]", "12")
    desk.page.fill("[name=promised_at]", "2026-13-45")
    desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_selector("#summary")


def ask_who(desk: FrontDesk, name: str, number: str) -> None:
    """A check-in of a new car by somebody who has the name and the phone of a customer on file."""
    desk.go("/visits/new")
    typed = {"car.plate": "津E00001", "party.full_name": name, "party.number": number}
    for field, text in {**typed, "sender_name": name, "sender_phone": number}.items():
        desk.page.fill(f"[name='{field}']", text)
    desk.page.check("[name=is_odometer_unknown]")
    desk.page.fill("[name='jobs[0].complaint']", "刹车异响")
    desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_selector("#f-party-alike")


def save_again(desk: FrontDesk, name: str, other_name: str) -> None:
    """A form that was saved without its page hearing of it is saved once more with another word."""
    desk.go("/customers/new")
    desk.page.fill("[name=full_name]", name)
    desk.page.evaluate(
        """async () => {
            const form = document.querySelector("form[data-saves]");
            await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
        }"""
    )
    desk.page.fill("[name=full_name]", other_name)
    desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_selector("main a[data-focus]")


def write_former_system(folder: Path) -> Path:
    """A workbook of a former system."""
    former = folder / "former.xlsx"
    book = openpyxl.Workbook()
    for row in FORMER:
        book.worksheets[0].append(row)
    book.save(former)
    return former


def look_at_former_system(desk: FrontDesk, former: Path) -> None:
    """Send the workbook; its rows are shown as they would become."""
    desk.go("/exchange")
    desk.page.set_input_files("#file", former)
    desk.page.click("form[action='/exchange/import'] button")
    desk.page.wait_for_selector("section table")


def take_former_system_over(desk: FrontDesk) -> None:
    """Take over what is looked at, and wait for the end."""
    desk.page.click("form[action='/exchange/import/run'] button")
    desk.page.wait_for_selector("a[href='/exchange/import/rejected.csv']")


def let_go(desk: FrontDesk, leave: str) -> None:
    """Somebody leaves; the report about them is shown."""
    desk.go(leave)
    desk.page.click("form[action$='/leave'] button.danger")
    desk.page.wait_for_selector(".notice.good")


def take_back(desk: FrontDesk) -> None:
    """Whoever left comes back, with a new start code; from the list of staff."""
    desk.page.click("form[action$='/return'] button")
    desk.page.wait_for_selector(".startcode")


def lock(desk: FrontDesk) -> None:
    """Lock the screen from the first page."""
    desk.go("/")
    desk.page.click("[data-lock]")
    desk.page.wait_for_url("**/locked*")
