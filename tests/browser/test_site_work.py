"""What a site does now and then, in a real browser: lists out, a former system in, a departure, a hub."""

import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, expect

from browser.front_desk import PLATE, SIZES, FrontDesk, furnish, screens_of
from browser.inspection import grave_problems
from browser.moves import look_at_former_system, take_former_system_over, write_former_system
from support.programs import Service, free_port, must_run, run_here, running
from support.staffed import PASSWORD
from support.vins import make_vin, make_vins

pytestmark = pytest.mark.xdist_group("browser")
"""One worker drives the browser; see `conftest.chromium`."""

CAMPAIGN = "R2026-001"
WITHOUT_FILE = make_vin("LSV", 77)
"""The number of a car that the recall lists and nobody has on file."""

RECALL_WORDS = {
    "zh_CN": ("无人接听", "未完成的召回", "已完成的召回"),
    "en": ("No answer", "Open recall", "Recalls done"),
}
"""What is said of a call, of a recall, and of one that was done."""

LOADED_MS = 30_000
"""How long a round may take on a machine that does much else; the strip follows by itself."""


@pytest.mark.parametrize(
    ("language", "heading", "noted"), [("zh_CN", "客户类别", "导出"), ("en", "Person or company", "xported")]
)
def test_a_list_is_taken_out_as_a_workbook(desk: FrontDesk, language: str, heading: str, noted: str):
    """One click downloads the customers, masked, with headings in the reader's language; and it is noted who did."""
    desk.speak(language)
    desk.go("/exchange")

    with desk.page.expect_download() as awaited:
        desk.page.click("form[action='/exchange/export/customers'] button >> nth=0")
    sheet = openpyxl.load_workbook(BytesIO(Path(awaited.value.path()).read_bytes())).active
    desk.go("/staff/accesses")

    assert sheet is not None
    cells = [str(cell.value) for row in sheet.iter_rows() for cell in row]
    assert any(cell.startswith(heading) for cell in cells)
    assert not {"王小明", "13800138000", "+8613800138000"} & set(cells)
    assert noted in desk.page.inner_text("main table")


@pytest.mark.parametrize(("language", "noted"), [("zh_CN", "客户列表 (未遮盖)"), ("en", "customers (in full)")])
def test_a_list_in_full_says_so_in_its_name_and_in_the_log(desk: FrontDesk, language: str, noted: str):
    """Both files of one list differ by name, and who took which is told apart."""
    desk.speak(language)
    desk.go("/exchange")

    with desk.page.expect_download() as awaited:
        desk.page.click("form[action='/exchange/export/customers']:has([name=personal]) button")
    desk.go("/staff/accesses")

    assert "-customers-in-full-" in awaited.value.suggested_filename
    assert noted in desk.page.inner_text("main table")


def test_what_could_be_wrong_is_said_in_chinese(desk: FrontDesk):
    """The examination of the machine has no English words but the names of programs; what is for its keeper says so."""
    desk.go("/sync")
    desk.page.click("form[action='/sync/examine'] button")
    desk.page.wait_for_selector("[data-grade]")
    said = desk.page.inner_text("ul:has([data-grade])")

    assert set(re.findall("[A-Za-z]{2,}", said)) <= {"SQLite", "GB", "carnet", "node", "sync"}
    assert "请转告负责本机的人： 请设置备份目标" in said


@pytest.mark.parametrize(("language", "reason"), [("zh_CN", "个人客户需要姓名"), ("en", "A person needs a name")])
def test_a_former_system_is_taken_over_from_a_workbook(desk: FrontDesk, tmp_path: Path, language: str, reason: str):
    """The rows are shown as they would become, then taken over; what is left out comes back with its reason."""
    desk.speak(language)
    look_at_former_system(desk, write_former_system(tmp_path))
    preview = desk.page.locator("section table").inner_text()
    take_former_system_over(desk)
    with desk.page.expect_download() as awaited:
        desk.page.click("a[href='/exchange/import/rejected.csv']")
    rejected = Path(awaited.value.path()).read_text(encoding="utf-8-sig")
    found = desk.search("赵一鸣")

    assert "赵一鸣" in preview
    assert ("K2" in rejected, reason in rejected) == (True, True)
    assert "K1" not in rejected
    assert "赵一鸣" in found


