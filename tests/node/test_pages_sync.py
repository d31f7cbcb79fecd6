"""The sync centre in words: what waits, what the hub's answer says, and what two people wrote about one car."""

import re
from functools import partial

import pytest

from carnet_node.core.commands.customers import AddCustomer, EditCustomer, add_customer, edit_customer
from carnet_node.core.commands.drafting import Drafts, NewId, Read
from carnet_node.core.local_facts import Access
from carnet_node.core.log.outbox import next_batch
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.editing import require_record
from carnet_node.core.showing.conflicts import former_values
from carnet_node.core.staff.access_log import accesses_of
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import CUSTOMER
from support.browsing import Visitor
from support.staffed import Site

NEW = "/visits/new"
CHECK_IN = {
    "car.plate": "津B88K99",
    "sender_name": "李芳",
    "sender_phone": "13800138000",
    "odometer_in_km": "52300",
    "jobs[0].complaint": "异响",
}


def a_customer(site: Site) -> RecordId:
    """A person of the site."""
    return save(site.as_admin, partial(add_customer, AddCustomer({"party_kind": "person", "full_name": "王"}))).records[
        0
    ]


def read_in(desk: Visitor, language: str) -> str:
    """The sync centre as somebody reads it."""
    desk.submit(desk.open("/"), "/language", {"language": language})
    return desk.open("/sync")


@pytest.mark.parametrize(
    ("language", "in_strip", "by_kind"),
    [
        pytest.param("en", ("1 document waiting", "3 documents waiting"), ("Customer: ", "Staff: "), id="English"),
        pytest.param("zh_CN", ("1 份单据待上传", "3 份单据待上传"), ("客户：", "员工："), id="Chinese"),
    ],
)
def test_what_waits_is_counted_in_words(
    site: Site, desk: Visitor, language: str, in_strip: tuple[str, str], by_kind: tuple[str, str]
):
    """The strip counts documents in a sentence, and the page says of each kind how many there are."""
    before = read_in(desk, language)
    for _ in range(2):
        a_customer(site)
    after = read_in(desk, language)

    counted = [f"{kind}<strong>{count}</strong>" for kind, count in zip(by_kind, (2, 1), strict=True)]
    assert [in_strip[0] in before, in_strip[1] in after] == [True, True]
    assert [one in after for one in counted] == [True, True]


@pytest.mark.parametrize(
    ("language", "mark", "waits"),
    [
        pytest.param("en", "On its way to the hub, not confirmed yet", "waiting", id="English"),
        pytest.param("zh_CN", "发送中，中心尚未确认", "待上传", id="Chinese"),
    ],
)
def test_what_was_sent_and_not_answered_is_not_said_to_have_arrived(
    site: Site, desk: Visitor, language: str, mark: str, waits: str
):
    """A record is marked before it leaves, and the line may break: its mark says no more than the strip does."""
    customer = a_customer(site)
    next_batch(site.node)
    desk.submit(desk.open("/"), "/language", {"language": language})

    page = desk.open(f"/customers/{record_text(customer)}")

    assert f'<span class="sr">{mark}</span>' in page
    assert waits in page.split('class="strip-sync"')[1].split("</a>", maxsplit=1)[0]


def two_values(desk: Visitor, name: str, first: str, second: str) -> None:
    """Two windows write another text into one field of an order."""
    address = desk.submit(desk.open(NEW), NEW, CHECK_IN).headers["location"]
    mine, theirs = desk.open(f"{address}/edit"), desk.open(f"{address}/edit")
    desk.submit(theirs, f"{address}/edit", {name: first})
    desk.submit(mine, f"{address}/edit", {name: second})


def compared(site: Site) -> list[tuple[Access, int]]:
    """What is noted of the list of two values."""
    found = accesses_of(site.node, site.admin)
    return [(one.access, one.row_count) for one in found if one.subject == "conflicts"]


def test_words_that_are_compared_in_full_are_noted(site: Site, desk: Visitor):
    """Both notes are read as they are, and whoever opened the page is noted with how many pairs they saw."""
    two_values(desk, "internal_note", "call the insurer", "ready by Friday")

    page = desk.open("/sync")

    assert ("call the insurer" in page, "ready by Friday" in page) == (True, True)
    assert compared(site) == [(Access.SHOWN, 1)]


def test_two_notes_about_a_customer_are_compared_in_full(site: Site, desk: Visitor):
    """As those of an order are: nobody can choose between two masks; who the customer is stays masked."""
    contested(site, "note", ("喜欢喝茶", "周末勿扰"))

    page = desk.open("/sync")

    assert ("喜欢喝茶" in page, "周末勿扰" in page) == (True, True)
    assert compared(site) == [(Access.SHOWN, 1)]


def test_each_of_two_values_says_who_wrote_it_and_when(site: Site, desk: Visitor):
    """Two machines of one site have one name: the person and the time tell which is which."""
    contested(site, "note", ("喜欢喝茶", "周末勿扰"))

    cells = desk.open("/sync").partition("周末勿扰")[2].split("</tr>")[0].split("</td>")

    told = re.compile(r"· B01.*\d{4}-\d\d-\d\d \d\d:\d\d", re.DOTALL)
    assert [bool(told.search(one)) for one in (cells[0], "".join(cells[2:]))] == [True, True]


def test_who_brought_a_car_stays_masked_where_values_are_compared(site: Site, desk: Visitor):
    """A name is not one of the words that have to be read; nothing is shown in full, and nothing noted."""
    two_values(desk, "sender_name", "李先生", "赵女士")

    page = desk.open("/sync")

    assert ("李先生" in page, "赵女士" in page) == (False, False)
    assert compared(site) == []


