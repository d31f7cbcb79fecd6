"""What a desk does now and then, in each language: every form is filled in, sent, and answered without a foreign word.

Check-in, an order to its end, print, export, import, set-up and recalls are driven in both languages elsewhere.
"""

import pytest
from playwright.sync_api import expect

from browser.front_desk import FrontDesk, screens_of
from browser.inspection import foreign_words
from browser.moves import lock
from support.programs import Service
from support.staffed import PASSWORD

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

TYPED = "20261123"
"""What is typed where only a person's own words stand: it belongs to no language."""

OTHER_PASSWORD = "another long sentence"


@pytest.fixture
def reader(desk: FrontDesk, language: str) -> FrontDesk:
    """Somebody who reads one of the languages."""
    desk.speak(language)
    return desk


def save(desk: FrontDesk, path: str, typed: dict[str, str]) -> None:
    """Fill in a form and save it; the page of what was saved is open then."""
    desk.go(path)
    for name, text in typed.items():
        desk.page.fill(f"[name='{name}']", text)
    with desk.page.expect_navigation(url=lambda url: path not in url):
        desk.page.keyboard.press("Control+Enter")


def foreign(desk: FrontDesk, language: str) -> frozenset[str]:
    """Words of the other language on the open page; the codes that stand on it belong to none."""
    text = desk.page.inner_text("body")
    for code in desk.page.locator(".startcode").all_inner_texts():
        text = text.replace(code, " ")
    return foreign_words(text, language)


@pytest.mark.parametrize(
    ("screen", "typed"),
    [
        ("customer-edit", {"note": TYPED}),
        ("vehicle-edit", {"engine_no": TYPED}),
        ("order-edit", {"customer_note": TYPED}),
        ("order-work", {"jobs[0].complaint": TYPED}),
    ],
)
def test_what_is_on_file_is_changed(
    reader: FrontDesk, served: Service, language: str, screen: str, typed: dict[str, str]
):
    """The form leads to the page of the record, which shows the change."""
    words = {name: text + ("1" if language == "en" else "") for name, text in typed.items()}

    save(reader, screens_of(served.data)[screen], words)

    assert all(text in reader.page.inner_text("main") for text in words.values())
    assert foreign(reader, language) == frozenset()


def test_a_customer_says_what_they_want(reader: FrontDesk, served: Service, language: str):
    """The button that is pressed is what was said; it stands on the card, and can be taken back."""
    reader.go(screens_of(served.data)["customer"])
    with reader.page.expect_navigation():
        reader.page.click("form.consent button[value=withdrawn]")
    said = reader.page.inner_text("li:has(form[action$='/retract'])")
    with reader.page.expect_navigation():
        reader.page.click("form[action$='/retract'] button >> nth=0")

    assert {"zh_CN": "撤回", "en": "Withdrawn"}[language] in said
    assert foreign(reader, language) == frozenset()


def test_a_password_is_changed_and_the_screen_unlocked_with_it(reader: FrontDesk, language: str):
    """A wrong one is told first; the old one is given back in the end."""
    for present, chosen in ((PASSWORD, OTHER_PASSWORD), (OTHER_PASSWORD, PASSWORD)):
        reader.go("/password")
        reader.page.fill("[name=present]", present)
        reader.page.fill("[name=password]", chosen)
        reader.page.fill("[name=password_again]", chosen)
        with reader.page.expect_navigation(url=f"{reader.url}/"):
            reader.page.keyboard.press("Enter")
    lock(reader)
    reader.page.keyboard.type("no such password")
    reader.page.keyboard.press("Enter")
    expect(reader.page.locator("#summary")).to_be_visible()
    refused = foreign(reader, language)
    reader.page.keyboard.type(PASSWORD)
    reader.page.keyboard.press("Enter")

    expect(reader.page.locator("nav.screens")).to_be_visible()
    assert refused == frozenset()


def test_a_colleague_comes_gets_another_role_and_a_new_code(reader: FrontDesk, language: str):
    """The number is entered, the role set, and the question answered before a code is shown."""
    number = "N1" if language == "en" else "N2"
    reader.go("/staff")
    reader.page.fill("#f-staff_no", number)
    reader.page.fill("#f-full_name", TYPED)
    reader.page.keyboard.press("Control+Enter")
    reader.page.wait_for_selector(".startcode")
    first = reader.page.inner_text(".startcode")
    row = reader.page.locator(f"tr:has-text('{number}')")
    row.locator("select").select_option("manager")
    with reader.page.expect_navigation():
        row.locator("button").click()
    row.locator("a[href$='/code']").click()
    asked = foreign(reader, language)
    reader.page.click("form[action$='/code'] button.danger")
    reader.page.wait_for_selector(".startcode")

    assert row.locator("select").input_value() == "manager"
    assert (asked, foreign(reader, language), reader.page.inner_text(".startcode") != first) == (
        frozenset(),
        frozenset(),
        True,
    )