def test_somebody_who_leaves_is_out_at_once(served: Service, chromium: Browser, desk: FrontDesk):
    """The colleague's open window goes to the door by itself, and the page says who takes over."""
    desk.go("/staff")
    desk.page.click("tr:has-text('A07') a:has-text('启用码')")
    desk.page.click("form[action$='/code'] button.danger")
    code = desk.page.inner_text(".startcode")
    with FrontDesk.opened(chromium, served.url, language="en") as leaving:
        leaving.begin("A07", code)
        desk.go("/staff")
        desk.page.click("tr:has-text('A07') a[href$='/leave']")
        desk.page.click("form[action$='/leave'] button.danger")
        told = desk.page.inner_text(".notice.good")
        leaving.page.wait_for_selector("[name=password]", timeout=LOADED_MS)
        stands_at, asked = leaving.page.url, leaving.page.inner_text("h1")

    assert ("周敏" in told, asked) == (True, "Log in")
    assert stands_at.partition("?")[0].endswith("/login")


def english(chromium: Browser, url: str) -> AbstractContextManager[FrontDesk]:
    """A window of somebody who reads English."""
    return FrontDesk.opened(chromium, url, language="en")


def test_a_low_window_gives_its_height_to_the_board(served: Service, chromium: Browser, language: str):
    """Zoomed to 200 %, the first card stands in the window as a whole."""
    with FrontDesk.opened(chromium, served.url, language=language, size="zoomed", scale=2) as desk:
        desk.log_in()
        desk.go("/board")
        card = desk.page.locator(".card").first.bounding_box()

    assert card is not None
    assert (card["y"] > 0, card["y"] + card["height"] < SIZES["zoomed"][1]) == (True, True)


def test_an_overruled_value_is_restored_by_one_click(served: Service, chromium: Browser):
    """Two windows disagree; the value that lost is brought back, nothing is contested any more, and it is told once."""
    edit, customer = (screens_of(served.data)[name] for name in ("customer-edit", "customer"))
    with FrontDesk.opened(chromium, served.url) as first, english(chromium, served.url) as second:
        for window in (first, second):
            window.log_in()
            window.go(edit)
        for window, segment in ((first, "taxi"), (second, "company")):
            window.page.select_option("[name=segment]", segment)
            window.page.keyboard.press("Control+Enter")
            window.page.wait_for_selector("#history")
        overruled = second.page.inner_text(".notice.warn table tbody tr:nth-child(2) td:first-child")
        second.page.click(".notice.warn table button")
        expect(second.page.locator(".notice.warn table")).to_have_count(0)
        told = [second.page.get_by_text("Restored:").count()]
        second.page.reload()
        told.append(second.page.get_by_text("Restored:").count())
        second.go(customer)

        assert told == [1, 0]
        assert overruled in ("Taxi", "Company")
        assert overruled in second.page.inner_text("main .pairs >> nth=0")


