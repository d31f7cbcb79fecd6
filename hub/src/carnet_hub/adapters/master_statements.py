"""The statements of the customer master, compiled once per database product; see `statements`."""

from sqlalchemy import and_, bindparam, func, select, tuple_
from sqlalchemy.sql.expression import Executable

from carnet_hub.adapters.dialects import Dialect
from carnet_hub.adapters.master_tables import ALL_TABLES
from carnet_hub.adapters.sql_text import Condition, LookUp, Statement, compiled
from carnet_hub.core import master_rows as rows
from carnet_master.clusters import Effect


class MasterStatements:
    """All statements about who is who, for one database product."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        party = ALL_TABLES[rows.PartyRow]
        key = ALL_TABLES[rows.MatchKeyRow]
        decision = ALL_TABLES[rows.DecisionRow]
        member = ALL_TABLES[rows.MemberRow]
        alias = ALL_TABLES[rows.AliasRow]
        proposal = ALL_TABLES[rows.ProposalRow]
        self.parties = LookUp(dialect, party.c.customer, select(party).where)
        found = select(key.c.customer).where(key.c.key == bindparam("key"))
        self.found_by = self._text(found.order_by(key.c.customer).limit(bindparam("limit")))
        self.found_by_any = LookUp(
            dialect, key.c.key, lambda one_of: select(key).where(one_of).limit(bindparam("limit"))
        )
        self.met_by = LookUp(dialect, key.c.key, _parties_under)
        self.decisions = LookUp(dialect, decision.c.customer, select(decision).where)
        self.members = LookUp(dialect, member.c.customer, select(member).where)
        self.members_of = LookUp(dialect, member.c.golden, select(member).where)
        self.aliases = LookUp(dialect, alias.c.former, select(alias).where)
        self.proposals = LookUp(dialect, proposal.c.one, select(proposal).where)
        place = [proposal.c[name] for name in ("position", "one", "other")]
        behind = tuple_(*place) > tuple_(*(bindparam(f"after_{name}") for name in ("position", "one", "other")))
        waiting = select(proposal).where(behind).order_by(*place)
        self.proposals_after = self._text(waiting.limit(bindparam("limit")))
        count = func.count()
        self.proposal_counts = self._text(select(proposal.c.cause, count).group_by(proposal.c.cause))
        sizes = select(count.label("size")).select_from(member).group_by(member.c.golden).subquery()
        self.cluster_sizes = self._text(select(sizes.c.size, func.count()).group_by(sizes.c.size))
        kinds = (decision.c.effect, decision.c.authority, decision.c.cause)
        once = and_(decision.c.customer < decision.c.other)
        self.decision_counts = self._text(select(*kinds, count).where(once).group_by(*kinds))

        born = (party.c.since, party.c.customer)
        behind_place = tuple_(*born) > tuple_(bindparam("after_since"), bindparam("after_customer"))
        self.party_places = self._text(select(*born).where(behind_place).order_by(*born))
        self.party_count = self._text(select(count).select_from(party))
        behind_party = select(party).where(party.c.customer > bindparam("after")).order_by(party.c.customer)
        self.parties_after = self._text(behind_party.limit(bindparam("limit")))
        over_full = select(key.c.key).group_by(key.c.key).having(count > bindparam("most"))
        self.full_keys = self._text(over_full)
        is_auto_link = and_(decision.c.effect == Effect.LINK.value, decision.c.authority == "auto", once)
        links = select(decision).where(is_auto_link, decision.c.customer > bindparam("after"))
        by_pair = (decision.c.customer, decision.c.other, decision.c.identity)
        self.auto_links_after = self._text(links.order_by(*by_pair).limit(bindparam("limit")))

    def _text(self, statement: Executable) -> Statement:
        return compiled(statement, self._dialect)


def _parties_under(keys: Condition) -> Executable:
    """Every customer under some keys once, with its cluster."""
    key, party, member = (ALL_TABLES[one] for one in (rows.MatchKeyRow, rows.PartyRow, rows.MemberRow))
    met = select(key.c.customer).where(keys).distinct().limit(bindparam("limit")).subquery("met")
    parties = met.join(party, party.c.customer == met.c.customer)
    in_clusters = parties.outerjoin(member, member.c.customer == met.c.customer)
    return select(party, member.c.golden).select_from(in_clusters)
