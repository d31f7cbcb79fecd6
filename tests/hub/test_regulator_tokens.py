"""Tokens of regulators: made once, kept as a hash, refused by name, and every access written down."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from carnet_hub.core.failures import Unusable
from carnet_hub.core.outside.access_ledger import Access, note_access, read_accesses, vehicle_reference
from carnet_hub.core.outside.pace import Pace, household
from carnet_hub.core.outside.regulator_door import Door
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal, words_of
from carnet_hub.core.outside.regulators import (
    Grant,
    Scope,
    Token,
    check_form,
    check_scope,
    check_token,
    confirm_token,
    form_mark,
    issue_token,
    list_tokens,
    open_session,
    recognise_session,
    recognise_token,
    revoke_token,
)
from carnet_hub.core.ports import Clock
from carnet_hub.core.regulator_limits import PACES_KEPT_MAX, SESSION_TTL_MS, TOKEN_DAYS_MAX
from carnet_hub.core.regulator_rows import RegulatorTokenRow
from carnet_hub.entrypoints.http.problem_response import ACCESS_STATUS
from support.hub_apps import TestHub, make_hub, reopen_hub
from support.hub_cli import Printed, call, opened, refused, told

DAY_MS = 24 * 3600 * 1000
SAMR = Grant("samr", networks=("192.0.2.0/24", "2001:db8::/32"))


@dataclass
class NotedTurn:
    """A turn that notes who comes and goes.

    Attributes:
        asked_inside: whether the clock was read by somebody who had entered.
    """

    clock: Clock
    is_taken: bool = False
    asked_inside: list[bool] = field(default_factory=list)

    def __enter__(self) -> None:
        self.is_taken = True

    def __exit__(self, *_: object) -> None:
        self.is_taken = False

    def now_ms(self) -> int:
        """The time, as a pace asks for it."""
        self.asked_inside.append(self.is_taken)
        return self.clock.now_ms()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self.clock.sleep(seconds)


@pytest.fixture
def hub(tmp_path: Path) -> TestHub:
    """A hub without tokens."""
    return make_hub(tmp_path)


def refusal_of(hub: TestHub, text: str, address: str = "192.0.2.7") -> Refusal | None:
    """Why a token is refused; None for one that counts."""
    try:
        check_token(hub.app.hub, recognise_token(hub.app.hub, text), address)
    except AccessRefused as refused_:
        return refused_.refusal
    return None


def test_the_secret_is_kept_nowhere(hub: TestHub, tmp_path: Path):
    """No file of the hub holds a token's text or its secret, and the row holds a hash."""
    _, text = issue_token(hub.app.hub, SAMR, days=30)

    hub.app.close()

    secret = text.removeprefix("crt1_")[-40:].encode()
    assert not any(secret in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("address", "refusal"),
    [
        pytest.param("192.0.2.7", None, id="inside"),
        pytest.param("::ffff:192.0.2.7", None, id="inside, as an IPv6 socket shows it"),
        pytest.param("2001:db8::1", None, id="inside the other"),
        pytest.param("192.0.3.1", Refusal.WRONG_ADDRESS, id="outside"),
        pytest.param("testclient", Refusal.WRONG_ADDRESS, id="no address"),
    ],
)
def test_a_token_counts_in_its_networks(hub: TestHub, address: str, refusal: Refusal | None):
    """A token with networks is refused elsewhere, by name."""
    _, text = issue_token(hub.app.hub, SAMR, days=30)

    assert refusal_of(hub, text, address) == refusal


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="none"),
        pytest.param("crt1_", id="nothing behind the mark"),
        pytest.param("crt1_" + "A" * 54, id="nobody's"),
        pytest.param("crt1_ÄÖ", id="no base64url"),
        pytest.param("crt1_" + "A" * 500, id="endless"),
    ],
)
def test_what_is_no_token_is_refused(hub: TestHub, text: str):
    """Nothing that the hub did not give out is let in."""
    issue_token(hub.app.hub, SAMR, days=30)

    assert refusal_of(hub, text) == Refusal.TOKEN_REFUSED


