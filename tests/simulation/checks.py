"""What must hold: at a node and at the hub in the middle of everything, and between them once all has arrived.

Decides the invariants; each raises `Broken` with the machine, the record and the first thing that is wrong.

    at every other step what a node shows is what its own rebuild gives
    at checkpoints      ... byte for byte, in every table; and it is what those writes mean that the node can know of:
                        what the hub had folded at the position of the base row, and its own that are not void
    at the hub          every record is what the accepted writes mean, no value is lost, and the log folds to the same
    after healing       a node shows what the hub holds for its site, masked where it is another's, and nothing else
"""

from collections.abc import Iterable

from carnet_hub.core.at_rest import plain_entries, plain_settled
from carnet_hub.core.hub import Hub
from carnet_hub.core.log.rebuild import check_projections, site_digest
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import EVERYBODY, PROJECTIONS, RecordRow
from carnet_hub.core.sets.masking import NOBODY
from carnet_hub.core.sets.routing import HUB_SET
from carnet_node.adapters.store import driver
from carnet_node.core.log.rebuild import check_rebuild, rebuild
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import Mark
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Audience, Kind, Resolver, Writer
from carnet_protocol.resolvers import show
from carnet_protocol.state import Entries, Entry, Withheld, pack_entries, replace_entry, withhold
from carnet_protocol.writes import Write
from simulation.archive import Archive
from simulation.authored import Key
from simulation.invariants import Broken
from simulation.oracle import Difference, first_difference
from simulation.world import Machine, World
from support.fold_model import model_of

ANCHORS = {"vehicle": None, "plate": "vehicle_id", "ownership": "vehicle_id", "odometer_reading": "vehicle_id"}
"""Kinds whose vehicle never changes, and the field that names it."""


def check_step(machine: Machine) -> None:
    """What the node shows is what folding its log and base rows again gives."""
    report = check_rebuild(machine.node)
    if report.differences:
        one = report.differences[0]
        raise Broken("I7", f"{machine.name}: {one.kind} {one.record.hex()} differs from its rebuild in {one.what}")


def check_exact_rebuild(machine: Machine) -> None:
    """Dropping every projection and folding again leaves every byte of the database as it was."""
    before = dump(machine)
    rebuild(machine.node)
    after = dump(machine)
    for table in before:
        if before[table] != after[table]:
            raise Broken("I7", f"{machine.name}: a rebuild changes table {table}")


def dump(machine: Machine) -> dict[str, list[str]]:
    """Every row of every table, in one order."""
    connection = driver.connect(machine.path)
    try:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"').fetchall()))  # noqa: S608
            for name in names
        }
    finally:
        connection.close()


def check_alarms(world: World) -> None:
    """The hub has failed on no set."""
    if world.alarms.errors:
        raise Broken("I18", "the hub failed on a set") from world.alarms.errors[0]


def check_hub(hub: Hub, archive: Archive) -> None:
    """Every record of the hub is what the accepted writes mean, and none of them is lost."""
    with hub.store.read() as snapshot:
        position = snapshot.head().position
        for kind in REGISTRY.kinds:
            rows = list(snapshot.records_of_kind(kind.number))
            settled = {(row.id, row.register_no, row.overruled, row.by) for row in _settled(snapshot, kind, rows)}
            meant = set()
            _check_none_missing(archive, kind, {row.id for row in rows}, position)
            for row in rows:
                writes = archive.writes_on((kind.number, row.id), position)
                _check_hub_record(hub, kind, row, writes)
                meant |= {(row.id, *one) for one in model_of(writes).settled()}
            if settled != meant:
                raise Broken("I6", f"hub: {len(settled)} settled values of {kind.name}s instead of {len(meant)}")


def _check_none_missing(archive: Archive, kind: Kind, held: set[bytes], position: int) -> None:
    """A record that accepted writes are about stands in the table of its kind."""
    named = {record for number, record in archive.touching if number == kind.number}
    for record in sorted(named - held):
        if archive.writes_on((kind.number, record), position):
            raise Broken("I2", f"hub: {kind.name} {record.hex()} is not there, and writes on it were accepted")


def _settled(snapshot: Snapshot, kind: Kind, rows: list[RecordRow]) -> Iterable:
    return snapshot.settled(kind.number, [row.id for row in rows]) if rows else ()


def _check_hub_record(hub: Hub, kind: Kind, row: RecordRow, writes: list[Write]) -> None:
    entries = plain_entries(hub.box, kind.number, row.id, row.entries)
    difference = first_difference(kind, entries, writes) or _lost_value(entries, writes)
    if difference is not None:
        raise Broken(difference[0], f"hub: {kind.name} {row.id.hex()}: {difference[1]}")
    if row.contests != len(show(kind, entries).contests):
        raise Broken("I6", f"hub: {kind.name} {row.id.hex()}: another number of contests")


