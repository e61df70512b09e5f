"""What comparisons cost the database does not grow with the number of their jobs."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event, update

from normlab.comparisons.created import known_at_start
from normlab.store import Comparison, Job, JobState, deletion
from normlab.store.comparisons.replicates import add_replicates, new_members
from normlab.store.jobs import leases
from normlab.store.studies import studies

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


def statements_of_a_life(laboratory, arms, replicates, base_seed):
    """What it takes to make, grow, cancel and delete a comparison of so many jobs."""
    specs = [
        {"architecture": "baseline", "dataset": "digits", "training": {"epochs": epochs}}
        for epochs in range(1, arms + 1)
    ]
    asked = [{"name": str(number), "spec": spec} for number, spec in enumerate(specs)]
    found = []
    with counted(laboratory.database) as counts:
        comparison = laboratory.create(
            arms=asked, replicates={"start": replicates, "max": 2 * replicates}, base_seed=base_seed
        )
        found.append(counts["statements"])
        with laboratory.database.write() as session:
            known_at_start(session, comparison)
        wanted = new_members(comparison, replicates, max_attempts=3)
        with laboratory.database.write() as session:
            add_replicates(session, studies.lock(session, Comparison, comparison.id), wanted)
        found.append(counts["statements"])
        with laboratory.database.write() as session:
            leases.claim(session, wanted[0].job.id, worker="w", lease_seconds=60)
            studies.cancel(session, Comparison, comparison.id)
        found.append(counts["statements"])
        with laboratory.database.write() as session:
            session.execute(update(Job).where(Job.id == wanted[0].job.id).values(state=JobState.CANCELLED))
            gone = deletion.delete_study(session, Comparison, comparison.id, with_jobs=True)
        found.append(counts["statements"])
    assert len(gone) == 2 * arms * replicates
    assert counts["jobs"] < 3 + arms * replicates  # as members of the answer; and the one that was claimed
    return found


def test_as_many_statements_make_and_end_many_jobs_as_few(laboratory):
    few = statements_of_a_life(laboratory, arms=2, replicates=3, base_seed=0)
    assert statements_of_a_life(laboratory, arms=4, replicates=25, base_seed=1000) == few
