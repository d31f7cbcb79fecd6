"""What people type: numbers, amounts, dates and names of fields, as the desk spells them."""

import pytest

from carnet_node.entrypoints.pages.formats import Clockface, hundredths, phone, yuan
from carnet_node.entrypoints.pages.forms import read_form, what_was_typed
from carnet_node.entrypoints.pages.sentences import Sentences
from carnet_node.entrypoints.pages.typed import Reader, date_of, hundredths_of, moment_of, whole_of
from carnet_protocol.errors import BadValue
from carnet_protocol.kinds import LABOUR_LINE, VISIT
from carnet_protocol.registry import Kind

SHANGHAI = Clockface(8 * 60)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param("52300", 52300, id="plain"),
        pytest.param("５２３００", 52300, id="full width"),
        pytest.param("52,300 km", 52300, id="thousands and a unit"),
        pytest.param("52 300公里", 52300, id="a Chinese unit"),
    ],
)
def test_a_whole_number_may_be_spelled_as_people_do(text: str, number: int):
    """Full-width digits, blanks, thousands and units mean the same number."""
    assert whole_of(text) == number


@pytest.mark.parametrize("text", ["", "about 5", "5.5", "1e5", "0x10", "5" * 17, "😀"])
def test_what_is_no_whole_number_is_refused(text: str):
    """Nothing is guessed from a text that is no number."""
    with pytest.raises(ValueError, match="number"):
        whole_of(text)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        pytest.param("128", 12800, id="whole yuan"),
        pytest.param("128.5", 12850, id="one place"),
        pytest.param("￥1,280.05", 128005, id="sign and thousands"),
        pytest.param("0.1", 10, id="no float comes near it"),
        pytest.param("-3.20", -320, id="negative is left to the command"),
    ],
)
def test_an_amount_is_yuan_with_two_places(text: str, fen: int):
    """Yuan become whole fen exactly."""
    assert hundredths_of(text) == fen


@pytest.mark.parametrize("text", ["1.234", "1,2.3.4", "12元5.5.5", "nan", "inf", "1/3"])
def test_what_is_no_amount_is_refused(text: str):
    """A third place or a word is no amount."""
    with pytest.raises(ValueError, match="two places"):
        hundredths_of(text)


@pytest.mark.parametrize("text", ["2026-03-07", "2026/3/7", "2026.03.07", "2026年3月7日", "20260307"])
def test_a_date_may_be_spelled_as_people_do(text: str):
    """Every usual spelling is one date."""
    assert date_of(text) == "2026-03-07"


def test_a_moment_is_on_the_clocks_of_the_site():
    """A date and a time become an instant of the site's zone."""
    assert moment_of("2026-09-21 17:40", SHANGHAI) == SHANGHAI.to_ms("2026-09-21T17:40")
    assert SHANGHAI.moment(moment_of("2026-09-21T17:40", SHANGHAI)) == "2026-09-21 17:40"


def test_every_text_that_means_nothing_is_named_with_its_field():
    """What cannot be read is told in the places of the form, and what can be read is there."""
    reader = Reader(SHANGHAI)

    texts = {"labour_name": "oil", "actual_hours": "long", "rate_fen": "dear"}
    values = reader.values(LABOUR_LINE, texts, "jobs[0].labour[1].")

    fields = [problem.field for problem in reader.problems]
    assert (values, fields) == (
        {"labour_name": "oil"},
        ["jobs[0].labour[1].actual_hours", "jobs[0].labour[1].rate_fen"],
    )


@pytest.mark.parametrize(
    ("kind", "name", "text", "said"),
    [
        pytest.param(VISIT, "odometer_in_km", "9" * 17, "The number has more digits than any", id="kilometres"),
        pytest.param(VISIT, "odometer_in_km", "4.50", "This is not a whole number.", id="a part of a kilometre"),
        pytest.param(VISIT, "estimate_fen", "9" * 14, "The number has more digits than any", id="yuan"),
        pytest.param(VISIT, "estimate_fen", "9.999", "This is not an amount of money.", id="a third place"),
        pytest.param(VISIT, "promised_at", "2026-02-31 10:00", "The calendar has no such day", id="31 February"),
        pytest.param(VISIT, "promised_at", "2026-02-28 25:00", "The calendar has no such day", id="25 o'clock"),
        pytest.param(VISIT, "promised_at", "tomorrow", "This is not a date and time.", id="no date"),
    ],
)
def test_what_cannot_be_is_told_from_what_cannot_be_read(kind: Kind, name: str, text: str, said: str):
    """A number that is too long is a number, and 31 February looks like a day."""
    reader = Reader(SHANGHAI)

    reader.values(kind, {name: text})

    assert [one.what.startswith(said) for one in reader.problems] == [True]


