"""How Alembic reaches the node's database: through the connection that `adapters.schema` hands over."""

from alembic import context

from carnet_node.adapters.local_tables import whole_metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=whole_metadata(),
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
