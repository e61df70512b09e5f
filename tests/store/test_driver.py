"""Transactions of the driver: they end and fail as those of sessions do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from normlab.spec import JobSpec
from normlab.store import Database, is_unavailable, why_unavailable
from normlab.store.base import table_of
from normlab.store.jobs import jobs
from normlab.store.jobs.creation import NewJob, store
from normlab.store.jobs.tables import Job
from normlab.store.prepared import Prepared
from store.test_transactions import SLOW

COUNT = Prepared(select(func.count()).select_from(table_of(Job)))
CUT = Prepared(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def count(database: Database) -> int:
    with database.reading() as transaction:
        ((found,),) = COUNT.rows(transaction)
    return int(found)


def store_and_fail(database: Database, new: NewJob) -> None:
    with database.writing() as transaction:
        store(transaction, [new])
        raise ValueError("this error is not the database's")


def test_what_was_written_is_there_when_it_has_ended_and_not_after_an_error(
    database: Database, make_spec: Callable[..., JobSpec]
) -> None:
    with database.writing() as transaction:
        store(transaction, [NewJob.of(make_spec())])
        assert count(database) == 0
    assert count(database) == 1
    with pytest.raises(ValueError, match="not the database's"):
        store_and_fail(database, NewJob.of(make_spec()))
    assert count(database) == 1


def test_all_that_a_reading_transaction_sees_is_of_one_moment(
    database: Database, make_spec: Callable[..., JobSpec], threads: ThreadPoolExecutor
) -> None:
    def create() -> None:
        with database.write() as session:
            jobs.create(session, make_spec())

    with database.reading() as transaction:
        before = COUNT.rows(transaction)
        threads.submit(create).result()
        assert COUNT.rows(transaction) == before
    assert count(database) == 1


def test_its_errors_are_sqlalchemys(database: Database, make_spec: Callable[..., JobSpec]) -> None:
    new = NewJob.of(make_spec())
    with pytest.raises(IntegrityError) as twice, database.writing() as transaction:
        store(transaction, [new, new])
    assert not is_unavailable(twice.value)
    with pytest.raises(DBAPIError) as misspelt, database.reading() as transaction:
        Prepared(text("SELEC 1")).rows(transaction)
    assert not is_unavailable(misspelt.value)
    assert count(database) == 0


def test_a_statement_that_works_too_long_is_ended(database: Database) -> None:
    impatient = Database(database.url, statement_seconds=0.2)
    slow = Prepared(text(SLOW[database.url.get_backend_name()]))
    for transaction in (impatient.reading, impatient.writing):
        with pytest.raises(DBAPIError) as raised, transaction() as driver:
            slow.rows(driver)
        assert why_unavailable(raised.value) == "the database takes too long"
        with transaction() as driver:  # the connection is as good as before
            COUNT.rows(driver)
    impatient.close()


def test_a_lost_connection_is_the_databases_own_reason_and_is_not_used_again(
    postgres_database: Database,
) -> None:
    for _ in range(2):
        with pytest.raises(DBAPIError) as raised, postgres_database.writing() as transaction:
            CUT.rows(transaction)
        assert is_unavailable(raised.value)
        assert count(postgres_database) == 0


def test_a_database_that_is_away_is_unavailable() -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DBAPIError) as raised, away.reading():
        pass
    assert is_unavailable(raised.value)
    away.close()
