"""Lists out and former systems in, at the pages."""

import csv
import errno
import io
from pathlib import Path

import httpx
import openpyxl
import pytest

from carnet_node.adapters.system import run_blocking
from carnet_node.adapters.uploads import drop_upload, find_upload, put_upload
from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.desk_limits import SESSION_IDLE_MS
from carnet_node.core.exchange.import_columns import COLUMNS
from carnet_node.core.exchange.lists import LISTS
from carnet_node.core.saving.desk import save
from carnet_node.core.showing.views import list_records
from carnet_node.core.staff.access_log import accesses_of
from carnet_node.entrypoints.pages.import_sheets import ImportRun
from carnet_node.entrypoints.pages.labels import LIST_COLUMNS
from carnet_node.entrypoints.pages.page import Pages
from carnet_node.entrypoints.pages.registry_words import FIELDS
from carnet_node.entrypoints.web.desk import Desk
from carnet_node.entrypoints.web.guards import LOOPBACK_NAMES
from carnet_protocol.errors import BadValue
from carnet_protocol.kinds import CUSTOMER
from carnet_storage.core.failures import DiskFull
from support.browsing import Visitor
from support.node_builder import TestClock
from support.shared_api import shared_api
from support.staffed import Site, hire_with_password

FILE = "客户编号,姓名,手机,会员等级\nK1,赵一鸣,13900001111,金\nK2,,13900002222,银\n"


@pytest.fixture
def desk(site: Site, tmp_path: Path) -> Visitor:
    """The administrator's browser, in English, at a node that takes files."""
    desk = Desk(site.node, run_blocking, hasher=site.hasher, uploads=tmp_path / "imports")
    api = shared_api(desk, hosts=LOOPBACK_NAMES, token="for programs")
    return Visitor(site.node, api).with_session(site.session.token).in_english()


class NoRoom(io.BytesIO):
    """A file for which there is no room."""

    def read(self, _size: int | None = -1, /) -> bytes:
        """What writing it would say."""
        raise OSError(errno.ENOSPC, "No space left on device")


def a_customer(site: Site, name: str) -> None:
    """A person with a phone."""
    command = AddCustomer({"party_kind": "person", "full_name": name}, [{"number": "13800138000"}])
    save(site.as_admin, lambda new_id: add_customer(command, new_id))


def sheet_of(answered: httpx.Response) -> list[tuple[object, ...]]:
    """Rows of the one sheet of a workbook."""
    book = openpyxl.load_workbook(io.BytesIO(answered.content))
    return list(book.worksheets[0].values)


def pages_of(desk: Visitor) -> Pages:
    """What the pages of a node share."""
    assert desk.api is not None
    pages: Pages = desk.api.state.pages
    return pages


def uploaded(desk: Visitor, content: str, name: str = "old.csv") -> httpx.Response:
    """What sending a file says."""
    token = desk.open("/exchange").split('data-token="')[1].split('"')[0]
    return desk.ask("POST", "/exchange/import", data={"token": token}, files={"file": (name, content.encode())})


def test_a_list_is_taken_out_masked_and_noted(site: Site, desk: Visitor):
    """The workbook speaks the reader's language, hides names, and the access log says who and how many."""
    a_customer(site, "王小明")

    answered = desk.submit(desk.open("/exchange"), "/exchange/export/customers", {"personal": ""})

    rows = sheet_of(answered)
    assert ("Name" in rows[0], "Person" in rows[1], "王小明" in rows[1]) == (True, True, False)
    assert answered.headers["content-disposition"].startswith('attachment; filename="SHA01-customers-')
    noted = accesses_of(site.node, site.admin)
    assert [(one.access.value, one.row_count) for one in noted] == [("exported", 1)]


def test_a_name_that_looks_like_a_formula_stays_text(site: Site, desk: Visitor):
    """What somebody entered runs nothing in an office."""
    a_customer(site, '=HYPERLINK("http://evil.example")')

    answered = desk.submit(desk.open("/exchange"), "/exchange/export/customers", {"personal": "1"})

    book = openpyxl.load_workbook(io.BytesIO(answered.content))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row]
    assert [cell.data_type for cell in cells if str(cell.value).startswith("=")] == ["s"]


def test_an_advisor_takes_no_list_out(site: Site, desk: Visitor):
    """Neither the button nor the address."""
    advisor = desk.as_session(hire_with_password(site, "A20", "advisor").token)
    page = advisor.open("/exchange")
    token = page.split('data-token="')[1].split('"')[0]

    answered = advisor.ask("POST", "/exchange/export/customers", data={"token": token})

    assert "/exchange/export/" not in page
    assert answered.status_code == 422
    assert accesses_of(site.node, None) == ()


