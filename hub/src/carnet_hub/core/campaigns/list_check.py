"""Which recalls are open for the cars in a file, as every dealer's node would say with the lists of today.

Decides the answer from the lists that were made last (`offline_lists`), and names the moment they stand for. So hub
and node answer a file alike, in the same words (`recall_doubt`). Does not decide who is on a list.

Rules
1. Lists that are too old say *unknown*, never *clear*, and nobody on them counts as done. A hit stays a hit.
2. So does a plan of which a member list is missing, or that was published since its lists were made.
3. A number that is listed nowhere and cannot be a VIN is *unknown*: it may be mistyped. What is wrong with a number is
   named beside every answer, a hit too: a list may hold whatever its producer wrote.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from carnet_hub.core.campaigns.recalls import Campaign
from carnet_hub.core.exchange.list_telling import present_manifest
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.shelves import ListShelf, SegmentShelf, intact_list
from carnet_hub.core.shown import shown_records
from carnet_protocol.recall_doubt import UnknownBecause, doubt_of_age, doubt_of_number
from carnet_protocol.recall_lists import ListKind, RecallManifest
from carnet_protocol.segments import decode_segment, split_vin
from carnet_protocol.vin import VinPolicy, assess_vin


@dataclass(frozen=True, slots=True)
class CheckedCar:
    """One car of a file.

    Attributes:
        identifier: in normal form.
        state: `hit`, `clear` or `unknown`.
        open, done, gone: numbers of campaigns that list it; gone ones are open too.
        because: why nothing certain can be said; of a hit, why there may be more. A `recall_doubt.UnknownBecause`.
        problems: every rule of a VIN that the number breaks, listed or not. A `vin.VinProblem` each.
    """

    identifier: str
    state: str
    open: tuple[str, ...]
    done: tuple[str, ...]
    gone: tuple[str, ...]
    because: str | None
    problems: tuple[str, ...] = ()


class ListBook:
    """All lists in memory, to be asked about many cars; four bytes for each vehicle on each list.

    Attributes:
        position, made_ms: for which the lists stand.

    Raises:
        Unusable: no lists were made, or a file of the remedied or the removed is missing.
    """

    def __init__(self, hub: Hub, segments: SegmentShelf, lists: ListShelf) -> None:
        manifest = present_manifest(hub, lists)
        if manifest is None:
            raise Unusable("There are no recall lists yet.", "Make them with `recalls lists`.")
        self.position = manifest.position
        self.made_ms = manifest.made_ms
        self._serials: dict[str, list[tuple[str, int, Sequence[int]]]] = {}
        self._exceptions: dict[str, list[tuple[str, int]]] = {}
        with hub.store.read() as snapshot:
            rows = shown_records(hub.registry, snapshot, "campaign")
            campaigns = {row.id: Campaign(row, values) for row, values in rows}
        is_whole = not _changed_since(manifest, campaigns)
        for entry in manifest.entries:
            campaign = campaigns.get(entry.campaign)
            number = str(campaign.values.get("campaign_no")) if campaign is not None else entry.campaign.hex()
            for ref in entry.segments:
                content = lists.get(ref.sha256) or intact_list(segments, ref.sha256)
                if content is not None:
                    self._take(number, entry.kind, content)
                elif entry.kind == ListKind.MEMBERS:
                    is_whole = False
                else:
                    raise Unusable("A recall list is missing.", "Make the lists with `recalls lists`.")
        self._doubt_of_age = doubt_of_age(manifest.made_ms, hub.clock.now_ms())
        self._because = self._doubt_of_age or (None if is_whole else UnknownBecause.LISTS_MISSING)

    def check(self, texts: Iterable[str]) -> Iterator[CheckedCar]:
        """One answer for each number, in their order."""
        for text in texts:
            assessed = assess_vin(text, VinPolicy.STRICT)
            identifier = assessed.vin
            on: dict[int, set[str]] = {kind: set() for kind in ListKind}
            for number, kind in self._lists_of(identifier):
                on[kind].add(number)
            members = on[ListKind.MEMBERS]
            left = members - on[ListKind.REMEDIED] if self._doubt_of_age is None else members
            because = self._because or (None if members or assessed.is_acceptable else doubt_of_number(assessed))
            sure = "clear" if because is None else "unknown"
            state = "hit" if left else sure
            gone = left & on[ListKind.REMOVED]
            opened, done, back = (tuple(sorted(one)) for one in (left, members - left, gone))
            problems = tuple(one.value for one in assessed.problems)
            yield CheckedCar(identifier, state, opened, done, back, because, problems)

    def _take(self, number: str, kind: int, content: bytes) -> None:
        segment = decode_segment(content)
        for group in segment.members:
            self._serials.setdefault(group.prefix, []).append((number, kind, group.serials))
        for text in segment.exceptions:
            self._exceptions.setdefault(text, []).append((number, kind))

    def _lists_of(self, identifier: str) -> Iterator[tuple[str, int]]:
        parts = split_vin(identifier)
        if parts is None:
            yield from self._exceptions.get(identifier, ())
            return
        prefix, serial = parts
        for number, kind, serials in self._serials.get(prefix, ()):
            place = bisect_left(serials, serial)
            if place < len(serials) and serials[place] == serial:
                yield number, kind


def _changed_since(manifest: RecallManifest, campaigns: Mapping[bytes, Campaign]) -> bool:
    """Whether some published plan lists others than its members in the manifest."""
    listed = {one.campaign: one.segments for one in manifest.entries if one.kind == ListKind.MEMBERS}
    published = (one for one in campaigns.values() if one.values.get("state") == "published")
    return any([ref.sha256 for ref in listed.get(one.row.id, [])] != one.segment_hashes for one in published)
