"""Personal data for a case: asked for by one person, released by another, read once, and every step on record."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from carnet_hub.core.outside.access_ledger import Access, read_accesses
from carnet_hub.core.outside.named_exports import (
    Step,
    ask_export,
    asker_of,
    find_export,
    list_exports,
    read_export,
    refuse_export,
    release_export,
)
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.outside.regulators import Scope, recognise_token
from carnet_hub.core.regulator_limits import NAMED_TTL_MS
from carnet_hub.core.regulator_rows import NamedExportRow
from carnet_hub.entrypoints.http.regulator_api import PREFIX
from support.hub_cli import Printed, call, refused, told
from support.hub_http import problem
from support.outside import DONE, NUMBER, OPEN, OWNER_NAME, STRANGER, Outside, begin_outside

READING = Access(b"", "api", "owners")


class NoEntropy:
    """Random bytes that nobody can have."""

    def random_bytes(self, count: int) -> bytes:
        """Refuse."""
        raise OSError(count)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """A served hub with one who asks and two who release, one of them under the asker's own name."""
    made = begin_outside(tmp_path_factory.mktemp("outside"))
    made.tokens = {
        "asker": made.token("officer-1", [Scope.OWNERS]),
        "second": made.token("officer-2", [Scope.RELEASE]),
        "same person": made.token("Officer-1", [Scope.RELEASE]),
        "other asker": made.token("officer-3", [Scope.OWNERS]),
        "elsewhere": made.token("officer-4", [Scope.RELEASE], campaigns=("S9",)),
    }
    return made


def ask(outside: Outside, **changes: object) -> httpx.Response:
    """A request for one owner."""
    body = {"campaign_no": NUMBER, "case_no": "〔2026〕12", "vins": [OPEN], **changes}
    return outside.ask("POST", f"{PREFIX}/named-exports", outside.tokens["asker"], json=body)


def step(outside: Outside, request: str, name: str, who: str) -> httpx.Response:
    """One step of a request."""
    return outside.ask("POST", f"{PREFIX}/named-exports/{request}/{name}", outside.tokens[who])


def test_two_persons_and_one_reading(outside: Outside):
    """A request that a second person released is read once by who asked, with the owner's name, and then no more."""
    request = ask(outside).json()["request_id"]
    early = step(outside, request, "read", "asker")

    released = step(outside, request, "release", "second").json()
    read = step(outside, request, "read", "asker")
    again = step(outside, request, "read", "asker")

    assert problem(early) == problem(again) == (409, "not-released")
    assert (released["step"], released["decided_by"]) == ("released", "officer-2")
    assert [(one["vin"], one["name"]) for one in read.json()["owners"]] == [(OPEN, OWNER_NAME)]
    assert read.headers["repr-digest"].startswith("sha-256=:")


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        pytest.param("same person", (403, "own-request"), id="the asker under another token"),
        pytest.param("asker", (403, "out-of-scope"), id="the asker"),
        pytest.param("elsewhere", (404, "not-found"), id="who has another campaign"),
    ],
)
def test_nobody_releases_alone(outside: Outside, who: str, refusal: tuple[int, str]):
    """Without a second person of another name, with that campaign, nothing is released."""
    request = ask(outside).json()["request_id"]

    assert problem(step(outside, request, "release", who)) == refusal


def test_who_did_not_ask_reads_nothing(outside: Outside):
    """A released request is read by the token that asked and by no other."""
    request = ask(outside).json()["request_id"]
    step(outside, request, "release", "second")

    assert problem(step(outside, request, "read", "other asker")) == (404, "not-found")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        pytest.param({"case_no": "   "}, (422, "no-case-number"), id="no case"),
        pytest.param({"case_no": "x" * 65}, (400, "bad-request"), id="endless case"),
        pytest.param({"campaign_no": "S9"}, (404, "not-found"), id="no such campaign"),
        pytest.param({"case_no": ""}, (422, "no-case-number"), id="an empty case"),
        pytest.param({"vins": [STRANGER]}, (422, "not-a-member"), id="a car that is no member"),
        pytest.param({"vins": []}, (400, "bad-request"), id="no car"),
    ],
)
def test_a_request_that_means_nothing_is_not_kept(
    outside: Outside, changes: dict[str, object], refusal: tuple[int, str]
):
    """Without a case, a campaign and its members there is no request."""
    before = asked_count(outside)

    answered = ask(outside, **changes)

    assert (problem(answered), asked_count(outside)) == (refusal, before)


def test_vehicles_that_are_no_members_are_named_to_who_typed_them(outside: Outside):
    """The answer names the vehicles that are not in the campaign, and the ledger names none."""
    answered = ask(outside, vins=[OPEN, STRANGER])

    assert (answered.status_code, answered.json()["vins"]) == (422, [STRANGER])
    assert outside.accesses[-1] == ("owners", NUMBER, "not-a-member")