def test_a_right_id_with_a_wrong_secret_is_refused(hub: TestHub):
    """The id alone, which stands in every access, opens nothing."""
    _, text = issue_token(hub.app.hub, SAMR, days=30)

    assert refusal_of(hub, text[:-4] + "AAAA") == Refusal.TOKEN_REFUSED


def test_a_revoked_token_is_refused_at_another_worker_at_once(hub: TestHub, tmp_path: Path):
    """What one process revokes, the next request at another one is refused for, as if it had never been given out."""
    other = reopen_hub(hub, tmp_path)
    token, text = issue_token(hub.app.hub, SAMR, days=30)
    before = refusal_of(other, text)

    revoke_token(hub.app.hub, token.token_id)

    assert (before, refusal_of(other, text)) == (None, Refusal.TOKEN_REFUSED)


@pytest.mark.parametrize(
    ("days", "refusal"),
    [
        pytest.param(29, None, id="before its end"),
        pytest.param(30, Refusal.TOKEN_EXPIRED, id="at its end"),
    ],
)
def test_a_token_ends(hub: TestHub, days: int, refusal: Refusal | None):
    """A token counts until its last moment and not in it."""
    _, text = issue_token(hub.app.hub, SAMR, days=30)

    hub.clock.ms += days * DAY_MS

    assert refusal_of(hub, text) == refusal


def test_a_clock_that_was_set_back_revives_no_token(hub: TestHub):
    """The hub's time is never behind its log, whatever its machine says."""
    _, text = issue_token(hub.app.hub, SAMR, days=30)
    hub.clock.ms += 31 * DAY_MS
    hub.add_dealer()

    hub.clock.ms -= 31 * DAY_MS

    assert refusal_of(hub, text) == Refusal.TOKEN_EXPIRED


def test_a_token_from_before_a_restore_waits_to_be_confirmed(hub: TestHub):
    """In another history of the hub a token is refused until somebody confirms it: a backup may lack its revocation."""
    token, text = issue_token(hub.app.hub, SAMR, days=30)
    with hub.app.hub.store.write() as transaction:
        (row,) = transaction.scan(RegulatorTokenRow)
        transaction.put([row._replace(hub_epoch=bytes(8))])
    before = refusal_of(hub, text)

    confirm_token(hub.app.hub, token.token_id)

    assert (before, refusal_of(hub, text)) == (Refusal.TOKEN_UNCONFIRMED, None)


def test_a_revoked_token_is_not_confirmed(hub: TestHub):
    """Confirming brings no revoked token back."""
    token, text = issue_token(hub.app.hub, SAMR, days=30)
    revoke_token(hub.app.hub, token.token_id)

    with pytest.raises(Unusable):
        confirm_token(hub.app.hub, token.token_id)

    assert refusal_of(hub, text) == Refusal.TOKEN_REFUSED


def test_a_token_is_good_for_its_scopes_alone(hub: TestHub):
    """What a token was not given for is refused by name."""
    token, _ = issue_token(hub.app.hub, Grant("samr", (Scope.PROGRESS,)), days=30)

    check_scope(token, Scope.PROGRESS)
    with pytest.raises(AccessRefused) as refusal:
        check_scope(token, Scope.VEHICLES)

    assert refusal.value.refusal is Refusal.OUT_OF_SCOPE


@pytest.mark.parametrize(
    ("grant", "days"),
    [
        pytest.param(Grant("Zhang San"), 30, id="a name"),
        pytest.param(Grant("samr", ()), 30, id="no scope"),
        pytest.param(Grant("samr", networks=("192.0.2.1/24",)), 30, id="host bits"),
        pytest.param(Grant("samr", networks=("office",)), 30, id="no network"),
        pytest.param(Grant("samr", campaigns=("S 1",)), 30, id="a space in a number"),
        pytest.param(Grant("samr"), 0, id="no day"),
        pytest.param(Grant("samr"), TOKEN_DAYS_MAX + 1, id="too long"),
    ],
)
def test_a_token_that_means_nothing_is_not_made(hub: TestHub, grant: Grant, days: int):
    """A grant that cannot be meant is refused, and no token is stored."""
    with pytest.raises(Unusable):
        issue_token(hub.app.hub, grant, days=days)

    assert list_tokens(hub.app.hub) == []


