"""`master model`: the models that weigh customers, examined, signed, activated and retired by a person."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from carnet_hub.core.failures import Unusable
from carnet_hub.core.master_limits import SIGNATURE_FILE_BYTES_MAX
from carnet_hub.core.stewardship.models import (
    ModelAct,
    activate_model,
    examine_model,
    model_acts,
    model_in_use,
    models_in_use,
    retire_model,
    sign_model,
)
from carnet_hub.entrypoints.cli.output import AsJson, Xlsx, emit, emit_list, hub_of, moment_text, settings_of
from carnet_hub.entrypoints.cli.steward_options import By
from carnet_master.model import Model
from carnet_master.model_limits import MODEL_BYTES_MAX
from carnet_storage.entrypoints.cli.confirming import Yes, require_consent

model_app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True, help="The models that weigh customers."
)

LIST_COLUMNS: Final = ("party_kind", "model", "in_use", "usable", "by", "at", "number")
LEVEL_COLUMNS: Final = ("comparison", "level", "bits", "by_frequency")
SHIPPED: Final = "shipped"

_FROM_NOW: Final = (
    "From now on customers that arrive are weighed by {what}. Whoever is linked, apart or waiting stays so: a model "
    "decides about nobody by itself, and the way back is one command."
)

ModelFile = Annotated[Path, typer.Argument(help="a model as `make train-model` or a re-link writes it")]
Kind = Annotated[str, typer.Argument(help="person or company", show_default=False)]


@model_app.command("list")
def list_(ctx: typer.Context, *, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """Which model weighs whom, and everything that was activated or retired before, newest first."""
    with hub_of(ctx) as app:
        in_use = models_in_use(app.hub)
        acts = model_acts(app.hub)
    faults = {one.party_kind: one.fault for one in in_use}
    rows = [_act_row(one, faults[one.party_kind] if one.is_in_use else "") for one in reversed(acts)]
    rows += [_shipped_row(one.party_kind, one.model_id) for one in in_use if one.is_shipped and not _has_act(acts, one)]
    emit_list("models", rows, LIST_COLUMNS, as_json=as_json, xlsx=xlsx)


@model_app.command("show")
def show(ctx: typer.Context, kind: Kind = "person", *, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """What the model in use was trained on and what each level of a comparison is worth, in bits."""
    with hub_of(ctx) as app:
        model = model_in_use(app.hub, kind)
    if as_json:
        emit(_model_row(model), as_json=True)
        return
    emit_list(f"model {model.id.hex()[:8]}", _levels(model), LEVEL_COLUMNS, as_json=False, xlsx=xlsx)


@model_app.command("check")
def check(ctx: typer.Context, file: ModelFile, *, as_json: AsJson = False) -> None:
    """Whether a file could be activated: canonical, trained throughout, understood, for this program. Needs no hub."""
    settings_of(ctx)
    model = examine_model(_read(file, MODEL_BYTES_MAX))
    row = {**_model_row(model), "is_usable": True}
    emit(row, as_json=as_json, text=f"{_told(model)} can be used. It is not signed by this.")


@model_app.command("sign")
def sign(ctx: typer.Context, file: ModelFile, *, as_json: AsJson = False) -> None:
    """Sign a model with this hub's key into FILE.sig, once somebody has looked at it. It is not activated by this."""
    with hub_of(ctx) as app:
        model, signature = sign_model(app.hub, _read(file, MODEL_BYTES_MAX))
        out = _signature_file(file)
        app.files.replace(out, signature.hex().encode() + b"\n")
    result = {"model": model.id.hex(), "party_kind": model.party_kind, "signature": str(out)}
    emit(result, as_json=as_json, text=f"{_told(model)} is signed: {out}.\nActivate it with `master model activate`.")


@model_app.command("activate")
def activate(ctx: typer.Context, file: ModelFile, *, by: By = "", yes: Yes = False, as_json: AsJson = False) -> None:
    """Weigh by a signed model from now on. Nobody who is linked or apart is moved by it."""
    data = _read(file, MODEL_BYTES_MAX)
    signature = _read_signature(_signature_file(file))
    with hub_of(ctx) as app:
        model = examine_model(data)
        require_consent(_FROM_NOW.format(what=_told(model)), is_agreed=yes, as_json=as_json)
        act = activate_model(app.hub, data, signature, by)
    text = (
        f"{_told(model)} is in use.\nCustomers who are here already meet it when they change; "
        "`master weigh` weighs them all now."
    )
    emit(_act_row(act, ""), as_json=as_json, text=text)


@model_app.command("retire")
def retire(ctx: typer.Context, kind: Kind, *, by: By = "", yes: Yes = False, as_json: AsJson = False) -> None:
    """Weigh by the model that comes with the program again. Nobody who is linked or apart is moved by it."""
    with hub_of(ctx) as app:
        require_consent(_FROM_NOW.format(what="the shipped model"), is_agreed=yes, as_json=as_json)
        act = retire_model(app.hub, kind, by)
    emit(_act_row(act, ""), as_json=as_json, text=f"The shipped model weighs again ({kind}).")


def _has_act(acts: list[ModelAct], one: Any) -> bool:
    return any(act.party_kind == one.party_kind for act in acts)


def _act_row(act: ModelAct, fault: str) -> dict[str, Any]:
    return {
        "party_kind": act.party_kind,
        "model": act.model_id.hex() if act.model_id is not None else SHIPPED,
        "in_use": act.is_in_use,
        "usable": fault == "",
        "fault": fault or None,
        "by": act.by,
        "at": moment_text(act.at_ms),
        "number": act.number,
    }


def _shipped_row(party_kind: str, model_id: bytes) -> dict[str, Any]:
    facts = {"party_kind": party_kind, "model": SHIPPED, "model_id": model_id.hex(), "in_use": True, "usable": True}
    return {**facts, "fault": None, "by": None, "at": None, "number": 0}


def _model_row(model: Model) -> dict[str, Any]:
    return {
        "model": model.id.hex(),
        "party_kind": model.party_kind,
        "features": model.features,
        "prior_bits": round(model.prior_weight, 2),
        "card": dict(model.card),
        "levels": _levels(model),
    }


def _levels(model: Model) -> list[dict[str, Any]]:
    return [
        {
            "comparison": one.name,
            "level": level.label,
            "bits": round(level.weight, 2),
            "by_frequency": level.term,
        }
        for one in model.comparisons
        for level in one.levels
    ]


def _told(model: Model) -> str:
    return f"The {model.party_kind} model {model.id.hex()[:8]}"


def _signature_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.sig")


def _read_signature(file: Path) -> bytes:
    try:
        return bytes.fromhex(_read(file, SIGNATURE_FILE_BYTES_MAX).decode().strip())
    except ValueError as error:
        raise Unusable(f"{file.name} is no signature.", "Make it anew with `master model sign FILE`.") from error


def _read(file: Path, bytes_max: int) -> bytes:
    """A file of bounded size.

    Raises:
        Unusable: there is none, it cannot be read, or it is too large.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(bytes_max + 1)
    except OSError as error:
        step = "Sign the model first: `master model sign FILE`." if file.suffix == ".sig" else "Name a model file."
        raise Unusable(f"{file.name} cannot be read.", step) from error
    if len(data) > bytes_max:
        raise Unusable(f"{file.name} has more than {bytes_max} bytes.", "Name a model file of this program.")
    return data
