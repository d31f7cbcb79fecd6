"""How a lost data key comes back through the hub: a code, a question, an answer; each may be lost on its way.

Decides who asks with whose code. Whoever may not be answered is not: another site's code, a used one, a node that is
turned away. Which key is meant is known here, so a wrong one would be seen.
"""

from functools import cache
from typing import Final

from carnet_hub.core.exchange.recovering import issue_recovery_code
from carnet_node.adapters.keyring import WRAPPED_FOR_HUB_FILE, wrap_for_hub
from carnet_node.adapters.recovery import fetch_data_key
from carnet_node.core.failures import HubUnreachable
from carnet_node.core.log.signing import is_change_pending
from carnet_protocol.enrolment import EnrolCode, parse_code
from carnet_protocol.errors import Refused
from simulation.invariants import Broken
from simulation.stage import Stage, Step
from simulation.wire import FaultyLink, LineTrouble, finish
from simulation.world import Machine, data_key, site_of
from support.protocol import exchange_key

OWN_SITE: Final = 0.75
"""How often somebody asks with a code of their own site."""
ASKED_MAX: Final = 3


def rescue(stage: Stage, machine: Machine) -> str | None:
    """A machine asks for its data key with a one-time code, again when the answer was lost; then somebody else does."""
    others = [one for one in stage.world.machines if one.identity_name != machine.identity_name]
    site = site_of(machine.identity_name if stage.dice.random() < OWN_SITE else stage.dice.choice(others).identity_name)
    code = parse_code(issue_recovery_code(stage.world.hub, site).code)
    is_own = site == site_of(machine.identity_name)
    for _ in range(ASKED_MAX):
        said = _ask(stage, machine, code, is_allowed=is_own)
        if said != "lost":
            break
    if said == "given":
        second = _ask(stage, stage.dice.choice(others), code, is_allowed=False)
        return f"given, and to another {second}"
    return said


def _ask(stage: Stage, machine: Machine, code: EnrolCode, *, is_allowed: bool) -> str:
    """One question over the line as it is: `given`, `refused` or `lost`.

    Raises:
        Broken: somebody was answered who may not be, or not answered who may, or with another key.
    """
    struck = stage.strokes.total
    link = FaultyLink(
        stage.lines[machine.name], stage.dice, LineTrouble(stage.strokes, stage.mix.line, stage.mix.line_rate)
    )
    wrappings = {WRAPPED_FOR_HUB_FILE: _wrapped(machine.identity_name)}
    try:
        key = finish(fetch_data_key(link, machine.node.identity, machine.keyring(), code, wrappings))
    except HubUnreachable:
        return "lost"
    except Refused as refusal:
        is_excused = stage.strokes.total > struck or stage.is_barred(machine) or _is_key_in_doubt(stage, machine)
        if is_allowed and not is_excused:
            raise Broken("I18", f"{machine.name} was refused its data key: {refusal.reason.value}") from refusal
        stage.reached["a data key was refused to somebody"] += 1
        return "lost" if stage.strokes.total > struck else "refused"
    if not is_allowed or stage.is_barred(machine):
        raise Broken("I12", f"{machine.name} was given a data key with a code that is not for it")
    if key != data_key(machine.identity_name):
        raise Broken("I4", f"{machine.name} was given another data key than its own")
    stage.reached["a data key came back through the hub"] += 1
    return "given"


@cache
def _wrapped(name: str) -> bytes:
    """A node's data key as it was wrapped for the hub at enrolment."""
    return wrap_for_hub(data_key(name), exchange_key("hub"))


def _is_key_in_doubt(stage: Stage, machine: Machine) -> bool:
    """Whether the hub may not know the key that lies in the folder: a change of keys is on its way, or forgotten."""
    with machine.node.store.read() as tx:
        feed = tx.feed()
        is_unheard = feed is None or feed.hub_epoch != stage.world.hub.hub_epoch
        return is_unheard or is_change_pending(tx) or len(machine.held_keys()) > 1


STEPS: Final[dict[str, tuple[int, Step]]] = {"rescue": (3, rescue)}
"""Weight and step by name."""
