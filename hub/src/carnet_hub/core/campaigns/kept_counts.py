"""The sums of a campaign as they are kept, for whoever wants them at once.

Decides when the tables answer and when a campaign is counted anew: while one of its member lists was missing, or after
a set on which the count failed (`askew`), the tables say nothing about it. Both ways give the same figures: the tables
are written in the transaction that changes what they rest on (`following_counts`).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from carnet_hub.core.campaigns.recalls import Campaign, count_pairs, require_campaign
from carnet_hub.core.counting.completions import resting_of
from carnet_hub.core.counting.kept_sums import read_sums, sums_of
from carnet_hub.core.counting.progress import PairState, Sums
from carnet_hub.core.counting.trends import work_day
from carnet_hub.core.hub import Hub
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.sets.following_counts import are_askew
from carnet_hub.core.shelves import SegmentShelf
from carnet_protocol.ids import RecordId


@dataclass(frozen=True, slots=True)
class KeptSums:
    """A campaign, what its count adds up to, and the log position that it is of.

    Attributes:
        days: completions by day of work, see `trends.work_day`.
        dealers: completions by the site that did them.
        is_kept: the tables answered; otherwise the campaign was counted anew.
    """

    campaign: Campaign
    sums: Sums
    position: int
    days: Mapping[int, int]
    dealers: Mapping[bytes, int]
    is_kept: bool


def kept_sums(hub: Hub, segments: SegmentShelf, snapshot: Snapshot, campaign_no: str) -> KeptSums:
    """What a campaign's count adds up to as of a snapshot.

    Raises:
        Unusable: no such campaign, or a segment is missing.
    """
    campaign = require_campaign(hub, snapshot, campaign_no)
    record = RecordId(campaign.row.id)
    position = snapshot.head().position
    count = snapshot.counts([record]).get(record)
    if count is None or not count.is_whole or are_askew(snapshot):
        progress = count_pairs(hub, segments, snapshot, campaign)
        days = Counter(work_day(one.done_ms) for one in progress.counted.values())
        dealers = Counter(one.dealer for one in progress.counted.values())
        return KeptSums(campaign, progress.sums, position, days, dealers, is_kept=False)
    apart = read_sums(snapshot.sums_in(record))
    resting = resting_of(hub, snapshot, record, campaign.values)
    sums = sums_of(apart, count.member_count, resting)
    if resting is PairState.WITHDRAWN:
        return KeptSums(campaign, sums, position, {}, {}, is_kept=True)
    return KeptSums(campaign, sums, position, apart.days, apart.dealers, is_kept=True)