def test_a_request_without_a_case_is_on_record(outside: Outside):
    """An empty case number leaves its line in the ledger like one of spaces."""
    ask(outside, case_no="")

    assert outside.accesses[-1] == ("owners", NUMBER, "no-case-number")


def asked_count(outside: Outside) -> int:
    """How many requests there are."""
    with outside.recall.hub.app.hub.store.read() as snapshot:
        return sum(1 for _ in snapshot.scan(NamedExportRow))


def test_no_step_names_a_car_or_a_person_in_the_ledger(outside: Outside):
    """Every step stands in the ledger under the request's id, without vehicle, name or case."""
    request = ask(outside).json()["request_id"]
    step(outside, request, "release", "second")
    step(outside, request, "read", "asker")

    assert outside.accesses[-3:] == [
        ("owners", request, "answered"),
        ("release", request, "answered"),
        ("owners", request, "answered"),
    ]
    assert not any(word in str(outside.accesses) for word in (OPEN, OWNER_NAME, "〔2026〕12"))


def test_the_vehicles_of_a_request_are_sealed_and_then_gone(outside: Outside):
    """While it waits, a request holds its vehicles sealed; once it is read it holds none."""
    hub = outside.recall.hub.app.hub
    asker = asker_of(recognise_token(hub, outside.tokens["asker"]))
    made = ask_export(hub, asker, NUMBER, "case", [OPEN], access=READING)
    waiting = row_of(outside, made.request_id)
    release_export(hub, made.request_id, "operator")

    read_export(hub, asker, made.request_id, READING)

    assert (bool(waiting.vins), OPEN.encode() in waiting.vins) == (True, False)
    assert row_of(outside, made.request_id).vins == b""


def test_every_step_is_found_by_each_vehicle_of_a_request(outside: Outside):
    """Who asked for, released and read the owner of a vehicle stands in the ledger of that vehicle, and of no other."""
    request = ask(outside, vins=[DONE, OPEN]).json()["request_id"]
    step(outside, request, "release", "second")
    step(outside, request, "read", "asker")

    hub = outside.recall.hub.app.hub
    steps = {
        vin: [(one.name, one.access.scope) for one in read_accesses(hub, vin=vin) if one.access.subject == request]
        for vin in (DONE, OPEN, STRANGER)
    }

    asked = [("officer-1", "owners"), ("officer-2", "release"), ("officer-1", "owners")]
    assert steps == {DONE: asked, OPEN: asked, STRANGER: []}


def test_a_request_of_an_older_hub_is_found_by_vehicle_once_it_is_decided(outside: Outside):
    """What waited before requests kept their references gets them with its release."""
    hub = outside.recall.hub.app.hub
    request = ask(outside).json()["request_id"]
    with hub.store.write() as transaction:
        transaction.put([row_of(outside, bytes.fromhex(request))._replace(vehicles="")])

    step(outside, request, "release", "second")

    assert request in {one.access.subject for one in read_accesses(hub, vin=OPEN)}


def test_who_may_release_sees_the_vehicles(outside: Outside):
    """A request that waits names its vehicles to whoever may release it, and not in the list of who asked."""
    request = ask(outside, vins=[OPEN, DONE]).json()["request_id"]

    (waiting,), (own,) = (
        [
            one
            for one in outside.ask("GET", f"{PREFIX}/named-exports{path}", outside.tokens[who]).json()["requests"]
            if one["request_id"] == request
        ]
        for path, who in (("/to-release", "second"), ("", "asker"))
    )

    assert (waiting["vins"], "vins" in own) == (sorted([OPEN, DONE]), False)


def test_a_request_that_was_read_names_no_vehicle_any_more(outside: Outside):
    """The list of requests shows vehicles while somebody may need them, and none afterwards."""
    hub = outside.recall.hub.app.hub
    asker = asker_of(recognise_token(hub, outside.tokens["asker"]))
    made = ask_export(hub, asker, NUMBER, "case", [OPEN], access=READING)
    release_export(hub, made.request_id, "operator")
    before = find_export(hub, made.request_id).vins

    read_export(hub, asker, made.request_id, READING)

    assert (before, find_export(hub, made.request_id).vins) == ((OPEN,), ())


def row_of(outside: Outside, request_id: bytes) -> NamedExportRow:
    """A request as it is kept."""
    with outside.recall.hub.app.hub.store.read() as snapshot:
        return next(row for row in snapshot.scan(NamedExportRow) if row.request_id == request_id)


def test_a_refused_request_stays_refused(outside: Outside):
    """What somebody refused is neither read nor released later."""
    hub = outside.recall.hub.app.hub
    asker = asker_of(recognise_token(hub, outside.tokens["asker"]))
    made = ask_export(hub, asker, NUMBER, "case", [OPEN], access=READING)
    refuse_export(hub, made.request_id, "operator")

    with pytest.raises(AccessRefused) as refusal:
        read_export(hub, asker, made.request_id, READING)

    assert refusal.value.refusal is Refusal.NOT_RELEASED
    assert problem(step(outside, made.request_id.hex(), "release", "second")) == (409, "not-released")


