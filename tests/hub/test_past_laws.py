"""Laws of the past: whatever happens to a campaign, each position shows for ever what it showed at the time."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from carnet_hub.core.campaigns.recalls import count_campaign
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.log.past import PastReads
from carnet_hub.core.log.rebuild import exclude_sets
from carnet_hub.core.ports import RecordReads
from carnet_hub.core.rows import SetState
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import OpId, RecordId, completion_id, vehicle_id
from carnet_protocol.ops import Action
from carnet_protocol.registry import Value
from carnet_protocol.state import unpack_entries
from support.authors import MadeSet, draft_of
from support.protocol import fixed
from support.recall_hub import VINS, RecallHub, begin_recall
from support.recall_plans import NUMBER

KINDS = ("campaign", "campaign_event", "dealer_site", "recall_completion", "vehicle", "visit")
SITES = st.sampled_from(["A001", "B001"])
CARS = st.sampled_from(VINS[:3])
VALUES = st.sampled_from([{"lifecycle": one} for one in ("exported", "scrapped", "sold")] + [{"color": "red"}])
STEPS = st.one_of(
    st.tuples(st.just("complete"), SITES, CARS),
    st.tuples(st.just("retract"), SITES, CARS),
    st.tuples(st.just("edit"), SITES, CARS, VALUES, st.booleans()),
    st.tuples(st.just("delete"), SITES, CARS),
    st.tuples(st.just("check in"), SITES, CARS),
    st.tuples(st.just("move order"), SITES, CARS, CARS),
    st.tuples(st.just("void order"), SITES, CARS),
    st.tuples(st.just("publish"), st.integers(0, 9)),
    st.tuples(st.just("exclude"), st.integers(0, 20)),
)


class Story:
    """A recall in which steps happen, and what each position showed when it was the last one."""

    def __init__(self, folder: Path) -> None:
        self.recall: RecallHub = begin_recall(folder)
        self.sets: list[MadeSet] = []
        self.visits: set[tuple[str, str]] = set()
        self.last: dict[str | tuple[str, str], OpId] = {}
        self.seen: dict[int, Any] = {}
        self.note_present()

    def take(self, step: tuple[Any, ...]) -> None:
        """Let one step happen, as far as it can."""
        match step:
            case ("complete", site, vin):
                if (site, vin) not in self.visits:
                    self.visits.add((site, vin))
                    self.sets.append(self.recall.complete(site, vin))
            case ("retract", site, vin):
                record = completion_id(
                    RecordId(self.recall.campaign.row.id), vin, RecordId(fixed(f"visit {site} {vin}"))
                )
                self.send(site, draft_of("recall_completion", record, {"retracted": "duplicate"}))
            case ("check in", site, vin):
                self.write_order(site, vin, {"vehicle_id": vehicle_id(vin), "status": "open"})
            case ("move order", site, vin, other):
                self.write_order(site, vin, {"vehicle_id": vehicle_id(other)})
            case ("void order", site, vin):
                self.write_order(site, vin, {"status": "void"})
            case ("edit", site, vin, values, has_read):
                base = (self.last[vin],) if has_read and vin in self.last else ()
                made = self.send(site, draft_of("vehicle", vehicle_id(vin), {"vin": vin, **values}, based_on=base))
                self.last[vin] = made.op()
            case ("delete", site, vin):
                base = (self.last[vin],) if vin in self.last else ()
                self.send(site, draft_of("vehicle", vehicle_id(vin), {}, based_on=base, action=Action.DELETE))
            case ("publish", number):
                if self.recall.campaign.values["title"] != f"Plan {number}":
                    self.recall.publish(VINS, title=f"Plan {number}")
            case ("exclude", number):
                self.exclude(number)
            case _:
                raise AssertionError(step)
        self.note_present()

    def write_order(self, site: str, vin: str, values: dict[str, Value]) -> None:
        """A site's second order on a car, based on what the site wrote of it last; the first is for completions."""
        order = (site, f"order {vin}")
        base = (self.last[order],) if order in self.last else ()
        made = self.send(site, draft_of("visit", fixed(f"order {site} {vin}"), values, based_on=base))
        self.last[order] = made.op()

    def send(self, site: str, draft: Draft) -> MadeSet:
        """A set of one op, whatever the hub says to it."""
        made = self.recall.desks[site].write(draft)
        receive_sets(self.recall.hub.app.hub, [made.pushed])
        self.sets.append(made)
        return made

    def exclude(self, number: int) -> None:
        """One of the sets that were folded never had an effect."""
        hub = self.recall.hub.app.hub
        with hub.store.read() as snapshot:
            known = snapshot.admissions([made.nonce for made in self.sets])
        folded = [made.nonce for made in self.sets if known[made.nonce].state == SetState.FOLDED]
        if folded:
            exclude_sets(hub, [folded[number % len(folded)]], note="the key was stolen")

    def note_present(self) -> None:
        """Keep what the end of the log shows."""
        with self.recall.hub.app.hub.store.read() as snapshot:
            self.seen[snapshot.head().position] = self.shown(snapshot)

    def past(self) -> dict[int, Any]:
        """What every noted position shows now."""
        hub = self.recall.hub.app.hub
        with hub.store.read() as snapshot:
            return {position: self.shown(PastReads(hub, snapshot, position)) for position in self.seen}

    def shown(self, reads: RecordReads) -> Any:
        """Records of the counted kinds, which of them name which car, and the count made of all."""
        hub, segments = self.recall.hub.app.hub, self.recall.hub.app.segments
        rows = [row for name in KINDS for row in reads.records_of_kind(hub.registry[name].number)]
        states = {(row.kind, row.id): row.entries for row in rows if unpack_entries(row.entries)}
        own = {number for number, rules in hub.rules.items() if rules.anchor_label is not None}
        named = {one for one in reads.anchored([vehicle_id(vin) for vin in VINS]) if one[1] in own}
        return states, named, count_campaign(hub, segments, reads, NUMBER).progress


@given(st.lists(STEPS, min_size=4, max_size=14))
@settings(max_examples=12, deadline=None)
def test_each_position_shows_for_ever_what_it_showed(steps: list[tuple[Any, ...]]):
    """After edits, deletes, retractions, moved and voided orders, plans and exclusions, no earlier position changed."""
    with TemporaryDirectory() as folder:
        story = Story(Path(folder) / "hub")

        for step in steps:
            story.take(step)

        assert story.past() == story.seen
        story.recall.hub.app.close()