def _lost_value(entries: Entries, writes: list[Write]) -> Difference | None:
    """A value that neither stands in the record nor was read by the author of what replaced it."""
    standing = {(entry.op, register) for entry in entries for register in entry.registers()}
    read = {(base, register) for one in writes for base in one.based_on for register in one.registers()}
    for one in writes:
        for register in one.registers():
            if (one.op, register) not in standing and (one.op, register) not in read:
                return "I6", f"a value of register {register} is lost"
    return None


def check_hub_log(world: World) -> None:
    """The hub's log folds to what stands in its tables."""
    with world.scratch.write() as transaction:
        for row_type in PROJECTIONS:
            transaction.clear(row_type)
    report = check_projections(world.hub, world.scratch)
    if report.difference_count:
        one = report.differences[0]
        raise Broken("I7", f"hub: {one.table} {one.key} is {one.problem} after folding the log again")


def check_converged(world: World, archive: Archive) -> None:
    """Every node shows what the hub holds for it; both nodes of one site show the same."""
    missing = [
        made.author for nonce, made in archive.sets.items() if nonce not in archive.standing.keys() | archive.buried
    ]
    if missing:
        raise Broken("I3", f"a set of {missing[0]} never reached the hub")
    if archive.waiting():
        raise Broken("I18", f"a set of {archive.waiting()[0].author} is still parked")
    shown: dict[bytes, dict[Key, bytes]] = {}
    for machine in world.machines:
        found = _check_against_hub(world, machine, archive)
        if shown.setdefault(machine.node.identity.dealer_id, found) != found:
            raise Broken("I1", f"{machine.name} shows something else than the other node of its site")


def _check_against_hub(world: World, machine: Machine, archive: Archive) -> dict[Key, bytes]:
    dealer = machine.node.identity.dealer_id
    with world.hub.store.read() as snapshot, machine.node.store.read() as tx:
        rows = [row for one in (EVERYBODY, dealer) for row in snapshot.feed_of(one) if row.kind != HUB_SET]
        feed = {(row.kind, row.id): row.is_evicted for row in rows}
        visible = {key for key, is_evicted in feed.items() if not is_evicted}
        _check_audience(world, snapshot, dealer, visible, archive)
        found = {}
        for key in sorted(visible):
            found[key] = _check_same(world, snapshot, tx, machine, key)
        left = left_behind(tx, dealer) - visible
        _check_nothing_else(tx, machine, visible | left)
        _check_verdicts(tx, machine, archive)
    if not left and check_rebuild(machine.node).digest != site_digest(world.hub, dealer):
        raise Broken("I1", f"{machine.name}: another digest than the hub's")
    return found


def left_behind(tx: ReadTransaction, dealer: bytes) -> set[Key]:
    """Records of a site's own as a former history had them: nobody has brought them back to the hub."""
    found = set()
    for number, record in tx.known_keys():
        base = tx.base(number, record)
        if base is None or base.former_position is None:
            continue
        if base.owner == dealer and REGISTRY.by_number[number].writer is Writer.OWNER_SITE:
            found.add((number, bytes(record)))
    return found


def _check_same(world: World, snapshot: Snapshot, tx: ReadTransaction, machine: Machine, key: Key) -> bytes:
    """One record, at the hub and at the node; its packed entries."""
    kind, record = REGISTRY.by_number[key[0]], RecordId(key[1])
    row = snapshot.records(key[0], [key[1]])[key[1]]
    where = f"{machine.name}: {kind.name} {record.hex()}"
    stored = tx.record(kind, record)
    entries = plain_entries(world.hub.box, kind.number, record, row.entries)
    if stored is None and not entries:
        return b""
    if stored is None or stored.is_hidden:
        raise Broken("I1", f"{where} is not shown")
    is_foreign = row.owner != machine.node.identity.dealer_id and kind.audience is not Audience.ALL
    dealer = machine.node.identity.dealer_id
    is_veiled = stored.owner == NOBODY and kind.name == "vehicle"

    def seen(entry: Entry) -> Entry:
        shown = _mask(kind, entry) if is_foreign else entry
        return _veil(kind, shown) if is_veiled and entry.author != dealer else shown

    expected = tuple(map(seen, entries))
    if _plain_codes(stored.entries) != _plain_codes(expected):
        raise Broken("I1", f"{where} is not what the hub holds")
    if (stored.owner, stored.mark in (Mark.WAITING, Mark.PARKED)) != (NOBODY if is_veiled else row.owner, False):
        raise Broken("I1", f"{where} has owner or mark wrong")
    settled = [
        (one.register_no, plain_settled(world.hub.box, key[0], key[1], one.entry), one.by)
        for one in snapshot.settled(key[0], [key[1]])
    ]
    meant = [(number, seen(one), by) for number, one, by in settled]
    kept = [(one.register, one.overruled, one.by) for one in tx.settled_values(key[0], record)]
    if _packed(meant) != _packed(kept):
        raise Broken("I6", f"{where} has {len(kept)} settled values, not the {len(meant)} of the hub")
    return pack_entries(stored.entries)