def logged_in(hub: TestHub) -> tuple[Token, str]:
    """A token and the cookie of its log-in."""
    token, _ = issue_token(hub.app.hub, SAMR, days=30)
    return token, open_session(hub.app.keyring.session_key, token, hub.clock.ms)


def is_open(hub: TestHub, cookie: str) -> bool:
    """Whether a log-in is let in."""
    try:
        token = recognise_session(hub.app.hub, hub.app.keyring.session_key, cookie)
        check_token(hub.app.hub, token, "192.0.2.7")
    except AccessRefused:
        return False
    return True


def test_a_log_in_ends_by_itself(hub: TestHub):
    """A log-in counts for its half hour and not longer."""
    _, cookie = logged_in(hub)
    hub.clock.ms += SESSION_TTL_MS - 1
    before = is_open(hub, cookie)

    hub.clock.ms += 1

    assert (before, is_open(hub, cookie)) == (True, False)


def test_a_log_in_ends_with_its_token(hub: TestHub):
    """Revoking a token closes the site for whoever logged in with it."""
    token, cookie = logged_in(hub)

    revoke_token(hub.app.hub, token.token_id)

    assert not is_open(hub, cookie)


def test_a_bent_log_in_is_none(hub: TestHub):
    """A cookie with one changed character opens nothing."""
    _, cookie = logged_in(hub)

    assert not is_open(hub, ("B" if cookie[0] == "A" else "A") + cookie[1:])


def test_a_form_belongs_to_one_log_in(hub: TestHub):
    """A form that carries the mark of another log-in is refused."""
    key = hub.app.keyring.session_key
    _, cookie = logged_in(hub)
    check_form(key, cookie, form_mark(key, cookie))

    with pytest.raises(AccessRefused) as refusal:
        check_form(key, cookie, form_mark(key, cookie + "x"))

    assert refusal.value.refusal is Refusal.FORM_STALE


def test_the_ledger_names_no_vehicle_and_still_answers_who_looked(hub: TestHub):
    """An access to a vehicle stands under a keyed hash: not its number, but found by it."""
    token, _ = issue_token(hub.app.hub, SAMR, days=30)
    reference = vehicle_reference(hub.app.hub, "LSVAA2187E2123456")
    note_access(hub.app.hub, Access(token.token_id, "api", "vehicles", reference))
    note_access(hub.app.hub, Access(token.token_id, "api", "campaigns"))

    (found,) = read_accesses(hub.app.hub, vin="LSVAA2187E2123456")

    assert (found.name, found.access.subject, "2123456" in reference) == ("samr", reference, False)


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_has_words_in_both_languages(refusal: Refusal):
    """Each refusal says three sentences in Chinese and in English, and has a status that is none of success."""
    words = [words_of(refusal), words_of(refusal, chinese=True)]

    assert all(one.what and one.safe and one.next for one in words)
    assert 400 <= ACCESS_STATUS[refusal] < 600


@pytest.mark.parametrize(
    ("at_ms", "waits"),
    [
        pytest.param((0, 0), (0, 0), id="two at once"),
        pytest.param((0, 0, 0), (0, 0, 30), id="a third has to wait"),
        pytest.param((0, 0, 30_000), (0, 0, 0), id="half a minute later"),
        pytest.param((0, 0, -60_000), (0, 0, 30), id="a clock that was set back"),
    ],
)
def test_a_pace_is_kept(at_ms: tuple[int, ...], waits: tuple[int, ...]):
    """Two requests go on at once and two a minute after that; the others are told how many seconds to wait."""
    pace = Pace(per_minute=2, at_once=2)

    assert tuple(pace.take("somebody", 100_000 + one) for one in at_ms) == waits


