"""The pages of a node, put into its application.

Decides which screens there are and what stands beside them.

    /            /search/HANDLE /customers /vehicles    /visits     /visits/new   /sync   /staff   /exchange
    /recalls     /board          /appointments            /arrangement           /due
    /documents   /reports        /look-ups
    /set-up      /login       /start       /locked      /password   /logout
    /language    /strip       /drafts/FORM /reveal      /static/VERSION/FILE
"""

from functools import cache
from typing import Final

from fastapi import FastAPI

from carnet_node.entrypoints.pages import (
    check_in,
    customers,
    drafts,
    entering,
    exchange,
    home,
    importing,
    moving,
    order_form,
    orders,
    recalls,
    staff,
    syncing,
    vehicle_form,
    vehicles,
    work_form,
)
from carnet_node.entrypoints.pages.failures import answer_page_failures
from carnet_node.entrypoints.pages.formats import Clockface
from carnet_node.entrypoints.pages.import_sheets import ImportRun
from carnet_node.entrypoints.pages.page import Pages
from carnet_node.entrypoints.pages.rendering import Renderer
from carnet_node.entrypoints.pages.shop import (
    appointments,
    approvals,
    arrangement,
    board,
    day,
    documents,
    due,
    look_ups,
    reports,
    settlement,
)
from carnet_node.entrypoints.pages.static_files import KeptFiles, static_address
from carnet_node.entrypoints.web.desk import Desk

ROUTERS: Final = (
    entering.router,
    moving.router,
    drafts.router,
    home.router,
    customers.router,
    vehicles.router,
    vehicle_form.router,
    syncing.router,
    staff.router,
    exchange.router,
    recalls.router,
    importing.router,
    check_in.router,
    orders.router,
    order_form.router,
    work_form.router,
    settlement.router,
    due.router,
    look_ups.router,
    documents.router,
    reports.router,
    day.router,
    appointments.router,
    appointments.of_orders,
    board.router,
    approvals.router,
    arrangement.router,
)


def add_pages(api: FastAPI) -> None:
    """Put the pages into an application; its JSON routes stand already."""
    api.mount(static_address(), KeptFiles())
    answer_page_failures(api, tuple(one for router in ROUTERS for one in router.routes))
    for router in ROUTERS:
        api.include_router(router, include_in_schema=False)


def pages_of(desk: Desk) -> Pages:
    """What the routes of the pages ask: one desk, in the words of each language."""
    pages = Pages(desk, _renderer(desk.node.settings.utc_offset_minutes), desk.hasher)
    pages.import_run = ImportRun()
    return pages


@cache
def _renderer(utc_offset_minutes: int) -> Renderer:
    """One for all desks of a process: its templates and catalogues are read once."""
    return Renderer(Clockface(utc_offset_minutes), static_address())
