"""What most commands begin with: the data folder, and the node in it; and options that several commands share."""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from carnet_node.core.commands.drafting import Read
from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.log.authoring import SealedSet
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import Saved
from carnet_node.core.saving.editing import read_for_edit
from carnet_node.entrypoints.cli.output import Row, emit, remark_lines
from carnet_node.settings import NodeSettings
from carnet_protocol.errors import BadValue, Malformed
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind, Value
from carnet_storage.adapters.data_folders import Program, require_own_folder

if TYPE_CHECKING:
    from carnet_node.bootstrap import Installation

Id = Annotated[str, typer.Argument(help="record id (UUID)")]
Set = Annotated[list[str] | None, typer.Option("--set", help="field=value; an empty value takes it away")]
Compared = Annotated[
    bool, typer.Option("--compared", help="the VIN stands like this on the car's plate: its check digit is the maker's")
]
BasedOn = Annotated[str | None, typer.Option("--based-on", help="heads of the view the values come from")]
After = Annotated[str | None, typer.Option("--after", help="go on after this id")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=LIST_ROWS_MAX)]
PageLimit = Annotated[
    int | None,
    typer.Option("--limit", min=1, max=LIST_ROWS_MAX, help="100 when left out; a workbook then holds the whole list"),
]


def whole_number(text: str) -> int:
    """A number as people type it, full-width digits included.

    Raises:
        BadParameter: none, or below zero.
    """
    number = unicodedata.normalize("NFKC", text).strip()
    if not number.isdecimal():
        raise typer.BadParameter("a whole number is needed, such as 52300")
    return int(number)


one_group = partial(typer.Typer, add_completion=False, rich_markup_mode=None, no_args_is_help=True)


def settings_of(ctx: typer.Context) -> NodeSettings:
    """The settings of this call; `--data` wins over the environment.

    Raises:
        SettingsWrong: a variable has a value outside its range.
        FolderForeign, FolderIsFile: the data folder is a hub's, or no folder.
    """
    settings = NodeSettings.load(ctx.find_root().obj)
    require_own_folder(settings.data_dir, Program.NODE)
    return settings


def installation_of(ctx: typer.Context) -> "Installation":
    """The data folder that `--data` or the settings name."""
    from carnet_node.bootstrap import open_installation  # noqa: PLC0415  (a help page opens no database)

    return open_installation(settings_of(ctx))


def node_of(ctx: typer.Context) -> Node:
    """The enrolled node of that folder."""
    return installation_of(ctx).node()


def read_of(node: Node, kind: Kind, record: RecordId, based_on: str | None, changes: Mapping[str, Value]) -> Read:
    """What an edit starts from, see `read_for_edit`.

    Raises:
        BadValue: `based_on` holds no heads.
    """
    try:
        return read_for_edit(node, kind, record, based_on, changes)
    except Malformed as refused:
        raise BadValue(Reason.BAD_FIELD, "based_on", "copy the heads from `show --json`") from refused


def emit_saved(kind: Kind, saved: Saved, *, as_json: bool, remarks: Sequence[Row] | None = None) -> None:
    """Say what was written; the first record is the one that was meant.

    Args:
        remarks: what is to be said of recalls in it, see `recalls_done`; None where it can hold none.
    """
    if saved.sealed is None:
        emit({"changed": False}, as_json=as_json, text="Nothing to change.")
        return
    record, more = record_text(saved.records[0]), {} if remarks is None else {"remarks": remarks}
    emit(
        {"changed": True, "kind": kind.name, "id": record, **set_facts(saved.sealed), **more},
        as_json=as_json,
        text=f"{kind.name} {record} is saved (set {saved.sealed.seq}).{remark_lines(remarks or ())}",
    )


def set_facts(sealed: SealedSet) -> dict[str, object]:
    """What names a change set."""
    return {"set": sealed.seq, "nonce": sealed.nonce.hex(), "set_hash": sealed.set_hash.hex()}
