"""The files in tests/vectors as tables of cases, and the values behind their JSON."""

import json
from typing import Any, Final

import pytest
from tools.make_vectors import VECTORS

from carnet_protocol.errors import Refused

unhex: Final = bytes.fromhex


def vectors(name: str) -> Any:
    """A table of the vectors in a file."""
    listed = json.loads((VECTORS / name).read_text(encoding="utf-8"))["vectors"]
    return pytest.mark.parametrize("vector", listed, ids=lambda vector: vector["name"])


def value_of(stated: Any) -> Any:
    """A value behind its JSON form."""
    return unhex(stated["hex"]) if isinstance(stated, dict) else stated


def fields_of(stated: dict[str, Any]) -> dict[int, Any]:
    """A map of labels behind its JSON form."""
    return {int(label): value_of(value) for label, value in stated.items()}


def reason_of(refusal: pytest.ExceptionInfo[Refused]) -> str:
    """The code that travels."""
    return refusal.value.reason.value
