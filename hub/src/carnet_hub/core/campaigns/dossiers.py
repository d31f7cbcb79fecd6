"""The dossier of a campaign: what happened in it before the law, from the first suspicion to the final report.

Decides which event may follow which, what stage a campaign has reached, and which number a version of its plan bears.
Events are facts of the hub that no node hears of: an investigation is nobody else's business. Does not decide what an
event sets off (`duties`), nor what publishing does to nodes (`recalls`).

Rules
1. An event names a campaign by its number, happened on a day that is not ahead, and may cite a file number.
2. A plan that is filed or published is a *version*: its document, known by SHA-256, never changes, and the change set
   of the event signs that hash. The same document is the same version; another one is the next.
3. An event that was noted by mistake is retracted with a reason and stays readable. What is an act in itself
   (published, withdrawn) is not.
4. What is taken back says why, in its event: a campaign under one of a closed list of reasons, and in words where none
   of them fits; a plan that leaves out members, under which reasons and how many they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from carnet_hub.core.campaigns.duties import Happened
from carnet_hub.core.counting.withdrawals import unpack_withdrawals
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.log.authoring import write_in
from carnet_hub.core.ports import RecordReads, Transaction
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shown import shown_values
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RECORD_RANDOM_BYTES, RecordId, new_record_id
from carnet_protocol.kinds import CAMPAIGN_EVENT
from carnet_protocol.legal_days import legal_day
from carnet_protocol.registry import Value
from carnet_protocol.state import first_written_ms, head_op_ids, unpack_entries

_RETRACTED_REGISTER: Final = 1


class Stage(StrEnum):
    """How far a campaign has come before the law; later ones beat earlier ones."""

    DESK = "desk"
    """Somebody imported a plan, and nothing has happened yet."""
    INVESTIGATION = "investigation"
    DROPPED = "dropped"
    """The investigation found no defect."""
    CONFIRMED = "confirmed"
    FILED = "filed"
    PUBLISHED = "published"
    OUTREACH_CLOSED = "outreach_closed"
    """Owners are no longer sought; whoever comes is still repaired free of charge."""
    FINISHED = "finished"
    REPORTED = "reported"
    WITHDRAWN = "withdrawn"


_STAGES: Final[Mapping[str, Stage]] = {
    "investigation_opened": Stage.INVESTIGATION,
    "authority_notice": Stage.INVESTIGATION,
    "investigation_closed": Stage.DROPPED,
    "defect_confirmed": Stage.CONFIRMED,
    "plan_filed": Stage.FILED,
    "published": Stage.PUBLISHED,
    "outreach_closed": Stage.OUTREACH_CLOSED,
    "recall_finished": Stage.FINISHED,
    "final_report": Stage.REPORTED,
    "withdrawn": Stage.WITHDRAWN,
}
_ORDER: Final = {stage: place for place, stage in enumerate(Stage)}

_BEFORE: Final = frozenset({Stage.DESK, Stage.INVESTIGATION, Stage.DROPPED})
_UNDER_WAY: Final = frozenset({Stage.PUBLISHED, Stage.OUTREACH_CLOSED})
_RUNNING: Final = _UNDER_WAY | {Stage.FILED, Stage.FINISHED}
_ALLOWED: Final[Mapping[str, frozenset[Stage]]] = {
    "investigation_opened": _BEFORE,
    "authority_notice": _BEFORE | {Stage.CONFIRMED},
    "objection_filed": _BEFORE | {Stage.CONFIRMED},
    "investigation_closed": frozenset({Stage.INVESTIGATION}),
    "defect_confirmed": _BEFORE,
    "public_notice": _RUNNING,
    "owner_notice": _RUNNING,
    "stage_report": _RUNNING,
    "outreach_closed": frozenset({Stage.PUBLISHED}),
    "recall_finished": _UNDER_WAY,
    "final_report": frozenset({Stage.FINISHED, Stage.WITHDRAWN}),
}
"""At which stages somebody may note an event; the others are acts of their own."""

NOTED_EVENTS: Final = tuple(_ALLOWED)
"""What somebody notes by hand."""

_ACTS: Final = frozenset({"published", "withdrawn"})


@dataclass(frozen=True, slots=True)
class NamedPlan:
    """The plan that an event files or publishes.

    Attributes:
        plan_hash: of its document.
        withdrawn_members: whom it leaves out of those who were members once, as a campaign names them.
        withdrawn_count: how many they are.
    """

    version: int
    plan_hash: bytes
    withdrawn_members: bytes = b""
    withdrawn_count: int = 0

    @property
    def values(self) -> dict[str, Value]:
        """The fields of the event."""
        named: dict[str, Value] = {"plan_version": self.version, "plan_hash": self.plan_hash}
        if self.withdrawn_members:
            named |= {"withdrawn_members": self.withdrawn_members, "withdrawn_count": self.withdrawn_count}
        return named


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why a campaign is taken back.

    Attributes:
        reason: one of `CAMPAIGN_WITHDRAWAL_REASONS`; empty for one that an earlier version of this program took back.
        explanation: in words, for whoever reads the dossier; names no person.
    """

    reason: str = ""
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class CampaignEvent:
    """One thing that happened.

    Attributes:
        file_reference: number under which the authority or the producer keeps the paper; may be empty.
        plan_version, plan_hash: of the plan that was filed or published; 0 and empty for other events.
        noted_ms: when it was written down.
        retracted: why it does not hold; empty while it does.
        grounds: of a campaign that was taken back.
        withdrawn_reasons, withdrawn_count: why the plan leaves out whoever was a member once, and how many they are.
    """

    record: RecordId
    campaign_no: str
    event: str
    happened_on: date
    file_reference: str
    plan_version: int
    plan_hash: bytes
    noted_ms: int
    retracted: str
    grounds: Grounds = Grounds()
    withdrawn_reasons: tuple[str, ...] = ()
    withdrawn_count: int = 0


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything that happened in a campaign.

    Attributes:
        events: by day, then as they were written down; retracted ones among them.
    """

    campaign_no: str
    events: tuple[CampaignEvent, ...]

    @property
    def standing(self) -> tuple[CampaignEvent, ...]:
        """The events that hold."""
        return tuple(one for one in self.events if not one.retracted)

    @property
    def stage(self) -> Stage:
        """How far the campaign has come."""
        reached = [_STAGES[one.event] for one in self.standing if one.event in _STAGES]
        stage = max(reached, key=_ORDER.__getitem__, default=Stage.DESK)
        if stage is not Stage.DROPPED:
            return stage
        last = [_STAGES[one.event] for one in self.standing if _STAGES.get(one.event) in _BEFORE]
        return last[-1]

    @property
    def versions(self) -> dict[bytes, int]:
        """The number of every plan that was filed or published, by its hash."""
        return {one.plan_hash: one.plan_version for one in self.events if one.plan_hash}

    @property
    def withdrawal(self) -> CampaignEvent | None:
        """The event that took the campaign back; None while it stands."""
        return next((one for one in self.standing if one.event == "withdrawn"), None)

    @property
    def happened(self) -> tuple[Happened, ...]:
        """What duties ask."""
        return tuple(Happened(one.event, one.happened_on) for one in self.standing)

    def number_of(self, plan_hash: bytes, published_version: int) -> int:
        """The version that a plan is, or would be.

        Args:
            published_version: what the campaign says of its plan; 0 for one that was never published. Plans that were
                published before there were dossiers have no event.
        """
        known = self.versions.get(plan_hash)
        return known if known is not None else max(published_version, *self.versions.values(), 0) + 1


def read_dossiers(hub: Hub, snapshot: RecordReads) -> dict[str, Dossier]:
    """Every campaign in which something happened, by number."""
    events: dict[str, list[CampaignEvent]] = {}
    for row in snapshot.records_of_kind(CAMPAIGN_EVENT.number):
        event = _event_of(hub, row)
        if event is not None:
            events.setdefault(event.campaign_no, []).append(event)
    return {number: _dossier(number, found) for number, found in sorted(events.items())}


def read_dossier(hub: Hub, snapshot: RecordReads, campaign_no: str) -> Dossier:
    """One campaign's; empty when nothing happened in it."""
    return read_dossiers(hub, snapshot).get(campaign_no, Dossier(campaign_no, ()))


