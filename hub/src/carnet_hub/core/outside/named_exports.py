"""Personal data for an authority: a named export, asked for by one person, released by another, read once.

Decides who may ask, who may release, when an export is over and what stands in it. Owners appear nowhere else outside
(`regulator_views`, `vehicle_recalls`). Does not decide whose car it is nor which contact counts (`outreach`).

Rules
1. A request names a campaign, vehicles that are members of it, and the number of the authority's case. Without one
   there is no request, and it is shown with every step.
2. Nobody releases what they asked for: names are compared, so two tokens of one name are one person.
3. A released export is read once, by who asked for it, within `NAMED_TTL_MS`. It is marked as read, and the reading is
   written down, in one transaction before the first value leaves; whose line broke asks again.
4. Vehicle numbers of a request are sealed at rest, shown to whoever may release it, and gone with the reading, the
   refusal, or the next request after its term. The steps stay, with names, case, count and the keyed hash of each
   vehicle, by which the ledger finds them.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from carnet_hub.core.campaigns.outreach import Contact, Notice, read_notices
from carnet_hub.core.campaigns.recalls import Campaign, find_campaign
from carnet_hub.core.campaigns.report import instant_text
from carnet_hub.core.counting.member_places import Rolls, member_place
from carnet_hub.core.counting.pair_states import Standing
from carnet_hub.core.hub import Hub
from carnet_hub.core.outside.access_ledger import Access, note_in, vehicle_reference
from carnet_hub.core.outside.regulator_refusals import AccessRefused, Refusal
from carnet_hub.core.outside.regulators import Token, present_ms
from carnet_hub.core.outside.vehicle_recalls import recalls_of
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.regulator_limits import CASE_CHARS_MAX, NAMED_OPEN_MAX, NAMED_TTL_MS, NAMED_VINS_MAX
from carnet_hub.core.regulator_rows import NamedExportRow
from carnet_hub.core.sets.following_counts import are_askew
from carnet_hub.core.steward_codes import require_code
from carnet_protocol.vin import normalise_vin

REQUEST_ID_BYTES: Final = 16
_AAD: Final = b"carnet/named-export/v1\x00"
_OWNER_COLUMNS: Final = ("vin", "state", "known", "name", "first_sale_owner")
_CONTACT_FIELDS: Final = ("number", "phone_kind", "province_code", "street", "postcode")
_OWNER_GROUPS: Final[Mapping[str, Sequence[str]]] = {
    "phone": (*_CONTACT_FIELDS[:2], "as_of", "confidence"),
    "address": (*_CONTACT_FIELDS[2:], "as_of", "confidence"),
}
"""Columns of a table of owners, by where their values stand."""


class Step(StrEnum):
    """Where a request stands."""

    ASKED = "asked"
    RELEASED = "released"
    REFUSED = "refused"
    READ = "read"
    OVER = "over"
    """Nobody released it, or nobody read it, in time."""


@dataclass(frozen=True, slots=True)
class NamedExport:
    """A request and what became of it; no person stands in it.

    Attributes:
        vins: the vehicles, for `release_values` alone; none once the request is decided against, read or over.
        decided_by: who released or refused it; empty while nobody has.
        vin_count: vehicles it asks about.
    """

    request_id: bytes
    token_id: bytes
    asked_by: str
    campaign_no: str
    case_no: str
    vin_count: int
    step: Step
    asked_ms: int
    decided_by: str
    decided_ms: int
    read_ms: int
    vins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for an export, and reads it.

    Attributes:
        token_id: empty for the hub's operator, to whom an authority wrote a letter.
        covers: whether a campaign is one that the asker may see.
    """

    name: str
    token_id: bytes
    covers: Callable[[str], bool]


def asker_of(token: Token) -> Asker:
    """A regulator with a token."""
    return Asker(token.grant.name, token.token_id, token.covers)


def operator(code: str) -> Asker:
    """The hub's operator.

    Raises:
        Unusable: it is no code of a person.
    """
    require_code("a person", code)
    return Asker(code, b"", lambda _: True)


