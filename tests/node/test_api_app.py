"""The application put together: from a data folder, with a sync beside it, described by itself."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest

from carnet_node.adapters.system import SystemClock
from carnet_node.bootstrap import create_installation, open_installation
from carnet_node.core.desk_limits import COPY_BACK_EVERY_S, READINGS_AFTER_S
from carnet_node.core.failures import NotEnrolled
from carnet_node.entrypoints.web.app import create_app
from carnet_node.entrypoints.web.schemas import kind_schema
from carnet_node.settings import NodeSettings
from carnet_protocol.kinds import CUSTOMER, REGISTRY
from carnet_protocol.registry import Writer
from support.api_node import ApiNode, Woken
from support.cli_node import enrol_folder
from support.node_builder import build_node


class Waits(SystemClock):
    """The time of this machine, on which every wait is noted and lasts until it is cancelled."""

    def __init__(self) -> None:
        self.asked_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Note it, and wait."""
        self.asked_s.append(seconds)
        await anyio.sleep_forever()


@pytest.fixture
def desk(tmp_path: Path) -> ApiNode:
    """A node without records."""
    return ApiNode(build_node(tmp_path))


def test_an_enrolled_folder_is_served(tmp_path: Path):
    """The application of a data folder answers for its site, under loopback names and the one it listens on."""
    enrol_folder(tmp_path)
    installation = open_installation(NodeSettings(data_dir=tmp_path / "data"))
    app = create_app(installation, host="192.168.1.5")

    async def ask(host: str) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {installation.api_token()}"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}") as client:
            return await client.get("/api/status", headers=bearer)

    assert anyio.run(ask, "192.168.1.5").json()["site_code"] == installation.node().identity.site_code
    assert anyio.run(ask, "192.168.1.6").status_code == 421


def test_a_folder_that_is_not_enrolled_is_not_served(tmp_path: Path):
    """Without an identity nothing can be recorded, so nothing is served."""
    installation = create_installation(NodeSettings(data_dir=tmp_path / "data"))

    with pytest.raises(NotEnrolled):
        create_app(installation)


def test_the_sync_beside_it_runs_from_start_to_end(tmp_path: Path):
    """The background sync begins with the server and is cancelled with it."""
    background = Woken()
    api = ApiNode(build_node(tmp_path), background=background).api
    seen: list[bool] = []

    async def serve() -> None:
        async with api.router.lifespan_context(api):
            await anyio.lowlevel.checkpoint()
            seen.append(background.is_running)

    anyio.run(serve)

    assert (seen, background.is_running) == ([True], False)


def test_without_a_sync_it_starts_all_the_same(desk: ApiNode):
    """A node that syncs elsewhere is served."""

    async def serve() -> bool:
        async with desk.api.router.lifespan_context(desk.api):
            return True

    assert anyio.run(serve)


def test_the_server_loads_nothing_that_the_first_page_does_not_need():
    """Neither the comparison of names, nor migrations, nor what writes workbooks come with the server."""
    late = ["carnet_master.features", "pypinyin", "alembic", "openpyxl"]
    program = "import sys, carnet_node.entrypoints.web.server as _; print({*sys.modules}.intersection(sys.argv[1:]))"

    told = subprocess.run([sys.executable, "-c", program, *late], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "set()"


def test_the_readings_of_names_wait_for_the_first_page(tmp_path: Path):
    """Their dictionary is loaded a moment after the start, beside the requests."""
    enrol_folder(tmp_path)
    clock = Waits()
    installation = replace(open_installation(NodeSettings(data_dir=tmp_path / "data")), clock=clock)
    app = create_app(installation)

    async def serve() -> None:
        async with app.router.lifespan_context(app):
            await anyio.lowlevel.checkpoint()

    anyio.run(serve)

    assert sorted(clock.asked_s) == [READINGS_AFTER_S, COPY_BACK_EVERY_S]


def test_it_describes_itself(desk: ApiNode):
    """The description is generated, and served where pages can read it."""
    document = desk.get("/api/openapi.json")

    assert document["openapi"].startswith("3.1")
    assert len(document["paths"]) >= 35
    assert "/api/customers/{customer}/{part}" in document["paths"]


def test_every_save_of_something_that_was_read_requires_its_heads(desk: ApiNode):
    """No form of an edit, a step, a removal or a retraction can be filled in without `based_on`."""
    schemas = desk.api.openapi()["components"]["schemas"]

    without = {name for name, form in schemas.items() if name.endswith("Form") and not _asks_for_heads(form)}

    assert without == {
        "NewForm",
        "DocumentsForm",
        "KeepForm",
        "ForgetForm",
        "LookUpForm",
        "TakeOnForm",
        "AddCustomerForm",
        "AddVehicleForm",
        "AddOwnerForm",
        "AddReadingForm",
        "AmountsForm",
        "BillForm",
        "CarDatesForm",
        "ReminderForm",
        "ShareForm",
        "OpenVisitForm",
        "JobForm",
        "CompletionForm",
        "SearchForm",
        "RecallCheckForm",
    }


def _asks_for_heads(form: dict) -> bool:
    return any(name.endswith("based_on") for name in form.get("required", []))


def test_no_address_takes_a_value_of_a_record(desk: ApiNode):
    """The parameters of all addresses are ids, places in a list, codes and switches: nothing that could be personal."""
    parameters = {
        (one["in"], one["name"])
        for operations in desk.api.openapi()["paths"].values()
        for operation in operations.values()
        for one in operation.get("parameters", [])
    }

    ids = {"customer", "part", "part_id", "vehicle", "plate", "link", "reading", "visit", "job", "lines", "line"}
    ids |= {"completion", "appointment", "kind", "record", "page"}
    assert {name for place, name in parameters if place == "path"} == ids
    asked = {"after", "limit", "settled", "day", "minutes", "bay", "advisor", "period", "span", "by"}
    assert {name for place, name in parameters if place == "query"} == asked
    assert {name for place, name in parameters if place == "header"} == {"carnet-personal", "Idempotency-Key"}


def test_every_failure_is_described_once(desk: ApiNode):
    """Each operation names the one form of a problem document, and no other."""
    document = desk.api.openapi()
    responses = [
        operation["responses"] for operations in document["paths"].values() for operation in operations.values()
    ]

    assert all("application/problem+json" in one["default"]["content"] and "422" not in one for one in responses)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_the_fields_of_every_kind_are_described_from_the_registry(desk: ApiNode):
    """What this node may write is in the description with codes, bounds and privacy; nothing is declared twice."""
    schemas = desk.api.openapi()["components"]["schemas"]

    described = {name.removeprefix("values_of_") for name in schemas if name.startswith("values_of_")}
    assert described == {kind.name for kind in REGISTRY.kinds if kind.writer is not Writer.HUB}
    fields = kind_schema(CUSTOMER)["properties"]
    assert fields.keys() == CUSTOMER.labels.keys()
    assert fields["segment"] == {
        "type": ["string", "null"],
        "enum": ["private", "company", "taxi", None],
        "x-privacy": "public",
    }
    assert (fields["id_no"]["x-privacy"], fields["full_name"]["x-privacy"]) == ("secret", "personal")


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_page_that_loads_scripts_from_elsewhere_is_served(desk: ApiNode, path: str):
    """A node works without the internet, so it serves no page that needs it."""
    assert desk.ask("GET", path).status_code == 404
