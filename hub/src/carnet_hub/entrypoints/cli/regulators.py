"""`regulator`: tokens that let an authority look from outside, who has looked, and the reports it may download."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from carnet_hub.core.campaigns.report import instant_text
from carnet_hub.core.failures import Unusable
from carnet_hub.core.outside.access_ledger import NotedAccess, read_accesses
from carnet_hub.core.outside.regulators import (
    DEFAULT_SCOPES,
    TOKEN_ID_BYTES,
    Grant,
    Scope,
    Token,
    confirm_token,
    issue_token,
    list_tokens,
    revoke_token,
)
from carnet_hub.core.regulator_limits import LEDGER_ROWS_MAX, TOKEN_DAYS
from carnet_hub.entrypoints.cli.days import parse_day
from carnet_hub.entrypoints.cli.named_exports import named_app
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list, hub_of, moment_text, with_progress
from carnet_hub.entrypoints.cli.typed_ids import parse_id
from carnet_protocol.vin import normalise_vin
from carnet_storage.entrypoints.cli.showing import stages

if TYPE_CHECKING:
    from carnet_hub.adapters.published_reports import PublishedReport

regulator_app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="Who may look from outside, and who did."
)
token_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Tokens of regulators.")
regulator_app.add_typer(token_app, name="token")
regulator_app.add_typer(named_app, name="named")

_TOKEN_COLUMNS: Final = ("token_id", "name", "scopes", "campaigns", "networks", "created_at", "expires_at", "standing")
_ACCESS_COLUMNS: Final = ("at", "name", "token_id", "way", "scope", "subject", "outcome")
_REPORT_COLUMNS: Final = ("campaign_no", "profile", "as_of", "log_position", "files", "manifest")
TokenId = Annotated[str, typer.Argument(help="id of the token, see `regulator token list`", show_default=False)]


@token_app.command("add")
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="code of the authority or its officer; no name", show_default=False)],
    *,
    scope: Annotated[list[Scope], typer.Option(help="what it is good for; again for more")] = list(DEFAULT_SCOPES),  # noqa: B006
    campaign: Annotated[
        list[str] | None, typer.Option(help="only this campaign; again for more; all when left out")
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="only from here, as 192.0.2.0/24; again for more; any when left out")
    ] = None,
    days: Annotated[int, typer.Option(help="until it ends")] = TOKEN_DAYS,
    as_json: AsJson = False,
) -> None:
    """Make a token; its text is shown this once and kept nowhere."""
    grant = Grant(name, tuple(dict.fromkeys(scope)), tuple(campaign or ()), tuple(network or ()))
    with hub_of(ctx) as app:
        token, text = issue_token(app.hub, grant, days=days)
    row = _token_row(token)
    told = (
        f"{text}\nToken {row['token_id']} for {name}, until {row['expires_at']}: {', '.join(grant.scopes)}.\n"
        "It is shown this once; hand it over by a way of its own, not by mail beside the address."
    )
    emit({**row, "token": text}, as_json=as_json, text=told)


@token_app.command("list")
def list_(ctx: typer.Context, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Every token there ever was, and whether it counts."""
    with hub_of(ctx) as app:
        now_ms = app.hub.clock.now_ms()
        rows = [_token_row(one, now_ms) for one in list_tokens(app.hub)]
    emit_list("tokens", rows, _TOKEN_COLUMNS, as_json=as_json, xlsx=xlsx)


@token_app.command("revoke")
def revoke(ctx: typer.Context, token: TokenId, as_json: AsJson = False) -> None:
    """Let nobody in with a token any more, from this moment on, at every worker."""
    with hub_of(ctx) as app:
        row = _token_row(revoke_token(app.hub, _token_id(token)))
    emit(row, as_json=as_json, text=f"Token {row['token_id']} of {row['name']} is revoked.")


@token_app.command("confirm")
def confirm(ctx: typer.Context, token: TokenId, as_json: AsJson = False) -> None:
    """Let a token count again after the hub was restored: a backup may be older than a revocation."""
    with hub_of(ctx) as app:
        row = _token_row(confirm_token(app.hub, _token_id(token)))
    emit(row, as_json=as_json, text=f"Token {row['token_id']} of {row['name']} counts.")


