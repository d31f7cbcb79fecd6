"""The report of one site or of the whole country for ten days or a month, with how good the data is.

Decides how sites are put together: the country is the sum of its sites, split by site or as a site's own report is.
Codes of advisors mean different people at different sites, so the country is not split by them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.upkeep.data_quality import Quality, arrivals, quality_of
from carnet_hub.core.upkeep.dealers import list_sites, require_site
from carnet_hub.core.upkeep.shop_reporting import Watched, entries_of_sites
from carnet_protocol.shop_figures import Figures, Grouping, ShopReport, shop_report
from carnet_protocol.ten_days import Period


@dataclass(frozen=True, slots=True)
class SiteReport:
    """One site: its figures, split, and the quality of what it sent."""

    site_code: str
    report: ShopReport
    quality: Quality


@dataclass(frozen=True, slots=True)
class NationReport:
    """All sites.

    Attributes:
        report: of all of them together, split as asked.
        totals, quality: by site code; every site is named, also one of which nothing arrived.
    """

    report: ShopReport
    totals: Mapping[str, Figures]
    quality: Mapping[str, Quality]


def site_report(hub: Hub, site_code: str, period: Period, by: Grouping, watched: Watched) -> SiteReport:
    """The report of one site.

    Raises:
        Unusable: there is no such site.
    """
    site = require_site(hub, site_code)
    with hub.store.read() as snapshot:
        found = entries_of_sites(hub, snapshot, period, site.dealer_id, watched).get(site.dealer_id)
        arrived = arrivals(snapshot, period).get(site.dealer_id)
    report = shop_report(() if found is None else found.entries, period, by)
    return SiteReport(site.site_code, report, quality_of(found, arrived))


def nation_report(hub: Hub, period: Period, by: Grouping, watched: Watched) -> NationReport:
    """The report of all sites.

    Raises:
        Unusable: split by advisors.
    """
    if by is Grouping.ADVISOR:
        raise Unusable("Codes of advisors mean other people at every site.", "Split it by something else.")
    sites = list_sites(hub)
    with hub.store.read() as snapshot:
        found = entries_of_sites(hub, snapshot, period, None, watched)
        arrived = arrivals(snapshot, period)
    entries = (one for some in found.values() for one in some.entries)
    totals = {one.site_code: found[one.dealer_id].total if one.dealer_id in found else Figures() for one in sites}
    quality = {one.site_code: quality_of(found.get(one.dealer_id), arrived.get(one.dealer_id)) for one in sites}
    return NationReport(shop_report(entries, period, by), totals, quality)
