"""What a regulator is told of campaigns that replace each other or are parts of one: by number, on both pages."""

from pathlib import Path

import pytest

from carnet_hub.core.campaigns.recalls import import_plan, publish_campaign, withdraw_campaign
from carnet_hub.core.outside.regulators import Scope
from carnet_hub.entrypoints.http.regulator_api import PREFIX
from support.outside import NUMBER, Outside, begin_outside
from support.recall_plans import NO_DEFECT, plan
from support.site import log_in, see

LATER = "S2026M0002"


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    """A served hub with a recall and a later one that supersedes it and is a part of it."""
    made = begin_outside(tmp_path)
    app = made.recall.hub.app
    import_plan(app.hub, app.segments, app.plans, plan(campaign_no=LATER, supersedes=NUMBER, parent=NUMBER))
    publish_campaign(app.hub, app.segments, app.plans, LATER)
    return made


def related(outside: Outside, token: str, number: str) -> dict[str, list[str]]:
    """What the API says that a campaign has to do with."""
    answered = outside.ask("GET", f"{PREFIX}/campaigns/{number}", token).json()
    return {name: numbers for name, numbers in answered["related"].items() if numbers}


def test_both_campaigns_name_each_other_by_number(outside: Outside):
    """The later recall names the one it supersedes, and that one names the later."""
    token = outside.token("reader", [Scope.CAMPAIGNS])

    assert related(outside, token, LATER) == {"supersedes": [NUMBER], "parent": [NUMBER]}
    assert related(outside, token, NUMBER) == {"superseded_by": [LATER], "parts": [LATER]}


@pytest.mark.parametrize(
    ("number", "said"),
    [
        pytest.param(NUMBER, ("已由后续召回取代", "Superseded by a later recall"), id="the earlier"),
        pytest.param(LATER, ("取代此前的召回", "Supersedes"), id="the later"),
    ],
)
def test_both_pages_say_so_and_lead_there(outside: Outside, number: str, said: tuple[str, str]):
    """Each page names the other campaign in words of both languages, with a link."""
    cookie = log_in(outside, outside.token("reader", [Scope.CAMPAIGNS]))
    other = LATER if number == NUMBER else NUMBER

    pages = [see(outside, f"/regulator/campaigns/{number}?lang={lang}", cookie).text for lang in ("zh", "en")]

    assert [words in page for words, page in zip(said, pages, strict=True)] == [True, True]
    assert f'href="/regulator/campaigns/{other}?lang=en"' in pages[1]


def test_a_campaign_outside_the_token_is_not_named(outside: Outside):
    """Who may see one campaign alone learns no number of another."""
    token = outside.token("reader", [Scope.CAMPAIGNS], campaigns=(NUMBER,))

    assert related(outside, token, NUMBER) == {}


def test_a_withdrawn_campaign_supersedes_nothing(outside: Outside):
    """A later recall that was taken back replaces the earlier one no more."""
    token = outside.token("reader", [Scope.CAMPAIGNS])

    withdraw_campaign(outside.recall.hub.app.hub, LATER, NO_DEFECT)

    assert related(outside, token, NUMBER) == {}
