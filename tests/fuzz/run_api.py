"""Ask one interface arbitrary things for some seconds; a child of `tools.fuzz`.

    python -m fuzz.run_api node-api 10

Requests are drawn by schemathesis from the interface's own description. Ends with 1 when an answer was a finding, and
prints the request. Runs in the environment of tests/fuzz/requirements.txt only.
"""

import itertools
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis
import structlog
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fuzz.apis import APIS, Api

_EXAMPLES = 40


def main(name: str, seconds: int) -> int:
    """Ask until the time is over; the exit code."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(prefix="carnet-fuzz-") as folder:
        api = APIS[name](Path(folder))
        for media_type, bodies in api.bodies.items():
            schemathesis.openapi.media_type(media_type, bodies)
        schema = schemathesis.openapi.from_dict(api.description)
        schema.app = api.app
        operations = [found.ok() for found in schema.get_all_operations()]
        statuses: Counter[int] = Counter()
        findings: list[str] = []
        until = time.monotonic() + seconds
        for number, operation in enumerate(itertools.cycle(operations)):
            if time.monotonic() > until or findings:
                break
            _ask_some(api, operation, number, statuses, findings)
    print(f"{sum(statuses.values())} requests, by status {dict(sorted(statuses.items()))}")
    print("\n".join(findings))
    return 1 if findings else 0


def _ask_some(api: Api, operation: Any, number: int, statuses: Counter[int], findings: list[str]) -> None:
    """Some requests of one operation, as drawn from its description and then bent towards what exists."""

    @seed(number)
    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), dice=st.integers(0, 2**32))
    def ask(case: Any, dice: int) -> None:
        rng = random.Random(dice)
        api.substitute(case, rng)
        role, headers = rng.choice(api.callers)
        sent = {"Host": api.host, **headers}
        try:
            answer = case.call(base_url=f"http://{api.host}", headers=sent)
        except Exception as error:  # noqa: BLE001  (what leaves an application is a finding, whatever it is)
            findings.append(f"{role}: {case.as_curl_command()}\n{type(error).__name__}: {error}")
            return
        statuses[answer.status_code] += 1
        if api.is_finding(operation.path, answer.status_code):
            findings.append(f"{role}: {case.as_curl_command()}\n{answer.status_code} {answer.text[:500]}")
        if answer.status_code in (200, 201) and answer.headers.get("content-type", [""])[0] == "application/json":
            api.learn(answer.json())

    ask()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
