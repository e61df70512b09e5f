"""Which jobs stand for a comparison's arms and seeds: new ones, and ones that can be used again."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.documents.states import JobState
from normlab.spec import JobSpec
from normlab.store.comparisons import events as comparison_events
from normlab.store.comparisons.tables import Comparison, ComparisonArm, ComparisonJob
from normlab.store.jobs import jobs
from normlab.store.jobs.tables import Job

ENVIRONMENT_FIELDS = (
    "normlab",
    "tensorflow",
    "keras",
    "numpy",
    "machine",
    "device",
    "device_name",
    "intra_op_threads",
    "inter_op_threads",
)
"""What of a job's environment changes its numbers. What else does (executor, precision) follows from the spec and
these."""


def add_replicates(session: Session, comparison: Comparison, count: int, *, max_attempts: int) -> list[str]:
    """Make or find the jobs of so many further replicates. The comparison's row is locked or new.

    Gives the ids of the jobs that were made: ring for them when this is committed.
    """
    added = range(comparison.replicates, comparison.replicates + count)
    wanted = [
        (replicate, arm, job_spec(comparison, arm, replicate))
        for replicate in added
        for arm in comparison.arms
    ]
    known = {} if comparison.fresh else _usable(session, [spec for *_, spec in wanted])
    made = []
    for replicate, arm, spec in wanted:
        job_id = known.get((spec.digest, spec.resources.device))
        reused = job_id is not None
        if job_id is None:
            job_id = jobs.create(session, spec, max_attempts=max_attempts).id
            made.append(job_id)
        session.add(
            ComparisonJob(
                comparison_id=comparison.id,
                replicate=replicate,
                arm=arm.position,
                seed=spec.training.seed,
                job_id=job_id,
                reused=reused,
            )
        )
    comparison.replicates += count
    data = {
        "added": count,
        "replicates": comparison.replicates,
        "seeds": [comparison.base_seed + replicate for replicate in added],
        "jobs_made": len(made),
        "jobs_reused": len(wanted) - len(made),
    }
    comparison_events.append(session, comparison, EventKind.REPLICATES, data)
    return made


def job_spec(comparison: Comparison, arm: ComparisonArm, replicate: int) -> JobSpec:
    """The spec of an arm's job."""
    seed = (comparison.base_seed if arm.base_seed is None else arm.base_seed) + replicate
    spec = arm.spec
    return JobSpec.model_validate(
        {
            **spec,
            "name": f"{arm.name}, seed {seed}",
            "tags": [*spec["tags"], comparison.id],
            "training": {**spec["training"], "seed": seed},
        }
    )


def _usable(session: Session, specs: Sequence[JobSpec]) -> dict[tuple[str, str], str]:
    """For each digest and device, if there is one: the newest job that succeeded in the present environment,
    else the newest that is under way."""
    present = {device: _present_environment(session, device) for device in {_device(spec) for spec in specs}}
    query = (
        select(Job.id, Job.spec_digest, Job.spec, Job.state, Job.environment)
        .where(
            Job.spec_digest.in_({spec.digest for spec in specs}),
            Job.state.in_([JobState.SUCCEEDED, JobState.QUEUED, JobState.RUNNING]),
            Job.cancel_requested_at.is_(None),
        )
        .order_by(Job.id)
        .with_for_update(read=True, key_share=True)  # none of them is deleted before this is committed
    )
    found: dict[tuple[str, str], tuple[bool, str]] = {}
    for job_id, digest, spec, state, environment in session.execute(query):
        device, succeeded = spec["resources"]["device"], state is JobState.SUCCEEDED
        if succeeded and _what_counts(environment) != present.get(device):
            continue
        key = (digest, device)
        found[key] = max(found.get(key, (False, "")), (succeeded, job_id))
    return {key: job_id for key, (_, job_id) in found.items()}


def _present_environment(session: Session, device: str) -> dict[str, Any] | None:
    """In which the newest job that asked for this device succeeded; new jobs most likely will, too."""
    query = (
        select(Job.environment)
        .where(Job.state == JobState.SUCCEEDED, Job.spec[("resources", "device")].as_string() == str(device))
        .order_by(Job.finished_at.desc(), Job.id.desc())
        .limit(1)
    )
    return _what_counts(session.scalar(query))


def _what_counts(environment: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if environment is None else {field: environment.get(field) for field in ENVIRONMENT_FIELDS}


def _device(spec: JobSpec) -> str:
    return spec.resources.device.value
