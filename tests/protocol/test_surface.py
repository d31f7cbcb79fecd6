"""What the distribution offers to node, hub and strangers."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import carnet_protocol

MODULES = [module.name for module in pkgutil.iter_modules(carnet_protocol.__path__)]


def test_the_surface_is_its_modules():
    """Each module is announced, and nothing else is."""
    assert carnet_protocol.__all__ == sorted(MODULES)


def test_the_first_page_names_every_module():
    """Whoever opens the package finds each module under bytes, words or rules."""
    page = (carnet_protocol.__doc__ or "").partition("    bytes")[2]
    words = page.replace(",", " ").split()

    assert sorted(word for word in words if word not in ("words", "rules")) == sorted(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_decides(name: str):
    """The first paragraphs of a module tell what it decides."""
    module = importlib.import_module(f"carnet_protocol.{name}")

    assert "decide" in (module.__doc__ or "").lower() or name in ("errors", "limits")


def test_importing_the_package_imports_nothing_else():
    """A command line that needs one word does not pay for the cryptography."""
    code = "import carnet_protocol.limits, sys; print([m for m in sys.modules if m.startswith(('cbor2', 'msgspec'))])"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    assert found == "[]"
