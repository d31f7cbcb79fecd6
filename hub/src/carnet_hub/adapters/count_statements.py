"""The statements behind the sums of campaigns, compiled once per database product; see `statements`."""

from sqlalchemy import Column, Select, Table, bindparam, select
from sqlalchemy.sql.expression import Executable

from carnet_hub.adapters.count_tables import COUNT_TABLES
from carnet_hub.adapters.dialects import Dialect
from carnet_hub.adapters.sql_text import LookUp, Statement, compiled
from carnet_hub.core import count_rows as rows


class CountStatements:
    """All statements about pairs and their sums, for one database product."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        source = COUNT_TABLES[rows.PairSourceRow]
        left = COUNT_TABLES[rows.LeftCarRow]
        listed = COUNT_TABLES[rows.ListedRow]
        pair = COUNT_TABLES[rows.PairRow]
        pair_sum = COUNT_TABLES[rows.SumRow]
        count = COUNT_TABLES[rows.CountRow]
        of_kind = select(source).where(source.c.kind == bindparam("kind"))
        self.pair_sources = LookUp(dialect, source.c.record, of_kind.where)
        self.pair_sources_on = LookUp(dialect, source.c.hangs_on, select(source).where)
        self.pair_sources_of = LookUp(dialect, source.c.pair, select(source).where)
        self.pair_sources_in = self._within(source, source.c.pair)
        self.left_cars = LookUp(dialect, left.c.vehicle, select(left).where)
        self.listed_at = LookUp(dialect, listed.c.place, select(listed).where)
        self.listed_of = LookUp(dialect, listed.c.campaign, select(listed).where)
        self.pairs = LookUp(dialect, pair.c.pair, select(pair).where)
        self.pairs_in = self._within(pair, pair.c.pair)
        self.sums = LookUp(dialect, pair_sum.c.key, select(pair_sum).where)
        self.sums_in = self._within(pair_sum, pair_sum.c.key)
        self.counts = LookUp(dialect, count.c.campaign, select(count).where)

    def _within(self, table: Table, column: "Column[bytes]") -> Statement:
        """The rows whose key begins with a campaign: it ends where no VIN and no letter of a sum comes any more."""
        found: Select[tuple[object, ...]] = select(table)
        return self._text(found.where(column >= bindparam("low"), column < bindparam("high")).order_by(column))

    def _text(self, statement: Executable) -> Statement:
        return compiled(statement, self._dialect)