def ask_export(
    hub: Hub, asker: Asker, campaign_no: str, case_no: str, vins: Sequence[str], *, access: Access
) -> NamedExport:
    """Ask for the owners of some vehicles.

    Args:
        vins: as somebody typed them, at least one.
        access: what the ledger says of it; written down here under the id of the request.

    Raises:
        AccessRefused: NOT_FOUND, no such campaign that the asker may see; NOT_A_MEMBER, with the vehicles; NO_CASE;
            TOO_MANY, as many requests wait. Nothing is stored.
    """
    case, wanted = " ".join(case_no.split()), sorted({normalise_vin(vin) for vin in vins})
    if not 0 < len(case) <= CASE_CHARS_MAX or not case.isprintable():
        raise AccessRefused(Refusal.NO_CASE)
    if not 0 < len(wanted) <= NAMED_VINS_MAX:
        raise AccessRefused(Refusal.NO_VEHICLE_NUMBER)
    with hub.store.write() as transaction:
        campaign = find_campaign(hub, transaction, campaign_no) if asker.covers(campaign_no) else None
        if campaign is None:
            raise AccessRefused(Refusal.NOT_FOUND)
        if strangers := _strangers(transaction, campaign, wanted):
            raise AccessRefused(Refusal.NOT_A_MEMBER, vins=strangers)
        now_ms = present_ms(hub, transaction)
        waiting = _tidy(transaction, now_ms)
        if waiting >= NAMED_OPEN_MAX:
            raise AccessRefused(Refusal.TOO_MANY)
        request_id = hub.entropy.random_bytes(REQUEST_ID_BYTES)
        sealed = hub.box.seal(json.dumps(wanted).encode(), _AAD + request_id)
        row = NamedExportRow(
            request_id,
            asker.token_id,
            asker.name,
            campaign_no,
            case,
            sealed,
            len(wanted),
            now_ms,
            "",
            0,
            0,
            0,
            _references(hub, wanted),
        )
        transaction.put([row])
        note_in(hub, transaction, replace(access, subject=request_id.hex()))
    return _export_of(row, now_ms)


def release_export(hub: Hub, request_id: bytes, by: str, covers_token: Token | None = None) -> NamedExport:
    """Let the asker read what was asked for.

    Args:
        by: code of the person who releases.
        covers_token: of a regulator who releases; None for the hub's operator.

    Raises:
        AccessRefused: NOT_FOUND, no such request, or of a campaign outside the token's scope; OWN_REQUEST;
            NOT_RELEASED, it does not wait any more.
        Unusable: no code. Nothing changed.
    """
    return _decide(hub, request_id, by, covers_token, is_released=True)


def refuse_export(hub: Hub, request_id: bytes, by: str) -> NamedExport:
    """Say no to a request, for good.

    Raises:
        AccessRefused, Unusable: see `release_export`.
    """
    return _decide(hub, request_id, by, None, is_released=False)


def read_export(hub: Hub, asker: Asker, request_id: bytes, access: Access) -> dict[str, object]:
    """The owners that were asked for; the second call finds nothing.

    Args:
        access: what the ledger says of the reading.

    Raises:
        AccessRefused: NOT_FOUND, no such request of this asker; NOT_RELEASED, it waits, was refused, read, or is over.
        StoreBusy, StoreError: see `ports`; it is still to be read, and the ledger says nothing.
    """
    with hub.store.write() as transaction:
        row = _find(transaction, request_id)
        if row is None or _asker_of(row) != (asker.name, asker.token_id) or not asker.covers(row.campaign_no):
            raise AccessRefused(Refusal.NOT_FOUND)
        now_ms = present_ms(hub, transaction)
        if _export_of(row, now_ms).step is not Step.RELEASED:
            raise AccessRefused(Refusal.NOT_RELEASED)
        campaign = find_campaign(hub, transaction, row.campaign_no)
        vins = _vins_of(hub, row)
        owners = list(_owners(hub, transaction, campaign, vins)) if campaign is not None else []
        row = row._replace(read_ms=now_ms, vins=b"", vehicles=_references(hub, vins))
        transaction.put([row])
        note_in(hub, transaction, access)
    return {**export_values(_export_of(row, now_ms)), "owners": owners}


