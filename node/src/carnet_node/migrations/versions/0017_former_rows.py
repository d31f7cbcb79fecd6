"""Rows of a history that a restore of the hub has ended: which one, and which own sets each holds; what was offered."""

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_HELD = """
    SELECT DISTINCT base.kind, base.record, own_op.log_id FROM base_record AS base
    JOIN own_op ON own_op.kind = base.kind AND own_op.record = base.record
    JOIN own_set ON own_set.log_id = own_op.log_id
    WHERE own_set.former_position <= base.former_position
    ORDER BY own_op.log_id
"""
_PUT = "UPDATE base_record SET former_sets = :held WHERE kind = :kind AND record = :record"


def upgrade() -> None:
    """Note what former rows hold, for which positions in two ended histories cannot be compared."""
    op.add_column("base_record", sa.Column("former_epoch", sa.LargeBinary))
    op.add_column("base_record", sa.Column("former_sets", sa.LargeBinary))
    op.add_column("hub_set", sa.Column("offered_in", sa.LargeBinary))
    connection = op.get_bind()
    held: dict[tuple[int, bytes], list[int]] = {}
    for kind, record, log_id in connection.execute(sa.text(_HELD)):
        held.setdefault((kind, record), []).append(log_id)
    for (kind, record), log_ids in held.items():
        packed = msgspec.msgpack.encode(log_ids)
        connection.execute(sa.text(_PUT), {"held": packed, "kind": kind, "record": record})
    op.drop_column("own_set", "former_position")


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")
