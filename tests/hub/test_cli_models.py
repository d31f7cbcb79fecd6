"""A person looks at a matching model, signs it, lets it weigh and takes it out of use again, at the command line."""

import json
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest

from carnet_master.model import shipped_model
from carnet_protocol.ids import record_text
from contract.hub_models import other_model
from support.authors import SiteAuthor
from support.hub_cli import Printed, call, enrol, push, refused, told
from support.hub_world import customer
from support.protocol import record

BY = ("--by", "op-1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A model that somebody has trained."""
    path = tmp_path / "person.json"
    path.write_bytes(other_model())
    return path


@pytest.fixture
def site(data: Path, tmp_path: Path, capsys: Printed) -> SiteAuthor:
    """A dealer site with an enrolled node."""
    return enrol(capsys, data, tmp_path).author()


def listed(capsys: Printed, data: Path) -> list[tuple[Any, ...]]:
    """Kind of party, first digits of the model and whether it is in use, as `list` prints it."""
    return [
        (one["party_kind"], one["model"][:8], one["in_use"]) for one in told(capsys, data, "master", "model", "list")
    ]


def test_a_model_goes_from_a_file_into_use_and_out(data: Path, file: Path, capsys: Printed):
    """`check`, `sign`, `activate` and `retire` follow each other, and `list` says who did what."""
    model = told(capsys, data, "master", "model", "check", file)["model"]
    told(capsys, data, "master", "model", "sign", file)

    told(capsys, data, "master", "model", "activate", file, *BY, "--yes")
    during = listed(capsys, data)
    told(capsys, data, "master", "model", "retire", "person", *BY, "--yes")

    assert during == [("person", model[:8], True), ("company", "shipped", True)]
    assert listed(capsys, data) == [
        ("person", "shipped", True),
        ("person", model[:8], False),
        ("company", "shipped", True),
    ]


def test_a_model_that_nobody_signed_is_not_activated(data: Path, file: Path, capsys: Printed):
    """Without FILE.sig the command says that the model has to be signed first."""
    told_off = refused(capsys, data, "master", "model", "activate", file, *BY, "--yes")

    assert "master model sign" in str(told_off["next"])
    assert listed(capsys, data) == [("person", "shipped", True), ("company", "shipped", True)]


def test_a_signature_that_was_changed_is_refused(data: Path, file: Path, capsys: Printed):
    """One digit of FILE.sig another, and the model in use stays."""
    told(capsys, data, "master", "model", "sign", file)
    signature = file.with_name("person.json.sig")
    digits = signature.read_text()
    signature.write_text(("0" if digits[0] != "0" else "1") + digits[1:])

    told_off = refused(capsys, data, "master", "model", "activate", file, *BY, "--yes")

    assert (told_off["code"], listed(capsys, data)[0]) == ("model-refused", ("person", "shipped", True))


def test_an_activation_is_asked_for(data: Path, file: Path, capsys: Printed):
    """A program that does not say `--yes` activates nothing."""
    told(capsys, data, "master", "model", "sign", file)

    refused(capsys, data, "master", "model", "activate", file, *BY)

    assert listed(capsys, data)[0] == ("person", "shipped", True)


def test_a_shown_model_tells_what_agreement_is_worth(data: Path, capsys: Printed):
    """`show` lists each level with its bits, for the model in use."""
    shown = told(capsys, data, "master", "model", "show", "company")

    assert (shown["model"], shown["levels"][1]["bits"]) == (shipped_model("company").id.hex(), 15.1)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b'{"a": 1}'], ids=["empty", "a list", "no text", "other"])
def test_a_file_that_is_no_model_is_refused(data: Path, tmp_path: Path, capsys: Printed, content: bytes):
    """`check` says what is wrong with a file of any content, and ends with 1."""
    (tmp_path / "x.json").write_bytes(content)

    assert refused(capsys, data, "master", "model", "check", tmp_path / "x.json")["code"] == "model-refused"


def test_everybody_is_weighed_once_more(data: Path, site: SiteAuthor, capsys: Printed):
    """`weigh` says how many customers it has looked at, and that there was nothing new."""
    push(data, site, customer("first", full_name="测试甲"), customer("second", full_name="测试乙"))

    assert told(capsys, data, "master", "weigh") == {
        "weighed": 2,
        "decided": 0,
        "is_resumed": False,
        "unweighed": [],
    }


def with_damaged_rows(data: Path, site: SiteAuthor) -> set[str]:
    """Two customers of one WeChat name whose features nobody can open, beside a third; the ids of the two."""
    told_of = [customer(name, full_name="测试甲", wechat="wx_test_01") for name in ("first", "second")]
    push(data, site, *told_of, customer("third", full_name="测试乙"))
    with closing(connect(data / "hub.db")) as database, database:
        database.execute("UPDATE party SET features = x'00' WHERE customer <> ?", (record("third"),))
    return {record_text(record(name)) for name in ("first", "second")}


def test_a_sweep_names_whom_it_could_not_weigh(data: Path, site: SiteAuthor, capsys: Printed):
    """Exit code 4, the ids of those that nobody could open, and how many were weighed."""
    damaged = with_damaged_rows(data, site)

    code = call(data, "master", "weigh", "--json")

    printed = json.loads(capsys.readouterr().out)
    assert (code, printed["weighed"], set(printed["unweighed"])) == (4, 1, damaged)


def test_a_person_reads_whom_a_sweep_could_not_weigh(data: Path, site: SiteAuthor, capsys: Printed):
    """Without `--json` a sweep says on whom the matcher failed, what is safe and what to do next, and names nobody."""
    damaged = with_damaged_rows(data, site)

    call(data, "master", "weigh")

    printed = capsys.readouterr()
    assert all(one in printed.out for one in damaged)
    assert "tries these again" in printed.out
    assert "测试" not in printed.out + printed.err


def test_a_changed_mode_points_at_the_sweep(data: Path, site: SiteAuthor, capsys: Printed):
    """Whoever raises the mode reads that customers who are here already are weighed by `weigh`."""
    call(data, "master", "mode", "all", "--by", "op-1")

    assert "`master weigh`" in capsys.readouterr().out


def test_the_models_are_told_as_a_table(data: Path, capsys: Printed):
    """`list` without `--json` prints a line for each kind of party."""
    assert call(data, "master", "model", "list") == 0

    printed = capsys.readouterr().out
    assert ("person" in printed, "company" in printed, json.dumps({}) in printed) == (True, True, False)
