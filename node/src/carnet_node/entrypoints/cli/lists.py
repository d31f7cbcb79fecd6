"""`find` and `list` of a kind: the same two commands for customers, vehicles and visits."""

from collections.abc import Sequence

import typer

from carnet_node.entrypoints.cli.opening import After, PageLimit, node_of
from carnet_node.entrypoints.cli.output import AsJson, ShowPersonal, Xlsx
from carnet_node.entrypoints.cli.tables import emit_found, emit_records
from carnet_protocol.registry import Kind


def add_find_and_list(group: typer.Typer, kind: Kind, columns: Sequence[str], *, find: str, list_: str) -> None:
    """Put both commands into a group.

    Args:
        columns: what people see of a record, in order.
        find, list_: what the help page says about each, in one sentence.
    """

    @group.command("find", help=find)
    def find_records(
        ctx: typer.Context,
        text: str,
        *,
        show_personal: ShowPersonal = False,
        as_json: AsJson = False,
        xlsx: Xlsx = None,
    ) -> None:
        """Print what the search box finds of this kind."""
        emit_found(node_of(ctx), text, kind, columns, show_personal=show_personal, as_json=as_json, xlsx=xlsx)

    @group.command("list", help=list_)
    def list_records(
        ctx: typer.Context,
        *,
        after: After = None,
        limit: PageLimit = None,
        show_personal: ShowPersonal = False,
        as_json: AsJson = False,
        xlsx: Xlsx = None,
    ) -> None:
        """Print a page of the records of this kind."""
        emit_records(
            node_of(ctx),
            kind,
            columns,
            after=after,
            limit=limit,
            show_personal=show_personal,
            as_json=as_json,
            xlsx=xlsx,
        )