@regulator_app.command("accesses")
def accesses(
    ctx: typer.Context,
    *,
    since: Annotated[str, typer.Option(help="first day, as 2026-09-25", show_default=False)] = "",
    until: Annotated[str, typer.Option(help="last day", show_default=False)] = "",
    token: Annotated[str, typer.Option(help="only of this token", show_default=False)] = "",
    vin: Annotated[str, typer.Option(help="only about this vehicle", show_default=False)] = "",
    as_json: AsJson = False,
    xlsx: Xlsx = None,
) -> None:
    """Who has looked at what, and when; refused requests too.

    A vehicle stands there as a reference, not as its VIN; --vin finds it alone and in the named exports that asked for
    it, each step of which stands under the id of its request; and the letters and lists of owners of each recall that
    lists or listed it, because they may name it.
    """
    with hub_of(ctx) as app:
        found = read_accesses(
            app.hub,
            first=parse_day(since) if since else None,
            last=parse_day(until) if until else None,
            token_id=_token_id(token) if token else b"",
            vin=normalise_vin(vin),
        )
        shown = with_progress("reading", islice(found, LEDGER_ROWS_MAX + 1), total=None, is_quiet=as_json)
        rows = [_access_row(one) for one in shown]
    if len(rows) > LEDGER_ROWS_MAX:
        raise Unusable(f"There are more than {LEDGER_ROWS_MAX} accesses.", "Name the days with --since and --until.")
    emit_list("accesses", rows, _ACCESS_COLUMNS, as_json=as_json, xlsx=xlsx)


@regulator_app.command("publish")
def publish(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="folder of a report of this hub", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Let regulators download a signed report; it is checked byte for byte, and copied."""
    with hub_of(ctx) as app:
        stages(is_quiet=as_json)("checking and copying ...")
        row = _report_row(app.published_reports().publish(folder))
    emit(row, as_json=as_json, text=f"{row['campaign_no']}: report {row['manifest']} can be downloaded.")


@regulator_app.command("published")
def published(ctx: typer.Context, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """The reports that regulators may download."""
    with hub_of(ctx) as app:
        rows = [_report_row(one) for one in app.published_reports().reports()]
    emit_list("published reports", rows, _REPORT_COLUMNS, as_json=as_json, xlsx=xlsx)


@regulator_app.command("take-back")
def take_back(
    ctx: typer.Context,
    report: Annotated[str, typer.Argument(help="SHA-256 of its manifest, see `regulator published`")],
    as_json: AsJson = False,
) -> None:
    """Let a report be downloaded no more; the folder that it was published from stays."""
    with hub_of(ctx) as app:
        app.published_reports().take_back(report)
    emit({"manifest": report, "published": False}, as_json=as_json, text=f"Report {report} is taken back.")


def _token_id(text: str) -> bytes:
    return parse_id(text, size=TOKEN_ID_BYTES, called="id of a token", listed_by="regulator token list")


def _token_row(token: Token, now_ms: int = 0) -> dict[str, Any]:
    return {
        "token_id": token.token_id.hex(),
        "name": token.grant.name,
        "scopes": [one.value for one in token.grant.scopes],
        "campaigns": list(token.grant.campaigns) or ["all"],
        "networks": list(token.grant.networks) or ["any"],
        "created_at": instant_text(token.created_ms),
        "expires_at": instant_text(token.expires_ms),
        "revoked_at": moment_text(token.revoked_ms),
        "standing": _standing(token, now_ms),
    }


def _standing(token: Token, now_ms: int) -> str:
    if token.revoked_ms:
        return "revoked"
    if not token.is_confirmed:
        return "unconfirmed"
    return "expired" if now_ms >= token.expires_ms else "counts"


def _report_row(report: "PublishedReport") -> dict[str, Any]:
    return {
        "campaign_no": report.campaign_no,
        "profile": report.facts.get("profile"),
        "as_of": report.facts.get("as-of"),
        "log_position": int(report.facts.get("log-position", "0")),
        "files": len(report.files),
        "manifest": report.name,
    }


def _access_row(one: NotedAccess) -> dict[str, Any]:
    return {
        "at": instant_text(one.at_ms),
        "name": one.name,
        "token_id": one.access.token_id.hex(),
        "way": one.access.way,
        "scope": one.access.scope,
        "subject": one.access.subject,
        "outcome": one.access.outcome,
    }
