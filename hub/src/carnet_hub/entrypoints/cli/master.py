"""`master`: who is who, nationwide.

Looking: find, show, explain, queue, history, stats. Deciding: accept, reject, merge, unmerge, pin, mode. All customers
again: weigh, relink. What weighs them: model. Personal values are masked unless asked for. A decision needs a code of
the steward (`--by`, or CARNET_HUB_STEWARD), no name.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import QUEUE_PAIRS_MAX
from carnet_hub.core.stewardship.causes import HELD
from carnet_hub.core.stewardship.master_failures import UnknownCustomer
from carnet_hub.core.stewardship.master_views import (
    explain_pair,
    find_clusters,
    master_stats,
    show_cluster,
    show_history,
)
from carnet_hub.core.stewardship.policies import policy_of, set_policy
from carnet_hub.core.stewardship.steward_queue import list_queue
from carnet_hub.core.stewardship.stewarding import (
    Outcome,
    Word,
    answer,
    answer_all,
    merge,
    pin,
    take_back,
    tell_apart,
)
from carnet_hub.core.stewardship.sweeping import Swept, weigh_everybody
from carnet_hub.core.upkeep.dealers import author_names
from carnet_hub.entrypoints.cli.exits import Exit
from carnet_hub.entrypoints.cli.master_rows import (
    DECISION_COLUMNS,
    FOUND_COLUMNS,
    MEMBER_COLUMNS,
    NEAR_COLUMNS,
    QUEUE_COLUMNS,
    VALUE_COLUMNS,
    decision_row,
    explanation_row,
    found_row,
    member_rows,
    near_row,
    outcome_row,
    policy_row,
    queue_rows,
    stats_row,
)
from carnet_hub.entrypoints.cli.master_text import NOBODY, mode_text, stats_text, swept_text, waterfall
from carnet_hub.entrypoints.cli.models import model_app
from carnet_hub.entrypoints.cli.output import (
    AsJson,
    Row,
    Xlsx,
    cell_text,
    emit,
    emit_list,
    hub_of,
    with_progress,
    working,
)
from carnet_hub.entrypoints.cli.relink import relink_
from carnet_hub.entrypoints.cli.steward_options import By
from carnet_master.clusters import Effect
from carnet_master.tiers import Mode, Policy
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId, parse_record_text, record_text

master_app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Who is who, nationwide."
)

master_app.command("relink")(relink_)
master_app.add_typer(model_app, name="model")

IdText = Annotated[str, typer.Argument(help="id of a customer or golden record, former ones too", show_default=False)]
OtherText = Annotated[str, typer.Argument(help="id of the other one", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="a code, such as document-seen")]
ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="names and phones in full")]
Html = Annotated[Path | None, typer.Option("--html", help="also write it as a page for a browser")]


@master_app.command("find")
def find(
    ctx: typer.Context,
    text: Annotated[
        list[str], typer.Argument(help="id, phone, VIN, plate or document; or a name and the end of a phone")
    ],
    *,
    show_personal: ShowPersonal = False,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Customers of all sites by what they share; linked ones stand together."""
    with hub_of(ctx) as app:
        names = author_names(app.hub)
        rows = [found_row(one, names, show_personal=show_personal) for one in find_clusters(app.hub, " ".join(text))]
    emit_list("customers", rows, FOUND_COLUMNS, as_json=as_json, xlsx=xlsx)
    if not rows and not as_json:
        print(NOBODY)


