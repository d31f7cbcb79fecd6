"""A public file of recalls becomes campaigns with made-up vehicles, marked as such. The file here is made up too."""

import csv
import hashlib
import json
from pathlib import Path

import pytest
from tools.public_recalls.__main__ import load_recalls
from tools.public_recalls.campaigns import (
    ATTRIBUTION,
    DERIVED,
    MAKER_CODE,
    MARK,
    MEMBERS_MAX,
    TITLE_MARK,
    french_document,
    members,
    plan_texts,
)
from tools.public_recalls.source import Model, Recall, SourceRefused, read_recalls

from carnet_hub.bootstrap import HubApp
from carnet_hub.core.campaigns.campaign_list import list_campaigns
from carnet_hub.core.campaigns.offline_lists import make_lists
from carnet_hub.core.campaigns.recalls import import_plan, members_of, publish_campaign, require_campaign
from carnet_protocol.vin import VinPolicy, assess_vin
from carnet_protocol.wmi import bundled_wmi_table
from support.hub_apps import make_hub
from support.recall_plans import plan

COLUMNS = (
    "RECALL_NUMBER_NUM",
    "YEAR",
    "MAKE_NAME_NM",
    "MODEL_NAME_NM",
    "UNIT_AFFECTED_NBR",
    "SYSTEM_TYPE_ETXT",
    "COMMENT_ETXT",
    "COMMENT_FTXT",
)
ENGLISH = "Issue: \nThe hose may crack. \n\nSafety Risk: \nIt may burn. \n\nCorrective Actions: \nIt is replaced."
FRENCH = "Problème : le tuyau peut se fissurer."
ROW = ("2030001", "2024", "MAKER", "MODEL A", "1,234.00", "Engine", ENGLISH, FRENCH)


def write(tmp_path: Path, *rows: tuple[str, ...], columns: tuple[str, ...] = COLUMNS) -> Path:
    """A file of the publisher's shape."""
    path = tmp_path / "vrdb.csv"
    with path.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows((columns, *rows))
    return path


def changed(**values: str) -> tuple[str, ...]:
    """The row with other values."""
    return tuple(values.get(name, value) for name, value in zip(COLUMNS, ROW, strict=True))


def recall(english: str = ENGLISH, units: int = 4, *models: Model) -> Recall:
    """One recall of the file."""
    return Recall("2030001", "Maker", "Engine", units, models or (Model("MAKER", "MODEL A", 2024),), english, FRENCH)


@pytest.fixture
def app(tmp_path: Path) -> HubApp:
    """A hub without campaigns."""
    return make_hub(tmp_path / "hub").app


def test_rows_of_one_number_are_one_recall(tmp_path: Path):
    """A number that stands in several rows is one recall with all its models, whose units are not added up."""
    path = write(tmp_path, ROW, changed(RECALL_NUMBER_NUM="2030002"), changed(MODEL_NAME_NM="MODEL B"), ROW)

    first, second = read_recalls(path)

    assert (first.number, first.units, second.number) == ("2030001", 1234, "2030002")
    assert first.models == (Model("MAKER", "MODEL A", 2024), Model("MAKER", "MODEL B", 2024))


def test_texts_may_lie_in_a_file_of_their_own(tmp_path: Path):
    """A split file gives the same recalls as a whole one."""
    whole = read_recalls(write(tmp_path, ROW))
    texts = tmp_path / "texts.csv"
    texts.write_bytes(write(tmp_path, (ROW[0], *ROW[6:]), columns=(COLUMNS[0], *COLUMNS[6:])).read_bytes())

    assert read_recalls(write(tmp_path, ROW[:6], columns=COLUMNS[:6]), texts) == whole


@pytest.mark.parametrize(
    ("row", "says"),
    [
        pytest.param(changed(UNIT_AFFECTED_NBR="some"), "line 9: 'some' is no number", id="units"),
        pytest.param(changed(UNIT_AFFECTED_NBR="0.00"), "is no number from 1", id="none affected"),
        pytest.param(changed(YEAR="24"), "is no number from 1950", id="year"),
        pytest.param(changed(RECALL_NUMBER_NUM=""), "has no number", id="number"),
        pytest.param(changed(COMMENT_ETXT=" "), "no English text", id="text"),
    ],
)
def test_a_row_that_cannot_be_read_refuses_the_file(tmp_path: Path, row: tuple[str, ...], says: str):
    """A row without what a recall needs is named by its line."""
    with pytest.raises(SourceRefused, match=says):
        read_recalls(write(tmp_path, row))


def test_other_units_in_another_row_refuse_the_file(tmp_path: Path):
    """Rows of one recall that differ in the units affected are not silently one or the other."""
    with pytest.raises(SourceRefused, match="other units affected"):
        read_recalls(write(tmp_path, ROW, changed(UNIT_AFFECTED_NBR="99")))