def list_exports(hub: Hub) -> list[NamedExport]:
    """Every request, oldest first, with its vehicles while somebody may still need them."""
    with hub.store.read() as snapshot:
        now_ms = present_ms(hub, snapshot)
        rows = sorted(snapshot.scan(NamedExportRow), key=lambda row: (row.asked_ms, row.request_id))
    return [_with_vins(hub, row, now_ms) for row in rows]


def find_export(hub: Hub, request_id: bytes) -> NamedExport:
    """One request, as in `list_exports`.

    Raises:
        AccessRefused: NOT_FOUND.
    """
    with hub.store.read() as snapshot:
        row, now_ms = _find(snapshot, request_id), present_ms(hub, snapshot)
    if row is None:
        raise AccessRefused(Refusal.NOT_FOUND)
    return _with_vins(hub, row, now_ms)


def own_exports(hub: Hub, token: Token) -> list[NamedExport]:
    """What a token asked for, and where it stands; oldest first."""
    return [one for one in list_exports(hub) if (one.asked_by, one.token_id) == (token.grant.name, token.token_id)]


def exports_to_release(hub: Hub, token: Token) -> list[NamedExport]:
    """What waits for somebody to release it, in the campaigns of a token: asked for by others, oldest first."""
    waiting = (one for one in list_exports(hub) if one.step is Step.ASKED and token.covers(one.campaign_no))
    return [one for one in waiting if not _is_same_person(token.grant.name, one.asked_by)]


def owner_rows(owners: Iterable[Mapping[str, Any]]) -> Iterator[Sequence[str]]:
    """The owners of `read_export` as a table, with a header."""
    yield (*_OWNER_COLUMNS, *(f"{group}_{name}" for group, names in _OWNER_GROUPS.items() for name in names))
    for one in owners:
        held = ((one[group] or {}, names) for group, names in _OWNER_GROUPS.items())
        yield (
            *(str(one[name]) for name in _OWNER_COLUMNS),
            *(str(values.get(name) or "") for values, names in held for name in names),
        )


def export_values(export: NamedExport) -> dict[str, object]:
    """A request as it is shown."""
    return {
        "request_id": export.request_id.hex(),
        "asked_by": export.asked_by,
        "campaign_no": export.campaign_no,
        "case_no": export.case_no,
        "vehicles": export.vin_count,
        "step": export.step.value,
        "asked_at": instant_text(export.asked_ms),
        "decided_by": export.decided_by,
        "decided_at": instant_text(export.decided_ms) if export.decided_ms else None,
        "read_at": instant_text(export.read_ms) if export.read_ms else None,
    }


def release_values(export: NamedExport) -> dict[str, object]:
    """A request as it is shown to whoever may release it: nobody says yes without seeing for which vehicles."""
    return {**export_values(export), "vins": list(export.vins)}