def note_event(
    hub: Hub,
    transaction: Transaction,
    campaign_no: str,
    event: str,
    happened_on: date,
    *,
    is_known: bool,
    file_reference: str = "",
) -> CampaignEvent:
    """Write down that something happened in a campaign.

    Args:
        transaction: of the caller's, who lets it go when this raises.
        event: one of `NOTED_EVENTS`.
        is_known: a plan of this number was imported or published. An investigation may begin without.

    Raises:
        Unusable: no such event, a day ahead, an unknown campaign, or an event that does not follow what happened so
            far; nothing changed.
    """
    if event not in _ALLOWED:
        raise Unusable(f"{event[:40]} cannot be noted.", f"Note one of: {', '.join(NOTED_EVENTS)}.")
    dossier = read_dossier(hub, transaction, campaign_no)
    if not dossier.events and not is_known and event not in {"investigation_opened", "authority_notice"}:
        raise Unusable(
            f"There is no campaign {campaign_no[:64]}.", "Import its plan, or begin with investigation_opened."
        )
    if dossier.stage not in _ALLOWED[event]:
        raise Unusable(
            f"{campaign_no} is at the stage {dossier.stage}: {event} does not follow.",
            "Look at `recalls show`; retract an event that was noted by mistake.",
        )
    return add_event(hub, transaction, campaign_no, event, happened_on, file_reference=file_reference)