@master_app.command("show")
def show(
    ctx: typer.Context,
    record: IdText,
    *,
    show_personal: ShowPersonal = False,
    html: Html = None,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """One customer nationwide: its golden values and where each comes from, its records, its relations."""
    with hub_of(ctx) as app:
        names = author_names(app.hub)
        view = show_cluster(app.hub, id_of(record))
        history = show_history(app.hub, id_of(record))
    rows = member_rows(view, names, show_personal=show_personal)
    result = {
        **found_row(view.read, names, show_personal=show_personal),
        "former_ids": list(view.former),
        "members": rows,
        "relations": [near_row(*one) for one in view.relations],
        "waiting": [near_row(row.one, row.other, row.cause) for row in view.waiting],
    }
    if html is not None:
        from carnet_hub.adapters.master_pages import write_cluster_page  # noqa: PLC0415  (most calls write none)

        write_cluster_page(html, result, [decision_row(one) for one in history])
    if as_json:
        emit(result, as_json=True)
        return
    title = "golden record" if result["golden"] else "customer"
    emit_list(f"{title} {record_text(result['id'])}", rows, MEMBER_COLUMNS, as_json=False, xlsx=xlsx)
    _show_rest(result)


@master_app.command("explain")
def explain(ctx: typer.Context, one: IdText, other: OtherText, *, as_json: AsJson = False) -> None:
    """Why two customers are, or are not, one: what each comparison adds, and what was decided."""
    with hub_of(ctx) as app:
        found = explain_pair(app.hub, id_of(one), id_of(other))
    emit(explanation_row(found), as_json=as_json, text=waterfall(found))


@master_app.command("queue")
def queue(
    ctx: typer.Context,
    *,
    cause: Annotated[str, typer.Option("--cause", help="only this one, see `master stats`")] = "",
    is_held: Annotated[bool, typer.Option("--held", help="what only the mode keeps back, instead of doubts")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=QUEUE_PAIRS_MAX, help="pairs at most")] = 200,
    show_personal: ShowPersonal = False,
    html: Html = None,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """What a steward has to think about, grouped by people, oldest first; with --held, what only the mode holds."""
    with hub_of(ctx) as app, working("reading", is_quiet=as_json):
        found = list_queue(app.hub, cause=cause, is_held=is_held, limit=limit)
        rows = queue_rows(app.hub, found, show_personal=show_personal)
        reasons = [_why(app.hub, row) for row in rows] if html is not None else []
    if html is not None:
        from carnet_hub.adapters.master_pages import write_queue_page  # noqa: PLC0415  (most calls write none)

        write_queue_page(html, [{**row, "why": why} for row, why in zip(rows, reasons, strict=True)])
    emit_list("proposals", rows, QUEUE_COLUMNS, as_json=as_json, xlsx=xlsx)
    if found.left and not as_json:
        print(f"{found.left} more wait; `--limit` shows more.")


@master_app.command("accept")
def accept(
    ctx: typer.Context,
    one: Annotated[str, typer.Argument(help="id of a customer", show_default=False)] = "",
    other: Annotated[str, typer.Argument(help="id of the other one", show_default=False)] = "",
    *,
    cause: Annotated[str, typer.Option("--cause", help="every proposal of this cause instead")] = "",
    is_held: Annotated[bool, typer.Option("--held", help="let the matcher link all that only the mode held")] = False,
    by: By = "",
    reason: Reason = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="with --cause: proposals at most")] = QUEUE_PAIRS_MAX,
    as_json: AsJson = False,
) -> None:
    """They are one. With --cause or --held, all at once where names agree and nothing contradicts."""
    word = Word(by, reason)
    if [bool(one or other), bool(cause), is_held].count(True) != 1 or bool(one) != bool(other):
        raise Unusable("Name two customers, or a cause, or --held.", "See `master accept --help`.")
    with hub_of(ctx) as app:
        if one:
            _tell(answer(app.hub, id_of(one), id_of(other), Effect.LINK, word), "One customer", as_json=as_json)
            return
        causes = HELD if is_held else (cause,)
        before = master_stats(app.hub)
        total = min(sum({**before.waiting, **before.held}.get(name, 0) for name in causes), limit)
        steps = (1 for count in answer_all(app.hub, causes, word, limit=limit) for _ in range(count))
        confirmed = sum(with_progress("confirming", steps, total=total, is_quiet=as_json))
        left = master_stats(app.hub)
    result = {"confirmed": confirmed, "causes": list(causes), "waiting": dict(left.waiting), "held": dict(left.held)}
    text = f"{confirmed} proposals confirmed; {sum(left.waiting.values())} wait, {sum(left.held.values())} are held."
    emit(result, as_json=as_json, text=text)


@master_app.command("reject")
def reject(
    ctx: typer.Context,
    one: IdText,
    other: OtherText,
    *,
    by: By = "",
    reason: Reason = "",
    is_unsure: Annotated[bool, typer.Option("--unsure", help="nobody can tell: only take it out of the queue")] = False,
    as_json: AsJson = False,
) -> None:
    """They are not the same, for ever, whatever links lie between them."""
    word = Word(by, reason)
    with hub_of(ctx) as app:
        if is_unsure:
            _tell(answer(app.hub, id_of(one), id_of(other), Effect.DISMISS, word), "Put aside", as_json=as_json)
        else:
            told = tell_apart(app.hub, id_of(one), id_of(other), word, must_be_one=False)
            _tell(told, "Told apart", as_json=as_json)


@master_app.command("merge")
def merge_(
    ctx: typer.Context, one: IdText, other: OtherText, *, by: By = "", reason: Reason = "", as_json: AsJson = False
) -> None:
    """Two customers are one, although nobody proposed it. Dealers' own records stay as they are."""
    with hub_of(ctx) as app:
        _tell(merge(app.hub, id_of(one), id_of(other), Word(by, reason)), "One customer", as_json=as_json)


