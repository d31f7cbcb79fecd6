"""docs/matching.md tells stewards of every key, tier and cause there is."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from carnet_master.clusters import Refusal
from carnet_master.keys import Block
from carnet_master.limits import BLOCK_RECORDS_MAX
from carnet_master.model import shipped_model
from carnet_master.tiers import Cause, Mode, Tier

PAGE = (Path(__file__).parents[2] / "docs" / "matching.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([A-Za-z0-9_]+)`", PAGE))


@pytest.mark.parametrize("codes", [Block, Tier, Cause, Mode, Refusal], ids=lambda codes: codes.__name__)
def test_every_code_stands_on_the_page(codes: type[StrEnum]):
    """A steward finds each letter and code with what it means."""
    assert {one.value for one in codes} <= NAMED


def test_the_page_names_the_bound_of_a_generic_value():
    """How many records may share a value is said as it is."""
    assert f"more than {BLOCK_RECORDS_MAX} records share is generic" in PAGE


@pytest.mark.parametrize("party_kind", ["person", "company"])
def test_the_page_tells_what_each_level_of_the_shipped_models_is_worth(party_kind: str):
    """A steward reads the bits of every level as the models in the package have them."""
    levels = [level for one in shipped_model(party_kind).comparisons for level in one.levels if level.number >= 0]

    missing = [told for level in levels if (told := f"{level.label} {level.weight:+.1f}") not in PAGE]

    assert missing == []
