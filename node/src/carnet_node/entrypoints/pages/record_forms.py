"""A form of a record, whatever its screen: how it is begun, saved, and shown again when it was refused.

Decides what all of them have in common. A form begins with what is on file, under the draft of the person who asks; it
is saved in one go, and whoever saved it comes to the page of the record; one that is refused comes back with everything
that was typed, on the page it was sent from. What stands in a form, and what it means, is the screen's.

    shape = RecordForm(page, "order_form.html", "orders", "/visits/1/edit", context, draft="visit-1")
    await show_form(shape, begin)                       # GET
    await save_form(shape, typed, drafts, "/visits/1")  # POST
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import Response

from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save
from carnet_node.entrypoints.pages.forms import FormState, Typed
from carnet_node.entrypoints.pages.page import Page
from carnet_node.entrypoints.wording import Explained


@dataclass(frozen=True, slots=True)
class RecordForm:
    """One form on its page.

    Attributes:
        address: of the page it stands on, where a refused form is read again.
        context: what the template shows beside `form`, read from the store.
        draft: the name under which what is typed is kept; None for a form too small to be kept.
    """

    page: Page
    template: str
    screen: str
    address: str
    context: Callable[[FormState], Mapping[str, Any]]
    draft: str | None = None


async def show_form(shape: RecordForm, begin: Callable[[], tuple[Mapping[str, str], str]]) -> Response:
    """The form as it is shown first.

    Args:
        begin: texts by field name and the heads they come from; runs where it may block.
    """

    def _read() -> Mapping[str, Any]:
        texts, heads = begin()
        return _filled(shape, shape.page.form(shape.draft or "", texts, heads))

    return await shape.page.show(shape.template, _read, screen=shape.screen)


async def save_form(shape: RecordForm, typed: Typed, drafts: Callable[[Node, NewId], Drafts], address: str) -> Response:
    """Save what a form drafts as one change set, and go to an address."""

    def _work(node: Node) -> str:
        save(node, partial(drafts, node))
        return address

    return await save_work(shape, typed, _work)


async def save_work(shape: RecordForm, typed: Typed, work: Callable[[Node], str]) -> Response:
    """Save a form by work that says where to go; see `Page.save`."""

    async def again(explained: Explained) -> Response:
        """The page of the form, with what was typed and what was wrong."""
        form = FormState.refused(typed, explained)
        read = partial(_filled, shape, form)
        return await shape.page.show(shape.template, read, status=explained.status, screen=shape.screen)

    return await shape.page.save(typed, work, again, draft=shape.draft)


def _filled(shape: RecordForm, form: FormState) -> Mapping[str, Any]:
    return {"form": form, "address": shape.address, **shape.context(form)}