def _is_same_person(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _decide(hub: Hub, request_id: bytes, by: str, covers_token: Token | None, *, is_released: bool) -> NamedExport:
    require_code("a person", by)
    with hub.store.write() as transaction:
        row = _find(transaction, request_id)
        if row is None or (covers_token is not None and not covers_token.covers(row.campaign_no)):
            raise AccessRefused(Refusal.NOT_FOUND)
        if _is_same_person(by, row.asked_by):
            raise AccessRefused(Refusal.OWN_REQUEST)
        now_ms = present_ms(hub, transaction)
        step = _export_of(row, now_ms).step
        if step is not Step.ASKED:
            raise AccessRefused(Refusal.NOT_RELEASED)
        row = row._replace(decided_by=by, decided_ms=now_ms, is_refused=int(not is_released))
        row = row._replace(vehicles=_references(hub, _vins_of(hub, row)))
        transaction.put([row if is_released else row._replace(vins=b"")])
    return _export_of(row, now_ms)


def _strangers(snapshot: Snapshot, campaign: Campaign, vins: Iterable[str]) -> list[str]:
    """Those that no plan of a campaign has listed."""
    if are_askew(snapshot):
        raise AccessRefused(Refusal.BUSY)
    places = {vin: member_place(vin)[0] for vin in vins}
    rolls = Rolls(snapshot.listed_at(set(places.values())))
    return [vin for vin in places if rolls.standing(campaign.row.id, vin) is Standing.STRANGER]


def _owners(hub: Hub, snapshot: Snapshot, campaign: Campaign, vins: Sequence[str]) -> Iterable[dict[str, object]]:
    """What is known of the owner of each vehicle, with how far it can be trusted."""
    states = {vin: one.verdict.state for vin in vins for one in recalls_of(hub, snapshot, [campaign], vin)}
    pairs = [(vin, state) for vin in vins if (state := states.get(vin)) is not None]
    for notice in read_notices(hub, snapshot, pairs, {}, None):
        yield _owner_values(notice)


def _owner_values(notice: Notice) -> dict[str, object]:
    return {
        "vin": notice.vin,
        "state": notice.state.value,
        "known": notice.telling.value,
        "name": notice.name,
        "first_sale_owner": notice.first_owner,
        "phone": _contact_values(notice.phone),
        "address": _contact_values(notice.place),
    }


def _contact_values(contact: Contact | None) -> dict[str, object] | None:
    if contact is None:
        return None
    shown = {name: contact.values[name] for name in _CONTACT_FIELDS if contact.values.get(name)}
    return {**shown, "as_of": instant_text(contact.as_of_ms), "confidence": contact.confidence.value}


def _tidy(transaction: Transaction, now_ms: int) -> int:
    """Take the vehicles out of what is over.

    Returns: how many requests still wait or can be read.
    """
    rows = [row for row in transaction.scan(NamedExportRow) if row.vins]
    over = [row for row in rows if _export_of(row, now_ms).step is Step.OVER]
    transaction.put([row._replace(vins=b"") for row in over])
    return len(rows) - len(over)


def _references(hub: Hub, vins: Iterable[str]) -> str:
    return " ".join(vehicle_reference(hub, vin) for vin in vins)


def _vins_of(hub: Hub, row: NamedExportRow) -> list[str]:
    return [str(vin) for vin in json.loads(hub.box.open(row.vins, _AAD + row.request_id))]


def _with_vins(hub: Hub, row: NamedExportRow, now_ms: int) -> NamedExport:
    export = _export_of(row, now_ms)
    return replace(export, vins=tuple(_vins_of(hub, row))) if export.step in (Step.ASKED, Step.RELEASED) else export


def _asker_of(row: NamedExportRow) -> tuple[str, bytes]:
    return row.asked_by, row.token_id


def _find(snapshot: Snapshot, request_id: bytes) -> NamedExportRow | None:
    return next((row for row in snapshot.scan(NamedExportRow) if row.request_id == request_id), None)


def _export_of(row: NamedExportRow, now_ms: int) -> NamedExport:
    return NamedExport(
        row.request_id,
        row.token_id,
        row.asked_by,
        row.campaign_no,
        row.case_no,
        row.vin_count,
        _step_of(row, now_ms),
        row.asked_ms,
        row.decided_by,
        row.decided_ms,
        row.read_ms,
    )


def _step_of(row: NamedExportRow, now_ms: int) -> Step:
    if row.read_ms:
        return Step.READ
    if row.is_refused:
        return Step.REFUSED
    if now_ms >= (row.decided_ms or row.asked_ms) + NAMED_TTL_MS:
        return Step.OVER
    return Step.RELEASED if row.decided_ms else Step.ASKED
