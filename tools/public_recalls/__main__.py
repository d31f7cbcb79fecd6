"""Load the recalls of Transport Canada's public file into a hub, with made-up vehicles: for demonstrations and tests.

    python -m tools.public_recalls FILE.csv --data HUBDATA [--texts TEXTS.csv] [--members 200] [--json]

Every campaign goes the way of a producer's: written into a folder as `campaign.json` and `vins.txt`, read by the
product, put on the desk, published, put on the lists that nodes hold. Number, title and VINs say that it is synthetic,
and a hub that has any other campaign is left alone. Loading again changes nothing.

Exit codes: 0 loaded; 1 refused, and what was loaded before stays; 2 wrong usage.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from tools.public_recalls.campaigns import MARK, MEMBERS_MAX, french_document, members, plan_texts
from tools.public_recalls.source import Recall, SourceRefused, read_recalls

from carnet_hub.adapters.member_files import read_listed
from carnet_hub.bootstrap import HubApp, open_hub
from carnet_hub.core.campaigns.campaign_list import list_campaigns
from carnet_hub.core.campaigns.campaign_plans import CampaignPlan, read_members
from carnet_hub.core.campaigns.offline_lists import make_lists
from carnet_hub.core.campaigns.plan_desk import load_plan
from carnet_hub.core.campaigns.recalls import find_campaign, import_plan, publish_campaign
from carnet_hub.core.failures import HubFailure
from carnet_hub.entrypoints.cli.output import with_progress
from carnet_hub.entrypoints.cli.recalls import read_texts
from carnet_hub.settings import HubSettings

MEMBERS = 200
"""Made-up vehicles of one campaign unless said otherwise."""


@dataclass
class Loaded:
    """What a load has done so far."""

    published: int = 0
    unchanged: int = 0
    members: int = 0
    numbers: list[str] = field(default_factory=list)


def main() -> int:
    """Load the file; returns the exit code."""
    given = _arguments()
    try:
        recalls = read_recalls(given.rows, given.texts)
        app = open_hub(HubSettings(data_dir=given.data))
        try:
            loaded = load_recalls(app, recalls, given.members, is_quiet=given.json)
        finally:
            app.close()
    except (SourceRefused, HubFailure) as refusal:
        print(json.dumps({"error": str(refusal)}) if given.json else str(refusal), file=sys.stderr)
        return 1
    result = {"recalls": len(recalls), "published": loaded.published, "unchanged": loaded.unchanged}
    result |= {"members": loaded.members}
    print(json.dumps(result) if given.json else ", ".join(f"{name}: {count}" for name, count in result.items()))
    return 0


def load_recalls(app: HubApp, recalls: tuple[Recall, ...], members_max: int, *, is_quiet: bool) -> Loaded:
    """Publish every recall that is not published as it stands.

    Raises:
        SourceRefused: the hub has a campaign that is not synthetic; nothing was changed.
        HubFailure: the product refused a campaign; those before it are published.
    """
    real = [one.campaign_no for one in list_campaigns(app.hub, app.plans) if not one.campaign_no.startswith(MARK)]
    if real:
        raise SourceRefused(f"This hub has a campaign that is not synthetic ({real[0]}). Nothing was changed.")
    loaded = Loaded()
    with tempfile.TemporaryDirectory() as scratch:
        for recall in with_progress("recalls", recalls, total=len(recalls), is_quiet=is_quiet):
            folder = Path(scratch, recall.number)
            write_campaign(folder, recall, members_max)
            _load(app, folder, recall, loaded)
    if loaded.published:
        make_lists(app.hub, app.segments, app.lists)
    return loaded


def write_campaign(folder: Path, recall: Recall, members_max: int) -> None:
    """The two files that a producer hands over."""
    folder.mkdir()
    texts = json.dumps(plan_texts(recall, members_max), ensure_ascii=False)
    (folder / "campaign.json").write_text(texts, encoding="utf-8")
    (folder / "vins.txt").write_text("\n".join(members(recall, members_max)) + "\n", encoding="ascii")


def _load(app: HubApp, folder: Path, recall: Recall, loaded: Loaded) -> None:
    texts, work = read_texts(app, folder / "campaign.json")
    listed = read_members(read_listed(folder / "vins.txt"), texts.member_count, campaign_no=texts.campaign_no)
    import_plan(app.hub, app.segments, app.plans, CampaignPlan(texts, listed, work))
    app.plans.keep(french_document(recall))
    loaded.members += listed.count
    loaded.numbers.append(texts.campaign_no)
    if _is_published(app, texts.campaign_no):
        loaded.unchanged += 1
        return
    publish_campaign(app.hub, app.segments, app.plans, texts.campaign_no)
    loaded.published += 1


def _is_published(app: HubApp, campaign_no: str) -> bool:
    """Whether the plan on the desk is the one that nodes have."""
    with app.hub.store.read() as snapshot:
        current = find_campaign(app.hub, snapshot, campaign_no)
    document = load_plan(app.plans, campaign_no).document
    return current is not None and current.values.get("plan_hash") == sha256(document).digest()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.public_recalls", description="public recalls, made-up cars")
    parser.add_argument("rows", type=Path, help="Transport Canada's file (vrdb_60days_daily.csv)")
    parser.add_argument("--texts", type=Path, help="the texts, when they lie in a file of their own")
    parser.add_argument("--data", type=Path, required=True, help="data folder of a hub without real campaigns")
    parser.add_argument("--members", type=int, default=MEMBERS, help=f"made-up vehicles per recall, 1 to {MEMBERS_MAX}")
    parser.add_argument("--json", action="store_true", help="print one JSON value, and no progress")
    given = parser.parse_args()
    if not 1 <= given.members <= MEMBERS_MAX:
        parser.error(f"--members takes 1 to {MEMBERS_MAX}")
    return given


if __name__ == "__main__":
    sys.exit(main())
