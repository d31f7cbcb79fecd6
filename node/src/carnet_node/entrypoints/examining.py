"""Everything `doctor` looks at, for a node that is running: what the sync centre says in plain words.

Decides the order only: the machine, the node, the backups.
"""

from carnet_node.adapters.examining import measure_system
from carnet_node.bootstrap import Installation
from carnet_node.core.node import Node
from carnet_node.core.upkeep.doctor import Finding, examine_node, judge_backups, judge_system
from carnet_storage.adapters.planning import missing_targets
from carnet_storage.adapters.small_files import read_status


def examine_installation(installation: Installation, node: Node) -> list[Finding]:
    """Findings about an enrolled node whose keys and database are in use."""
    settings = installation.settings
    facts = measure_system(settings.keys_dir, settings.database, installation.files)
    backups, gone = read_status(settings.backup_dir), missing_targets(settings)
    return [
        *judge_system(facts),
        *examine_node(node, *installation.signing_keys.public()),
        *judge_backups(backups, node.clock.now_ms(), is_target_set=settings.has_target, gone=gone),
    ]