def test_another_file_is_refused(tmp_path: Path):
    """A file without the publisher's columns, or with no row, is refused by name."""
    with pytest.raises(SourceRefused, match="lacks the column YEAR"):
        read_recalls(write(tmp_path, ROW[:1], columns=COLUMNS[:1]))
    with pytest.raises(SourceRefused, match="has no recall"):
        read_recalls(write(tmp_path))


def test_vehicles_are_valid_and_nobodys():
    """Every made-up VIN has a right check digit and a code that no maker has."""
    found = list(members(recall(ENGLISH, 12, Model("A", "ONE", 2009), Model("A", "TWO", 2010)), 8))

    assert len(set(found)) == 8
    assert all(assess_vin(vin, VinPolicy.STRICT).problems == () for vin in found)
    assert {vin[:3] for vin in found} == {MAKER_CODE}
    assert not any(bundled_wmi_table().maker_of(vin) for vin in found)


def test_one_car_is_in_several_recalls():
    """Two recalls of one model and year have vehicles in common."""
    other = recall(ENGLISH, 2, Model("MAKER", "MODEL A", 2024), Model("MAKER", "MODEL B", 2024))

    assert set(members(recall(), 4)) & set(members(other, 4))


def test_the_source_s_headings_cut_its_text():
    """Issue, risk and correction become the texts of the plan, and what the source lacks is marked as derived."""
    texts = plan_texts(recall(), MEMBERS_MAX)

    assert (texts["defect"], texts["hazard"], texts["remedy"]) == (
        "The hose may crack.",
        "It may burn.",
        "It is replaced.",
    )
    assert str(texts["emergency_advice"]).startswith(DERIVED)


@pytest.mark.parametrize(
    ("english", "level"),
    [
        ("The hose may crack. It may burn. Correction: Replaced.", "normal"),
        ("Issue: A. Safety Risk: B. Corrective Action: The maker says you should not drive it.", "do_not_drive"),
        ("Issue: A. Safety Risk: B. Corrective actions: You should park your vehicle outdoors.", "park_outside"),
    ],
)
def test_a_text_in_any_of_the_source_s_forms_is_whole(english: str, level: str):
    """Every mandatory text is there, and the hazard level follows what the correction says."""
    texts = plan_texts(recall(english), MEMBERS_MAX)

    assert texts["hazard_level"] == level
    assert all(texts[name] for name in ("defect", "hazard", "emergency_advice", "remedy"))


def test_every_campaign_is_marked(app: HubApp):
    """Number and title of a loaded campaign say that it is synthetic, and no authority's number stands there."""
    load_recalls(app, (recall(),), 3, is_quiet=True)

    with app.hub.store.read() as snapshot:
        values = require_campaign(app.hub, snapshot, MARK + "2030001").values
    assert str(values["title"]).startswith(TITLE_MARK)
    assert not values.get("authority_no")
    assert ATTRIBUTION in str(values["scope"])


def test_a_load_publishes_through_the_product(app: HubApp):
    """The campaign has the made-up vehicles, and its French text lies under the hash that the scope names."""
    load_recalls(app, (recall(),), 3, is_quiet=True)

    with app.hub.store.read() as snapshot:
        campaign = require_campaign(app.hub, snapshot, MARK + "2030001")
    name = hashlib.sha256(french_document(recall())).digest()
    assert sorted(members_of(app.segments, campaign)) == sorted(members(recall(), 3))
    assert name.hex() in str(campaign.values["scope"])
    assert json.loads(app.plans.kept(name) or b"")["text"] == FRENCH


def test_a_load_puts_the_cars_on_the_lists_of_nodes(app: HubApp):
    """What every dealer's machine asks for has the made-up vehicles, without another command."""
    load_recalls(app, (recall(),), 3, is_quiet=True)

    made = make_lists(app.hub, app.segments, app.lists)

    assert made.changed == 0
    assert [(one.kind, one.members) for one in made.facts if one.members] == [("members", 3)]


def test_loading_again_changes_nothing(app: HubApp):
    """A second load of the same file writes no new version."""
    load_recalls(app, (recall(),), 3, is_quiet=True)

    again = load_recalls(app, (recall(),), 3, is_quiet=True)

    assert (again.published, again.unchanged) == (0, 1)
    assert [one.plan_version for one in list_campaigns(app.hub, app.plans)] == [1]


def test_a_hub_with_a_real_campaign_is_left_alone(app: HubApp):
    """Nothing synthetic is put beside a campaign that may be real."""
    import_plan(app.hub, app.segments, app.plans, plan())
    publish_campaign(app.hub, app.segments, app.plans, "S2026M0001")

    with pytest.raises(SourceRefused, match="not synthetic"):
        load_recalls(app, (recall(),), 3, is_quiet=True)

    assert len(list_campaigns(app.hub, app.plans)) == 1
