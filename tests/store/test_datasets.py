"""Versions of uploaded datasets in the database: numbered, taken by one process at a time, ended, deleted."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from normlab.errors import NotFoundError, SpecError, StateError
from normlab.store import Comparison, Database, DatasetState, DatasetVersion, deletion, idempotency
from normlab.store.comparisons import comparisons
from normlab.store.comparisons.comparisons import Arm, NewComparison
from normlab.store.datasets import checks, usage, versions
from normlab.store.datasets.checks import MAX_LOST_ATTEMPTS, Checked, StoredArray, Taken
from normlab.store.datasets.versions import Source
from normlab.store.identifiers import new_id
from normlab.store.studies import studies

CHECKED = Checked(
    {"digest": "sha256:1"},
    {"format": "npz"},
    {"findings": []},
    [StoredArray("decoded/x_train.npy", "ds/1/x_train.npy", "0" * 64, 8)],
)


def upload(database: Database, name: str = "parts") -> DatasetVersion:
    with database.write() as session:
        dataset_id = new_id("ds")
        source = Source(f"uploads/{dataset_id}", "0" * 64, 10, "parts.npz")
        return versions.create(session, dataset_id, name, source, {"seed": 7})


def take(database: Database, *, lease_seconds: float = 60, worker: str = "w/1") -> Taken:
    with database.write() as session:
        taken = checks.take(session, worker=worker, lease_seconds=lease_seconds)
    assert taken is not None
    return taken


def take_nothing(database: Database) -> bool:
    with database.write() as session:
        return checks.take(session, worker="w/1", lease_seconds=60) is None


def finish(database: Database, taken: Taken, found: Checked | str = CHECKED) -> DatasetState | None:
    with database.write() as session:
        return checks.finish(session, taken, found)


def get(database: Database, version: int | None = None, name: str = "parts") -> DatasetVersion:
    with database.read() as session:
        return versions.get(session, name, version)


def ready(database: Database, name: str = "parts") -> DatasetVersion:
    made = upload(database, name)
    assert finish(database, take(database)) is DatasetState.READY
    return get(database, made.version, name)


def delete(database: Database, version: int | None = None) -> Sequence[str]:
    with database.write() as session:
        return deletion.delete_dataset(session, "parts", version)


def test_uploads_of_one_name_at_once_get_numbers_one_after_the_other(
    database: Database, threads: ThreadPoolExecutor
) -> None:
    made = [future.result() for future in [threads.submit(upload, database) for _ in range(12)]]
    assert sorted(each.version for each in made) == list(range(1, 13))
    with database.read() as session:
        assert [each.version for each in versions.of_name(session, "parts")] == list(range(12, 0, -1))
        assert [each.version for each in versions.newest(session)] == [12]


def test_a_version_is_taken_once_and_becomes_ready(database: Database) -> None:
    assert take_nothing(database)
    first, second = upload(database), upload(database, "others")
    taken = take(database)
    assert (taken.id, taken.attempt, taken.options, taken.source.name) == (
        first.id,
        1,
        {"seed": 7},
        "parts.npz",
    )
    assert take(database).id == second.id
    assert take_nothing(database)
    assert finish(database, taken) is DatasetState.READY
    found = get(database)
    assert (found.state, found.content, found.progress) == (DatasetState.READY, CHECKED.content, None)
    assert found.finished_at is not None
    with database.read() as session:
        assert list(versions.files(session, first.id)) == ["decoded/x_train.npy"]
        assert [file.bytes for file in versions.decoded_files(session, "sha256:1")] == [8]
        assert versions.decoded_files(session, "sha256:2") == []
        assert versions.known_contents(session, ["sha256:1", "sha256:2"]) == {"sha256:1"}
    assert finish(database, taken) is None, "it has ended"


def test_a_refusal_keeps_its_reason(database: Database) -> None:
    upload(database)
    assert finish(database, take(database), "row 7 is short") is DatasetState.REFUSED
    assert get(database).reason == "row 7 is short"
    assert take_nothing(database)


def test_an_attempt_that_fell_silent_changes_nothing_any_more(database: Database) -> None:
    upload(database)
    silent = take(database, lease_seconds=-1)
    later = take(database)
    assert later.attempt == 2
    with database.write() as session:
        assert checks.heartbeat(session, silent, lease_seconds=60, progress={"phase": "old"}) is None
        assert checks.heartbeat(session, later, lease_seconds=60, progress={"phase": "new"}) is False
    assert finish(database, silent) is None
    assert get(database).progress == {"phase": "new"}
    assert finish(database, later) is DatasetState.READY


def test_a_version_over_which_processes_die_is_refused_at_last(database: Database) -> None:
    upload(database)
    for number in range(MAX_LOST_ATTEMPTS):
        taken = take(database, worker=f"w/{number}")
        with database.write() as session:
            checks.lose_of(session, f"w/{number}")
    assert taken.attempt == MAX_LOST_ATTEMPTS
    assert take_nothing(database)
    assert (get(database).state, "ended before" in (get(database).reason or "")) == (
        DatasetState.REFUSED,
        True,
    )


def test_attempts_that_are_put_back_are_not_counted(database: Database) -> None:
    upload(database)
    for number in range(1, MAX_LOST_ATTEMPTS + 2):
        assert take(database).attempt == number
        with database.write() as session:
            checks.put_back(session, "w/1")
    given_back = take(database, lease_seconds=-1)
    with database.write() as session:
        checks.give_back(session, given_back, counts=False)
    assert take(database).attempt == given_back.attempt + 1
    assert get(database).lost_attempts == 0


def cancel(database: Database) -> DatasetState:
    with database.write() as session:
        return checks.request_cancel(session, "parts").state


def test_what_nobody_checks_is_cancelled_at_once(database: Database) -> None:
    upload(database)
    assert cancel(database) is DatasetState.CANCELLED
    assert cancel(database) is DatasetState.CANCELLED
    assert take_nothing(database)


def test_a_check_that_is_under_way_is_told_and_ends_as_cancelled(database: Database) -> None:
    upload(database)
    taken = take(database)
    assert cancel(database) is DatasetState.CHECKING
    with database.write() as session:
        assert checks.heartbeat(session, taken, lease_seconds=60, progress=None) is True
    assert finish(database, taken) is DatasetState.CANCELLED
    assert get(database).content is None
    with database.read() as session:
        assert versions.files(session, taken.id) == {}


def test_a_cancelled_check_whose_process_died_is_not_taken_again(database: Database) -> None:
    upload(database)
    take(database)
    cancel(database)
    with database.write() as session:
        checks.lose_of(session, "w/1")
    assert get(database).state is DatasetState.CANCELLED


def test_what_is_checked_to_the_end_is_not_cancelled(database: Database) -> None:
    ready(database)
    with pytest.raises(StateError, match="is ready"):
        cancel(database)


def test_a_deleted_versions_number_is_not_given_again_and_the_name_goes_with_the_last(
    database: Database,
) -> None:
    first, second = ready(database), ready(database)
    assert delete(database, 2) == [second.id]
    third = ready(database)
    assert third.version == 3
    with pytest.raises(NotFoundError, match="has no version 2"):
        delete(database, 2)
    assert delete(database) == [first.id, third.id]
    with pytest.raises(NotFoundError, match="there is no dataset parts"):
        get(database)
    assert upload(database).version == 1


def test_what_is_being_checked_or_used_is_not_deleted(database: Database, make_job, make_spec) -> None:
    used = ready(database)
    job_id = make_job()
    arms = [Arm("a", make_spec()), Arm("b", make_spec(training={"batch_size": 32}))]
    new = NewComparison(arms=arms, question={}, base_seed=1, replicates=1, max_replicates=1)
    with database.write() as session:
        comparison = comparisons.create(session, comparisons.prepare(new))
        usage.record(session, job_id, "parts", 1)
        usage.record(session, comparison.id, "parts", 1)
    upload(database)
    with pytest.raises(StateError, match="version 2 of dataset parts is being checked"):
        delete(database)
    with pytest.raises(StateError, match=f"used by {comparison.id}, {job_id}"):
        delete(database, 1)
    with database.write() as session:
        studies.cancel(session, Comparison, comparison.id)
    with database.write() as session:
        deletion.delete_study(session, Comparison, comparison.id)
        deletion.delete_job(session, job_id)
    assert delete(database, 1) == [used.id]


def test_only_a_version_that_is_ready_can_be_used(database: Database, make_job) -> None:
    upload(database)
    job_id = make_job()
    with (
        pytest.raises(SpecError, match="version 1 of dataset parts is not there"),
        database.write() as session,
    ):
        usage.record(session, job_id, "parts", 1)


def test_the_key_of_a_deleted_version_is_free_again(database: Database) -> None:
    made = ready(database)
    with database.write() as session:
        assert idempotency.begin(session, "key", "digest") is None
        idempotency.remember(session, "key", {"id": made.id})
    delete(database)
    with database.write() as session:
        assert idempotency.begin(session, "key", "digest") is None
