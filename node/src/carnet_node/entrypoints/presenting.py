"""Views as JSON and text: one form for `--json`, for the JSON API and for the tables people read.

Decides how ids, references, instants and masked values look outside. Personal values are masked unless the caller was
asked to show them; ids, heads and marks are public. Decides nothing about what is in a view.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from carnet_node.core.line.sync import RoundReport
from carnet_node.core.log.excluded import ExcludedSave
from carnet_node.core.log.held_back import HeldBack
from carnet_node.core.recalls.recall_check import RecallAnswer
from carnet_node.core.showing.conflicts import OverruledValue
from carnet_node.core.showing.golden import GoldenView
from carnet_node.core.showing.odometer import Odometer
from carnet_node.core.showing.record_view import ContestView, RecordView, WrittenValue, personal_fields
from carnet_node.core.showing.searching import Found
from carnet_node.core.showing.status import Status, Waiting
from carnet_node.core.showing.views import CustomerCard, JobView, OwnedVehicle, VehicleView, VisitView
from carnet_node.entrypoints.wording import explain_failure
from carnet_protocol.ids import record_text
from carnet_protocol.reasons import Reason, explain
from carnet_protocol.registry import Kind, Value, ValueType
from carnet_protocol.remedy import evidence_names

Json = dict[str, Any]

_SHOWN_CHARS: Final = 4
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ALL_MASKED: Final = frozenset({"street"})
_MASKED: Final = re.compile(r".?\*+|\*+.{4}", re.DOTALL)


class Presenter:
    """Turns views into JSON.

    Args:
        show_personal: names, phones, plates and notes in full.
        offset_minutes: of the site, to show instants to people as its clocks show them; None for programs.
    """

    def __init__(self, *, show_personal: bool, offset_minutes: int | None = None) -> None:
        self._show_personal = show_personal
        self._offset_minutes = offset_minutes

    def record(self, view: RecordView) -> Json:
        """One record with the heads it was read from."""
        shown: Json = {
            "id": record_text(view.id),
            "kind": view.kind.name,
            "values": self._values(view.kind, view.values, view.personal_fields),
            "heads": view.heads.to_text(),
            "sync": view.mark.value,
            "is_own": view.is_own,
        }
        if view.withheld:
            shown["withheld"] = {name: why.name.lower() for name, why in view.withheld.items()}
        if view.contests:
            shown["contests"] = [self._contest(view, contest) for contest in view.contests]
        if view.is_edit_after_delete:
            shown["is_edit_after_delete"] = True
        return shown

    def personal(self, value: Value, field: str = "") -> Value:
        """A personal value that stands outside a record; `field` as of `mask`."""
        return value if self._show_personal else mask(value, field)

    def records(self, views: Iterable[RecordView]) -> list[Json]:
        """Several records."""
        return [self.record(view) for view in views]

    def customer(self, card: CustomerCard) -> Json:
        """A customer card."""
        return {
            "customer": self.record(card.customer),
            "phones": self.records(card.phones),
            "addresses": self.records(card.addresses),
            "preferences": self.records(card.preferences),
            "consents": self.records(card.consents),
            "vehicles": [self._owned(one) for one in card.vehicles],
            "golden": None if card.golden is None else self.golden(card.golden),
        }

    def golden(self, view: GoldenView) -> Json:
        """What the hub knows of one customer across sites, each value with where it comes from."""
        personal = view.record.personal_fields
        return {
            "id": record_text(view.id),
            "own_records": [record_text(one) for one in view.own_records],
            "record_count": view.record_count,
            "site_count": view.site_count,
            "do_not_contact": view.is_silent,
            "values": [
                {
                    "group": one.name,
                    "values": self._values(view.record.kind, one.values, personal),
                    "site": one.site,
                    "is_own": one.is_own,
                    "at": None if one.at_ms is None else instant_text(one.at_ms, self._offset_minutes),
                }
                for one in view.values
            ],
        }

    def vehicle(self, view: VehicleView) -> Json:
        """A vehicle with its history and its recalls."""
        return {
            "vehicle": self.record(view.vehicle),
            "plates": self.records(view.plates),
            "owners": [self._owned(one) for one in view.owners],
            "odometer": odometer_json(view.odometer, self._offset_minutes),
            "readings": self.records(view.readings),
            "visits": self.records(view.visits),
            "recalls": None if view.recalls is None else recalls_json(view.recalls, self._offset_minutes),
        }

    def visit(self, view: VisitView) -> Json:
        """A repair order with its work."""
        return {
            "visit": self.record(view.visit),
            "vehicle": None if view.vehicle is None else self.record(view.vehicle),
            "customer": None if view.customer is None else self.record(view.customer),
            "jobs": [self._job(job) for job in view.jobs],
            "labour": self.records(view.loose_labour),
            "parts": self.records(view.loose_parts),
            "completions": self.records(view.completions),
            "reading": None if view.reading is None else self.record(view.reading),
            "totals": view.totals,
            "is_total_stale": view.is_total_stale,
            "promises": self.records(view.promises),
            "settlement": None if view.settlement is None else self.record(view.settlement),
            "shares": self.records(view.shares),
            "credit": view.credit,
        }

    def found(self, hit: Found) -> Json:
        """One hit of the search box."""
        return {"by": hit.by.value, "record": self.record(hit.view), "matched": self.record(hit.matched)}

    def conflict(self, one: OverruledValue) -> Json:
        """One overruled value, with what names it for a restore."""
        personal = one.record.personal_fields
        return {
            "kind": one.record.kind.name,
            "id": record_text(one.record.id),
            "heads": one.record.heads.to_text(),
            "register": one.register,
            "rule": one.rule,
            "shown": None if one.shown is None else self._written(one.record.kind, one.shown, personal),
            "overruled": self._written(one.record.kind, one.overruled, personal),
            "settled_by": None if one.settled_by is None else one.settled_by.hex(),
            "can_restore": one.can_restore,
        }

    def held_back(self, one: HeldBack) -> Json:
        """One save that has no effect at the hub, with its reason in three sentences."""
        return {
            "seq": one.seq,
            "at": instant_text(one.time_ms, self._offset_minutes),
            "state": "parked" if one.is_parked else "void",
            "reason": _reason_json(one.reason),
            "changes": [
                {
                    "kind": op.kind.name,
                    "id": record_text(op.record),
                    "values": self._values(op.kind, op.values, personal_fields(op.kind)),
                    "is_delete": op.is_delete,
                    "reason": _reason_json(op.reason),
                }
                for op in one.ops
            ],
        }

    def excluded(self, save: ExcludedSave) -> Json:
        """One save that has lost its effect, with what this site has confirmed of it."""
        return {
            "set": save.nonce.hex(),
            "node_id": record_text(save.node_id),
            "at": instant_text(save.time_ms, self._offset_minutes),
            "position": save.position,
            "changes": [
                {
                    "op": op.index,
                    "kind": op.kind.name,
                    "id": record_text(op.record),
                    "values": self._values(op.kind, op.values, personal_fields(op.kind)),
                    "is_delete": op.is_delete,
                    "confirmed_by": None if op.confirmed_by is None else record_text(op.confirmed_by),
                }
                for op in save.ops
            ],
        }

    def _contest(self, view: RecordView, contest: ContestView) -> Json:
        kind, personal = view.kind, view.personal_fields
        return {
            "register": contest.register,
            "rule": contest.rule,
            "shown": self._written(kind, contest.shown, personal),
            "overruled": [self._written(kind, one, personal) for one in contest.overruled],
        }

    def _written(self, kind: Kind, one: WrittenValue, personal: frozenset[str]) -> Json:
        written: Json = {
            "op": one.op.hex(),
            "values": self._values(kind, one.values, personal),
            "author": one.site,
            "author_id": record_text(one.author),
            "staff_no": one.staff_no,
            "at": instant_text(one.time_ms, self._offset_minutes),
        }
        return written if one.withheld is None else {**written, "withheld": one.withheld.name.lower()}

    def _owned(self, one: OwnedVehicle) -> Json:
        return {"link": self.record(one.link), "record": None if one.other is None else self.record(one.other)}

    def _job(self, job: JobView) -> Json:
        return {"job": self.record(job.job), "labour": self.records(job.labour), "parts": self.records(job.parts)}

    def _values(self, kind: Kind, values: Mapping[str, Value], personal: frozenset[str]) -> Json:
        return {
            name: self._value(kind, name, value) if self._show_personal or name not in personal else mask(value, name)
            for name, value in values.items()
        }

    def _value(self, kind: Kind, name: str, value: Value) -> Any:
        is_instant = kind.by_label[kind.labels[name]][1].type is ValueType.INSTANT
        if is_instant and isinstance(value, int) and self._offset_minutes is not None:
            return instant_text(value, self._offset_minutes)
        return value_json(kind, name, value)


def _reason_json(reason: Reason | None) -> Json | None:
    if reason is None:
        return None
    text = explain(reason)
    return {"code": reason.value, "what": text.what, "safe": text.safe, "next": text.next}


def value_json(kind: Kind, name: str, value: Value) -> Any:
    """One value: references as UUID text, other bytes as hex, everything else as it is."""
    if not isinstance(value, bytes):
        return value
    is_reference = kind.by_label[kind.labels[name]][1].type is ValueType.REF
    return record_text(value) if is_reference else value.hex()


def mask(value: Value, field: str = "") -> Value:
    """A personal value without what identifies: the first character of a name, the last four of a number.

    Nothing is left of a date, whose last four are the birthday, of a single character, which is a whole name, nor of a
    field that is masked as a whole: of a street, whose last four are the door.
    """
    if not isinstance(value, str):
        return None
    if len(value) == 1 or field in _ALL_MASKED or _DATE.fullmatch(value):
        return "*" * len(value)
    if sum(char.isascii() for char in value) * 2 < len(value) or not any(char.isdigit() for char in value):
        return value[:1] + "*" * (len(value) - 1)
    shown = value[-_SHOWN_CHARS:] if len(value) > _SHOWN_CHARS else ""
    return "*" * (len(value) - len(shown)) + shown


def is_masked(value: Value) -> bool:
    """Whether a value looks like what `mask` makes: a client that sent it back would replace what it stands for."""
    return isinstance(value, str) and _MASKED.fullmatch(value) is not None


def odometer_json(odometer: Odometer, offset_minutes: int | None = None) -> Json:
    """The served reading, and every reading with its flags."""
    return {
        "served_km": None if odometer.served is None else odometer.served.odometer_km,
        "is_flagged": odometer.is_flagged,
        "readings": [
            {
                "id": record_text(one.record),
                "odometer_km": one.odometer_km,
                "read_at": instant_text(one.read_at, offset_minutes),
                "is_new_instrument": one.is_new_instrument,
                "flags": [flag.value for flag in one.flags],
            }
            for one in odometer.readings
        ],
    }


def recalls_json(answer: RecallAnswer, offset_minutes: int | None = None) -> Json:
    """The answer of the offline recall check, with the age of its data."""
    return {
        "state": answer.state.value,
        "identifier": answer.identifier,
        "as_of": None if answer.as_of_ms is None else instant_text(answer.as_of_ms, offset_minutes),
        "age_ms": answer.age_ms,
        "lists_as_of": None if answer.lists_as_of_ms is None else instant_text(answer.lists_as_of_ms, offset_minutes),
        "because": None if answer.because is None else answer.because.value,
        "hits": [
            {
                "campaign_id": record_text(hit.campaign),
                **hit.texts,
                "is_done": hit.is_done,
                "is_unconfirmed": hit.is_unconfirmed,
                "is_done_elsewhere": hit.is_done_elsewhere,
                "is_gone": hit.is_gone,
                "supersedes": hit.lineage.supersedes or None,
                "superseded_by": list(hit.lineage.superseded_by),
                "is_interim_done": hit.so_far.has_interim,
                "not_counted": [why.value for why in hit.so_far.uncounted],
                "remedy_state": hit.terms.remedy_state,
                "interim_remedy": hit.terms.interim_remedy,
                "evidence": list(evidence_names(hit.terms.demands.evidence_bits)),
                "items": [
                    {
                        "item_no": item.item_no,
                        "label": item.label,
                        "part_no": item.part_no,
                        "software_version": item.software_version,
                        "is_required": item.is_required,
                        "is_done": item.item_no in hit.so_far.items,
                    }
                    for item in hit.terms.items
                ],
            }
            for hit in answer.hits
        ],
    }


def round_json(report: RoundReport) -> Json:
    """A round for programs."""
    told = {
        name: None if failure is None else explain_failure(failure).as_dict()
        for name, failure in (("push_failure", report.push_failure), ("pull_failure", report.pull_failure))
    }
    return {
        "is_complete": report.is_complete,
        "situation": report.situation.name.lower(),
        **asdict(report.push),
        "pages": report.pages,
        "rows": report.rows,
        "segments": report.segments,
        **told,
    }


def status_json(found: Status) -> Json:
    """The status for programs; instants as text, None for what never happened."""
    state = found.state
    return {
        "site_code": found.site_code,
        "site_name": found.site_name,
        "line": found.line.value,
        "sync": found.sync.value,
        "situation": state.situation.name.lower(),
        "waiting": _waiting_json(found.waiting),
        "parked_sets": found.parked,
        "refused_sets": found.refused,
        "last_contact_at": _at(state.contact_ms),
        "last_complete_at": _at(state.complete_ms),
        "last_stick_at": _at(state.stick_ms),
        "failure": state.failure,
        "failures": state.failures,
        "as_of": _at(found.feed_as_of_ms),
        "clock_offset_ms": found.clock_offset_ms,
        "is_writing_stopped": found.is_writing_stopped,
        "is_rejoining": found.is_rejoining,
        "is_unreconciled": found.is_unreconciled,
        "is_key_in_doubt": found.is_key_in_doubt,
        "is_key_gone": found.is_key_gone,
    }


def _waiting_json(waiting: Waiting) -> Json:
    return {
        "sets": waiting.sets,
        "documents": dict(waiting.documents),
        "is_at_least": waiting.is_at_least,
        "oldest_at": _at(waiting.oldest_ms),
    }


def instant_text(at_ms: int, offset_minutes: int | None = None) -> str:
    """An instant to the second, as ISO 8601; one beyond the calendar as its number.

    Args:
        offset_minutes: of the clocks people look at; None for UTC.
    """
    zone = UTC if offset_minutes is None else timezone(timedelta(minutes=offset_minutes))
    try:
        text = datetime.fromtimestamp(at_ms / 1000, zone).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms"
    return text.replace("+00:00", "Z") if offset_minutes is None else text.replace("T", " ")


def _at(at_ms: int | None) -> str | None:
    return None if at_ms is None else instant_text(at_ms)
