"""How Alembic reaches the hub's database: through the connection that `adapters.schema` hands over."""

from alembic import context

from carnet_hub.adapters.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_type=True,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
