"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy offers by dialect."""

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from normlab.store.base import Base


def insert(session: Session | Connection, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """The session's dialect's INSERT, which knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    dialect = (session.get_bind() if isinstance(session, Session) else session).dialect.name
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
