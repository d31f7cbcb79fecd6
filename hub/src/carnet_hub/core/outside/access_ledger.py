"""The ledger of accesses from outside, and of operators who take out values of owners: answered or refused.

Decides what an entry says and in which order things happen: an access is written down before its answer leaves, and
what cannot be written down is not answered. What can be answered once is written down in the transaction that spends it
(`note_in`), so a hub that is too busy for the line has spent nothing. A vehicle stands in it as a keyed hash, so the
ledger names no car and the question "who has looked at this one" can still be answered. A named export stands in it
under its own id; its request keeps the hashes of its vehicles, so every step of it is found by each of them. Letters
and lists of owners that an operator wrote stand under their campaign, and are found by each vehicle that it lists or
listed: they may name it.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from carnet_hub.core.counting.member_places import Rolls, member_place
from carnet_hub.core.counting.pair_states import Standing
from carnet_hub.core.hub import Hub
from carnet_hub.core.outside.regulator_refusals import AccessRefused
from carnet_hub.core.outside.regulators import present_ms
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.regulator_rows import NamedExportRow, RegulatorAccessRow, RegulatorTokenRow
from carnet_hub.core.shown import shown_records
from carnet_hub.core.steward_codes import require_code
from carnet_protocol.legal_days import legal_day

ANSWERED: Final = "answered"
FAILED: Final = "failed"
"""The hub could not answer, for a reason of its own."""
NOTICES: Final = "notices"
"""What the ledger says of letters and lists of owners that an operator wrote, in place of a scope."""
_COMMAND_LINE: Final = "cli"
_ACCESS_ID_BYTES: Final = 8
_VIN_DOMAIN: Final = b"carnet/regulator-vin/v1\x00"
_REFERENCE_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Access:
    """One request as it is written down.

    Attributes:
        way: `api`, `page`, or `cli` of an operator, whose token id is empty.
        scope: what was asked for; `regulator_door.LOG_IN` or `ARRIVAL`, `NOTICES`.
        subject: a campaign, a report, a request, `vehicle_reference`; may be empty.
        operator: code of who used the command line; empty for a token.
    """

    token_id: bytes
    way: str
    scope: str
    subject: str = ""
    outcome: str = ANSWERED
    operator: str = ""


@dataclass(frozen=True, slots=True)
class NotedAccess:
    """An entry of the ledger.

    Attributes:
        name: of the token, as it was given, or code of the operator.
        at_ms: ms since 1970 UTC.
    """

    access: Access
    name: str
    at_ms: int


def operator_access(scope: str, subject: str, by: str) -> Access:
    """An access by the command line.

    Args:
        by: code of the operator.

    Raises:
        Unusable: it is no code of a person.
    """
    require_code("a person", by)
    return Access(b"", _COMMAND_LINE, scope, subject, operator=by)


def note_access(hub: Hub, access: Access) -> None:
    """Write one access down; durable when this returns.

    Raises:
        StoreBusy, StoreError: it is not written down, so the caller must not answer.
    """
    with hub.store.write() as transaction:
        note_in(hub, transaction, access)


def note_in(hub: Hub, transaction: Transaction, access: Access) -> None:
    """Write one access down together with what it changes."""
    row = RegulatorAccessRow(
        present_ms(hub, transaction),
        hub.entropy.random_bytes(_ACCESS_ID_BYTES),
        access.token_id,
        access.way,
        access.scope,
        access.subject,
        access.outcome,
        access.operator,
    )
    transaction.put([row])


@contextmanager
def noted(hub: Hub, access: Access) -> Iterator[None]:
    """What is done inside is written down when it ends: answered, refused or failed.

    Raises:
        StoreBusy, StoreError: see `note_access`.
    """
    with refusals_noted(hub, access):
        yield
    note_access(hub, access)


@contextmanager
def refusals_noted(hub: Hub, access: Access) -> Iterator[None]:
    """The same for what writes its own line once it answers: only a refusal or failure is written down here.

    Raises:
        StoreBusy, StoreError: see `note_access`.
    """
    outcome = FAILED
    try:
        yield
        outcome = ANSWERED
    except AccessRefused as refused:
        outcome = refused.refusal.value
        raise
    finally:
        if outcome != ANSWERED:
            note_access(hub, replace(access, outcome=outcome))


def vehicle_reference(hub: Hub, vin: str) -> str:
    """How a vehicle stands in the ledger.

    Args:
        vin: in normal form.
    """
    return f"vehicle:{hmac.digest(hub.box.blind_key, _VIN_DOMAIN + vin.encode(), 'sha256')[:_REFERENCE_BYTES].hex()}"


def read_accesses(
    hub: Hub, *, first: date | None = None, last: date | None = None, token_id: bytes = b"", vin: str = ""
) -> Iterator[NotedAccess]:
    """The ledger in the order of time.

    Args:
        first, last: days of mainland China; None for all.
        token_id: only of one token; empty for all.
        vin: only about this vehicle, in normal form: alone, in a named export, or in letters and lists of a campaign
            that lists it or listed it; empty for all.
    """
    with hub.store.read() as snapshot:
        subjects = _subjects_about(snapshot, vehicle_reference(hub, vin)) if vin else None
        campaigns = _campaigns_about(hub, snapshot, vin) if vin else set[str]()
        names = {row.token_id: row.name for row in snapshot.scan(RegulatorTokenRow)}
        for row in snapshot.scan(RegulatorAccessRow):
            day = legal_day(row.at_ms)
            is_then = (first is None or first <= day) and (last is None or day <= last)
            is_told = row.scope == NOTICES and row.subject in campaigns
            is_about = subjects is None or row.subject in subjects or is_told
            if is_then and is_about and token_id in {b"", row.token_id}:
                access = Access(row.token_id, row.way, row.scope, row.subject, row.outcome, row.operator)
                yield NotedAccess(access, names.get(row.token_id, row.operator), row.at_ms)


def _subjects_about(snapshot: Snapshot, reference: str) -> set[str]:
    """Under which names accesses to a vehicle stand: its own, and those of the requests that asked for it."""
    asked = (row for row in snapshot.scan(NamedExportRow) if reference in row.vehicles.split())
    return {reference, *(row.request_id.hex() for row in asked)}


def _campaigns_about(hub: Hub, snapshot: Snapshot, vin: str) -> set[str]:
    """The numbers of campaigns that list a vehicle or listed it; one whose lists are not at hand is among them."""
    rolls = Rolls(snapshot.listed_at({member_place(vin)[0]}))
    numbers = {
        row.id: str(values.get("campaign_no") or "")
        for row, values in shown_records(hub.registry, snapshot, "campaign")
    }
    counts = snapshot.counts(numbers.keys())
    return {
        number
        for record, number in numbers.items()
        if record not in counts or not counts[record].is_whole or rolls.standing(record, vin) is not Standing.STRANGER
    }
