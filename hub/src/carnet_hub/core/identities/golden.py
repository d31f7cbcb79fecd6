"""What one site sees of a cluster: the golden record, made for its reader when a page is read.

Decides which values of other sites' customers a reader gets, and the entry that stands for a golden record in its page.
Nobody ever wrote it: its op id names the state it is of. Does not decide which value is shown of several
(`carnet_master.survivorship`) nor in whose feed the record stands (`linking`).

Rules:
- A site sees the values of its own customers. Another site's customer lends its values only while it shows a standing
  consent for the purpose `sharing`, by the last word that stands (`carnet_protocol.consents`).
- Do-not-contact of any member goes to all.
- Of another site's customers a reader learns how many there are and at how many sites, and whose value it sees: never
  their record ids.
- Document numbers go to nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.linking import decision_of
from carnet_hub.core.master_rows import DecisionRow, PartyRow
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import RecordRow
from carnet_master.clusters import Effect, standing_decisions
from carnet_master.survivorship import PINNED, Chosen, GoldenValues, Source, Written, golden_values
from carnet_protocol.consents import declines_recalls, last_word
from carnet_protocol.ids import RecordId, golden_id, golden_op_id
from carnet_protocol.kinds import ADDRESS, CONSENT, CONTACT_PREFERENCE, CUSTOMER, GOLDEN, PHONE
from carnet_protocol.registry import Kind, Value
from carnet_protocol.resolvers import resolve, show
from carnet_protocol.state import Entries, Entry, Withheld, heads_of, is_deleted, register_value

_SHARING: Final = "sharing"
_NAME: Final = ("full_name", "salutation", "sex")


@dataclass(frozen=True, slots=True)
class Member:
    """A source record in a cluster, with everything a golden record may show of it.

    Attributes:
        is_sharing: it shows a standing consent to lend its values.
        declines_recalls: it shows a standing refusal to be told of recalls.
    """

    source: Source
    since: int
    is_sharing: bool
    declines_recalls: bool = False


@dataclass(frozen=True, slots=True)
class Golden:
    """A cluster as somebody reads it.

    Attributes:
        members: oldest first.
        values: chosen among what the reader gets.
        is_silent: any member asks not to be contacted.
    """

    golden: RecordId
    members: tuple[Member, ...]
    values: GoldenValues
    is_silent: bool


def read_clusters(hub: Hub, snapshot: Snapshot, goldens: Iterable[bytes]) -> dict[bytes, tuple[Member, ...]]:
    """The members of some clusters, with a handful of look-ups; a cluster that is gone has none."""
    rows = snapshot.members_of(list(dict.fromkeys(goldens)))
    found = read_members(hub, snapshot, [row.customer for row in rows])
    clusters: dict[bytes, list[Member]] = {}
    for row in rows:
        if row.customer in found:
            clusters.setdefault(row.golden, []).append(found[row.customer])
    return {
        golden: tuple(sorted(members, key=lambda one: (one.since, one.source.record)))
        for golden, members in clusters.items()
    }


def read_members(hub: Hub, snapshot: Snapshot, customers: Sequence[bytes]) -> dict[bytes, Member]:
    """Some customers with everything a golden record may show of them."""
    parties = snapshot.parties(customers)
    cards = snapshot.records(CUSTOMER.number, customers)
    about: dict[bytes, list[RecordRow]] = {}
    for row in snapshot.party_records(customers):
        about.setdefault(row.parent or b"", []).append(row)
    pins = pins_of(snapshot.decisions(customers))
    return {
        one: _member(hub, parties[one], card, about.get(one, []), pins.get(one, {}))
        for one, card in cards.items()
        if one in parties and parties[one].is_live
    }


def golden_for(golden: bytes, members: Sequence[Member], reader: bytes | None) -> Golden:
    """A cluster as a site reads it.

    Args:
        reader: the site; None for the hub, which sees everything.
    """
    seen = [one.source for one in members if reader is None or one.source.site == reader or one.is_sharing]
    is_silent = any(one.source.is_silent for one in members)
    return Golden(RecordId(golden), tuple(members), golden_values(seen), is_silent)


def entry_of(hub: Hub, read: Golden, reader: bytes, *, position: int) -> Entry:
    """The one entry of a golden record in a reader's page.

    Args:
        position: of the cluster's last change.
    """
    stated = {GOLDEN.labels[name]: value for name, value in _fields(read, reader).items() if value is not None}
    return Entry(golden_op_id(read.golden, position), 0, hub.hub_id, dict(sorted(stated.items())))


def _fields(read: Golden, reader: bytes) -> dict[str, Value]:
    """Every field of a golden record in the order of the registry."""
    records = [one.source.record for one in read.members]
    values = read.values
    found: dict[str, Value] = {
        "own_record_ids": b"".join(sorted(one.source.record for one in read.members if one.source.site == reader)),
        "former_ids": b"".join(sorted({golden_id(RecordId(one)) for one in records} - {read.golden})),
        "record_count": len(records),
        "site_count": len({one.source.site for one in read.members}),
        "party_kind": values.party_kind or None,
        "do_not_contact": True if read.is_silent else None,
    }
    found |= _sourced("name", values.name, reader, {name: name for name in _NAME})
    found |= _sourced("birth", values.birth, reader)
    found |= _sourced("company", values.company, reader)
    for number, phone in enumerate(values.phones, 1):
        name = "phone" if number == 1 else f"phone_{number}"
        found |= _sourced(name, phone, reader, {"number": name, "phone_kind": f"{name}_kind"})
    return found | _sourced("place", values.place, reader)


def _sourced(
    register: str, chosen: Chosen | None, reader: bytes, names: Mapping[str, str] | None = None
) -> dict[str, Value]:
    """A value under the names of the golden record, and where it comes from.

    Args:
        names: field names of the golden record by those of the source; the same ones when left out.
    """
    if chosen is None:
        return {}
    source, written = chosen.source, chosen.written
    named = {names.get(name, "") if names else name: value for name, value in written.values.items()}
    found = {name: value for name, value in named.items() if name}
    found[f"{register}_site_id"] = source.site
    found[f"{register}_record_id"] = source.record if source.site == reader else None
    found[f"{register}_at"] = written.at_ms
    return found


def pins_of(rows: Iterable[DecisionRow]) -> dict[bytes, dict[str, int]]:
    """By customer and group of fields, the position of the pin that stands."""
    standing = standing_decisions(decision_of(row) for row in rows).values()
    found: dict[bytes, dict[str, int]] = {}
    for one in standing:
        if one.effect is Effect.PIN and one.cause in PINNED:
            held = found.setdefault(one.one, {})
            held[one.cause] = max(one.place[0], held.get(one.cause, 0))
    return found


def _member(hub: Hub, party: PartyRow, card: RecordRow, about: Sequence[RecordRow], pins: Mapping[str, int]) -> Member:
    entries = plain_entries(hub.box, CUSTOMER.number, card.id, card.entries)
    kept = [(hub.rules[row.kind].kind, plain_entries(hub.box, row.kind, row.id, row.entries)) for row in about]
    standing = [(kind, one) for kind, one in kept if not is_deleted(one)]
    kind = show(CUSTOMER, entries).values.get(CUSTOMER.labels["party_kind"])
    source = Source(
        card.id,
        card.owner,
        bool(party.identifiers),
        kind if isinstance(kind, str) else party.kind,
        _written(CUSTOMER, entries, "name"),
        _written(CUSTOMER, entries, "birth"),
        _written(CUSTOMER, entries, "company"),
        tuple(phone for of, one in standing if of is PHONE and (phone := _phone(one)) is not None),
        tuple(place for of, one in standing if of is ADDRESS and (place := _written(of, one, "place")) is not None),
        any(_flag(of, one, "do_not_contact") for of, one in standing if of is CONTACT_PREFERENCE),
        pins,
    )
    consents = [_named(CONSENT, show(CONSENT, one).values) for of, one in standing if of is CONSENT]
    is_sharing = last_word(consents, _SHARING) is True
    return Member(source, party.since, is_sharing, declines_recalls(consents))


def _named(kind: Kind, values: Mapping[int, Value]) -> dict[str, Value]:
    """Values by field name, without what a newer version wrote."""
    return {kind.by_label[label][1].name: one for label, one in values.items() if label in kind.by_label}


def _phone(entries: Entries) -> Written | None:
    written = _written(PHONE, entries, "number")
    if written is None or _flag(PHONE, entries, "is_bad"):
        return None
    verified = show(PHONE, entries).values.get(PHONE.labels["verified_at"])
    return Written(written.values, max(written.at_ms, verified if isinstance(verified, int) else 0))


def _flag(kind: Kind, entries: Entries, field: str) -> bool:
    return show(kind, entries).values.get(kind.labels[field]) is True


def _written(kind: Kind, entries: Entries, register: str) -> Written | None:
    """What a register shows and when it was written; None for nothing, or nothing that is left."""
    declared = next(one for one in kind.registers if one.name == register)
    heads = [head for head in heads_of(entries, declared.number) if not head.is_delete]
    if not heads:
        return None
    shown = resolve(declared, declared.number, heads).shown
    value = register_value(shown, declared.number)
    if isinstance(value, Withheld):
        return None
    stated = {name: one for name, one in _named(kind, value).items() if one not in (None, "")}
    return Written(stated, shown.time_ms) if stated else None