def test_an_empty_text_takes_a_value_away():
    """A field that was emptied becomes no value, a box without its tick too."""
    values = Reader(SHANGHAI).values(VISIT, {"odometer_in_km": "", "is_towed_in": ""})

    assert values == {"odometer_in_km": None, "is_towed_in": None}


def test_of_a_new_record_only_what_was_said_is_stated():
    """An empty field and a box without its tick say nothing about somebody new."""
    values = Reader(SHANGHAI).stated(VISIT, {"odometer_in_km": "0", "belongings": "", "is_towed_in": ""})

    assert values == {"odometer_in_km": 0}


def test_the_places_of_a_list_may_have_gaps():
    """Rows that were taken away leave the others where they were."""
    typed = read_form(b"jobs%5B0%5D.complaint=a&jobs%5B2%5D.complaint=b&jobs%5B2%5D.parts%5B1%5D.part_no=c")

    assert typed.places("jobs") == (0, 2)
    assert typed.below("jobs[2].") == {"complaint": "b"}
    assert typed.places("jobs[2].parts") == (1,)


@pytest.mark.parametrize("body", [b"a=%FF", "文=1".encode(), b"&".join(b"a=1" for _ in range(2_001))])
def test_what_no_browser_sends_is_malformed(body: bytes):
    """Broken encodings and endless forms have one refusal."""
    with pytest.raises(BadValue):
        read_form(body)


@pytest.mark.parametrize(
    ("body", "is_refused"),
    [
        pytest.param(b"jobs[99].complaint=x", False, id="the last job"),
        pytest.param(b"jobs[100].complaint=x", True, id="a job too many"),
        pytest.param(b"jobs[9999].complaint=x", True, id="thousands of jobs"),
        pytest.param(b"jobs[" + b"9" * 5000 + b"].complaint=x", True, id="a number no integer should be made of"),
        pytest.param(b"jobs[0].parts[599].part_no=x", False, id="the last line"),
        pytest.param(b"jobs[0].parts[600].part_no=x", True, id="a line too many"),
        pytest.param(b"columns[199].name=x", False, id="the last column"),
        pytest.param(b"columns[200].name=x", True, id="a column too many"),
        pytest.param(b"&".join([b"confirmed=x"] * 100), False, id="a box a hundred times"),
        pytest.param(b"&".join([b"confirmed=x"] * 101), True, id="a box once more"),
    ],
)
def test_lists_of_a_form_are_bounded(body: bytes, is_refused: bool):
    """A row beyond the longest list of ours is refused before a page has to draw all rows up to it."""
    if is_refused:
        with pytest.raises(BadValue, match="more than"):
            read_form(body)
    else:
        assert len(read_form(body).texts) == 1


def test_what_the_page_put_in_is_not_what_was_typed():
    """Token, save key and heads are the page's."""
    typed = read_form(b"token=t&save_key=k&based_on=h&values.note=n")

    assert what_was_typed(typed) == {"values.note": "n"}


def test_a_sentence_with_gaps_finds_its_translation():
    """What stood in the gaps is translated by itself where there is a word for it."""
    words = {
        "An order that is {0} cannot become {1}.": "{0}的维修单不能变为{1}。",
        "void": "作废",
        "The hub cannot be reached.": "无法连接中心。",
    }
    say = Sentences(lambda text: words.get(text, text), ["An order that is {0} cannot become {1}."])

    assert say("An order that is void cannot become open.") == "作废的维修单不能变为open。"
    assert say("The hub cannot be reached (timeout).") == "无法连接中心。 (timeout)"
    assert say("Something else.") == "Something else."


def test_times_of_the_strip_are_told_as_people_tell_them():
    """Minutes, then today's clock, then yesterday's, then the date."""
    now = SHANGHAI.to_ms("2026-09-21T12:00")

    told = [
        SHANGHAI.ago(at, now, str)
        for at in (None, now - 5_000, now - 180_000, now - 4 * 3_600_000, now - 13 * 3_600_000, now - 72 * 3_600_000)
    ]

    assert told == ["never", "just now", "3 min ago", "today 08:00", "yesterday 23:00", "2026-09-18 12:00"]


def test_money_quantities_and_phones_are_shown_without_noise():
    """Yuan have two places, quantities no needless zero, Chinese mobiles come in groups."""
    assert [yuan(123450), yuan(5), yuan(-5), yuan(None)] == ["1,234.50", "0.05", "-0.05", "—"]
    assert [hundredths(150), hundredths(100), hundredths(5)] == ["1.5", "1", "0.05"]
    written = {
        "+8613800138000": "138 0013 8000",
        "+4930123456": "+4930123456",
        "057188881234": "0571-88881234",
        "03128765432": "0312-8765432",
        "01065123456": "010-65123456",
        "+8657188881234": "0571-88881234",
        "4008001234": "4008001234",
        "88881234": "88881234",
    }
    assert {number: phone(number) for number in written} == written
