"""Recall lists in SQLite: see `core.list_ports`.

Decides how segments and the lists that name them become rows. A segment's bitmaps are stored once, however many lists
name it; it goes when none does.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from carnet_node.adapters import list_statements as sql
from carnet_node.adapters.statements import Statement
from carnet_node.core.list_ports import WantedSegment
from carnet_protocol.ids import RecordId


class SqlListReads:
    """`list_ports.ListReads` on one connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def wanted(self) -> list[WantedSegment]:
        """Every segment that is wanted or in use."""
        return [
            WantedSegment(campaign, kind, name, bool(is_former), number is not None)
            for campaign, kind, name, is_former, number in self._all(sql.WANTED)
        ]

    def count_missing(self, kind: int) -> int:
        """Segments of a kind of list that are wanted and not here."""
        count: int = self._connection.execute(sql.COUNT_MISSING.sql, (kind,)).fetchone()[0]
        return count

    def member_count(self, campaign: RecordId) -> int:
        """Members in the wanted segments of a campaign that are here."""
        count: int = self._connection.execute(sql.MEMBER_COUNT.sql, (campaign,)).fetchone()[0]
        return count

    def rows_of(self, segment_hash: bytes) -> tuple[dict[str, bytes], list[str]]:
        """Bitmap by prefix, and the exceptions, of a segment that is here."""
        bitmaps = self._all(sql.BITMAPS_OF, segment_hash=segment_hash)
        exceptions = self._all(sql.EXCEPTIONS_OF, segment_hash=segment_hash)
        return dict(bitmaps), [one for (one,) in exceptions]

    def bitmaps(self, prefix: str) -> list[tuple[RecordId, int, bytes]]:
        """(campaign, kind, bitmap) of every list in use that has this VIN prefix."""
        return self._connection.execute(sql.BITMAPS.sql, (prefix,)).fetchall()

    def exceptions(self, identifier: str) -> list[tuple[RecordId, int]]:
        """(campaign, kind) of every list in use with exactly this identifier outside the bitmaps."""
        return self._connection.execute(sql.EXCEPTIONS.sql, (identifier,)).fetchall()

    def entries(self) -> list[bytes]:
        """What the manifest in use says of each list, by campaign and kind."""
        return [entry for (entry,) in self._all(sql.ENTRIES)]

    def _all(self, statement: Statement, **values: Any) -> list[Any]:
        return self._connection.execute(statement.sql, statement.arguments(values)).fetchall()


class SqlListWrites(SqlListReads):
    """`list_ports.ListWrites` inside a write transaction."""

    def want(self, campaign: RecordId, kind: int, hashes: Sequence[bytes]) -> None:
        """State which segments a list has now; what it had is in use until all of these are here."""
        place = {"campaign": campaign, "kind": kind}
        self._run(sql.DROP_NEVER_STORED, **place)
        self._run(sql.MAKE_FORMER, **place)
        self._connection.executemany(sql.PUT_WANTED.sql, [(campaign, kind, one, 0) for one in hashes])
        self._settle()

    def add(self, segment_hash: bytes, count: int, bitmaps: Mapping[str, bytes], exceptions: Iterable[str]) -> None:
        """Store a segment, and let go of whatever nobody wants any more; a known one changes nothing."""
        values = {"segment_hash": segment_hash, "member_count": count}
        cursor = self._connection.execute(sql.ADD_SEGMENT.sql, sql.ADD_SEGMENT.arguments(values))
        if cursor.rowcount == 0:
            return
        number = cursor.lastrowid
        self._connection.executemany(sql.ADD_BITMAP.sql, [(prefix, number, one) for prefix, one in bitmaps.items()])
        self._connection.executemany(sql.ADD_EXCEPTION.sql, [(one, number) for one in exceptions])
        self._settle()

    def put_entry(self, campaign: RecordId, kind: int, entry: bytes) -> None:
        """Store what a manifest says of a list."""
        self._run(sql.PUT_ENTRY, campaign=campaign, kind=kind, entry=entry)

    def drop_entries(self) -> None:
        """Forget what manifests said."""
        self._run(sql.DROP_ENTRIES)

    def _settle(self) -> None:
        """Drop former segments whose successors are all here, and rows that no list names."""
        self._run(sql.DROP_FORMER)
        for (segment_no,) in self._all(sql.UNWANTED):
            for statement in sql.DROP_SEGMENT:
                self._run(statement, segment_no=segment_no)

    def _run(self, statement: Statement, **values: Any) -> None:
        self._connection.execute(statement.sql, statement.arguments(values))
