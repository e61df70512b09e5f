import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from normlab.spec import JobSpec
from normlab.store import Database, Job, JobState, is_unavailable, why_unavailable
from normlab.store.jobs import events, jobs, leases

SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(600)",
}


def test_all_that_a_reading_transaction_sees_is_of_one_moment(
    database: Database, make_spec: Callable[..., JobSpec], threads: ThreadPoolExecutor
) -> None:
    """A job's document is several queries; between them its state changed, and the document contradicted itself."""
    with database.write() as session:
        job_id = jobs.create(session, make_spec()).id

    def change() -> None:
        with database.write() as session:
            leases.claim(session, job_id, worker="w", lease_seconds=60)

    with database.read() as session:
        assert session.scalar(select(Job.state)) is JobState.QUEUED
        threads.submit(change).result()
        told = [event.data["state"] for event in events.history(session, job_id)]
        assert told == ["queued"]
    with database.read() as session:
        assert session.scalar(select(Job.state)) is JobState.RUNNING


def test_a_reading_transaction_writes_nothing(postgres_database: Database) -> None:
    with (
        pytest.raises(DBAPIError, match="read-only transaction") as raised,
        postgres_database.read() as session,
    ):
        session.execute(text("DELETE FROM jobs"))
    assert is_unavailable(raised.value)  # what a standby says as well, after a failover


def test_a_statement_that_works_too_long_is_ended_as_if_the_database_were_away(database: Database) -> None:
    impatient = Database(database.url, statement_seconds=0.2)
    slow = text(SLOW[database.url.get_backend_name()])
    for transaction in (impatient.read, impatient.write):
        with pytest.raises(OperationalError) as raised, transaction() as session:
            session.execute(slow)
        assert why_unavailable(raised.value) == "the database takes too long"
        with transaction() as session:  # the connection is as good as before
            session.execute(text("SELECT 1"))
    impatient.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT no_such_column FROM jobs",
        "INSERT INTO job_tags (job_id, tag, position) VALUES ('job_x', 'a', 0)",  # there is no such job
        "INSERT INTO worker_children (name) VALUES (NULL)",
        "SELEC 1",
    ],
)
def test_a_statement_that_no_database_would_take_does_not_make_it_unavailable(
    database: Database, statement: str
) -> None:
    with pytest.raises(DBAPIError) as raised, database.write() as session:
        session.execute(text(statement))
    assert not is_unavailable(raised.value)


def test_a_database_whose_tables_are_not_made_yet_is_unavailable(database: Database) -> None:
    with pytest.raises(DBAPIError) as raised, database.read() as session:
        session.execute(text("SELECT * FROM not_made_yet"))
    assert "normlab-migrate" in str(why_unavailable(raised.value))


def test_a_lost_connection_and_a_deadlock_are_the_databases_own_reasons(postgres_database: Database) -> None:
    with pytest.raises(SQLAlchemyError) as raised, postgres_database.write() as session:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert is_unavailable(raised.value)

    with postgres_database.write() as session:
        session.execute(text("CREATE TABLE pairs AS SELECT 1 AS number UNION SELECT 2"))
    together, failed = threading.Barrier(2), []

    def lock_both(first: int, second: int) -> None:
        try:
            with postgres_database.write() as session:
                query = text("SELECT * FROM pairs WHERE number = :number FOR UPDATE")
                session.execute(query, {"number": first})
                together.wait()
                session.execute(query, {"number": second})
        except DBAPIError as error:
            failed.append(error)

    running = [threading.Thread(target=lock_both, args=order) for order in ((1, 2), (2, 1))]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert [is_unavailable(error) for error in failed] == [True]


def test_a_process_all_of_whose_connections_are_in_use_says_unavailable() -> None:
    assert is_unavailable(PoolTimeoutError())
    assert not is_unavailable(ValueError())
