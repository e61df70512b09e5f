from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from normlab.comparisons import assess, load_runs
from normlab.errors import NotFoundError, StateError
from normlab.store import Comparison, JobState, StudyState, StudyStopReason, deletion
from normlab.store.comparisons import comparisons
from normlab.store.jobs import jobs, leases
from normlab.store.studies import events, studies

TAGS = [f"tag{number}" for number in range(31)]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def constant(_arm: str, _seed: int) -> float:
    return 0.8


def test_a_comparison_makes_a_job_for_each_arm_and_seed(laboratory):
    comparison = laboratory.create(base_seed=7)
    members = laboratory.members(comparison)
    assert [(member.replicate, member.arm, member.seed) for member in members] == [
        (replicate, arm, 7 + replicate) for replicate in range(3) for arm in range(2)
    ]
    for member in members:
        assert member.job.spec["training"]["seed"] == member.seed
        assert member.job.arm_digest == comparison.arms[member.arm].arm_digest
        assert not member.reused
    assert members[0].job.name == "baseline, seed 7"
    assert "seed" not in comparison.arms[0].spec["training"]
    assert [tag.tag for tag in members[0].job.tags] == [comparison.id]
    assert len({member.job_id for member in members}) == 6


def test_the_longest_name_and_the_most_tags_leave_room_for_seed_and_comparison(laboratory):
    arms = [
        {
            "name": f"{name}{'x' * 199}",
            "spec": {"architecture": architecture, "dataset": "digits", "tags": TAGS},
        }
        for name, architecture in (("a", "baseline"), ("b", "batch_norm"))
    ]
    comparison = laboratory.create({"arms": arms, "replicates": 3, "base_seed": 1_000_000})
    job = laboratory.members(comparison)[0].job
    assert len(job.name) == 200
    assert job.name.endswith("…, seed 1000000")
    assert job.tag_names == [*TAGS, comparison.id]


def test_jobs_that_succeeded_in_the_same_environment_are_used_again(laboratory):
    first = laboratory.create()
    laboratory.end_all(first, constant)
    again = laboratory.create(replicates=4)
    reused = {member.seed: member.reused for member in laboratory.members(again)}
    assert reused == {42: True, 43: True, 44: True, 45: False}
    made = {member.job_id for member in laboratory.members(first)}
    assert {member.job_id for member in laboratory.members(again) if member.reused} == made


def test_fresh_uses_nothing_again(laboratory):
    laboratory.end_all(laboratory.create(), constant)
    assert not any(member.reused for member in laboratory.members(laboratory.create(fresh=True)))


def test_another_environment_since_then_makes_new_jobs(laboratory):
    laboratory.end_all(laboratory.create(), constant)
    newer = {"normlab": "1", "tensorflow": "3", "device": "cpu", "device_name": "a processor"}
    other = laboratory.create(base_seed=1000)
    laboratory.end_all(other, constant, environment=newer)
    assert not any(member.reused for member in laboratory.members(laboratory.create()))
    assert all(member.reused for member in laboratory.members(laboratory.create(base_seed=1000)))


def test_what_does_not_change_the_numbers_does_not_forbid_reuse(laboratory):
    first = laboratory.create()
    for number, member in enumerate(laboratory.members(first)):
        laboratory.end(
            member.job_id, 0.8, environment={"tensorflow": "2", "cores": number, "platform": number}
        )
    assert all(member.reused for member in laboratory.members(laboratory.create()))


def test_jobs_under_way_are_shared_but_not_failed_or_cancelled_ones(laboratory):
    first = laboratory.create()
    members = laboratory.members(first)
    laboratory.end(members[0].job_id, None)
    with laboratory.database.write() as session:
        jobs.request_cancel(session, members[1].job_id)
    shared = [member.reused for member in laboratory.members(laboratory.create())]
    assert shared == [False, False, True, True, True, True]