def test_a_released_request_ends_by_itself(outside: Outside):
    """A release that nobody used in its time opens nothing."""
    hub = outside.recall.hub.app.hub
    asker = asker_of(recognise_token(hub, outside.tokens["asker"]))
    made = ask_export(hub, asker, NUMBER, "case", [OPEN], access=READING)
    release_export(hub, made.request_id, "operator")
    outside.recall.hub.clock.ms += NAMED_TTL_MS

    with pytest.raises(AccessRefused) as refusal:
        read_export(hub, asker, made.request_id, READING)

    assert refusal.value.refusal is Refusal.NOT_RELEASED


def test_a_reading_that_cannot_be_written_down_spends_nothing(outside: Outside):
    """When the ledger takes no line, the owners are still there to be read."""
    hub = outside.recall.hub.app.hub
    asker = asker_of(recognise_token(hub, outside.tokens["asker"]))
    made = ask_export(hub, asker, NUMBER, "case", [OPEN], access=READING)
    release_export(hub, made.request_id, "operator")

    with pytest.raises(OSError, match="8"):
        read_export(replace(hub, entropy=NoEntropy()), asker, made.request_id, READING)

    assert [one.step for one in list_exports(hub) if one.request_id == made.request_id] == [Step.RELEASED]


def test_a_list_holds_what_its_reader_may_act_on(outside: Outside):
    """Who asks sees own requests alone; who releases sees what others asked for, while it waits."""
    for name in ("both", "Both"):
        outside.tokens[name] = outside.token(name, [Scope.OWNERS, Scope.RELEASE])
    own, others = (ask_by(outside, name) for name in ("both", "asker"))
    decided = ask_by(outside, "asker")
    step(outside, decided, "release", "second")

    asked, to_release, same_person = (
        listed(outside, path, name) for path, name in (("", "both"), ("/to-release", "both"), ("/to-release", "Both"))
    )

    assert asked == [own]
    assert others in to_release
    assert not {own, decided} & {*to_release, *same_person}


def ask_by(outside: Outside, who: str) -> str:
    """A request of somebody; its id."""
    body = {"campaign_no": NUMBER, "case_no": "12", "vins": [OPEN]}
    answered = outside.ask("POST", f"{PREFIX}/named-exports", outside.tokens[who], json=body)
    return str(answered.json()["request_id"])


def listed(outside: Outside, path: str, who: str) -> list[str]:
    """The ids in a list."""
    answered = outside.ask("GET", f"{PREFIX}/named-exports{path}", outside.tokens[who])
    return [one["request_id"] for one in answered.json()["requests"]]


def test_an_unknown_request_is_refused_on_the_command_line(data: Path):
    """Releasing what nobody asked for ends with 1, and an id that is none as well."""
    assert call(data, "regulator", "named", "list") == 0
    assert call(data, "regulator", "named", "show", "00" * 16) == 1
    assert call(data, "regulator", "named", "release", "00" * 16, "--by", "op-1") == 1
    assert call(data, "regulator", "named", "refuse", "none", "--by", "op-1") == 1


def test_a_letter_is_answered_by_two_operators(tmp_path: Path, capsys: Printed):
    """What one operator asks for after a letter, another releases, and the first reads once, into a private file."""
    outside = begin_outside(tmp_path)
    outside.recall.hub.app.close()
    data, out = tmp_path / "hub", tmp_path / "owners.json"
    asked = told(capsys, data, "regulator", "named", "ask", NUMBER, "--case", "12", "--vin", OPEN, "--by", "op-1")
    shown = told(capsys, data, "regulator", "named", "show", asked["request_id"])
    (listed_,) = told(capsys, data, "regulator", "named", "list")
    alone = refused(capsys, data, "regulator", "named", "release", asked["request_id"], "--by", "OP-1")
    told(capsys, data, "regulator", "named", "release", asked["request_id"], "--by", "op-2")

    told(capsys, data, "regulator", "named", "read", asked["request_id"], "--out", out, "--by", "op-1")

    assert (shown["vins"], listed_["vins"]) == ([OPEN], [OPEN])
    assert alone["code"] == "access-refused"
    assert (OWNER_NAME in out.read_text(), out.stat().st_mode & 0o777) == (True, 0o600)
    assert call(data, "regulator", "named", "read", asked["request_id"], "--out", tmp_path / "b", "--by", "op-1") == 1
    steps = [(one["way"], one["name"], one["outcome"]) for one in told(capsys, data, "regulator", "accesses")]
    assert steps == [
        ("cli", "op-1", "answered"),
        ("cli", "OP-1", "own-request"),
        ("cli", "op-2", "answered"),
        ("cli", "op-1", "answered"),
        ("cli", "op-1", "not-released"),
    ]
    assert [one["name"] for one in told(capsys, data, "regulator", "accesses", "--vin", OPEN)] == [
        one[1] for one in steps
    ]
    assert not list(tmp_path.glob(".*.new"))