def test_workers_share_a_pace():
    """Of two workers each lets half through, so that a hub with more of them is no faster to strangers."""
    pace = Pace(per_minute=4, at_once=4, workers=2)

    assert [pace.take("somebody", 0) for _ in range(3)] == [0, 0, 30]


def test_paces_are_asked_in_turn(hub: TestHub):
    """Both paces of a public request are asked by one thread at a time, and the turn is over when it goes on."""
    turn = NotedTurn(hub.app.hub.clock)
    door = Door(replace(hub.app.hub, clock=turn), turn)

    door.let_public_in("192.0.2.1")

    assert (turn.asked_inside, turn.is_taken) == ([True, True], False)


def test_a_pace_forgets_whom_it_has_not_seen_longest():
    """Beyond its bound a pace remembers the callers it saw last, whoever floods it with others."""
    pace = Pace(per_minute=1, at_once=1)
    pace.take("first", 0)
    for number in range(PACES_KEPT_MAX - 1):
        pace.take(str(number), 0)
    before = pace.take("first", 0)
    for number in range(PACES_KEPT_MAX):
        pace.take(f"more {number}", 0)

    assert (before, pace.take("first", 0)) == (60, 0)


def test_a_household_has_one_pace():
    """Two addresses of one IPv6 household count as one caller, those of IPv4 each for itself."""
    assert household("2001:db8::1") == household("2001:db8::ffff:2")
    assert household("192.0.2.1") != household("192.0.2.2")


def test_tokens_on_the_command_line(data: Path, capsys: Printed, tmp_path: Path):
    """A token is made, listed without its text, revoked, and the list is a workbook as well."""
    made = told(capsys, data, "regulator", "token", "add", "samr", "--network", "192.0.2.0/24", "--days", "10")

    revoked = told(capsys, data, "regulator", "token", "revoke", made["token_id"])

    (listed,) = told(capsys, data, "regulator", "token", "list", "--xlsx", tmp_path / "tokens.xlsx")
    assert (made["standing"], revoked["standing"], listed["standing"]) == ("counts", "revoked", "revoked")
    assert made["token"].startswith("crt1_")
    assert "token" not in listed
    assert load_workbook(tmp_path / "tokens.xlsx").worksheets[0]["B2"].value == "samr"


def test_an_unknown_token_is_refused_on_the_command_line(data: Path, capsys: Printed):
    """Revoking what is no token ends with 1 and says where to look."""
    assert refused(capsys, data, "regulator", "token", "revoke", "00")["code"] == "unusable"
    assert call(data, "regulator", "token", "add", "samr", "--scope", "anything") == 2


def test_the_ledger_is_listed_by_vehicle_token_and_day(data: Path, capsys: Printed, tmp_path: Path):
    """Accesses are found by vehicle, token and day, and the list is a workbook without a vehicle's number."""
    made = told(capsys, data, "regulator", "token", "add", "samr")
    app = opened(data)
    token_id = bytes.fromhex(made["token_id"])
    for subject in ("S2026M0001", vehicle_reference(app.hub, "LSVAA2187E2123456")):
        note_access(app.hub, Access(token_id, "api", "any", subject))
    app.close()

    by_vin = told(capsys, data, "regulator", "accesses", "--vin", "lsvaa2187e-2123456")
    by_token = told(capsys, data, "regulator", "accesses", "--token", made["token_id"], "--xlsx", tmp_path / "a.xlsx")

    assert ([one["name"] for one in by_vin], len(by_token)) == (["samr"], 2)
    assert told(capsys, data, "regulator", "accesses", "--until", "2020-01-01") == []
    assert "LSVAA2187E2123456" not in str([*load_workbook(tmp_path / "a.xlsx").worksheets[0].values])


def test_accesses_are_listed_by_day(data: Path, capsys: Printed):
    """The ledger is empty before anybody looked, and a day that is none is refused."""
    assert told(capsys, data, "regulator", "accesses", "--since", "2026-01-01") == []
    assert refused(capsys, data, "regulator", "accesses", "--since", "yesterday")["code"] == "unusable"