def write_campaign(folder: Path) -> Path:
    """A recall of the car that `furnish` enters, and of one that nobody has on file."""
    folder.mkdir()
    texts = ("title", "producer", "scope", "defect", "hazard", "emergency_advice")
    lines = [f'{name} = "示例"' for name in texts]
    lines += [f'campaign_no = "{CAMPAIGN}"', 'remedy = "免费更换真空管"', 'hazard_level = "normal"', "member_count = 2"]
    (folder / "campaign.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "vins.txt").write_text(f"{make_vins(1)[0]}\n{WITHOUT_FILE}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> tuple[Path, int]:
    """The folder of a hub that has published a recall and of a node that has joined it and worked; the hub's port."""
    folder, port = tmp_path_factory.mktemp("joined"), free_port()
    hub, node = Service("carnet-hub", folder / "hub", port), folder / "data"
    run_here("carnet-hub", hub.data, "init")
    run_here("carnet-hub", hub.data, "dealers", "add", "TJ01", "天津一店")
    run_here("carnet-hub", hub.data, "recalls", "import", write_campaign(folder / "campaign"))
    run_here("carnet-hub", hub.data, "recalls", "publish", CAMPAIGN)
    code = run_here("carnet-hub", hub.data, "dealers", "invite", "TJ01")["code"]
    with running(hub):
        run_here("carnet-node", node, "init")
        must_run("carnet-node", node, "enrol", "--hub", hub.url, code)
        must_run("carnet-node", node, "sync")
    furnish(node)
    return folder, port


@pytest.fixture
def apart(joined: tuple[Path, int], tmp_path: Path) -> Iterator[tuple[Service, Service]]:
    """A copy of both for one test: the hub is switched off, the node is served."""
    folder = shutil.copytree(joined[0], tmp_path / "apart")
    hub = Service("carnet-hub", folder / "hub", joined[1])
    with running(Service("carnet-node", folder / "data", free_port())) as node:
        yield hub, node
    if hub.process is not None:
        hub.kill()


def test_the_hub_starts_and_everything_arrives(apart: tuple[Service, Service], chromium: Browser):
    """Offline is said calmly while documents wait; once the hub is there the strip turns and its receipts stand."""
    hub, node = apart
    with FrontDesk.opened(chromium, node.url) as desk:
        desk.log_in()
        desk.press_sync()
        waiting = desk.page.inner_text(".strip")
        hub.start()
        desk.press_sync()
        expect(desk.page.locator(".strip")).to_contain_text("已全部同步", timeout=LOADED_MS)
        desk.go("/sync")
        arrived = desk.page.inner_text("main")

    assert "离线" in waiting
    assert "份单据待上传" in waiting
    assert "没有待上传内容" in arrived
    assert "已接受" in arrived


def test_a_stick_carries_the_work_and_its_answer(apart: tuple[Service, Service], chromium: Browser, tmp_path: Path):
    """Without a line one button makes a bundle, another one takes the hub's answer, and nothing waits any more."""
    hub, node = apart
    stick, answer = tmp_path / "stick.carnet", tmp_path / "answer.carnet"
    with english(chromium, node.url) as desk:
        desk.log_in()
        desk.go("/sync")
        with desk.page.expect_download() as awaited:
            desk.page.click("form[action='/sync/bundle'] button")
        awaited.value.save_as(stick)
        must_run("carnet-hub", hub.data, "bundle", "import", stick, "--out", answer)
        desk.page.set_input_files("#bundle", answer)
        desk.page.click("form[action='/sync/bundle/take'] button")
        desk.page.wait_for_selector("main .notice[role=status]")
        desk.go("/sync")
        strip, told = desk.page.inner_text(".strip"), desk.page.inner_text("main")

    assert "by USB stick" in strip
    assert "waiting" not in strip
    assert "Nothing waits." in told
    assert "accepted" in told.lower()


def test_an_open_recall_is_called_about_taken_in_and_done_without_a_line(
    apart: tuple[Service, Service], chromium: Browser, language: str
):
    """A call is noted; a recall goes into a check-in, out of it and in again; the order records it and its evidence."""
    _, node = apart
    no_answer, still_open, done = RECALL_WORDS[language]
    with FrontDesk.opened(chromium, node.url, language=language) as desk:
        desk.log_in()
        desk.go("/recalls")
        desk.page.select_option("[name=result]", "no_answer")
        with desk.page.expect_navigation():
            desk.page.click("form[action='/recalls/contacts'] button")
        called, problems = desk.page.inner_text("main table"), grave_problems(desk)
        desk.search(PLATE)
        desk.page.click(".hits a >> nth=0")
        banner = desk.page.inner_text(".notice.alert")
        problems += grave_problems(desk)
        desk.page.click(".notice.alert a")
        taken = desk.page.input_value("[name='jobs[0].op_name']")
        with desk.page.expect_response("**/drafts/*"):
            desk.page.fill("[name='jobs[0].op_name']", "")
        desk.page.reload()
        left = desk.page.input_value("[name='jobs[0].op_name']")
        desk.page.click(".notice.alert [data-recall]")
        desk.page.fill("[name=odometer_in_km]", "43100")
        desk.page.keyboard.press("Control+Enter")
        desk.page.select_option("form.proof [name=method]", "replaced")
        desk.page.fill("form.proof [name=technician_code]", "T3")
        problems += grave_problems(desk)
        desk.page.click("form.proof button")
        expect(desk.page.locator("form.proof")).to_have_count(0)
        on_the_order = desk.page.inner_text("main")
        desk.go(screens_of(node.data)["vehicle"])
        told = desk.page.inner_text("main")

    assert problems == ()
    assert no_answer in called
    assert (CAMPAIGN in taken, left) == (True, "")
    assert all(one in banner for one in (still_open, CAMPAIGN, "免费更换真空管"))
    assert (done in on_the_order, still_open in told) == (True, False)


def test_a_recall_of_a_car_without_a_file_is_told_while_its_vin_is_typed(
    apart: tuple[Service, Service], chromium: Browser
):
    """Its button says that no line is empty, or fills one, once; after a lock that and a mark still stand there."""
    with FrontDesk.opened(chromium, apart[1].url) as desk:
        desk.log_in()
        desk.go("/visits/new")
        desk.page.fill("[name='car.vin']", "")
        desk.page.keyboard.type(WITHOUT_FILE)
        lines = desk.page.locator("[name^='jobs['][name$='.complaint']").all()
        for line in lines:
            line.fill("异响")
        desk.page.click("[data-recalls-of] .notice.alert [data-recall]")
        refused = desk.page.inner_text("#told")
        for line in lines:
            line.fill("")
        desk.page.select_option("[name=visit_kind]", "maintenance")
        desk.page.click("[data-recalls-of] .notice.alert [data-recall]")
        has_keys = desk.page.evaluate("document.activeElement.name")
        kind = desk.page.input_value("[name=visit_kind]")
        work = [desk.page.input_value(f"[name='{name}']") for name in ("jobs[0].op_name", "jobs[0].pay_type")]
        desk.page.check("[name=is_walked_round]")
        desk.page.focus("[data-frame]")
        desk.page.keyboard.press("Enter")
        desk.page.keyboard.press("Alt+L")
        desk.page.fill("[name=password]", PASSWORD)
        desk.page.keyboard.press("Enter")
        expect(desk.page.locator("[data-recalls-of] .notice.alert [data-recall]")).to_be_disabled()
        desk.go("/visits/new")
        expect(desk.page.locator("[data-recalls-of] .notice.alert [data-recall]")).to_be_disabled()
        work.append(desk.page.input_value("[name='jobs[1].campaign_id']"))
        problems = grave_problems(desk)
        for name, text in (("sender_name", "周敏"), ("sender_phone", "13800138000"), ("odometer_in_km", "100")):
            desk.page.fill(f"[name='{name}']", text)
        desk.page.keyboard.press("Control+Enter")
        desk.page.wait_for_selector("form.proof")
        marks = desk.page.locator("svg.outline .damage").count()

    assert problems == ()
    assert (CAMPAIGN in work[0], work[1:], has_keys, marks) == (True, ["warranty", ""], "jobs[0].op_name", 1)
    assert ("维修项目没有空行" in refused, kind) == (True, "maintenance")


READS_SLOWLY = """() => {
    const read = Blob.prototype.arrayBuffer;
    File.prototype.arrayBuffer = async function () {
        if (this.name === "slow.jpg") await new Promise((go) => { window.letGo = go; });
        return read.call(this);
    };
}"""
"""A disk that takes its time over one file, and goes on when it is let go."""


@pytest.fixture
def recall_work(apart: tuple[Service, Service], chromium: Browser) -> Iterator[FrontDesk]:
    """The order of a car with an open recall, in Chinese, ready for what was done and its evidence."""
    with FrontDesk.opened(chromium, apart[1].url) as desk:
        desk.log_in()
        desk.search(PLATE)
        desk.page.click(".hits a >> nth=0")
        desk.page.click(".notice.alert a")
        desk.page.fill("[name=odometer_in_km]", "43100")
        desk.page.keyboard.press("Control+Enter")
        desk.page.wait_for_selector("form.proof")
        yield desk


def test_nothing_is_saved_while_a_photo_is_read(recall_work: FrontDesk, tmp_path: Path):
    """Neither by key nor by button; in the end the hash of the photo that was chosen last stands there."""
    page, field = recall_work.page, recall_work.page.locator("form.proof [name=signature_hash]")
    slow, last = tmp_path / "slow.jpg", tmp_path / "last.jpg"
    slow.write_bytes(b"first photo")
    last.write_bytes(b"last photo")
    page.evaluate(READS_SLOWLY)
    page.set_input_files("[data-hashes=signature_hash]", slow)
    page.focus("form.proof [name=technician_code]")
    page.keyboard.press("Control+Enter")
    page.click("form.proof [data-save]")
    told = page.eval_on_selector("[data-hashes=signature_hash]", "one => one.validationMessage")
    said = page.inner_text(".pick [data-chosen]")
    page.set_input_files("[data-hashes=signature_hash]", last)
    expect(field).to_have_value(sha256(b"last photo").hexdigest())
    page.evaluate("letGo()")
    page.wait_for_timeout(200)

    assert (told, "slow.jpg" in said, page.locator("form.proof").count()) == ("正在读取文件，请稍候再保存。", True, 1)
    assert field.input_value() == sha256(b"last photo").hexdigest()
    assert page.inner_text(".pick [data-chosen]") == "last.jpg"


def test_a_photo_that_is_too_long_is_refused_in_words(recall_work: FrontDesk, tmp_path: Path):
    """It is not chosen any more, no hash stands there, and the form may go without it."""
    page, photo = recall_work.page, tmp_path / "photo.jpg"
    photo.write_bytes(b"photo")
    page.eval_on_selector("[data-hashes=signature_hash]", "one => { one.dataset.bytesMax = 4; }")
    page.set_input_files("[data-hashes=signature_hash]", photo)

    expect(page.locator(".pick .wrong")).to_contain_text("未采用此文件")
    state = "one => [one.files.length, one.validationMessage, one.form.elements.signature_hash.value]"
    assert page.eval_on_selector("[data-hashes=signature_hash]", state) == [0, "", ""]
