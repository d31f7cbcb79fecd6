"""Profiles of reports as files, as they came with the program or as an operator brought; names of provinces.

Decides which of two profiles of one name counts: the operator's. Does not decide what a profile says
(`core.profiles`).
"""

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Final

from carnet_hub.core.campaigns.profiles import Profile, parse_profile
from carnet_hub.core.counting.trends import ProvinceNames
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import LAW_FILE_BYTES_MAX
from carnet_hub.core.ports import Files

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_SUFFIX: Final = ".toml"
_SHIPPED: Final = resources.files("carnet_hub").joinpath("data")


class ProfileFolder:
    """Files in a folder of the hub's data; what is not there is as the program brought it."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files

    def profile(self, name: str) -> Profile:
        """The profile of a name.

        Raises:
            Unusable: there is none, or the operator's file is damaged.
        """
        if name not in self._names():
            raise Unusable(f"There is no profile {name[:40]}.", f"Use one of: {', '.join(self._names())}.")
        own = self._files.read(self._folder / f"{name}{_SUFFIX}", bytes_max=LAW_FILE_BYTES_MAX)
        held = own if own is not None else _SHIPPED.joinpath("profiles", f"{name}{_SUFFIX}").read_bytes()
        return parse_profile(_decoded(held))

    def profiles(self) -> list[Profile]:
        """Every profile that counts, by name; without those that are damaged."""
        damaged = self.damaged()
        return [self.profile(name) for name in self._names() if name not in damaged]

    def damaged(self) -> dict[str, Unusable]:
        """What is wrong with the operator's files that are no profiles, by name; none counts, nor the shipped one."""
        found: dict[str, Unusable] = {}
        for name in self._names():
            try:
                self.profile(name)
            except Unusable as failure:
                found[name] = failure
        return found

    def put(self, content: bytes) -> Profile:
        """Let an operator's profile count from now on, in place of one of the same name.

        Args:
            content: of the file; at most `LAW_FILE_BYTES_MAX` bytes.

        Raises:
            Unusable: it is no profile, or its name is none; what counted stays.
        """
        brought = parse_profile(_decoded(content))
        if _NAME.fullmatch(brought.name) is None:
            raise Unusable(
                f"{brought.name[:40]} is no name of a profile.", "Use small letters, digits and dashes, as us-annual."
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files.replace(self._folder / f"{brought.name}{_SUFFIX}", content)
        return brought

    def _names(self) -> list[str]:
        shipped = [one.name for one in _SHIPPED.joinpath("profiles").iterdir()]
        own = self._files.names(self._folder) if self._folder.is_dir() else []
        return sorted({name.removesuffix(_SUFFIX) for name in (*shipped, *own) if name.endswith(_SUFFIX)})


def province_names() -> ProvinceNames:
    """Chinese and English names of provinces, by the first two digits of the national division code."""
    held = tomllib.loads(_SHIPPED.joinpath("provinces_cn.toml").read_text(encoding="utf-8"))
    return {code: (names[0], names[1]) for code, names in held["provinces"].items()}


def city_names() -> dict[str, str]:
    """Chinese names of cities, by the first four digits of the national division code."""
    held = tomllib.loads(_SHIPPED.joinpath("cities_cn.toml").read_text(encoding="utf-8"))
    return dict(held["cities"])


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as failure:
        raise Unusable("The file is no UTF-8 text.", "Save it as UTF-8, then import it again.") from failure
