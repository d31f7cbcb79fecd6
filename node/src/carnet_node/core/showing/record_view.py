"""One record as people see it: shown values, what was overruled, how far it is synced, and the heads it was read from.

Decides what every view says about every record. The heads travel with the view, because a save names what its author
read. Deleted and evicted records are not seen at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from carnet_node.core.commands.drafting import Read
from carnet_node.core.heads import Heads, heads_of_entries
from carnet_node.core.log.acting import author_of
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import Identity, Mark, StoredRecord, SyncMark
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.kinds import DEALER_SITE
from carnet_protocol.registry import Kind, Privacy, Value
from carnet_protocol.resolvers import Contest, show
from carnet_protocol.state import Entry, Withheld, first_written_ms, register_value

HUB: Final = "hub"
"""What stands in the place of a site code where the hub wrote something."""


@dataclass(frozen=True, slots=True)
class WrittenValue:
    """What one write says in one register.

    Attributes:
        op: the write; names it for a restore.
        values: by field name; empty when withheld.
        author: dealer site or hub.
        site: the author's site code, `HUB` for the hub; None for a site that is not known here.
        site_name: what that site is called; empty for the hub and where it is not known.
        time_ms: set time.
        withheld: why there are no values.
        is_known: this version knows every field and code written; otherwise `values` is a part of it.
        staff_no: who of this site wrote it; None for the operator of a machine, another site or the hub.
    """

    op: OpId
    values: Mapping[str, Value]
    author: bytes
    site: str | None
    site_name: str
    time_ms: int
    withheld: Withheld | None = None
    is_known: bool = True
    staff_no: str | None = None

    @property
    def is_restorable(self) -> bool:
        """Whether it can be written again as it was."""
        return self.withheld is None and self.is_known


@dataclass(frozen=True, slots=True)
class ContestView:
    """A register with concurrent different values.

    Attributes:
        register: its name.
        rule: the resolver that chose what is shown.
    """

    register: str
    rule: str
    shown: WrittenValue
    overruled: tuple[WrittenValue, ...]


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record as shown.

    Attributes:
        is_own: it belongs to this site.
        values: by field name; fields without a value are missing.
        withheld: why a register shows nothing, by register name.
        heads: what a save is based on.
        is_edit_after_delete: somebody deleted it while somebody else went on editing.
        written_ms: when it was begun, see `state.first_written_ms`.
        site: code of the site it belongs to; None for one that is not known here.
        site_name: what that site is called; empty for the hub and where it is not known.
    """

    kind: Kind
    id: RecordId
    is_own: bool
    values: Mapping[str, Value]
    withheld: Mapping[str, Withheld]
    heads: Heads
    contests: tuple[ContestView, ...]
    mark: SyncMark
    is_edit_after_delete: bool
    written_ms: int
    site: str | None = None
    site_name: str = ""

    def read(self) -> Read:
        """What an edit starts from."""
        return Read(self.id, self.heads, self.values)

    @property
    def personal_fields(self) -> frozenset[str]:
        """Names of the fields that are masked on screens and exports unless asked for."""
        return personal_fields(self.kind)


def personal_fields(kind: Kind) -> frozenset[str]:
    """Names of a kind's personal and secret fields."""
    return frozenset(
        one.name for register in kind.registers for one in register.fields if register.privacy is not Privacy.PUBLIC
    )


def view_record(tx: ReadTransaction, identity: Identity, stored: StoredRecord | None) -> RecordView | None:
    """A stored record as shown; None when there is none, or it is deleted or evicted."""
    if stored is None or stored.is_deleted or stored.is_hidden:
        return None
    kind = stored.kind
    shown = show(kind, stored.entries)
    withheld = {kind.by_number[number].name: why for number, why in shown.withheld.items() if number in kind.by_number}
    site, site_name = site_of(tx, identity, stored.owner)
    return RecordView(
        kind=kind,
        id=stored.record,
        is_own=stored.owner == identity.dealer_id,
        values=_named(kind, shown.values),
        withheld=withheld,
        heads=heads_of_entries(stored.entries),
        contests=tuple(_contest_view(tx, identity, kind, one) for one in shown.contests),
        mark=_sync_mark(tx, stored),
        is_edit_after_delete=shown.is_edit_after_delete,
        written_ms=first_written_ms(stored.entries),
        site=site,
        site_name=site_name,
    )