def _packed(settled: list[tuple[int, Entry, bytes]]) -> list[tuple[int, bytes, bytes]]:
    return sorted((number, _plain_codes((one,)), by) for number, one, by in settled)


def _plain_codes(entries: Entries) -> bytes:
    """Entries without the reason why a value is withheld: what is masked here may be erased as well."""
    return pack_entries(tuple(replace_entry(one, withheld=dict.fromkeys(one.withheld, 1)) for one in entries))


def _mask(kind: Kind, entry: Entry) -> Entry:
    """An entry as another site gets it."""
    if entry.fields is None:
        return entry
    hidden = {one.number for one in kind.registers if one.masked} & entry.registers()
    fields = {label: value for label, value in entry.fields.items() if label >> 3 not in hidden}
    withheld = {**entry.withheld, **dict.fromkeys(hidden, int(Withheld.MASKED))}
    ordered = {number: withheld[number] for number in sorted(withheld)}
    return Entry(entry.op, entry.time_ms, entry.author, fields, ordered, entry.is_buried, entry.replaced_in)


def _veil(kind: Kind, entry: Entry) -> Entry:
    """Another site's entry of a car as a site without a ground gets it."""
    hidden = frozenset(one.number for one in kind.registers if one.resolver is not Resolver.ONCE)
    (shown,) = withhold((entry,), hidden & entry.registers(), Withheld.MASKED)
    return replace_entry(shown, author=NOBODY)


def _check_nothing_else(tx: ReadTransaction, machine: Machine, visible: set[Key]) -> None:
    for kind in REGISTRY.kinds:
        for stored in tx.projections(kind):
            if (kind.number, stored.record) not in visible and not stored.is_hidden:
                raise Broken("I12", f"{machine.name} shows {kind.name} {stored.record.hex()}, which is not its to see")
            is_private = kind.audience is Audience.OWNER_SITE
            if is_private and stored.owner != machine.node.identity.dealer_id:
                raise Broken("I12", f"{machine.name} holds another site's {kind.name}")


def _check_verdicts(tx: ReadTransaction, machine: Machine, archive: Archive) -> None:
    for made in archive.sets_of(machine.name):
        logged = tx.set_by_nonce(made.nonce)
        verdict = None if logged is None else logged.verdict
        standing = archive.standing[made.nonce]
        decided = standing.excluded_at or standing.refused_at or standing.folded_at
        if verdict is None or verdict.position != decided:
            raise Broken("I2", f"{machine.name} does not know what became of an own set")


def _check_audience(world: World, snapshot: Snapshot, dealer: bytes, visible: set[Key], archive: Archive) -> None:
    """A site sees its own records, and everything about the vehicles on which it has a visit or a customer."""
    grounded: set[object] = set()
    tried: set[object] = set()
    anchors: dict[Key, object] = {}
    owners: dict[Key, bytes] = {}
    for kind in REGISTRY.kinds:
        for row in snapshot.records_of_kind(kind.number):
            key = (kind.number, row.id)
            owners[key] = row.owner
            if row.owner == dealer and key not in visible:
                raise Broken("I1", f"hub: {kind.name} {row.id.hex()} is in nobody's feed")
            shown = show(kind, plain_entries(world.hub.box, kind.number, row.id, row.entries)).values
            if kind.name in ANCHORS or kind.name == "visit":
                anchors[key] = row.id if kind.name == "vehicle" else shown.get(kind.labels["vehicle_id"])
            elif kind.audience is Audience.ASSIGNED:
                visit = (REGISTRY["visit"].number, shown.get(kind.labels["visit_id"]))
                anchors[key] = anchors.get(visit)  # type: ignore[arg-type]
            if kind.name == "visit" and row.owner == dealer and shown.get(kind.labels["status"]) != "void":
                grounded.add(anchors[key])
            if kind.name in ("visit", "ownership"):
                tried |= _named_by(archive, key, kind.labels["vehicle_id"], dealer)
    for key, anchor in anchors.items():
        name = REGISTRY.by_number[key[0]].name
        if anchor is not None and anchor in grounded and key not in visible:
            raise Broken("I1", f"hub: {name} {key[1].hex()} is missing from a feed")
        is_own = owners[key] == dealer or name == "vehicle"
        if anchor is not None and anchor not in tried and key in visible and not is_own:
            raise Broken("I12", f"hub: {name} {key[1].hex()} is seen without a ground")


def _named_by(archive: Archive, key: Key, label: int, dealer: bytes) -> set[object]:
    """The vehicles that a site has ever named in a record."""
    ops = archive.touching.get(key, ())
    return {(one.fields or {}).get(label) for one in ops if archive.set_of(one.op).dealer == dealer}