@master_app.command("unmerge")
def unmerge(
    ctx: typer.Context,
    one: Annotated[str, typer.Argument(help="id of a customer", show_default=False)] = "",
    other: Annotated[str, typer.Argument(help="id of the other one", show_default=False)] = "",
    *,
    decision: Annotated[str, typer.Option("--decision", help="take one decision back instead")] = "",
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Take two customers apart for ever; with --decision, only take back what was decided then."""
    word = Word(by, reason)
    if bool(decision) == bool(one or other) or bool(one) != bool(other):
        raise Unusable("Name two customers, or a decision.", "See `master unmerge --help`.")
    with hub_of(ctx) as app:
        if decision:
            _tell(take_back(app.hub, id_of(decision), word), "Taken back", as_json=as_json)
        else:
            told = tell_apart(app.hub, id_of(one), id_of(other), word, must_be_one=True)
            _tell(told, "Taken apart", as_json=as_json)


@master_app.command("pin")
def pin_(
    ctx: typer.Context,
    record: IdText,
    group: Annotated[str, typer.Argument(help="name, birth, company, phone or place", show_default=False)],
    *,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Show this customer's value in the golden record, wherever the customer belongs."""
    with hub_of(ctx) as app:
        _tell(pin(app.hub, id_of(record), group, Word(by)), "Pinned", as_json=as_json)


@master_app.command("history")
def history(ctx: typer.Context, record: IdText, *, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Everything ever decided about a customer and those linked to it, oldest first."""
    with hub_of(ctx) as app:
        rows = [decision_row(one) for one in show_history(app.hub, id_of(record))]
    emit_list("decisions", rows, DECISION_COLUMNS, as_json=as_json, xlsx=xlsx)


@master_app.command("stats")
def stats(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """How many customers are linked, what waits by cause, what was decided by whom."""
    with hub_of(ctx) as app:
        row = stats_row(master_stats(app.hub))
    emit(row, as_json=as_json, text=stats_text(row))


@master_app.command("mode")
def mode(
    ctx: typer.Context,
    wanted: Annotated[str, typer.Argument(help="off, a1 or all; shows the present one when left out")] = "",
    *,
    cars: Annotated[
        bool | None, typer.Option("--links-by-car/--no-links-by-car", help="whether a car alone is contact enough")
    ] = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """What the matcher links by itself: nothing, equal documents only (a1), or everything that is sure (all)."""
    with hub_of(ctx) as app:
        stated = policy_of(app.hub)
        before = stated.policy
        if wanted not in {"", *Mode}:
            raise Unusable(f"There is no mode {wanted[:40]}.", f"Use {', '.join(Mode)}.")
        policy = Policy(Mode(wanted or before.mode), before.links_by_car if cars is None else cars)
        if policy != before:
            stated = set_policy(app.hub, policy, by)
    emit(policy_row(stated), as_json=as_json, text=mode_text(stated, is_new=policy != before))


@master_app.command("weigh")
def weigh(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Weigh everybody who is here already as if they arrived today: after raising the mode, or a new model.

    May be stopped at any time; the next call goes on. A second call finds nothing new. Exit code 4: all are weighed but
    some on whom the matcher failed; they are named, and the next call tries only them.
    """
    with hub_of(ctx) as app:
        sweep = weigh_everybody(app.hub)
        seen = deque([next(sweep)], maxlen=1)
        left = seen[-1].total - seen[-1].done
        for _ in with_progress("weighing", _customers(sweep, seen), total=left, is_quiet=as_json):
            pass
    last = seen[-1]
    weighed = last.done - len(last.unweighed)
    result = {"weighed": weighed, "decided": last.decided, "is_resumed": last.is_resumed, "unweighed": last.unweighed}
    emit(result, as_json=as_json, text=swept_text(last, weighed))
    if last.unweighed:
        raise typer.Exit(Exit.INCOMPLETE)


def _customers(sweep: Iterator[Swept], seen: deque[Swept]) -> Iterator[None]:
    """One step for each customer that a sweep has weighed; the last state is kept."""
    for one in sweep:
        yield from (None for _ in range(one.done - seen[-1].done))
        seen.append(one)


def id_of(text: str) -> RecordId:
    """The id that somebody typed.

    Raises:
        Unusable: it is none.
    """
    try:
        return parse_record_text(text)
    except BadValue as error:
        raise Unusable(f"{text[:40]} is no id.", "Look it up with `master find`.") from error


def _why(hub: Hub, row: Row) -> str:
    """What speaks for a question; nothing when its customer was taken away since it was read."""
    with suppress(UnknownCustomer):
        return waterfall(explain_pair(hub, row["one"], row["other"]))
    return ""


def _show_rest(cluster: Row) -> None:
    """What of a customer does not stand in the table of its records."""
    values = [{**one, "value": _value_text(one["value"])} for one in cluster["values"]]
    emit_list("golden values", values, VALUE_COLUMNS, as_json=False, xlsx=None)
    for title, name in (("relations", "relations"), ("waits for a steward", "waiting")):
        if cluster[name]:
            emit_list(title, cluster[name], NEAR_COLUMNS, as_json=False, xlsx=None)
    if cluster["former_ids"]:
        print(f"Former ids: {cell_text(cluster['former_ids'])}.")


def _value_text(value: object) -> str:
    return cell_text(list(value.values()) if isinstance(value, dict) else value)


def _tell(outcome: Outcome, what: str, *, as_json: bool) -> None:
    result: dict[str, Any] = outcome_row(outcome)
    homes = ", ".join(record_text(one) for one in outcome.clusters)
    back = f"`master unmerge --decision {record_text(outcome.decision)}` takes it back."
    emit(result, as_json=as_json, text=f"{what}: {homes}.\n{back}")
