"""How clusters, proposals and decisions stand in tables, JSON and workbooks. Decides names and masks, nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.golden import Golden, Member
from carnet_hub.core.stewardship.master_views import (
    ClusterView,
    DecisionView,
    Explanation,
    Stats,
)
from carnet_hub.core.stewardship.policies import StatedPolicy
from carnet_hub.core.stewardship.steward_queue import Queue, read_customers
from carnet_hub.core.stewardship.stewarding import Outcome
from carnet_hub.entrypoints.cli.output import moment_text
from carnet_master.survivorship import Chosen, GoldenValues

MASK: Final = "***"
FOUND_COLUMNS: Final = ("id", "name", "kind", "records", "sites", "phone", "is_silent")
MEMBER_COLUMNS: Final = ("customer", "site", "name", "kind", "phones", "documented", "shares", "is_silent")
VALUE_COLUMNS: Final = ("group", "value", "site", "at", "customer")
NEAR_COLUMNS: Final = ("cause", "one", "other")
QUEUE_COLUMNS: Final = (
    "entity",
    "cause",
    "probability",
    "one",
    "one_name",
    "one_phones",
    "one_site",
    "other",
    "other_name",
    "other_phones",
    "other_site",
)
DECISION_COLUMNS: Final = ("at", "effect", "by", "cause", "one", "other", "weight", "stands", "decision")

_PROBABILITY_DIGITS: Final = 4

Names = Mapping[bytes, str]


def found_row(read: Golden, names: Names, *, show_personal: bool) -> dict[str, Any]:
    """A cluster in one line, with where its values come from.

    The id is the one to type: the golden one, or the customer's own where nobody is linked to it.
    """
    is_golden = len(read.members) > 1
    return {
        "id": read.golden if is_golden else read.members[0].source.record,
        "golden": read.golden if is_golden else None,
        "name": _title(read.values, show_personal=show_personal),
        "kind": read.values.party_kind or None,
        "records": len(read.members),
        "sites": sorted({names.get(one.source.site, "?") for one in read.members}),
        "phone": _shown([one.written.values.get("number") for one in read.values.phones], show_personal=show_personal),
        "is_silent": read.is_silent,
        "customers": [one.source.record for one in read.members],
        "values": _values(read.values, names, show_personal=show_personal),
    }


def member_rows(view: ClusterView, names: Names, *, show_personal: bool) -> list[dict[str, Any]]:
    """The source records of a cluster, oldest first."""
    return [_member_row(one, names, show_personal=show_personal) for one in view.read.members]


def queue_rows(hub: Hub, queue: Queue, *, show_personal: bool) -> list[dict[str, Any]]:
    """Proposals, those about the same people together, with both customers side by side."""
    from carnet_hub.core.upkeep.dealers import author_names  # noqa: PLC0415  (one look-up for one list)

    names = author_names(hub)
    cards = read_customers(
        hub, (one for entity in queue.entities for row in entity.pairs for one in (row.one, row.other))
    )
    rows = []
    for number, entity in enumerate(queue.entities, 1):
        for pair in entity.pairs:
            probability = queue.probabilities.get(pair.identity)
            row: dict[str, Any] = {
                "entity": number,
                "cause": pair.cause,
                "probability": None if probability is None else round(probability, _PROBABILITY_DIGITS),
                "position": pair.position,
            }
            for side, record in (("one", pair.one), ("other", pair.other)):
                row |= _side(side, record, cards.get(record), names, show_personal=show_personal)
            rows.append(row)
    return rows


def decision_row(one: DecisionView) -> dict[str, Any]:
    """One decision."""
    return {
        "at": moment_text(one.at_ms),
        "effect": one.effect,
        "by": one.by or one.authority,
        "authority": one.authority,
        "cause": one.cause or None,
        "one": one.one,
        "other": one.other,
        "weight": None if one.weight is None else round(one.weight, 3),
        "stands": one.stands,
        "decision": one.decision,
        "target": one.target,
        "position": one.position,
    }


def near_row(one: bytes, other: bytes, cause: str) -> dict[str, Any]:
    """A relation, or a question: a member, who else it is about, and why."""
    return {"cause": cause, "one": one, "other": other}


def explanation_row(found: Explanation) -> dict[str, Any]:
    """Why, for programs."""
    weighed = found.verdict.weighed
    return {
        "one": found.one,
        "other": found.other,
        "is_one": found.is_one,
        "tier": found.verdict.judgement.tier.value,
        "cause": found.verdict.judgement.cause.value,
        "weight": None if weighed is None else weighed.weight,
        "probability": None if weighed is None else weighed.probability,
        "model": None if weighed is None else weighed.model_id.hex(),
        "shared_keys": list(found.shared_keys),
        "grounds": [{"comparison": one.comparison, "level": one.level, "bits": one.bits} for one in found.grounds],
        "decisions": [decision_row(one) for one in found.decisions],
    }


def stats_row(found: Stats) -> dict[str, Any]:
    """How the master stands."""
    return {
        "mode": found.policy.mode.value,
        "links_by_car": found.policy.links_by_car,
        "golden_records": sum(found.clusters.values()),
        "linked_customers": sum(size * count for size, count in found.clusters.items()),
        "largest": max(found.clusters, default=0),
        "clusters": {str(size): count for size, count in found.clusters.items()},
        "waiting": dict(found.waiting),
        "held": dict(found.held),
        "decisions": {" ".join(filter(None, key)): count for key, count in found.decisions.items()},
    }


def policy_row(stated: StatedPolicy) -> dict[str, Any]:
    """What the matcher may link, and who said so; nobody where the mode is the one a hub begins with."""
    policy = stated.policy
    said = {"by": stated.by or None, "at": moment_text(stated.at_ms)}
    return {"mode": policy.mode.value, "links_by_car": policy.links_by_car, **said}


def outcome_row(outcome: Outcome) -> dict[str, Any]:
    """A word that was written."""
    return {"decision": outcome.decision, "position": outcome.position, "clusters": list(outcome.clusters)}


def _member_row(one: Member, names: Names, *, show_personal: bool) -> dict[str, Any]:
    source = one.source
    name = source.name or source.company
    shown = None if name is None else name.values.get("full_name") or name.values.get("company_name")
    return {
        "customer": source.record,
        "site": names.get(source.site, "?"),
        "name": _shown([shown], show_personal=show_personal),
        "kind": source.party_kind or None,
        "phones": _shown([phone.values.get("number") for phone in source.phones], show_personal=show_personal),
        "documented": source.is_documented,
        "shares": one.is_sharing,
        "is_silent": source.is_silent,
        "since": one.since,
        "pins": sorted(source.pins),
    }


def _side(side: str, record: bytes, card: Golden | None, names: Names, *, show_personal: bool) -> dict[str, Any]:
    if card is None:
        return {side: record, f"{side}_name": None, f"{side}_site": None, f"{side}_phones": None}
    (member,) = card.members
    row = _member_row(member, names, show_personal=show_personal)
    return {side: record, f"{side}_name": row["name"], f"{side}_site": row["site"], f"{side}_phones": row["phones"]}


def _title(values: GoldenValues, *, show_personal: bool) -> str | None:
    chosen = values.name or values.company
    if chosen is None:
        return None
    written = chosen.written.values
    return _shown([written.get("full_name") or written.get("company_name")], show_personal=show_personal)


def _values(values: GoldenValues, names: Names, *, show_personal: bool) -> list[dict[str, Any]]:
    """Every golden value with the site and record it comes from."""
    named: list[tuple[str, Chosen | None]] = [
        ("name", values.name),
        ("birth", values.birth),
        ("company", values.company),
        *(("phone", one) for one in values.phones),
        ("place", values.place),
    ]
    return [
        {
            "group": group,
            "value": dict(chosen.written.values) if show_personal else MASK,
            "site": names.get(chosen.source.site, "?"),
            "customer": chosen.source.record,
            "at": moment_text(chosen.written.at_ms),
        }
        for group, chosen in named
        if chosen is not None
    ]


def _shown(values: Sequence[object], *, show_personal: bool) -> str | None:
    stated = [str(value) for value in values if value]
    if not stated:
        return None
    return ", ".join(stated) if show_personal else MASK
