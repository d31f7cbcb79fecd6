"""A form of a record, whatever its screen: how it is begun, saved, and shown again when it was refused.

Decides what all of them have in common. A form begins with what is on file, under the draft of the person who asks; it
is saved in one go, and whoever saved it comes to the page of the record; one that is refused comes back with everything
that was typed, on the page it was sent from. One that met a colleague's change comes back on a new reading
(`overtaken`), and its draft moves along. What stands in a form, and what it means, is the screen's.

    shape = RecordForm(page, "order_form.html", "orders", "/visits/1/edit", context, draft="visit-1")
    await show_form(shape, begin)                       # GET
    await save_form(shape, typed, drafts, "/visits/1", begin)  # POST
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from fastapi import Response

from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.node import Node
from carnet_node.core.refusals import CommandRefused
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.form_drafts import keep_draft
from carnet_node.entrypoints.pages.drafts import record_of
from carnet_node.entrypoints.pages.forms import WAS, FormState, Typed
from carnet_node.entrypoints.pages.overtaken import is_overtaken, read_anew
from carnet_node.entrypoints.pages.page import Page
from carnet_node.entrypoints.wording import Explained

Begin: TypeAlias = Callable[[], tuple[Mapping[str, str], str]]
"""Texts by field name and the heads they come from; runs where it may block."""


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


async def show_form(shape: RecordForm, begin: Begin) -> Response:
    """The form as it is shown first.

    Args:
        begin: what stands in it.
    """

    def _read() -> Mapping[str, Any]:
        texts, heads = begin()
        return _filled(shape, shape.page.form(shape.draft or "", texts, heads))

    return await shape.page.show(shape.template, _read, screen=shape.screen)


async def save_form(
    shape: RecordForm,
    typed: Typed,
    drafts: Callable[[Node, NewId], Drafts],
    address: str,
    begin: Begin | None = None,
) -> Response:
    """Save what a form drafts as one change set, and go to an address.

    Args:
        begin: what stands in it, for one that comes back on a new reading.
    """

    def _work(node: Node) -> str:
        save(node, partial(drafts, node))
        return address

    return await save_work(shape, typed, _work, begin)


async def save_work(
    shape: RecordForm, typed: Typed, work: Callable[[Node], str], begin: Begin | None = None
) -> Response:
    """Save a form by work that says where to go; see `Page.save` and `save_form`."""

    async def again(explained: Explained) -> Response:
        """The page of the form, with what was typed and what was wrong."""

        def _read() -> Mapping[str, Any]:
            form = None
            if begin is not None and is_overtaken(explained):
                form = _on_new_reading(shape, typed, explained, begin)
            return _filled(shape, form or FormState.refused(typed, explained))

        return await shape.page.show(shape.template, _read, status=explained.status, screen=shape.screen)

    return await shape.page.save(typed, work, again, draft=shape.draft)


def _on_new_reading(shape: RecordForm, typed: Typed, explained: Explained, begin: Begin) -> FormState | None:
    """The form over what is on file now; its draft goes along, so that the form can be saved from there too."""
    texts, heads = begin()
    anew = read_anew(typed, explained, texts, heads)
    if anew is not None and shape.draft is not None:
        fields = {WAS: (anew.form.was,), **anew.fields}
        with suppress(CommandRefused):  # too long to be kept: it is on the screen all the same
            keep_draft(
                shape.page.node, shape.page.person.id, shape.draft, fields, heads=heads, record=record_of(shape.draft)
            )
    return None if anew is None else anew.form


def _filled(shape: RecordForm, form: FormState) -> Mapping[str, Any]:
    return {"form": form, "address": shape.address, **shape.context(form)}
