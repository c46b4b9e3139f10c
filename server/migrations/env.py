"""Alembic's environment: it migrates the connection that `migrate` hands over."""

from alembic import context

from server.migrations.run import all_metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=all_metadata(),
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    # SQLite's, too, since `migrate` begins its transactions itself.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
