"""The pages of a node, put into its application.

Decides which screens there are and what stands beside them.

    /            /search/HANDLE /customers /vehicles    /visits     /visits/new   /sync   /staff   /exchange
    /recalls     /board          /appointments            /arrangement           /due
    /documents   /reports        /look-ups
    /set-up      /login       /start       /locked      /password   /logout
    /language    /strip       /drafts/FORM /reveal      /static/VERSION/FILE
"""

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
    board.router,
    approvals.router,
    arrangement.router,
)


def add_pages(api: FastAPI, desk: Desk) -> None:
    """Put the pages into the application of a desk; its JSON routes stand already."""
    static = static_address()
    api.state.pages = Pages(desk, Renderer(Clockface(desk.node.settings.utc_offset_minutes), static), desk.hasher)
    api.state.pages.import_run = ImportRun()
    api.mount(static, KeptFiles())
    answer_page_failures(api)
    for router in ROUTERS:
        api.include_router(router, include_in_schema=False)
