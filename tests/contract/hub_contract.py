"""What every store of the hub must do, and what the engine does on every store: one suite, inherited and never reduced.

A class that inherits `HubContract` says how to open a store on an empty database, as often as a test asks: each call is
another worker of the same hub.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from carnet_hub.adapters.schema import schema_revision, upgrade_schema
from carnet_hub.adapters.store import SqlStore, open_store
from carnet_hub.adapters.tables import METADATA
from carnet_hub.core import rows
from carnet_hub.core.exchange.quarantine import list_parked
from carnet_hub.core.log.rebuild import check_projections
from carnet_hub.core.ports import StoreBusy, StoreError
from carnet_hub.migrations import HEAD
from carnet_protocol.ids import vehicle_id
from carnet_protocol.messages import PageRow, PushCode, Verdict
from carnet_protocol.orders import ErasureOrder
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import ErasureGroup, Value
from support.authors import SiteAuthor, draft_of
from support.hub_apps import CountedEntropy
from support.hub_workers import POISON, MeetingClock, PoisonBox, record_row, run_together
from support.hub_world import CAR, HubWorld, car, customer, make_world, visit
from support.protocol import fixed, record


def tables_with(world: HubWorld, value: bytes) -> set[type[rows.Row]]:
    """The tables that hold a value in clear."""
    with world.hub.store.read() as snapshot:
        return {
            one
            for one in (rows.LogRow, *rows.PROJECTIONS)
            for row in snapshot.scan(one)
            for kept in row
            if isinstance(kept, bytes) and value in kept
        }


class HubContract(ABC):
    """The suite. `open_worker` is the only thing a store may say about itself."""

    @abstractmethod
    def open_worker(self, *, busy_ms: int = 15_000) -> SqlStore:
        """One more store on the database of this test."""

    @pytest.fixture
    def store(self) -> SqlStore:
        """A store with empty tables."""
        store = self.open_worker()
        upgrade_schema(store)
        return store

    @pytest.fixture
    def world(self, store: SqlStore) -> HubWorld:
        """A hub on that store."""
        return make_world(store)

    # ------------------------------------------------------------------------------------------------------- schema

    def test_migrations_arrive_at_the_declared_tables(self, store: SqlStore):
        """A database that was migrated differs in nothing from what the tables declare."""
        with store.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})

            assert compare_metadata(context, METADATA) == []

    def test_workers_that_start_together_migrate_once(self):
        """Of two workers on an empty database one migrates and the other finds nothing to do."""
        workers = [self.open_worker() for _ in range(2)]
        done: list[bool] = []

        run_together(*(partial(_note, done, partial(upgrade_schema, worker)) for worker in workers))

        assert sorted(done) == [False, True]
        assert [schema_revision(worker) for worker in workers] == [HEAD, HEAD]

    def test_a_database_of_a_newer_program_is_refused(self, store: SqlStore):
        """A revision this program does not know is refused, and the database stays as it was."""
        with store.write() as transaction:
            transaction._cursor.execute("UPDATE alembic_version SET version_num = '9999'")  # type: ignore[attr-defined]

        with pytest.raises(StoreError, match="9999"):
            upgrade_schema(store)

        assert schema_revision(store) == "9999"

    # ------------------------------------------------------------------------------------------------- transactions

    def test_what_a_transaction_wrote_is_there_for_another_worker(self, store: SqlStore):
        """Rows that were put are seen by every worker once the block has ended."""
        with store.write() as transaction:
            transaction.put([record_row("a"), record_row("b")])

        with self.open_worker().read() as snapshot:
            found = snapshot.records(8, [fixed("a"), fixed("b"), fixed("c")])
        assert found == {fixed("a"): record_row("a"), fixed("b"): record_row("b")}

    def test_a_block_that_raises_leaves_nothing_behind(self, store: SqlStore):
        """A transaction whose block raises is rolled back whole."""
        with pytest.raises(ZeroDivisionError):
            self._write_and_fail(store)

        with store.read() as snapshot:
            assert (snapshot.records(8, [fixed("a")]), snapshot.setting("name")) == ({}, None)

    def _write_and_fail(self, store: SqlStore) -> None:
        with store.write() as transaction:
            transaction.put([record_row("a")])
            transaction.set_setting("name", b"value")
            raise ZeroDivisionError

    def test_a_put_replaces_the_row_with_the_same_key(self, store: SqlStore):
        """Putting a row twice keeps the last one."""
        with store.write() as transaction:
            transaction.put([record_row("a")])
            transaction.put([record_row("a", changed=2, entries=b"later")])

            assert list(transaction.scan(rows.RecordRow)) == [record_row("a", changed=2, entries=b"later")]

    def test_a_log_position_is_given_once(self, store: SqlStore):
        """A second entry at a position of the log is an error and leaves the first one alone."""
        entry = rows.LogRow(
            1, 1, b"", 1, b"", b"", b"", 1, b"", b"", b"", 1, 0, None, b"", 0, b"first", b"", False, b""
        )
        with store.write() as transaction:
            transaction.put([entry])

        with pytest.raises(Exception, match=r"(?i)unique"), store.write() as transaction:
            transaction.put([entry._replace(message=b"second")])

        with store.read() as snapshot:
            assert snapshot.log_rows([1])[1].message == b"first"

    def test_only_an_opening_of_the_log_can_be_changed(self, store: SqlStore):
        """Changing an opening touches nothing else of its entry."""
        entry = rows.LogRow(
            1, 1, b"", 1, b"", b"", b"", 1, b"", b"", b"", 1, 0, None, b"", 0, b"set", b"open", False, b""
        )
        with store.write() as transaction:
            transaction.put([entry])
            transaction.change_opening(1, b"")

            assert transaction.log_rows([1]) == {1: entry._replace(opening=b"")}

    def test_facts_of_an_entry_come_without_its_bytes(self, store: SqlStore):
        """`log_facts` answers like `log_rows`, with neither message nor opening."""
        entry = rows.LogRow(1, 1, b"", 1, b"", b"", b"", 1, b"h", b"", b"", 1, 0, None, b"v", 0, b"m", b"o", False, b"")
        with store.write() as transaction:
            transaction.put([entry])

            assert transaction.log_facts([1, 2]) == {1: entry._replace(message=None, opening=b"")}

    def test_removed_rows_are_gone_and_others_stay(self, store: SqlStore):
        """Removing by key takes exactly the rows named."""
        with store.write() as transaction:
            transaction.put([rows.WaitingRow(b"a", b"n", b"x"), rows.WaitingRow(b"b", b"n", b"x")])
            transaction.remove(rows.WaitingRow, [(b"a", b"n")])

            assert list(transaction.scan(rows.WaitingRow)) == [rows.WaitingRow(b"b", b"n", b"x")]

    def test_a_snapshot_stays_at_its_moment(self, store: SqlStore):
        """What is committed while a snapshot is open does not appear in it."""
        with store.read() as snapshot:
            with self.open_worker().write() as transaction:
                transaction.put([record_row("a")])

            assert snapshot.records(8, [fixed("a")]) == {}

    def test_a_look_up_takes_any_number_of_keys(self, store: SqlStore):
        """Five thousand keys at once find what one by one would find."""
        made = [record_row(f"record {number}") for number in range(2_500)]
        with store.write() as transaction:
            transaction.put(made)

            found = transaction.records(8, [fixed(f"record {number}") for number in range(5_000)])

        assert found == {row.id: row for row in made}

    def test_a_walk_may_be_interrupted_by_look_ups(self, store: SqlStore):
        """Rows of a walk come by key, whatever is asked in between."""
        made = sorted(record_row(f"record {number}") for number in range(1_200))
        with store.write() as transaction:
            transaction.put(made)

            walked = [(row, transaction.records(8, [row.id])[row.id]) for row in transaction.scan(rows.RecordRow)]

        assert walked == [(row, row) for row in made]

    def test_a_writer_that_cannot_get_the_lock_says_so(self, store: SqlStore):
        """While one worker writes, another that may not wait gets `StoreBusy`, and reading goes on."""
        impatient = self.open_worker(busy_ms=50)

        with store.write() as transaction:
            transaction.put([record_row("a")])
            with pytest.raises(StoreBusy), impatient.write():
                pass
            with impatient.read() as snapshot:
                assert snapshot.records(8, [fixed("a")]) == {}

    # ------------------------------------------------------------------------------------------------------- ingest

    def test_positions_have_no_holes(self, world: HubWorld):
        """Entries stand at 1, 2, 3 ... whatever was turned away in between."""
        site = world.site("a")
        first = site.write(car())
        site.write(car(color="red"))

        world.push(first, site.write(car(color="blue")), first)
        world.push_one(site.made[1])

        assert [row.position for row in world.log()] == list(range(1, world.position() + 1))

    def test_a_set_of_every_kind_of_row_folds_like_the_log(self, world: HubWorld, tmp_path: Path):
        """Projections equal a fold of the log from its first entry."""
        one, other = world.site("a"), world.site("b")
        made = one.write(car(color="red"), customer(id_no="1"), visit(customer_id=record("customer")))
        world.push(made, other.write(car(color="blue")), one.write(car(color="green")))

        assert check_projections(world.hub, scratch_store(tmp_path)).differences == ()

    def test_a_duplicate_gets_the_very_same_receipt(self, world: HubWorld):
        """A set pushed again, by another worker, is a duplicate with the identical bytes as receipt."""
        made = world.site("a").write(car(), customer(full_name="测试乙"))
        first = world.push_one(made)

        again = world.as_worker(self.open_worker()).push_one(made)

        assert (again.code, again.receipt) == (PushCode.DUPLICATE, first.receipt)

    def test_a_failing_set_is_parked_alone(self, store: SqlStore):
        """The set on which the hub itself fails is parked and reported; those around it are accepted."""
        world = make_world(store, box=PoisonBox(fixed("data key", 32), CountedEntropy("box")))
        one, other = world.site("a"), world.site("b")
        poison = one.write(customer("poison", id_no=POISON))
        follower = one.write(customer("after", id_no="1"))

        answers = world.push(other.write(car()), poison, follower, other.write(customer("more", id_no="2")))

        codes = [(PushCode(answer.code), answer.reason) for answer in answers]
        accepted = (PushCode.ACCEPTED, None)
        assert codes == [accepted, (PushCode.PARKED, "internal"), accepted, accepted]
        assert world.alarms.nonces == [poison.nonce]

    def test_a_set_that_cannot_even_be_parked_stops_its_own_chain_only(self, store: SqlStore):
        """A set that the hub can neither fold nor park is turned away; other sites' sets of the push are accepted."""
        box = PoisonBox(fixed("data key", 32), CountedEntropy("box"))
        box.broken_for = b""
        world = make_world(store, box=box)
        one, other = world.site("a"), world.site("b")
        poison = one.write(customer("poison", id_no=POISON))

        answers = world.push(poison, one.write(car()), other.write(car()))

        codes = [(PushCode(answer.code), answer.reason) for answer in answers]
        assert codes == [(PushCode.REJECTED, "internal"), (PushCode.GAP, "gap"), (PushCode.ACCEPTED, None)]

    def test_an_erasure_leaves_no_value_behind(self, world: HubWorld):
        """After an erasure order the value is in no row of the log and of the projections."""
        world.push_one(world.site("a").write(customer("gone", full_name="测试甲乙丙")))
        order = ErasureOrder((record("gone"),), frozenset({ErasureGroup.IDENTITY}))
        before = tables_with(world, "测试甲乙丙".encode())

        world.write(draft_of("erasure", record("order"), {**order.fields(), "ground": "request"}))

        assert (before, tables_with(world, "测试甲乙丙".encode())) == ({rows.LogRow, rows.RecordRow}, set())

    def test_a_waiting_set_that_fails_does_not_hold_up_its_base(self, store: SqlStore):
        """When the hub fails on a set that waited, its base and everybody else who waited go on; it stays parked."""
        world = make_world(store, box=PoisonBox(fixed("data key", 32), CountedEntropy("box")))
        one, second = world.site("a"), world.site("a2", "a")
        late = one.write(customer("base"))
        values: dict[str, Value] = {"id_no": POISON}
        poison = second.write(draft_of("customer", record("base"), values, based_on=(late.op(),)))
        other = second.write(draft_of("customer", record("base"), {"segment": "taxi"}, based_on=(late.op(),)))
        world.push(poison, other)

        answer = world.push_one(late)

        assert answer.code == PushCode.ACCEPTED
        assert world.shown("customer", record("base"))["segment"] == "taxi"
        assert [parked.nonce for parked in list_parked(world.hub)] == [poison.nonce] == world.alarms.nonces

    # --------------------------------------------------------------------------------------------------- concurrency

    def test_two_workers_may_write_the_same_new_car_at_once(self, world: HubWorld):
        """Both sites' writes of a car that neither knew survive as heads, and no two folds ever overlap."""
        sites = [world.site("a"), world.site("b")]
        clock = MeetingClock(world.clock.ms)
        workers = [world.as_worker(self.open_worker(), clock) for _ in sites]
        vins = [f"LSVAB2C34RA{number:06d}" for number in range(4)]

        for vin in vins:
            made = [
                site.write(draft_of("vehicle", vehicle_id(vin), {"vin": vin, "color": color}))
                for site, color in zip(sites, ("red", "blue"), strict=True)
            ]
            run_together(*(partial(worker.push_one, one) for worker, one in zip(workers, made, strict=True)))

        heads = {vin: {entry.op for entry in world.entries("vehicle", vehicle_id(vin))} for vin in vins}
        assert heads == {vin: {site.made[number].op() for site in sites} for number, vin in enumerate(vins)}
        assert [row.position for row in world.log()] == list(range(1, world.position() + 1))
        assert clock.meetings == 0

    def test_a_reader_that_races_commits_skips_nothing(self, world: HubWorld):
        """Pages read while two workers commit hold, in the end, every record that a fresh snapshot holds."""
        reader = world.site("reader", "shared")
        writers = [world.site("a", "shared"), world.site("b", "shared")]
        made = [[_batch(site, number) for number in range(15)] for site in writers]
        workers = [world.as_worker(self.open_worker()) for _ in writers]
        pages = world.as_worker(self.open_worker())
        done = threading.Event()
        seen: dict[tuple[int, bytes], int] = {}
        cursor = 0

        def read_on() -> None:
            nonlocal cursor
            while True:
                was_done = done.is_set()
                page = pages.page(reader, cursor, rows_max=7)
                assert all(row.changed <= page.position for row in page.rows)
                seen.update(_places(page.rows))
                cursor = page.cursor_to
                if was_done and page.is_last:
                    return

        def push_all() -> None:
            run_together(
                lambda: [workers[0].push_one(one) for one in made[0]],
                lambda: [workers[1].push_one(one) for one in made[1]],
            )
            done.set()

        run_together(read_on, push_all)

        everything = world.page(reader)
        assert everything.is_last
        assert seen == _places(everything.rows)

    def test_two_workers_never_fold_one_set_twice(self, world: HubWorld):
        """The same set pushed by two workers at once is accepted once and a duplicate once."""
        made = world.site("a").write(car())
        workers = [world.as_worker(self.open_worker()) for _ in range(2)]
        codes: list[int] = []

        run_together(*(lambda worker=worker: codes.append(worker.push_one(made).code) for worker in workers))

        assert sorted(codes) == [PushCode.ACCEPTED, PushCode.DUPLICATE]

    def test_verdicts_stand_in_the_log(self, world: HubWorld):
        """Accepted, conflicting, parked and refused sets are told apart by their entries."""
        one, other = world.site("a"), world.site("b")
        start = world.position()
        unknown = draft_of("vehicle", CAR, {"fuel": "petrol"}, based_on=(fixed("nobody's op"),))  # type: ignore[arg-type]

        world.push(
            one.write(car(color="red")),
            other.write(car(color="blue")),
            one.write(unknown),
            other.write(draft_of("campaign", record("campaign"), {"campaign_no": "C1"})),
        )

        entries = [(row.kind, row.verdict, row.reason) for row in world.log()[start:]]
        assert entries == [
            (rows.LogKind.ADMIT, Verdict.ACCEPTED, None),
            (rows.LogKind.ADMIT, Verdict.ACCEPTED_WITH_CONFLICTS, None),
            (rows.LogKind.PARK, Verdict.PARKED, Reason.UNKNOWN_BASE.value),
            (rows.LogKind.REFUSE, Verdict.REFUSED, Reason.HUB_ONLY.value),
        ]


def scratch_store(folder: Path) -> SqlStore:
    """An empty store to fold a log into."""
    store = open_store(f"sqlite:///{folder / 'scratch.db'}")
    store.make_tables()
    return store


def _note(done: list[bool], work: Callable[[], bool]) -> None:
    done.append(work())


def _batch(site: SiteAuthor, number: int):
    names = [f"{site.name} {number} {at}" for at in range(5)]
    return site.write(*(customer(name) for name in names))


def _places(found: list[PageRow]) -> dict[tuple[int, bytes], int]:
    return {(row.kind, row.record): row.changed for row in found}
