"""Run by alembic for each command: ties the tables of the models to the connection it was given."""

from alembic import context

from normlab.store.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite, too, can undo a CREATE TABLE; whoever gave the connection commits.
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
