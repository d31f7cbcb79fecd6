"""Figures about completions: listed from their threshold on, with what they are of, and nothing about who is right."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from carnet_hub.core.campaigns.recall_signals import Signal, Site, find_signals
from carnet_hub.core.counting.progress import CompletionReport, Proof
from carnet_hub.core.limits import (
    SIGNAL_OUTSIDE_HOURS,
    SIGNAL_PER_DAY,
    SIGNAL_TWO_DEALERS_MINUTES,
    WORK_FROM_HOUR,
    WORK_TO_HOUR,
)
from carnet_protocol.ids import OpId
from carnet_protocol.legal_days import legal_day, legal_day_start
from support.hub_cli import Printed, call
from support.protocol import fixed
from support.recall_plans import MEMBERS, NUMBER
from support.recall_reports import DEALER_A, DEALER_B, NOW_MS, completion
from support.recall_world import RecallWorld
from support.vins import make_vins

HOUR_MS, MINUTE_MS = 3600 * 1000, 60 * 1000
NOON_MS = legal_day_start(NOW_MS) + 12 * HOUR_MS
DAY = legal_day(NOON_MS).isoformat()
SITES = {DEALER_A: Site("A001", "Changsha"), DEALER_B: Site("B001", "")}
VINS = make_vins(SIGNAL_PER_DAY)
CAR = VINS[0]


def done(
    vin: str, number: int = 1, at_ms: int = NOON_MS, *, dealer: bytes = DEALER_A, **proof: object
) -> CompletionReport:
    """A completion at a moment that the hub learnt of at once."""
    shown = Proof(**proof)  # type: ignore[arg-type]  # by name
    return completion(vin, number, dealer=dealer, done_ms=at_ms, admitted_ms=at_ms, proof=shown)


@pytest.mark.parametrize(("count", "listed"), [(SIGNAL_PER_DAY - 1, 0), (SIGNAL_PER_DAY, 1)])
def test_a_day_is_listed_from_so_many_completions_on(count: int, listed: int):
    """A dealer's day is listed with its count once it reaches the threshold."""
    found = find_signals([done(vin, number) for number, vin in enumerate(VINS[:count])], SITES)

    expected = Signal("per-day", count, "completions", SIGNAL_PER_DAY, "A001", day=DAY)
    assert found == [expected] * listed


@pytest.mark.parametrize(
    ("hour", "is_listed"),
    [
        pytest.param(WORK_FROM_HOUR - 1, True, id="before work"),
        pytest.param(WORK_FROM_HOUR, False, id="work begins"),
        pytest.param(WORK_TO_HOUR - 1, False, id="last hour"),
        pytest.param(WORK_TO_HOUR, True, id="work is over"),
    ],
)
def test_work_outside_hours_is_counted_per_dealer(hour: int, is_listed: bool):
    """A dealer is listed with how many of its completions were done when no workshop works."""
    at_ms = legal_day_start(NOW_MS) + hour * HOUR_MS
    reports = [done(vin, number, at_ms) for number, vin in enumerate(VINS[:SIGNAL_OUTSIDE_HOURS])]

    found = [(one.name, one.figure, one.site) for one in find_signals(reports, SITES)]

    assert found == [("outside-hours", SIGNAL_OUTSIDE_HOURS, "A001")] * is_listed


@pytest.mark.parametrize(
    ("minutes", "is_listed"), [(SIGNAL_TWO_DEALERS_MINUTES, True), (SIGNAL_TWO_DEALERS_MINUTES + 1, False)]
)
def test_one_car_at_two_dealers_is_listed_with_time_and_odometer(minutes: int, is_listed: bool):
    """Two dealers that did one car within hours are listed with their cities and the kilometres between."""
    first = done(CAR, 1, NOON_MS - minutes * MINUTE_MS, odometer_km=12_000)
    second = done(CAR, 2, dealer=DEALER_B, odometer_km=12_040)

    found = [(one.name, one.figure, one.site, one.detail) for one in find_signals([second, first], SITES)]

    told = ("two-dealers", minutes, "A001 B001", "Changsha and no city noted; odometer +40 km")
    assert found == [told] * is_listed


def test_an_odometer_that_goes_back_is_listed():
    """A later completion with fewer kilometres is listed with the difference."""
    first, second = done(CAR, 1, NOON_MS - HOUR_MS, odometer_km=12_000), done(CAR, 2, odometer_km=11_500)

    assert [(one.name, one.figure, one.vin) for one in find_signals([first, second], SITES)] == [
        ("odometer-back", 500, CAR)
    ]


def test_a_photo_that_is_given_for_two_cars_is_listed():
    """The same photo for two cars is listed; for one car twice, as for two campaigns, it is not."""
    photo = fixed("photo", 32)

    twice = find_signals([done(CAR, 1, photo_hash=photo), done(CAR, 2, photo_hash=photo)], SITES)
    found = find_signals([done(CAR, 1, photo_hash=photo), done(VINS[1], 2, photo_hash=photo)], SITES)

    assert (twice, [(one.name, one.figure) for one in found]) == ([], [("photo-again", 2)])
    assert photo.hex() in found[0].detail


def test_a_clock_from_before_all_calendars_stops_no_list():
    """A completion with an absurd day is counted as of 1970, and the others are listed as ever."""
    reports = [done(CAR, 1, -(2**62)), done(VINS[1], 2, photo_hash=b"p"), done(VINS[2], 3, photo_hash=b"p")]

    assert [one.name for one in find_signals(reports, SITES)] == ["photo-again"]


@pytest.mark.parametrize("change", [{"taken_back": OpId(bytes(32))}, {"method": "refused"}])
def test_what_was_taken_back_or_refused_is_no_work(change: dict[str, object]):
    """A retracted completion and a refusal enter no figure."""
    photo = fixed("photo", 32)
    gone = replace(done(CAR, 1, photo_hash=photo), **change)  # type: ignore[arg-type]  # by name

    assert find_signals([gone, done(VINS[1], 2, photo_hash=photo)], SITES) == []


def test_the_command_lists_the_signals_of_a_campaign_or_of_all(tmp_path: Path, capsys: Printed):
    """Signals are printed as JSON and written to a workbook, of the campaign that is named or of everything."""
    world = RecallWorld.begun(tmp_path)
    world.publish(campaign_no="S2026M0002")
    photo = fixed("photo", 32)
    world.done("A001", MEMBERS[0], photo_hash=photo)
    world.done("A001", MEMBERS[1], photo_hash=photo, number="S2026M0002")
    world.hub.app.close()
    book = tmp_path / "signals.xlsx"

    every = call(tmp_path / "hub", "recalls", "signals", "--json", "--xlsx", book)
    all_signals = json.loads(capsys.readouterr().out)
    one = call(tmp_path / "hub", "recalls", "signals", NUMBER, "--json")
    of_one = json.loads(capsys.readouterr().out)

    sheet = load_workbook(book).active
    assert (every, one, of_one) == (0, 0, [])
    assert [(signal["name"], signal["figure"]) for signal in all_signals] == [("photo-again", 2)]
    assert sheet is not None
    assert sheet.max_row == 2