def add_event(
    hub: Hub,
    transaction: Transaction,
    campaign_no: str,
    event: str,
    happened_on: date,
    *,
    file_reference: str = "",
    plan: NamedPlan | None = None,
    grounds: Grounds | None = None,
) -> CampaignEvent:
    """Write an event of which the caller knows that it follows.

    Args:
        plan: that was filed or published.
        grounds: on which the campaign is taken back.

    Raises:
        Unusable: a day ahead, or a value that cannot be kept; nothing changed.
    """
    now_ms = hub.clock.now_ms()
    today = legal_day(now_ms)
    if happened_on > today:
        raise Unusable(f"{happened_on} lies ahead.", f"Give a day up to {today}.")
    values: dict[str, Value] = {
        "campaign_no": campaign_no,
        "event": event,
        "happened_on": happened_on.isoformat(),
        "file_reference": file_reference.strip() or None,
    }
    if plan is not None:
        values |= plan.values
    if grounds is not None:
        values |= {"reason": grounds.reason, "explanation": grounds.explanation.strip() or None}
    record = new_record_id(now_ms, hub.entropy.random_bytes(RECORD_RANDOM_BYTES))
    try:
        write_in(hub, transaction, [Draft(CAMPAIGN_EVENT, record, values)])
    except BadValue as refusal:
        raise Unusable(f"The event cannot be kept: {refusal.detail}.", "Correct it.") from refusal
    return _written(hub, transaction, record)


def retract_event(hub: Hub, transaction: Transaction, record: bytes, reason: str) -> CampaignEvent:
    """Say that an event does not hold.

    Args:
        transaction: of the caller's, who lets it go when this raises.
        reason: one of the registry's retraction reasons.

    Raises:
        Unusable: no such event, an act that cannot be undone this way, one that is retracted already, or a reason that
            is none; nothing changed.
    """
    row = transaction.records(CAMPAIGN_EVENT.number, [record]).get(record)
    event = _event_of(hub, row) if row is not None else None
    if row is None or event is None:
        raise Unusable("There is no such event.", "Look its id up with `recalls show`.")
    if event.retracted:
        raise Unusable("The event is retracted already.", "Nothing is left to do.")
    if event.event in _ACTS:
        raise Unusable(f"{event.event} cannot be retracted.", "Publish another plan, or withdraw the campaign.")
    based_on = head_op_ids(unpack_entries(row.entries), {_RETRACTED_REGISTER})
    try:
        write_in(hub, transaction, [Draft(CAMPAIGN_EVENT, RecordId(record), {"retracted": reason}, based_on)])
    except BadValue as refusal:
        raise Unusable(f"{reason[:40]} is no reason: {refusal.detail}.", "Name one of the listed ones.") from refusal
    return _written(hub, transaction, RecordId(record))


def _written(hub: Hub, transaction: Transaction, record: RecordId) -> CampaignEvent:
    """An event as it stands after a write."""
    event = _event_of(hub, transaction.records(CAMPAIGN_EVENT.number, [record])[record])
    if event is None:
        raise AssertionError("an event that was just written is read in its own words")
    return event


def _dossier(campaign_no: str, events: Sequence[CampaignEvent]) -> Dossier:
    return Dossier(campaign_no, tuple(sorted(events, key=lambda one: (one.happened_on, one.noted_ms, one.record))))


def _event_of(hub: Hub, row: RecordRow) -> CampaignEvent | None:
    """What a record says; None for one that a newer version wrote in words unknown here."""
    values = shown_values(hub.registry, row)
    number, event, on = (values.get(name) for name in ("campaign_no", "event", "happened_on"))
    if not isinstance(number, str) or not isinstance(event, str) or not isinstance(on, str):
        return None
    version, plan_hash = values.get("plan_version"), values.get("plan_hash")
    return CampaignEvent(
        RecordId(row.id),
        number,
        event,
        date.fromisoformat(on),
        str(values.get("file_reference") or ""),
        version if isinstance(version, int) else 0,
        plan_hash if isinstance(plan_hash, bytes) else b"",
        first_written_ms(unpack_entries(row.entries)),
        str(values.get("retracted") or ""),
        Grounds(str(values.get("reason") or ""), str(values.get("explanation") or "")),
        tuple(dict.fromkeys(reason for reason, _ in unpack_withdrawals(values.get("withdrawn_members")))),
        count if isinstance(count := values.get("withdrawn_count"), int) else 0,
    )
