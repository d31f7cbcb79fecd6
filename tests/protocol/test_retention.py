"""How long what is held of a person has to stay."""

from datetime import UTC, datetime

import pytest

from carnet_protocol.errors import Malformed
from carnet_protocol.retention import (
    RETENTION_BYTES_MAX,
    Holds,
    PersonFacts,
    Verdict,
    bundled_retention,
    bundled_text,
    ends_ms,
    judge_marketing,
    judge_person,
    parse_retention,
)

CLASSES = parse_retention(bundled_text("cn") or b"")
SHIPPED = (bundled_text("cn") or b"").decode()


def ms(year: int, month: int = 1, day: int = 1) -> int:
    """A day as a moment."""
    return int(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("facts", "day", "governs", "verdict"),
    [
        pytest.param(PersonFacts(ms(2020)), ms(2022, 12, 31), "marketing-3y", Verdict.RUNNING, id="prospect, early"),
        pytest.param(PersonFacts(ms(2020)), ms(2023), "marketing-3y", Verdict.MAY_GO, id="prospect, on the day"),
        pytest.param(
            PersonFacts(ms(2020), worked_ms=ms(2020)), ms(2024, 12, 31), "dealer-5y", Verdict.STATUTORY, id="order"
        ),
        pytest.param(
            PersonFacts(ms(2020), worked_ms=ms(2020)), ms(2025), "dealer-5y", Verdict.MAY_GO, id="order, over"
        ),
        pytest.param(
            PersonFacts(ms(2020), ms(2014), ms(2015)),
            ms(2023, 12, 31),
            "producer-10y",
            Verdict.STATUTORY,
            id="first owner",
        ),
        pytest.param(
            PersonFacts(ms(2020), ms(2014), ms(2015)), ms(2024), "producer-10y", Verdict.MAY_GO, id="first owner, over"
        ),
        pytest.param(
            PersonFacts(ms(2020), ms(2014), ms(2022)), ms(2025), "dealer-5y", Verdict.STATUTORY, id="the later term"
        ),
        pytest.param(
            PersonFacts(ms(2000), ms(2000), ms(2000), is_tied=True),
            ms(2050),
            "producer-10y",
            Verdict.IN_USE,
            id="owner",
        ),
        pytest.param(
            PersonFacts(ms(2000), is_tied=True), ms(2050), "dealer-5y", Verdict.IN_USE, id="tied, no more known"
        ),
    ],
)
def test_the_last_term_governs(facts: PersonFacts, day: int, governs: str, verdict: Verdict):
    """A person stays until the last of the terms that hold has ended, and as long as a tie has not."""
    judged = judge_person(CLASSES, facts, day)

    assert (judged.governed_by.id, judged.verdict) == (governs, verdict)


def test_marketing_has_a_term_of_its_own():
    """What is held for marketing alone goes after three years, whoever it is about."""
    assert judge_marketing(CLASSES, ms(2020), ms(2023) - 1).verdict is Verdict.RUNNING
    assert judge_marketing(CLASSES, ms(2020), ms(2023)).verdict is Verdict.MAY_GO


def test_a_leap_day_ends_a_day_later():
    """A term that began on 29 February ends on 1 March of a year that has none."""
    assert ends_ms(ms(2020, 2, 29), 10) == ms(2030, 3, 1)
    assert ends_ms(ms(2020, 2, 29), 4) == ms(2024, 2, 29)


def test_the_shipped_terms_name_their_articles():
    """Producers keep first-sale owners ten years and dealers their records five, as articles 9 and 11 say."""
    first, workshop = CLASSES.of(Holds.FIRST_OWNER), CLASSES.of(Holds.WORKSHOP)

    assert (first.years, first.source, first.is_verified) == (10, "条例 art. 9", True)
    assert (workshop.years, workshop.source, workshop.is_statutory) == (5, "条例 art. 11", True)


def test_marketing_may_have_no_term_at_all():
    """An operator may let what is held for marketing alone go at any time."""
    classes = parse_retention(SHIPPED.replace("years = 3", "years = 0").encode())

    assert judge_marketing(classes, ms(2020), ms(2020)).verdict is Verdict.MAY_GO


@pytest.mark.parametrize("country", ["xx", "../cn", "", "中国"])
def test_another_country_has_no_classes_here(country: str):
    """A country of which no file travels with the package, or a name that is none, gives nothing."""
    assert bundled_retention(country) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("\x00", id="no TOML"),
        pytest.param("a = " + "[" * 2000, id="too deep"),
        pytest.param(SHIPPED.replace('holds = "marketing"', 'holds = "recall"'), id="a class twice"),
        pytest.param(SHIPPED.replace('id = "dealer-5y"', 'id = "recall-10y"'), id="an id twice"),
        pytest.param(SHIPPED.replace("years = 10", "years = 0"), id="no years"),
        pytest.param(SHIPPED.replace("years = 10", "years = true"), id="years that are none"),
        pytest.param(SHIPPED.replace("years = 10", "years = 101"), id="too many years"),
        pytest.param(SHIPPED.replace("is_statutory = true", "is_statutory = false", 1), id="no law for first owners"),
        pytest.param(SHIPPED.replace("is_statutory = false", "is_statutory = true"), id="a law for marketing"),
        pytest.param(SHIPPED.replace('label = "marketing"', 'label = " "'), id="no label"),
        pytest.param(SHIPPED + "\n[extra]\n", id="something else"),
        pytest.param(SHIPPED + "#" * RETENTION_BYTES_MAX, id="too large"),
    ],
)
def test_a_file_that_is_none_is_refused(text: str):
    """Whatever is no whole set of classes is refused."""
    with pytest.raises(Malformed):
        parse_retention(text.encode())
