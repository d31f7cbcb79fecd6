"""The pages of a served hub as somebody sees them who is logged in."""

from http.cookies import SimpleCookie
from typing import Any

import httpx

from support.outside import Outside


def log_in(outside: Outside, token: str, **more: Any) -> str:
    """The cookie of a log-in; empty when there is none."""
    answered = outside.ask("POST", "/regulator/login", data={"token": token}, **more)
    jar = SimpleCookie(answered.headers.get("set-cookie", ""))
    return jar["carnet_regulator"].value if "carnet_regulator" in jar else ""


def see(outside: Outside, path: str, cookie: str, method: str = "GET", **more: Any) -> httpx.Response:
    """A page of somebody who is logged in."""
    return outside.ask(method, path, headers={"Cookie": f"carnet_regulator={cookie}"}, **more)
