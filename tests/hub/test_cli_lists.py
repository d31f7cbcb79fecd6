"""Recall lists at the hub's command line and at its door."""

import asyncio
import json
from pathlib import Path

from carnet_hub.core.campaigns.offline_lists import make_lists
from carnet_hub.core.count_rows import CountRow
from carnet_hub.core.log.rebuild import rebuild_projections
from carnet_hub.entrypoints.http.app import create_api
from carnet_protocol.recall_doubt import UnknownBecause
from carnet_protocol.recall_lists import ListKind, read_manifest
from carnet_protocol.segments import decode_segment
from support.campaigns import publish
from support.hub_apps import make_hub
from support.hub_cli import VINS, Printed, call, campaign_folder, told
from support.hub_http import headers, problem, request
from support.recall_world import RecallWorld


def test_lists_are_made_and_shown(data: Path, tmp_path: Path, capsys: Printed):
    """Publishing makes the lists of its recall; the command makes all and writes them to a workbook."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", "S2026M0001")
    book = tmp_path / "lists.xlsx"

    made = told(capsys, data, "recalls", "lists", "--xlsx", book)

    assert made["changed"] == 0
    assert [(one["campaign_no"], one["kind"], one["members"]) for one in made["facts"]] == [
        ("S2026M0001", "members", 3)
    ]
    assert book.stat().st_size > 0


def test_a_file_of_cars_is_checked(data: Path, tmp_path: Path, capsys: Printed):
    """Each number of the file has its answer, with the day of the lists."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", "S2026M0001")
    (tmp_path / "stock.txt").write_text(f"{VINS[0]}\nJZX100-1234567\n", encoding="utf-8")

    found = told(capsys, data, "recalls", "check", tmp_path / "stock.txt")

    assert [(row["identifier"], row["state"], row["open"], row["because"]) for row in found["rows"]] == [
        (VINS[0], "hit", ["S2026M0001"], None),
        ("JZX1001234567", "unknown", [], UnknownBecause.NO_VIN),
    ]
    assert (found["hit"], found["clear"], found["unknown"]) == (1, 0, 1)


def test_people_are_shown_every_car_that_is_not_clear(data: Path, tmp_path: Path, capsys: Printed):
    """One that is unknown stands beside its reason, under the same heading as a hit."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", "S2026M0001")
    (tmp_path / "stock.txt").write_text(f"{VINS[0]}\nhello\n", encoding="utf-8")

    assert call(data, "recalls", "check", tmp_path / "stock.txt") == 0

    printed = capsys.readouterr().out
    assert all(word in printed for word in ("not clear: 2", "HELLO", "1 hit, 0 clear, 1 unknown"))


def published(capsys: Printed, data: Path, tmp_path: Path) -> list[Path]:
    """A published campaign with its lists; the files of its members."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    told(capsys, data, "recalls", "publish", "S2026M0001")
    return list((data / "segments").iterdir())


def test_a_campaign_without_its_list_is_named(data: Path, tmp_path: Path, capsys: Printed):
    """The command says which lists it did not make and what to do, and ends with exit code 4; then it heals."""
    (path,) = published(capsys, data, tmp_path)
    content = path.read_bytes()
    path.unlink()

    code = call(data, "recalls", "lists", "--json")

    made = json.loads(capsys.readouterr().out)
    assert (code, [one["campaign_no"] for one in made["late"]]) == (4, ["S2026M0001"])
    assert call(data, "recalls", "lists") == 4
    assert "Lists of S2026M0001 not made: Segment" in capsys.readouterr().out
    path.write_bytes(content)
    assert told(capsys, data, "recalls", "lists")["late"] == []


def test_a_plan_is_published_though_its_lists_are_not(data: Path, tmp_path: Path, capsys: Printed):
    """The command says both, and what to do next; what it said of the plan stands."""
    told(capsys, data, "recalls", "import", campaign_folder(tmp_path))
    (data / "lists").write_bytes(b"a file where a folder belongs")

    code = call(data, "recalls", "publish", "S2026M0001", "--json")

    printed = json.loads(capsys.readouterr().out)
    (late,) = printed["lists_not_made"]
    (listed,) = told(capsys, data, "recalls", "list")
    assert (code, printed["plan_version"], listed["state"]) == (4, 1, "published")
    assert late.startswith("Lists not made: ")
    assert late.endswith("Then run `recalls lists`.")


def test_a_node_reads_the_manifest_and_the_files_it_names(tmp_path: Path):
    """Signed by the hub, for an enrolled node; before lists were made there is nothing."""
    hub = make_hub(tmp_path / "hub")
    desk = hub.enrol("desk", "A001")
    publish(hub, VINS)
    asked = headers(hub, desk)
    before = request(hub, "GET", "/v1/recall-lists", headers=asked)
    app = hub.app
    make_lists(app.hub, app.segments, app.lists)

    manifest = read_manifest(
        request(hub, "GET", "/v1/recall-lists", headers=asked).content, app.hub.public_key, app.hub.hub_id
    )

    (entry,) = manifest.entries
    name = entry.segments[0].sha256.hex()
    members = decode_segment(request(hub, "GET", f"/v1/segments/{name}", headers=asked).content)
    assert problem(before) == (404, "not-found")
    assert (entry.kind, set(members)) == (ListKind.MEMBERS, set(VINS))
    assert problem(request(hub, "GET", "/v1/recall-lists")) == (401, "bad-token")


def test_a_damaged_member_list_is_told_as_one_that_is_not_here(tmp_path: Path):
    """A node goes on with its other lists then, and asks again in its next round."""
    hub = make_hub(tmp_path / "hub")
    desk = hub.enrol("desk", "A001")
    publish(hub, VINS)
    (path,) = hub.app.settings.segments_dir.iterdir()
    path.write_bytes(b"damaged")

    answered = request(hub, "GET", f"/v1/segments/{path.stem}", headers=headers(hub, desk))

    assert problem(answered) == (404, "not-found")


def test_the_service_counts_and_lists_a_campaign_whose_list_is_back(tmp_path: Path):
    """Nobody has to give a command: both heal while it runs."""
    world = RecallWorld.begun(tmp_path)
    app = world.hub.app
    (path,) = app.settings.segments_dir.iterdir()
    content = path.read_bytes()
    path.unlink()
    rebuild_projections(app.hub)

    def told() -> tuple[bool, int]:
        """Whether the campaign is counted, and how many campaigns are late."""
        with app.hub.store.read() as snapshot:
            (count,) = snapshot.scan(CountRow)
        return count.is_whole, len(app.lists.late())

    async def looked_after() -> list[tuple[bool, int]]:
        """What is told while the list is missing, and when it is back."""
        api = create_api(app)
        seen: list[tuple[bool, int]] = []
        async with api.router.lifespan_context(api):
            for act in (lambda: None, lambda: path.write_bytes(content)):
                act()
                for _ in range(20):
                    await asyncio.sleep(0)
                seen.append(told())
        return seen

    assert asyncio.run(looked_after()) == [(False, 1), (True, 0)]
