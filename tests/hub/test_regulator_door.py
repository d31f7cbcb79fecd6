"""What the door keeps of callers that it refuses: a revoked token by name and within bounds, a guess as a count."""

import pytest

from carnet_hub.adapters.system import make_turn
from carnet_hub.core.outside.access_ledger import read_accesses
from carnet_hub.core.outside.regulator_door import Caller, Door
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.outside.regulators import Grant, Scope, issue_token, recognise_token, revoke_token
from carnet_hub.core.regulator_limits import STRANGERS_AT_ONCE
from carnet_hub.entrypoints.http.regulator_api import PREFIX
from support.hub_http import problem
from support.outside import OUTSIDE, Outside, begin_outside


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """A served hub."""
    return begin_outside(tmp_path_factory.mktemp("outside"))


def test_a_revoked_token_that_is_used_is_on_record(outside: Outside):
    """Whoever goes on with a revoked token is refused like a stranger, and the ledger names the token."""
    hub = outside.recall.hub.app.hub
    token, text = issue_token(hub, Grant("leaked"), days=30)
    revoke_token(hub, token.token_id)

    answered = outside.ask("GET", f"{PREFIX}/campaigns", text, address=OUTSIDE)

    (line,) = read_accesses(hub, token_id=token.token_id)
    assert problem(answered) == (401, "token-refused")
    assert (line.name, line.access.scope, line.access.outcome) == ("leaked", "campaigns", "token-refused")


def test_a_revoked_token_fills_no_disk(outside: Outside):
    """From however many addresses it is used, a revoked token writes a bounded number of lines."""
    hub = outside.recall.hub.app.hub
    token, text = issue_token(hub, Grant("leaked"), days=30)
    revoke_token(hub, token.token_id)
    door = Door(hub, make_turn())
    outcomes = []

    for place in range(STRANGERS_AT_ONCE + 1):
        caller = Caller("api", f"198.51.100.{place}", lambda: recognise_token(hub, text))
        with pytest.raises(AccessRefused) as refused:
            door.answer(caller, Scope.CAMPAIGNS, "", lambda _: None)
        outcomes.append(refused.value.refusal)

    assert outcomes == [Refusal.TOKEN_REFUSED] * STRANGERS_AT_ONCE + [Refusal.TOO_MANY]
    assert len(list(read_accesses(hub, token_id=token.token_id))) == STRANGERS_AT_ONCE


def test_an_unknown_token_leaves_a_count_and_no_line(outside: Outside):
    """A guess is counted at `/metrics`, and nothing is written down."""
    before = outside.accesses

    outside.ask("GET", f"{PREFIX}/campaigns", "crt1_" + "A" * 54, address="203.0.113.77")

    counted = outside.ask("GET", "/metrics").text
    assert outside.accesses == before
    assert f'{{route="{PREFIX}/campaigns",method="GET",status="401"}}' in counted
