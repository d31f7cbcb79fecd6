"""What a regulator reads over HTTP: campaigns and totals, public fields only, no account."""

import asyncio
from pathlib import Path

import httpx
import pytest

from carnet_hub.core.campaigns.campaign_plans import CampaignPlan, ListedLine, parse_texts, read_members
from carnet_hub.core.campaigns.recalls import import_plan, publish_campaign
from carnet_hub.core.limits import COUNT_TTL_MS
from carnet_hub.entrypoints.http.app import create_api
from carnet_hub.entrypoints.http.regulators import CountedOnce
from carnet_protocol.kinds import REGISTRY
from support.hub_apps import TestClock, TestHub, make_hub
from support.vins import make_vins

VINS = make_vins(3)


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub with one published campaign of three vehicles."""
    made = make_hub(tmp_path)
    publish(made, "S2026M0001")
    return made


def publish(hub: TestHub, number: str) -> None:
    """A campaign with this number."""
    names = ("title", "producer", "scope", "defect", "hazard", "emergency_advice", "remedy")
    texts = parse_texts({**dict.fromkeys(names, "text"), "campaign_no": number, "member_count": 3})
    members = read_members([ListedLine("vins.txt", 1, vin) for vin in VINS], 3)
    import_plan(hub.app.hub, hub.app.segments, hub.app.plans, CampaignPlan(texts, members))
    publish_campaign(hub.app.hub, hub.app.segments, hub.app.plans, number)


def get(hub: TestHub, path: str) -> httpx.Response:
    """One question and its answer."""

    async def conversation() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(create_api(hub.app)), base_url="http://hub"
        ) as client:
            return await client.get(path)

    return asyncio.run(conversation())


def test_a_campaign_is_read_without_an_account(hub: TestHub):
    """Anybody reads a published campaign's texts, plan and segment hashes, with the position they were read at."""
    body = get(hub, "/v1/recalls/S2026M0001").json()

    assert (body["campaign"]["campaign_no"], body["campaign"]["plan_version"]) == ("S2026M0001", 1)
    assert body["log_position"] == 3
    assert len(body["campaign"]["segment_hashes"]) == 1


def test_only_public_fields_are_given(hub: TestHub):
    """Every field of the answer is a field of the campaign kind, and no vehicle is among the values."""
    answered = get(hub, "/v1/recalls/S2026M0001")

    assert answered.json()["campaign"].keys() <= REGISTRY["campaign"].labels.keys()
    assert not any(vin in answered.text for vin in VINS)


def test_the_totals_add_up(hub: TestHub):
    """Progress has one number per state, and they add up to the members."""
    body = get(hub, "/v1/recalls/S2026M0001/progress").json()

    assert sum(body["states"].values()) == body["members"] == 3
    assert (body["open"], body["completed"]) == (3, 0)


def test_a_number_with_slashes_is_found(hub: TestHub):
    """A campaign whose number holds slashes is found under its number as it stands."""
    publish(hub, "R/2026/123")

    assert get(hub, "/v1/recalls/R/2026/123").json()["campaign"]["campaign_no"] == "R/2026/123"
    assert get(hub, "/v1/recalls/R/2026/123/progress").json()["members"] == 3


@pytest.mark.parametrize("path", ["/v1/recalls/nothing", "/v1/recalls/nothing/progress"])
def test_an_unknown_campaign_is_not_found(hub: TestHub, path: str):
    """A number nobody published is answered with 404."""
    answered = get(hub, path)

    assert (answered.status_code, answered.json()["code"]) == (404, "not-found")


def test_an_endless_number_is_refused(hub: TestHub):
    """A number longer than any is refused before it is looked up."""
    assert get(hub, "/v1/recalls/" + "x" * 65).json()["code"] == "bad-field"


def asked_at(*ages_ms: int) -> int:
    """How often a campaign is counted when it is asked for at these times."""
    clock = TestClock()
    began_ms, counts = clock.ms, 0

    async def count(_: str) -> dict[str, object]:
        nonlocal counts
        counts += 1
        return {"counts": counts}

    async def everybody() -> None:
        kept = CountedOnce(clock, count)
        for age_ms in ages_ms:
            clock.ms = began_ms + age_ms
            await kept.get("S2026M0001")

    asyncio.run(everybody())
    return counts


@pytest.mark.parametrize(
    ("ages_ms", "counts"),
    [
        pytest.param((0, 0, COUNT_TTL_MS - 1), 1, id="within a minute"),
        pytest.param((0, COUNT_TTL_MS), 2, id="after a minute"),
        pytest.param((0, -1), 2, id="a clock that was set back"),
    ],
)
def test_a_campaign_is_counted_once_a_minute(ages_ms: tuple[int, ...], counts: int):
    """However many ask, a campaign is counted once a minute."""
    assert asked_at(*ages_ms) == counts