def view_all(tx: ReadTransaction, identity: Identity, stored: Iterable[StoredRecord]) -> tuple[RecordView, ...]:
    """Those of the records that are shown."""
    return tuple(view for one in stored if (view := view_record(tx, identity, one)) is not None)


def written_value(tx: ReadTransaction, identity: Identity, kind: Kind, entry: Entry, register: int) -> WrittenValue:
    """What an entry says in a register, and who wrote it."""
    value = register_value(entry, register)
    author = author_of(tx, OpId(entry.op))
    site, site_name = site_of(tx, identity, entry.author)
    return WrittenValue(
        op=OpId(entry.op),
        values={} if isinstance(value, Withheld) else _named(kind, value),
        author=entry.author,
        site=site,
        site_name=site_name,
        time_ms=entry.time_ms,
        withheld=value if isinstance(value, Withheld) else None,
        is_known=isinstance(value, Withheld) or is_known_here(kind, value),
        staff_no=None if author is None else author.staff_no,
    )


def is_known_here(kind: Kind, values: Mapping[int, Value]) -> bool:
    """Whether this version knows every field of a written value and would take what stands in it."""
    try:
        for label, value in values.items():
            kind.by_label[label][1].check(value)
    except (KeyError, BadValue):
        return False
    return True


def _contest_view(tx: ReadTransaction, identity: Identity, kind: Kind, contest: Contest) -> ContestView:
    """A contest with names instead of numbers."""
    register = kind.by_number.get(contest.register)
    name = register.name if register is not None else str(contest.register)
    shown = written_value(tx, identity, kind, contest.shown, contest.register)
    overruled = tuple(written_value(tx, identity, kind, entry, contest.register) for entry in contest.overruled)
    return ContestView(name, contest.rule.value, shown, overruled)


def site_of(tx: ReadTransaction, identity: Identity, author: bytes) -> tuple[str | None, str]:
    """Whom people know an author as: a site's code, or `HUB`, and its name; every site hears of every other one.

    There is no code for a site that is not known here, and the name is empty for it and for the hub.
    """
    if author == identity.dealer_id:
        return identity.site_code, identity.site_name
    if author == identity.hub_id:
        return HUB, ""
    stored = tx.record(DEALER_SITE, RecordId(author))
    said = {} if stored is None else _named(DEALER_SITE, show(DEALER_SITE, stored.entries).values)
    code, name = said.get("site_code"), said.get("site_name")
    return code if isinstance(code, str) else None, name if isinstance(name, str) else ""


def _named(kind: Kind, values: Mapping[int, Value]) -> dict[str, Value]:
    """Values by field name; labels this version does not know are left out, nulls too."""
    known = kind.by_label
    return {known[label][1].name: value for label, value in values.items() if value is not None and label in known}


def _sync_mark(tx: ReadTransaction, stored: StoredRecord) -> SyncMark:
    """The stored mark for people: for waiting work, whether it has left this machine."""
    match stored.mark:
        case Mark.NOTHING_OWN:
            return SyncMark.ACCEPTED
        case Mark.PARKED:
            return SyncMark.PARKED
        case Mark.REFUSED:
            return SyncMark.REFUSED
        case Mark.WAITING:
            local, sent = tx.unconfirmed_on(stored.kind.number, stored.record)
            if local:
                return SyncMark.LOCAL_ONLY
            return SyncMark.SENT if sent else SyncMark.ACCEPTED
