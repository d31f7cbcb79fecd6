"""What `serve` refuses, what a log line leaves out, how waiting looks at the log, which status a reason has."""

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from carnet_hub.adapters.logging import LEFT_OUT, configure_logging, leave_out_personal, place_exception
from carnet_hub.core.failures import UnsafeBind, Unusable
from carnet_hub.entrypoints.cli.setup import check_bind
from carnet_hub.entrypoints.http.long_poll import LogEnd
from carnet_hub.entrypoints.http.problem_response import STATUS
from carnet_hub.settings import HubSettings, is_loopback
from carnet_protocol.reasons import Reason

EVERYWHERE = "0.0.0.0"  # noqa: S104  (the address that must not be bound in the clear)


def settings(**values: object) -> HubSettings:
    """Settings that differ from the defaults in these."""
    return HubSettings(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_clear_http_is_allowed_on_loopback(host: str):
    """An address only this machine reaches needs no TLS."""
    check_bind(settings(host=host))

    assert is_loopback(host)


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.168.1.5", "hub.example", "localhost.example", ""])
def test_clear_http_is_refused_elsewhere(host: str):
    """Any other address is refused without TLS."""
    with pytest.raises(UnsafeBind):
        check_bind(settings(host=host))


def test_a_proxy_that_ends_tls_is_taken_at_its_word():
    """Behind a proxy clear HTTP is served on any address."""
    bound = settings(host=EVERYWHERE, behind_proxy=True)
    check_bind(bound)

    assert bound.is_safe_to_bind


def test_tls_files_make_any_address_safe(tmp_path: Path):
    """With a certificate and its key any address is served."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.touch()
    key.touch()
    bound = settings(host=EVERYWHERE, tls_cert=certificate, tls_key=key)
    check_bind(bound)

    assert bound.has_tls


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"tls_cert": Path("cert.pem")}, id="no key"),
        pytest.param({"tls_key": Path("key.pem")}, id="no certificate"),
        pytest.param({"tls_cert": Path("nowhere.pem"), "tls_key": Path("nowhere.key")}, id="no such files"),
        pytest.param({"workers": 2}, id="two workers on SQLite"),
    ],
)
def test_settings_that_cannot_work_are_refused(values: dict[str, object]):
    """Half of a TLS pair, missing files and several workers on SQLite are refused before anything starts."""
    with pytest.raises(Unusable):
        check_bind(settings(**values))


def test_several_workers_run_on_postgresql():
    """More than one worker is in order on a database that several processes share."""
    bound = settings(workers=4, database_url="postgresql://hub@localhost/hub")
    check_bind(bound)

    assert bound.workers == 4


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_status(reason: Reason):
    """Each code of the catalogue is answered with a status of an error."""
    assert 400 <= STATUS[reason] < 600


def test_the_documented_statuses_are_the_real_ones():
    """The table in docs/spec/http.md says what the code does."""
    page = (Path(__file__).parents[2] / "docs/spec/http.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:3] for line in page.splitlines() if line.startswith(("| 4", "| 5"))]
    documented = {Reason(code.strip()): int(status) for status, codes in rows for code in codes.split(",")}

    assert documented == STATUS


def logged(**event: object) -> dict[str, object]:
    """A log line after the processors."""
    return dict(leave_out_personal(None, "info", place_exception(None, "info", dict(event))))


@pytest.mark.parametrize("key", ["full_name", "id_no", "street", "plate_no", "note", "customer_name", "token", "code"])
def test_personal_values_are_left_out_of_the_log(key: str):
    """The value of a personal field is left out wherever in a line it stands."""
    line = logged(event="x", **{key: "somebody"}, deeper={"row": [{key: "somebody"}]})

    assert line == {"event": "x", key: LEFT_OUT, "deeper": {"row": [{key: LEFT_OUT}]}}


def test_public_facts_stay_in_the_log():
    """Ids, counts and reasons are logged as they are, bytes as hex."""
    assert logged(event="x", node=b"\x01\x02", count=3) == {"event": "x", "node": "0102", "count": 3}


@dataclass(frozen=True)
class Shown:
    """Something that holds a personal value, as rows and views do."""

    full_name: str


@pytest.mark.parametrize("value", [Shown("somebody"), ValueError("somebody")], ids=["view", "exception"])
def test_an_object_in_the_log_is_named_by_its_type(value: object):
    """Whatever holds more than one value is never printed with what it holds, at any depth."""
    line = logged(event="x", what=value, deeper={"row": [value]})

    name = f"<{type(value).__qualname__}>"
    assert line == {"event": "x", "what": name, "deeper": {"row": [name]}}


@pytest.fixture
def logging_as_json() -> Iterator[None]:
    """The hub's logging for one test, and what was there before it afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    configure_logging(as_json=True)
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("logging_as_json")
def test_a_line_of_a_library_keeps_its_form(capsys: pytest.CaptureFixture[str]):
    """What the formatter needs of a foreign record reaches it whole."""
    logging.getLogger("uvicorn.error").warning("started %s", "here")

    assert json.loads(capsys.readouterr().err)["event"] == "started here"


def test_an_exception_is_logged_by_place_and_not_by_text():
    """The text of an exception, which may quote a row, does not reach the log."""
    try:
        raise ValueError("somebody")
    except ValueError as error:
        line = logged(event="x", exc_info=error)

    assert line["error"] == "ValueError"
    assert "somebody" not in str(line)
    assert "test_serving_rules" in str(line["at"])


class SteppingClock:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.ms = 0

    def now_ms(self) -> int:
        """The present."""
        return self.ms

    async def sleep(self, seconds: float) -> None:
        """Let time pass, and others run."""
        self.ms += round(seconds * 1000)
        await asyncio.sleep(0)


class CountedLog:
    """A log that grows at a moment, and counts how often it is looked at."""

    def __init__(self, clock: SteppingClock, grows_at_ms: int) -> None:
        self._clock = clock
        self._grows_at_ms = grows_at_ms
        self.looks = 0

    async def position(self) -> int:
        """1 before it grows, 2 afterwards."""
        self.looks += 1
        return 2 if self._clock.ms >= self._grows_at_ms else 1


def test_a_waiter_is_woken_when_the_log_grows():
    """Whoever waits beyond a position goes on soon after the log has passed it."""
    clock = SteppingClock()
    log = CountedLog(clock, grows_at_ms=3_000)

    woken = asyncio.run(LogEnd(clock, log.position).wait_beyond(1, 30_000))

    assert (woken, clock.ms) == (True, 3_000)


def test_a_waiter_gives_up_at_its_deadline():
    """Without news a wait ends at its deadline."""
    clock = SteppingClock()

    woken = asyncio.run(LogEnd(clock, CountedLog(clock, 99_999).position).wait_beyond(1, 1_100))

    assert (woken, clock.ms) == (False, 1_100)


def test_many_waiters_look_at_the_log_once():
    """A hundred waiters cost no more looks than one."""
    clock = SteppingClock()
    log = CountedLog(clock, grows_at_ms=10_000)
    end = LogEnd(clock, log.position)

    async def everybody() -> list[bool]:
        return await asyncio.gather(*(end.wait_beyond(1, 10_000) for _ in range(100)))

    assert asyncio.run(everybody()) == [True] * 100
    assert log.looks <= 41