def test_a_file_is_looked_at_before_anything_is_taken_over(site: Site, desk: Visitor):
    """The preview says what each row would become, in words, and nothing is recorded."""
    sent = uploaded(desk, FILE)

    page = desk.open("/exchange/import")

    assert (sent.status_code, sent.headers["location"]) == (303, "/exchange/import")
    assert "赵一鸣" in page
    assert "姓名: A person needs a name. Fill it in." in page
    assert "Not taken over: 会员等级" in " ".join(page.split())
    assert list_records(site.node, CUSTOMER, after=None, limit=10).records == ()


@pytest.mark.parametrize(
    ("content", "chinese"),
    [
        pytest.param("客户编号,姓名,生日\nK1,赵一鸣,someday\n", "应为日期，如 2024-03-07", id="a cell"),
        pytest.param("客户编号,姓名,生日\nK1,赵一鸣\n,钱二\n", "须为 1 至 200 个字符", id="a number that is missing"),
        pytest.param("甲,乙\n1,2\n", "标题不符合任何一种文件", id="headers of nothing"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_chinese(site: Site, desk: Visitor, content: str, chinese: str):
    """A Chinese page says it without an English sentence."""
    uploaded(desk, content)
    reader = Visitor(site.node, desk.api).with_session(site.session.token)

    page = reader.open("/exchange/import")

    assert chinese in page


def test_a_file_is_taken_over_and_says_what_was_left_out(site: Site, desk: Visitor):
    """Good rows are recorded, the others come back in a file with their reasons."""
    uploaded(desk, FILE)
    page = desk.open("/exchange/import")

    desk.submit(page, "/exchange/import/run", {})
    done = desk.open("/exchange/import")
    rejected = desk.ask("GET", "/exchange/import/rejected.csv")

    names = [one.values["full_name"] for one in list_records(site.node, CUSTOMER, after=None, limit=10).records]
    assert names == ["赵一鸣"]
    assert "<h1>The import is finished</h1>" in done
    assert [row[2] for row in csv.reader(io.StringIO(rejected.text))][1:] == ["K2"]


def test_a_meaning_that_was_given_to_a_column_is_remembered(desk: Visitor):
    """What a header means is said once for a former system."""
    uploaded(desk, "编号,谁,手机\nK1,赵一鸣,13900001111\n")
    page = desk.open("/exchange/import?kind=customers")

    answered = desk.submit(page, "/exchange/import/mapping", {"columns[1].name": "full_name"})
    again = desk.open(answered.headers["location"])

    assert "赵一鸣" in again
    assert "Take over 1 row" in again


@pytest.mark.parametrize("name", ["old.exe", "old", "../../etc/passwd"])
def test_a_file_of_another_sort_is_refused(desk: Visitor, tmp_path: Path, name: str):
    """Only tables are taken, and no name of a sender becomes a path."""
    answered = uploaded(desk, FILE, name)

    assert answered.status_code == 422
    assert find_upload(tmp_path / "imports") is None


def test_an_upload_without_the_token_is_turned_away(desk: Visitor, tmp_path: Path):
    """A file is a write like any other."""
    answered = desk.ask("POST", "/exchange/import", files={"file": ("old.csv", b"x")})

    assert (answered.status_code, find_upload(tmp_path / "imports")) == (403, None)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        pytest.param({"sheet": "1"}, 404, id="a sheet beyond the last"),
        pytest.param({"sheet": "-1"}, 404, id="a sheet before the first"),
        pytest.param({"sheet": "one"}, 404, id="a sheet without a number"),
        pytest.param({"kind": "horses"}, 422, id="rows of another sort"),
        pytest.param({"kind": ""}, 422, id="rows of no sort"),
    ],
)
@pytest.mark.parametrize("step", ["run", "mapping"])
def test_a_form_that_is_none_of_ours_is_refused(
    site: Site, desk: Visitor, step: str, said: dict[str, str], status: int
):
    """What the page never offers is refused in words, and nothing is taken over."""
    uploaded(desk, FILE)
    page = desk.open("/exchange/import?kind=customers")

    answered = desk.submit(page, f"/exchange/import/{step}", said)

    assert answered.status_code == status
    assert list_records(site.node, CUSTOMER, after=None, limit=10).records == ()
    assert "Take over 1 row" in desk.open("/exchange/import?kind=customers")


@pytest.mark.parametrize("step", ["run", "drop"])
def test_while_an_import_runs_nobody_begins_another_or_drops_its_file(desk: Visitor, tmp_path: Path, step: str):
    """One at a time; the one that runs goes on over the same file."""
    uploaded(desk, FILE)
    page = desk.open("/exchange/import")
    running = ImportRun(total=2)
    pages_of(desk).import_run = running

    answered = desk.submit(page, f"/exchange/import/{step}", {})

    assert answered.status_code == 503
    assert pages_of(desk).import_run is running
    assert find_upload(tmp_path / "imports") is not None


def test_while_an_import_runs_no_file_takes_the_place_of_its_own(desk: Visitor, tmp_path: Path):
    """A second upload waits until the first one is through."""
    uploaded(desk, FILE)
    pages_of(desk).import_run = ImportRun(total=2)

    answered = uploaded(desk, "another", "another.xlsx")

    path = find_upload(tmp_path / "imports")
    assert answered.status_code == 503
    assert path is not None
    assert path.read_text(encoding="utf-8") == FILE


def test_an_import_that_broke_off_is_not_called_done_and_well(desk: Visitor, tmp_path: Path):
    """The rows that are left out cannot be written down: the page says that something went wrong."""
    uploaded(desk, FILE)
    page = desk.open("/exchange/import")
    (tmp_path / "imports" / "rejected.csv").mkdir()

    desk.submit(page, "/exchange/import/run", {})

    assert "Something unexpected went wrong" in desk.open("/exchange/import")


def test_an_import_that_runs_keeps_no_screen_awake(site: Site, desk: Visitor):
    """The page looks by itself how far it is; whoever has left the counter finds it locked all the same."""
    assert isinstance(site.node.clock, TestClock)
    pages_of(desk).import_run = ImportRun(total=2)
    site.node.clock.ms += SESSION_IDLE_MS - 1
    assert "data-refresh" in desk.open("/exchange/import")
    site.node.clock.ms += 1

    answered = desk.ask("GET", "/exchange/import")

    assert (answered.status_code, answered.headers["location"]) == (303, "/locked?to=/exchange/import")


def test_an_advisor_does_not_see_the_file_of_a_former_system(site: Site, desk: Visitor):
    """Whoever may not import is not shown what was sent for it, not even its headers."""
    uploaded(desk, FILE)
    advisor = desk.as_session(hire_with_password(site, "A20", "advisor").token)

    answered = advisor.ask("GET", "/exchange/import")

    assert answered.status_code == 422
    assert "会员等级" not in answered.text


def test_starting_over_takes_the_file_away(desk: Visitor, tmp_path: Path):
    """Personal data of a former system does not lie about."""
    uploaded(desk, FILE)

    desk.submit(desk.open("/exchange/import"), "/exchange/import/drop", {})

    assert list((tmp_path / "imports").iterdir()) == []


def test_an_upload_is_private_and_replaces_the_one_before(tmp_path: Path):
    """One file at a time, which nobody else on the machine may read."""
    put_upload(tmp_path, io.BytesIO(b"a,b"), "first.xlsx")

    path = put_upload(tmp_path, io.BytesIO(b"a,b"), "second.CSV")

    assert find_upload(tmp_path) == path
    assert path.stat().st_mode & 0o777 == 0o600
    drop_upload(tmp_path)
    assert find_upload(tmp_path) is None


def test_a_refused_upload_leaves_the_one_before(tmp_path: Path):
    """A wrong file costs nothing."""
    path = put_upload(tmp_path, io.BytesIO(b"a,b"), "first.csv")

    with pytest.raises(BadValue):
        put_upload(tmp_path, io.BytesIO(b"x"), "program.exe")

    assert find_upload(tmp_path) == path


def test_an_upload_that_breaks_off_leaves_the_one_before(tmp_path: Path):
    """A full disk or a line that goes costs the new file only, and nothing half is left."""
    path = put_upload(tmp_path, io.BytesIO(b"a,b"), "first.csv")

    with pytest.raises(DiskFull):
        put_upload(tmp_path, NoRoom(), "second.xlsx")

    assert (find_upload(tmp_path), path.read_bytes()) == (path, b"a,b")
    assert list(tmp_path.iterdir()) == [path]


def test_every_column_that_goes_in_or_out_has_a_word():
    """No list and no preview shows the registry's own names."""
    names = {name for columns in COLUMNS.values() for name in columns}
    names |= {column.name for one in LISTS.values() for column in one.columns}

    assert names - FIELDS.keys() - LIST_COLUMNS.keys() == set()
