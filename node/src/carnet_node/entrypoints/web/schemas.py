"""The generated description of the API, completed with what the registry knows.

Decides how a kind of record and a problem document look in OpenAPI. Nothing is declared twice: fields, codes and bounds
come from the registry, addresses and forms from the routes.
"""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from carnet_node.core.limits import IDEMPOTENCY_KEY_CHARS_MAX
from carnet_node.entrypoints.web.desk import IDEMPOTENCY_KEY
from carnet_node.entrypoints.web.problem_response import MEDIA_TYPE
from carnet_protocol import limits
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Field, Kind, Privacy, ValueType, Writer

Json = dict[str, Any]

_TEXTS: Final = ("type", "title", "code", "what", "safe", "next")

PROBLEM: Final[Json] = {
    "type": "object",
    "description": "RFC 9457; switch on `code`, never on the texts.",
    "required": [*_TEXTS, "status"],
    "properties": {
        **{name: {"type": "string"} for name in _TEXTS},
        "status": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "what", "next"],
                "properties": {name: {"type": "string"} for name in ("pointer", "field", "code", "what", "next")},
            },
        },
    },
}


_KEY_PARAMETER: Final[Json] = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": False,
    "description": "A save sent again under the same key gets the same answer and saves nothing; kept for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARS_MAX},
}


def describe(api: FastAPI) -> None:
    """Let the application describe itself, once, when somebody asks."""

    def openapi() -> Json:
        """The document, made at the first question."""
        if api.openapi_schema is None:
            api.openapi_schema = _described(get_openapi(title=api.title, version=api.version, routes=api.routes))
        return api.openapi_schema

    api.openapi = openapi  # type: ignore[method-assign]


def kind_schema(kind: Kind) -> Json:
    """The values of a kind, for forms: every field may be null, which takes its value away."""
    fields = [(register.privacy, one) for register in kind.registers for one in register.fields]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {one.name: field_schema(one, privacy) for privacy, one in fields},
    }


def field_schema(one: Field, privacy: Privacy) -> Json:
    """One field; `x-privacy` says whether views mask it."""
    return {**_typed(one), "x-privacy": privacy.value}


def _typed(one: Field) -> Json:
    match one.type:
        case ValueType.INT:
            return {"type": ["integer", "null"], "minimum": one.minimum, "maximum": one.maximum}
        case ValueType.BOOL:
            return {"type": ["boolean", "null"]}
        case ValueType.INSTANT:
            return {"type": ["integer", "string", "null"], "description": "milliseconds since 1970, or ISO 8601"}
        case ValueType.DATE:
            return {"type": ["string", "null"], "format": "date"}
        case ValueType.REF:
            return {"type": ["string", "null"], "format": "uuid", "description": f"id of a {one.refers_to}"}
        case ValueType.BYTES:
            return {"type": ["string", "null"], "pattern": "^([0-9a-f]{2})*$"}
        case ValueType.CODE:
            known: Json = {"enum": [*one.codes, None]} if one.codes else {"maxLength": limits.CODE_CHARS_MAX}
            return {"type": ["string", "null"], **known}
        case ValueType.TEXT:
            return {"type": ["string", "null"], "description": f"at most {limits.TEXT_BYTES_MAX} bytes of UTF-8"}


def _described(document: Json) -> Json:
    """The generated document with kinds, and with one form of failure everywhere."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["problem"] = PROBLEM
    for kind in REGISTRY.kinds:
        if kind.writer is not Writer.HUB:
            schemas[f"values of {kind.name}".replace(" ", "_")] = kind_schema(kind)
    failure = {
        "description": "What happened, what is safe, what to do next.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/problem"}}},
    }
    for operations in document["paths"].values():
        for method, operation in operations.items():
            if method in ("post", "patch"):
                operation.setdefault("parameters", []).append(_KEY_PARAMETER)
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = failure
    return document
