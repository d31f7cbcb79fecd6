"""`kept` and `forget`: the questions of a page that are kept under a name, the same two commands for both pages."""

from typing import Annotated

import typer

from carnet_node.core.saving.kept_queries import PARTS, KeptFor, forget_query, kept_queries
from carnet_node.entrypoints.cli.opening import node_of
from carnet_node.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list

KeptName = Annotated[str, typer.Option("--kept", help="begin from the question that is kept under this name")]
KeepAs = Annotated[
    str | None, typer.Option("--keep-as", help="keep this question under a name; nothing personal is kept")
]


def add_kept_and_forget(group: typer.Typer, page: KeptFor) -> None:
    """Put both commands into a group."""

    @group.command("kept", help="The questions that are kept at this node.")
    def list_kept(ctx: typer.Context, *, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
        """Print names and parts."""
        rows = [{"name": name, **parts} for name, parts in kept_queries(node_of(ctx), page).items()]
        emit_list(f"kept {page.value}", rows, ("name", *PARTS[page]), as_json=as_json, xlsx=xlsx)

    @group.command("forget", help="Forget a question that is kept.")
    def forget(ctx: typer.Context, name: str, *, as_json: AsJson = False) -> None:
        """Take one away."""
        is_forgotten = forget_query(node_of(ctx), page, name)
        text = "It is forgotten." if is_forgotten else "Nothing is kept under this name."
        emit({"forgotten": is_forgotten}, as_json=as_json, text=text)
