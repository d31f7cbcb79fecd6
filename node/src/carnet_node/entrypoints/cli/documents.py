"""`documents`: any document of this site by what somebody remembers of it.

Exit codes: 0 told, also when nothing is found; 1 days, a state or an amount that cannot be; 2 wrong usage; 3 the
database is busy, try again.
"""

from itertools import count
from typing import Annotated

import typer

from carnet_node.core.local_facts import Access
from carnet_node.core.saving.kept_queries import KeptFor, keep_query
from carnet_node.core.shop_limits import DOCUMENT_ROWS_MAX
from carnet_node.core.showing.documents import STATES, every_document, find_documents
from carnet_node.core.showing.spans import SPANS
from carnet_node.core.staff.access_log import list_as_taken, note_access, note_list
from carnet_node.entrypoints.asking import documents_asked, with_kept
from carnet_node.entrypoints.cli.kept import KeepAs, KeptName, add_kept_and_forget
from carnet_node.entrypoints.cli.opening import node_of, one_group
from carnet_node.entrypoints.cli.output import AsJson, ShowPersonal, Xlsx, emit_list, write_workbook
from carnet_node.entrypoints.cli.tables import presenter_of
from carnet_node.entrypoints.shop_presenting import document_json

documents_app = one_group(help="Any document by what somebody remembers of it.")
add_kept_and_forget(documents_app, KeptFor.DOCUMENTS)

COLUMNS = ("visit_id", "number", "at", "status", "plate_no", "customer_name", "advisor_code", "amount_fen")

Fen = Annotated[int | None, typer.Option(help="fen, included")]


@documents_app.command("find")
def find(
    ctx: typer.Context,
    *,
    kind: Annotated[str, typer.Option(help=f"{', '.join(STATES)}; orders when left out")] = "",
    span: Annotated[str, typer.Option(help=f"{', '.join(SPANS)}; the month when left out")] = "",
    first: Annotated[str, typer.Option("--from", help="instead: first day, YYYY-MM-DD")] = "",
    last: Annotated[str, typer.Option("--to", help="last day; today when left out")] = "",
    plate: Annotated[str, typer.Option(help="whole, or an end that one plate has")] = "",
    customer: Annotated[str, typer.Option(help="name or phone number")] = "",
    status: Annotated[str, typer.Option(help="state of the document")] = "",
    advisor: Annotated[str, typer.Option(help="number of the advisor")] = "",
    least_fen: Fen = None,
    most_fen: Fen = None,
    text: Annotated[str, typer.Option(help="a word somewhere in the document")] = "",
    limit: Annotated[int, typer.Option(min=1, max=DOCUMENT_ROWS_MAX)] = DOCUMENT_ROWS_MAX,
    kept: KeptName = "",
    keep_as: KeepAs = None,
    show_personal: ShowPersonal = False,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Print the newest documents that fit; a workbook holds all of them and is noted in the access log."""
    node, amounts = node_of(ctx), {"least_fen": least_fen, "most_fen": most_fen}
    typed = {"kind": kind, "span": span, "first": first, "last": last, "plate": plate, "customer": customer}
    typed |= {"status": status, "advisor_code": advisor, "text": text}
    typed |= {name: str(fen) for name, fen in amounts.items() if fen is not None}
    texts = with_kept(node, KeptFor.DOCUMENTS, kept, typed)
    query = documents_asked(node, texts)
    found = find_documents(node, query, limit)
    if keep_as is not None:
        keep_query(node, KeptFor.DOCUMENTS, keep_as, texts)
    offset = node.settings.utc_offset_minutes
    show = presenter_of(node, show_personal=show_personal, as_json=as_json)
    if xlsx is not None:
        places = count()
        every = zip(every_document(node, query), places, strict=False)
        write_workbook(xlsx, "documents", (document_json(one, show, offset) for one, _ in every), COLUMNS)
        note_access(node, Access.EXPORTED, list_as_taken("documents", is_in_full=show_personal), next(places))
    elif show_personal:
        note_list(node, "documents", len(found.rows))
    lines = [document_json(one, show, offset) for one in found.rows]
    result = [document_json(one, show) for one in found.rows]
    emit_list("documents", lines, COLUMNS, as_json=as_json, xlsx=None, result=result)
    if found.is_more and not as_json:
        print("There are more: name fewer days, or take the workbook with --xlsx.")
