"""`enrol --recover`: a new machine goes on where a lost one of its site stopped, in one command.

Holds no rule; see `adapters.restoring` for what is believed of a backup, `core.moving` for what becomes of its work and
`core.enrolment` for who lets the machine in. Whatever breaks half-way, the same command goes on from there: a kept
request gets the same answer, and a database that is in place waits for its enrolment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio

from carnet_node.adapters.fetching import RestoreFrom, Unwrap
from carnet_node.adapters.joining import can_join, is_nobodys
from carnet_node.adapters.recovery import passphrase_unwrap
from carnet_node.adapters.restoring import Restored, restore_database
from carnet_node.bootstrap import Installation, create_installation, new_machine_asks, open_installation
from carnet_node.core.failures import AlreadyEnrolled, NodeFailure
from carnet_node.core.line.sync import RoundReport, run_round
from carnet_node.entrypoints.cli.entering import Door, Entered, enter
from carnet_node.entrypoints.cli.output import emit
from carnet_node.entrypoints.software import SOFTWARE
from carnet_node.entrypoints.wording import explain_failure
from carnet_node.settings import NodeSettings
from carnet_protocol.enrolment import parse_code
from carnet_protocol.errors import Refused
from carnet_storage.adapters.fetching import Choice, Stage
from carnet_storage.adapters.planning import plan_of
from carnet_storage.adapters.small_files import read_passphrase
from carnet_storage.core.telling import parse_instant
from carnet_storage.entrypoints.cli.backup import is_copy_wanted
from carnet_storage.entrypoints.cli.showing import counting, stages

FROM_HUB: Final = "hub"
_WORDS: Final = ("", "litestream", "copy", FROM_HUB)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `--recover` was asked for; every word as typed.

    Attributes:
        origin: `litestream`, `copy`, `hub` for no backup at all, or the data folder of another machine.
        copy_name, at, source: which backup, see `restore`.
        recovery_file: the printed passphrase.
        recovery_code: instead of it, the operator's second code.
    """

    origin: str
    copy_name: str | None
    at: str | None
    source: str | None
    recovery_file: Path | None
    recovery_code: str | None


def move(settings: NodeSettings, door: Door, wanted: Wanted, *, as_json: bool) -> None:
    """Bring the database, be let in, emit again what the hub never received, and sync once."""
    stage = stages(is_quiet=as_json)
    restored: Restored | None = None
    if wanted.origin == FROM_HUB:
        installation = _empty_installation(settings)
    else:
        if not settings.database.exists() or not _waits_to_move(settings):
            restored = _restored(settings, door, wanted, as_json=as_json)
        installation = open_installation(settings)
    stage("asking the hub to let this machine in")
    entered = enter(installation, door)
    with installation.store.read() as tx:
        again, _ = tx.unconfirmed()
    stage("sending and fetching")
    report, failure = anyio.run(_first_round, installation)
    result = _as_json(entered, restored, again, report, failure)
    emit(result, as_json=as_json, text="\n".join(_lines(entered, restored, again, report, failure)))


def _waits_to_move(settings: NodeSettings) -> bool:
    """Whether a restored database is in place and only has to be enrolled: the same command was broken off.

    Raises:
        AlreadyEnrolled: `init` made what is there. To be let in with that would end well and bring nothing back.
    """
    joining = open_installation(settings).joining()
    if is_nobodys(joining):
        raise AlreadyEnrolled("an empty database")
    return can_join(joining)


def _empty_installation(settings: NodeSettings) -> Installation:
    """Keys and an empty database, or those of a try that was broken off."""
    if settings.database.exists():
        installation = open_installation(settings)
        if can_join(installation.joining()):
            return installation
    return create_installation(settings)


def _restored(settings: NodeSettings, door: Door, wanted: Wanted, *, as_json: bool) -> Restored:
    is_folder = wanted.origin not in _WORDS
    backup = Choice(
        is_copy=not is_folder and is_copy_wanted(wanted.origin, wanted.copy_name, settings),
        source=wanted.source,
        at_ms=None if wanted.at is None else parse_instant(wanted.at),
        copy_name=wanted.copy_name,
    )
    origin = RestoreFrom(
        backup,
        former=Path(wanted.origin) if is_folder else None,
        unwrap=_unwrap(settings, door, wanted, stages(is_quiet=as_json)),
    )
    with counting("restoring", is_quiet=as_json) as progress:
        return restore_database(settings, plan_of(settings), origin, stage=stages(is_quiet=as_json), progress=progress)


def _unwrap(settings: NodeSettings, door: Door, wanted: Wanted, stage: Stage) -> Unwrap | None:
    """How the data key of the lost machine is got back: by its passphrase, through the hub, or not at all."""
    if wanted.recovery_file is not None:
        return passphrase_unwrap(read_passphrase(wanted.recovery_file))
    if wanted.recovery_code is None:
        return None
    second = parse_code(wanted.recovery_code)

    def ask(wrappings: Mapping[str, bytes]) -> bytes:
        """The data key through the hub, for the second code."""
        stage("asking the hub for the data key")
        asking = partial(new_machine_asks, settings, door.code, second, wrappings, url=door.url, name=door.name)
        return anyio.run(asking)

    return ask


async def _first_round(installation: Installation) -> tuple[RoundReport | None, Exception | None]:
    """What a round brought, or what broke it off: the machine is let in either way, and `serve` goes on."""
    try:
        async with installation.hub_client() as link:
            report = await run_round(installation.node(), installation.sync_ports(link), software=SOFTWARE)
    except (NodeFailure, Refused) as failure:
        return None, failure
    return report, report.push_failure or report.pull_failure


def _as_json(
    entered: Entered, restored: Restored | None, again: int, report: RoundReport | None, failure: Exception | None
) -> dict[str, Any]:
    return {
        "site_code": entered.site_code,
        "site_name": entered.site_name,
        "recovery_passphrase": entered.passphrase,
        "origin": None if restored is None else restored.origin,
        "sets": 0 if restored is None else restored.facts.sets,
        "records": 0 if restored is None else restored.facts.records,
        "erasures": 0 if restored is None else restored.erasures,
        "emitted_again": again,
        "sent": 0 if report is None else report.push.sent,
        "fetched": 0 if report is None else report.rows,
        "is_synced": report is not None and report.is_complete,
        "sync_error": None if failure is None else explain_failure(failure).as_dict(),
    }


def _lines(
    entered: Entered, restored: Restored | None, again: int, report: RoundReport | None, failure: Exception | None
) -> list[str]:
    lines = entered.lines()
    if restored is not None:
        facts = restored.facts
        lines.append(f"The database is back, from {restored.origin}: {facts.sets} change sets verify and")
        lines.append(f"{facts.records} records agree; {restored.erasures} erasures were applied again.")
    lines.append(f"{again} change sets that the hub had not judged were sealed again with this machine's key.")
    if report is not None:
        lines.append(f"change sets sent: {report.push.sent}, records fetched: {report.rows}")
    if failure is not None:
        lines += explain_failure(failure).lines()
    lines.append("Next: carnet-node serve. The former machine is told at its next contact; its sticks stay welcome.")
    return lines
