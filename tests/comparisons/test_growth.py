"""What it costs to look at a comparison while its jobs end does not grow with the number of its jobs."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event, update

from normlab.store import Job, JobState

LOOKS = 6


@pytest.fixture
def database(postgres_database):
    """Postgres, since it says how many rows a query gives."""
    return postgres_database


@contextmanager
def counted(database):
    """Counts statements, the rows that they give or change, and the jobs that are loaded as objects."""
    counts = {"statements": 0, "rows": 0, "jobs": 0}

    def executed(_connection, cursor, *_rest):
        counts["statements"] += 1
        counts["rows"] += max(cursor.rowcount, 0)

    def loaded(*_):
        counts["jobs"] += 1

    event.listen(database.engine, "after_cursor_execute", executed)
    event.listen(Job, "load", loaded)
    try:
        yield counts
    finally:
        event.remove(database.engine, "after_cursor_execute", executed)
        event.remove(Job, "load", loaded)


def cost_of_looks(laboratory, replicates, base_seed):
    comparison = laboratory.create(replicates=replicates, base_seed=base_seed)
    ids = [member.job_id for member in laboratory.members(comparison)][:LOOKS]
    with counted(laboratory.database) as counts:
        for job_id in ids:
            with laboratory.database.write() as session:
                session.execute(update(Job).where(Job.id == job_id).values(state=JobState.SUCCEEDED))
            assert laboratory.advance() == []
    assert laboratory.get(comparison).event_count == 2 + LOOKS + LOOKS // 2  # all of them were noticed
    return counts


def test_each_look_reads_only_what_has_ended_since_the_last(laboratory):
    few = cost_of_looks(laboratory, replicates=5, base_seed=0)
    many = cost_of_looks(laboratory, replicates=200, base_seed=1000)
    assert many == few
    assert few["jobs"] == 0
    assert few["rows"] < 20 * LOOKS