def test_a_job_on_another_device_is_no_substitute(laboratory, make_spec):
    laboratory.end_all(laboratory.create(), constant)
    specs = [
        make_spec(architecture=name, resources={"device": "cpu"})
        for name in ("baseline", "baseline_with_batch_norm")
    ]
    new = comparisons.NewComparison(
        arms=[comparisons.Arm(str(index), spec) for index, spec in enumerate(specs)],
        question={},
        base_seed=42,
        replicates=3,
        max_replicates=3,
    )
    with laboratory.database.write() as session:
        comparison = comparisons.create(session, comparisons.prepare(new))
    assert not any(member.reused for member in laboratory.members(comparison))


def test_cancelling_ends_its_own_jobs_and_no_other(laboratory):
    first = laboratory.create()
    second = laboratory.create(replicates=4)  # shares the jobs of three seeds
    with laboratory.database.write() as session:
        cancelled = studies.cancel(session, Comparison, first.id)
    assert cancelled.state is StudyState.CANCELLED
    assert cancelled.stop_reason is StudyStopReason.CANCELLED
    assert {member.job.state for member in laboratory.members(first)} == {JobState.QUEUED}
    with laboratory.database.write() as session:
        studies.cancel(session, Comparison, second.id)
    states = {member.seed: member.job.state for member in laboratory.members(second)}
    assert states == {42: "queued", 43: "queued", 44: "queued", 45: "cancelled"}


def test_cancelling_twice_changes_nothing_and_a_finished_one_cannot_be_cancelled(laboratory):
    comparison = laboratory.create()
    for _ in range(2):
        with laboratory.database.write() as session:
            studies.cancel(session, Comparison, comparison.id)
    assert {member.job.state for member in laboratory.members(comparison)} == {JobState.CANCELLED}
    finished = laboratory.create()
    laboratory.end_all(finished, constant)
    laboratory.advance()
    with (
        laboratory.database.write() as session,
        pytest.raises(StateError, match="is finished; only a running"),
    ):
        studies.cancel(session, Comparison, finished.id)
    with pytest.raises(NotFoundError, match="no comparison cmp_x"), laboratory.database.write() as session:
        studies.cancel(session, Comparison, "cmp_x")


def test_a_job_that_a_comparison_uses_cannot_be_deleted(laboratory):
    comparison = laboratory.create()
    job_id = laboratory.members(comparison)[0].job_id
    with (
        laboratory.database.write() as session,
        pytest.raises(StateError, match=f"is used by {comparison.id}"),
    ):
        deletion.delete_job(session, job_id)


def test_a_running_comparison_cannot_be_deleted(laboratory):
    comparison = laboratory.create()
    with pytest.raises(StateError, match="cancel it first"), laboratory.database.write() as session:
        deletion.delete_study(session, Comparison, comparison.id)


@pytest.mark.parametrize("with_jobs", [False, True])
def test_jobs_go_with_a_comparison_only_if_asked(laboratory, with_jobs):
    comparison = laboratory.create()
    ids = [member.job_id for member in laboratory.members(comparison)]
    laboratory.end_all(comparison, constant)
    laboratory.advance()
    with laboratory.database.write() as session:
        deleted = deletion.delete_study(session, Comparison, comparison.id, with_jobs=with_jobs)
    assert sorted(deleted) == (sorted(ids) if with_jobs else [])
    with laboratory.database.write() as session:
        assert studies.find(session, Comparison, comparison.id) is None
        assert [jobs.find(session, job_id) is None for job_id in ids] == [with_jobs] * 6
        if not with_jobs:
            deletion.delete_job(session, ids[0])  # nothing uses it any more


def test_jobs_that_another_comparison_uses_stay(laboratory):
    first = laboratory.create()
    laboratory.end_all(first, constant)
    laboratory.advance()
    second = laboratory.create(replicates=1)
    with laboratory.database.write() as session:
        deleted = deletion.delete_study(session, Comparison, first.id, with_jobs=True)
    assert len(deleted) == 4
    laboratory.advance()
    assert laboratory.get(second).state is StudyState.FINISHED
    with laboratory.database.write() as session:
        # None was made for it.
        assert deletion.delete_study(session, Comparison, second.id, with_jobs=True) == []


