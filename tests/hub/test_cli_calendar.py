"""`carnet-hub calendar`: what is known, a newer file, the last day of a term."""

from importlib import resources
from pathlib import Path

import pytest

from support.hub_cli import Printed, call, told

SHIPPED = resources.files("carnet_hub").joinpath("data", "working_days_cn.toml").read_text(encoding="utf-8")
NEXT_YEAR = '\n[years.2027]\noff = ["01-01"]\nworked = ["01-03"]\n'


def test_the_last_day_of_a_term_is_told(data: Path, capsys: Printed):
    """`deadline` counts working days by the notices."""
    found = told(capsys, data, "calendar", "deadline", "2026-09-30", "5")

    assert found == {"day": "2026-10-13", "is_provisional": False}


def test_a_year_that_was_added_counts(data: Path, capsys: Printed, tmp_path: Path):
    """After `import` a term that reaches into the new year is no longer provisional."""
    newer = tmp_path / "newer.toml"
    newer.write_text(SHIPPED + NEXT_YEAR, encoding="utf-8")

    told(capsys, data, "calendar", "import", newer)

    found = told(capsys, data, "calendar", "deadline", "2026-12-30", "2")
    assert found == {"day": "2027-01-03", "is_provisional": False}


@pytest.mark.parametrize(
    "content",
    [NEXT_YEAR.encode(), b'version = "1"\ncountry = "cn"\n' + NEXT_YEAR.encode(), SHIPPED.encode("utf-16")],
    ids=["no calendar", "years left out", "no UTF-8"],
)
def test_a_file_that_cannot_count_leaves_the_present_one(data: Path, capsys: Printed, tmp_path: Path, content: bytes):
    """`import` refuses and nothing changes."""
    source = tmp_path / "newer.toml"
    source.write_bytes(content)
    before = told(capsys, data, "calendar", "show")

    code = call(data, "calendar", "import", source)

    capsys.readouterr()
    assert (code, told(capsys, data, "calendar", "show")) == (1, before)


@pytest.mark.parametrize(
    "arguments",
    [
        ("deadline", "30.9.2026", "5"),
        ("deadline", "2026-09-30", "0"),
        ("show", "--country", "xx"),
        ("show", "--country", "../cn"),
    ],
)
def test_what_cannot_be_counted_is_refused(data: Path, capsys: Printed, arguments: tuple[str, ...]):
    """A date, a length or a country that is none."""
    assert call(data, "calendar", *arguments) == 1