@pytest.mark.parametrize(("language", "said"), [("en", "two values for one thing"), ("zh_CN", "同一内容的两个值")])
def test_what_was_compared_is_named_in_the_report_of_accesses(site: Site, desk: Visitor, language: str, said: str):
    """The manager reads what was looked at in their language."""
    two_values(desk, "internal_note", "call the insurer", "ready by Friday")
    read_in(desk, language)

    assert said in desk.open(f"/staff/{record_text(site.admin)}/accesses")


def _drafted(drafts: Drafts, _: NewId) -> Drafts:
    """Drafts that were made from older heads."""
    return drafts


def contested(site: Site, field: str, texts: tuple[str, str]) -> RecordId:
    """A customer of whom two windows have written another text in one field at once."""
    customer = a_customer(site)
    heads = require_record(site.node, CUSTOMER, customer).heads
    for text in texts:
        read = Read(customer, heads, {"party_kind": "person", "full_name": "王"})
        drafts = edit_customer(EditCustomer(read, {field: text}))
        save(site.as_admin, partial(_drafted, drafts))
    return customer


def contested_name(site: Site) -> tuple[RecordId, tuple[str, str]]:
    """A customer with two names, each mask like the other; both names."""
    names = ("陈小明", "陈建国")
    return contested(site, "full_name", names), names


def test_both_values_of_a_name_are_shown_on_request(site: Site, desk: Visitor):
    """Masked alike they are one to the eye; each has a button, and each use of it is noted."""
    customer, names = contested_name(site)

    page = desk.open("/sync")
    asked = re.findall(r'data-reveal="(customer/[^"]+)"', page)
    shown = {desk.send(page, "/reveal", {"what": one}).json()["text"] for one in asked}

    assert page.count("陈**") == 2
    assert shown == set(names)
    assert [one.subject for one in accesses_of(site.node, site.admin)] == ["customer", "customer"]
    assert all(one.startswith(f"customer/{record_text(customer)}/full_name/") for one in asked)


def test_a_write_that_is_no_value_of_the_record_is_not_shown(site: Site, desk: Visitor):
    """Another record's write, or one that nobody made, leads nowhere."""
    customer, _ = contested_name(site)
    other = require_record(site.node, CUSTOMER, a_customer(site))
    head = next(iter(other.heads.of([CUSTOMER.by_label[CUSTOMER.labels["full_name"]][0].number])))

    sent = {"what": f"customer/{record_text(customer)}/full_name/{head.hex()}"}

    assert desk.send(desk.open("/"), "/reveal", sent).status_code == 422


@pytest.mark.parametrize(
    ("language", "said", "elsewhere"),
    [
        (
            "en",
            "Restored: Customer · Name.",
            "here now, and at every other site that has the record when both",
        ),
        ("zh_CN", "已恢复：客户 · 姓名。", "本机现在就显示您所选的值"),
    ],
)
def test_a_restore_says_what_it_did(site: Site, desk: Visitor, language: str, said: str, elsewhere: str):
    """The page it leads back to names what was restored and where it is seen by when; nothing is contested any more."""
    contested_name(site)
    page = read_in(desk, language)

    went = desk.submit(page, "/conflicts/restore", {}).headers["location"]

    assert went == "/sync?restored=customer.name"
    told = desk.open(went)
    assert (said in told, elsewhere in told) == (True, True)
    assert {"en": "Nobody contradicts anybody.", "zh_CN": "没有互相冲突的记录。"}[language] in told


@pytest.mark.parametrize("address", ["/sync", "/customers/{}"], ids=["sync centre", "page of the record"])
def test_what_a_restore_overruled_is_listed_and_can_be_brought_back(site: Site, desk: Visitor, address: str):
    """A wrong click is undone where it was made: the other value is listed there, with its button."""
    customer, names = contested_name(site)
    place = address.format(record_text(customer))
    desk.submit(desk.open(place), "/conflicts/restore", {})

    shown = require_record(site.node, CUSTOMER, customer).values["full_name"]
    told = desk.open(f"{place}?restored=customer.name")
    went = desk.submit(told, "/conflicts/restore", {}).headers["location"]

    assert "Overruled values" in told.split("<h2", maxsplit=1)[1]
    assert "The other one is kept" in told
    assert {shown, require_record(site.node, CUSTOMER, customer).values["full_name"]} == set(names)
    assert went == f"{place}?restored=customer.name"
    assert "Overruled values" in desk.open(went).split("<h2", maxsplit=1)[1]


@pytest.mark.parametrize("address", ["/sync", "/customers/{}"], ids=["sync centre", "page of the record"])
def test_of_two_values_that_take_turns_the_other_one_is_listed(site: Site, desk: Visitor, address: str):
    """What is shown again leaves the list, and what it took the place of stands there: one row, however often."""
    customer, names = contested_name(site)
    place, taken = address.format(record_text(customer)), []

    for _ in range(4):
        desk.submit(desk.open(place), "/conflicts/restore", {})
        (former,) = former_values(site.node, [require_record(site.node, CUSTOMER, customer)])
        taken.append((require_record(site.node, CUSTOMER, customer).values["full_name"], former.overruled.values))

    assert [{shown, other["full_name"]} for shown, other in taken] == [set(names)] * 4
    assert len({shown for shown, _ in taken}) == 2


@pytest.mark.parametrize("named", ["customer.nothing", "nothing.name", "<b>", "customer"])
def test_an_address_that_names_no_register_says_nothing(desk: Visitor, named: str):
    """Nobody makes the page say that something was restored by a word of their own."""
    assert "Restored" not in desk.ask("GET", "/sync", params={"restored": named}).text
