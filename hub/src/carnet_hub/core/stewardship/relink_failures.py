"""What re-linking can meet: each outcome has a name and the three sentences.

HubFailure
├── PackagesMissing     the engine's packages are not installed
├── JavaMissing         Spark was asked for on a machine without Java
├── AlreadyRelinking    another run has the scratch folder
├── ModelChanged        another model became active while pairs were weighed
└── EngineFailed        DuckDB or Spark gave up: no memory, no room, no worker
"""

from carnet_hub.core.failures import HubFailure

_KEPT = "Nothing was changed, and customers that arrive are matched as always."


class PackagesMissing(HubFailure):
    """The engine's packages are not installed.

    Attributes:
        package: the first that was missing.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"Re-linking needs packages that are not installed here; {package} is missing.",
            _KEPT,
            f"Install them with `pip install 'carnet-hub[{extra}]'`, then run the same command again.",
        )
        self.package = package


class JavaMissing(HubFailure):
    """Spark was asked for on a machine without Java."""

    def __init__(self) -> None:
        super().__init__(
            "Spark needs Java, and no Java was found here.",
            _KEPT,
            "Install Java 17 and set JAVA_HOME, or use `--engine duckdb`.",
        )


class AlreadyRelinking(HubFailure):
    """Another run has the scratch folder."""

    def __init__(self) -> None:
        super().__init__("Another re-link is running.", _KEPT, "Wait until it has ended, or stop it first.")


class ModelChanged(HubFailure):
    """Another model became active while pairs were weighed: what was weighed before says nothing any more."""

    def __init__(self) -> None:
        super().__init__(
            "Another matching model became active while customers were weighed.",
            "What was proposed before stands; nothing was linked or taken apart.",
            "Run the same command again: it begins anew with the model in use.",
        )


class EngineFailed(HubFailure):
    """DuckDB or Spark gave up.

    Attributes:
        fault: what it called the fault; its text may quote rows and is not kept.
    """

    def __init__(self, engine: str, fault: str) -> None:
        super().__init__(
            f"{engine} gave up while it weighed pairs: {fault}.",
            "What was proposed before stands; nothing was linked or taken apart.",
            "Look at memory and at the room in the data folder, then run the same command again: it goes on.",
        )
        self.fault = fault