def test_jobs_that_still_run_are_not_deleted(laboratory):
    comparison = laboratory.create()
    job_id = laboratory.members(comparison)[0].job_id
    with laboratory.database.write() as session:
        leases.claim(session, job_id, worker="test", lease_seconds=60)
        studies.cancel(session, Comparison, comparison.id)
    with pytest.raises(StateError, match=f"{job_id} is running"), laboratory.database.write() as session:
        deletion.delete_study(session, Comparison, comparison.id, with_jobs=True)
    assert laboratory.get(comparison).state is StudyState.CANCELLED  # nothing was deleted


def test_pages_are_newest_first(laboratory):
    made = [laboratory.create().id for _ in range(5)]
    with laboratory.database.read() as session:
        first = studies.page(session, Comparison, limit=2)
        second = studies.page(session, Comparison, limit=3, cursor=first.next_cursor)
    assert [item.id for item in (*first.studies, *second.studies)] == made[::-1]
    assert second.next_cursor is None


def test_many_processes_advance_at_once_and_each_job_is_made_once(laboratory, threads):
    comparison = laboratory.create(replicates={"start": 3, "max": 5})
    for pairs in range(3, 6):
        laboratory.end_all(comparison, lambda arm, seed: 0.8 + 0.01 * ((seed + len(arm)) % 3))
        made = [job_id for found in threads.map(lambda _: laboratory.advance(), range(8)) for job_id in found]
        members = laboratory.members(comparison)
        assert len(members) == 2 * min(pairs + 1, 5)
        assert len(made) == len(set(made)) == (2 if pairs < 5 else 0)
    assert laboratory.get(comparison).state is StudyState.FINISHED
    with laboratory.database.read() as session:
        found = events.after(session, Comparison, comparison.id)
    assert [event.number for event in found] == list(range(1, len(found) + 1))
    kinds = [event.kind.value for event in found]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "state": 2,
        "replicates": 3,
        "job": 10,
        "pair": 5,
    }


def test_a_failed_job_that_is_retried_in_time_counts(laboratory):
    comparison = laboratory.create(replicates=2)
    members = laboratory.members(comparison)
    laboratory.end(members[0].job_id, None)
    laboratory.advance()
    with laboratory.database.write() as session:
        jobs.retry(session, members[0].job_id)
    for member in members[1:]:
        laboratory.end(member.job_id, 0.8)
    laboratory.advance()
    assert laboratory.get(comparison).state is StudyState.RUNNING
    laboratory.end(members[0].job_id, 0.8)
    laboratory.advance()
    assert laboratory.get(comparison).state is StudyState.FINISHED
    with laboratory.database.read() as session:
        assert load_runs(session, comparison.id).arms["baseline"][0].job == members[0].job_id


def test_what_a_finished_comparison_says_stays(laboratory):
    comparison = laboratory.create(replicates=2)
    members = laboratory.members(comparison)
    laboratory.end_all(
        comparison, lambda arm, seed: None if (arm, seed) == ("baseline", members[0].seed) else 0.8
    )
    laboratory.advance()
    with laboratory.database.write() as session:
        jobs.retry(session, members[0].job_id)
    laboratory.end(members[0].job_id, 0.8)
    laboratory.advance()
    with laboratory.database.read() as session:
        runs = load_runs(session, comparison.id)
    assert [run.seed for run in runs.arms["baseline"]] == [43]
    assert (
        assess(runs).left_out[0].startswith(f"Seed {members[0].seed} is left out: the job of baseline failed")
    )


def test_workers_take_the_jobs_of_a_pair_together(laboratory):
    """A pair that is complete may decide: the jobs of the pairs behind it then need not run."""
    comparison = laboratory.create()
    replicates = {member.job_id: member.replicate for member in laboratory.members(comparison)}
    with laboratory.database.write() as session:
        taken = [leases.claim_next(session, worker="w", lease_seconds=60) for _ in replicates]
    assert [replicates[job.id] for job in taken] == [0, 0, 1, 1, 2, 2]
