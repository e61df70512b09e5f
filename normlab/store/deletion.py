"""Deleting jobs, studies (comparisons, sweeps) and datasets: the one place that knows everything that refers to them.

Each deletion locks what it deletes first, and only then looks who refers to it, so that nobody begins to in between.
Locks are taken in one order, a study before jobs, jobs by their ids and before names, or two would wait for each
other.
"""

from collections.abc import Collection
from enum import Enum, auto

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from normlab.documents.states import DatasetState, JobState, StudyState
from normlab.errors import NotFoundError, StateError, some_of
from normlab.store import evaluations, idempotency
from normlab.store.datasets import usage, versions
from normlab.store.datasets.tables import DatasetVersion, NamedDataset
from normlab.store.jobs import jobs
from normlab.store.jobs.tables import Job
from normlab.store.jobs.transitions import lock
from normlab.store.models import names
from normlab.store.models.tables import ModelVersion
from normlab.store.studies import studies
from normlab.store.studies.tables import Study
from normlab.store.studies.usage import own_jobs, users_of


class OnDelete(Enum):
    """What becomes of a row when what it refers to is deleted."""

    GOES = auto()
    """The database deletes it, too (``ON DELETE CASCADE``)."""
    FORBIDS = auto()
    """The deletion is refused, and the sentence says what to do first."""
    IS_FORGOTTEN = auto()
    """It is deleted here; no foreign key ties it."""


REFERENCES: dict[str, dict[str, OnDelete]] = {
    "jobs": {
        "artifacts.job_id": OnDelete.GOES,  # the files themselves: after the commit, by the caller
        "comparison_jobs.job_id": OnDelete.FORBIDS,
        "dataset_uses.used_by": OnDelete.IS_FORGOTTEN,
        "epochs.job_id": OnDelete.GOES,
        "evaluations.job_id": OnDelete.GOES,
        "events.job_id": OnDelete.GOES,
        "format_requests.job_id": OnDelete.GOES,
        "idempotency_keys.resource": OnDelete.IS_FORGOTTEN,
        "job_tags.job_id": OnDelete.GOES,
        "measurements.job_id": OnDelete.GOES,
        "model_versions.job_id": OnDelete.FORBIDS,
        "robustness.job_id": OnDelete.GOES,
        "trial_jobs.job_id": OnDelete.FORBIDS,
        "sweep_jobs.job_id": OnDelete.FORBIDS,
    },
    "comparisons": {
        "comparison_arms.comparison_id": OnDelete.GOES,
        "comparison_events.comparison_id": OnDelete.GOES,
        "dataset_uses.used_by": OnDelete.IS_FORGOTTEN,
        "idempotency_keys.resource": OnDelete.IS_FORGOTTEN,
    },
    "comparison_arms": {"comparison_jobs.comparison_id": OnDelete.GOES},
    "sweeps": {
        "dataset_uses.used_by": OnDelete.IS_FORGOTTEN,
        "idempotency_keys.resource": OnDelete.IS_FORGOTTEN,
        "sweep_arms.sweep_id": OnDelete.GOES,
        "sweep_events.sweep_id": OnDelete.GOES,
    },
    "sweep_arms": {"sweep_points.sweep_id": OnDelete.GOES},
    "sweep_points": {"sweep_jobs.sweep_id": OnDelete.GOES},
    "dataset_names": {"datasets.name": OnDelete.FORBIDS},
    "datasets": {
        "dataset_files.dataset_id": OnDelete.GOES,  # the files themselves: after the commit, by the caller
        "dataset_uses.dataset_id": OnDelete.FORBIDS,
        "evaluations.dataset": OnDelete.IS_FORGOTTEN,
        "idempotency_keys.resource": OnDelete.IS_FORGOTTEN,
    },
    "trials": {
        "dataset_uses.used_by": OnDelete.IS_FORGOTTEN,
        "idempotency_keys.resource": OnDelete.IS_FORGOTTEN,
        "trial_events.trial_id": OnDelete.GOES,
        "trial_jobs.trial_id": OnDelete.GOES,
    },
    "named_models": {"model_changes.name": OnDelete.GOES, "model_versions.name": OnDelete.GOES},
}
"""By table: the columns that refer to its rows. A test holds it against the tables."""


def delete_job(session: Session, job_id: str, *, forget_names: bool = False) -> None:
    """Delete a job with all that is its own. Delete its files from the artifact store after the commit.

    With ``forget_names`` models' names lose the versions that are this job; a name that stood for it then stands for
    the latest version that is left, and goes when none is.

    Raises:
        NotFoundError: there is no such job.
        StateError: it is running, a study uses it, or names have it and are not to forget it.
    """
    job = lock(session, job_id) or jobs.get(session, job_id)
    if users := users_of(session, job_id):
        raise StateError(f"job {job_id} is used by {', '.join(users)}: delete that first")
    having = names.names_of(session, [job_id])
    if having and not forget_names:
        listed = ", ".join(f"model {name}" for name in having)
        raise StateError(
            f"job {job_id} is a version of {listed}: delete the versions first, or delete the job with "
            "forget_names=true (on the command line --forget-names)"
        )
    if job.state is JobState.RUNNING:
        raise StateError(f"job {job_id} is running; cancel it first")
    for name in having:
        names.forget_job(session, name, job_id)
    _delete_jobs(session, [job_id])


def delete_study(session: Session, kind: type[Study], study_id: str, *, with_jobs: bool = False) -> list[str]:
    """Delete a study that does not run; ``with_jobs`` also those jobs that were made for it and that nobody else
    needs: no other study uses them, and no model's name has them as a version.

    Gives the deleted jobs' ids: delete their files from the artifact store after the commit.

    Raises:
        NotFoundError: there is no such study.
        StateError: it is running, or one of the jobs that should be deleted is.
    """
    study = studies.lock(session, kind, study_id)
    if study is None:
        raise NotFoundError(f"there is no {kind.noun} {study_id}")
    if study.state is StudyState.RUNNING:
        raise StateError(f"{kind.noun} {study_id} is running; cancel it first")
    doomed = _jobs_of_nobody_else(session, kind, study_id) if with_jobs else []
    running = select(Job.id).where(Job.id.in_(doomed), Job.state == JobState.RUNNING).order_by(Job.id)
    for job_id in session.scalars(running):
        raise StateError(f"job {job_id} is running; cancel it first")
    session.execute(delete(kind).where(kind.id == study_id))
    idempotency.forget(session, [study_id])
    usage.forget(session, [study_id])
    _delete_jobs(session, doomed)
    return doomed


def delete_dataset(session: Session, name: str, version: int | None = None) -> list[str]:
    """Delete a version of a dataset, without a number all of them, and the name with the last.

    Gives the deleted versions' ids: delete their files from the artifact store after the commit.

    Raises:
        NotFoundError: there is no such dataset or version.
        StateError: a job or a comparison uses it, or it is being checked.
    """
    # The name first, so that no upload under it comes in between.
    session.execute(select(NamedDataset.name).where(NamedDataset.name == name).with_for_update())
    query = select(DatasetVersion).where(DatasetVersion.name == name).order_by(DatasetVersion.version)
    all_versions = session.scalars(query.with_for_update()).all()
    doomed = [each for each in all_versions if version in (None, each.version)]
    if not doomed:
        raise versions.why_missing(session, name, version)
    what = f"dataset {name}" if version is None else f"version {version} of dataset {name}"
    for each in doomed:
        if each.state is DatasetState.CHECKING:
            raise StateError(f"version {each.version} of dataset {name} is being checked: cancel that first")
    ids = [each.id for each in doomed]
    if users := usage.users_of(session, ids):
        raise StateError(f"{what} is used by {some_of(users)}: delete that first")
    idempotency.forget(session, ids)
    evaluations.forget(session, ids)
    session.execute(delete(DatasetVersion).where(DatasetVersion.id.in_(ids)))
    if len(doomed) == len(all_versions):
        session.execute(delete(NamedDataset).where(NamedDataset.name == name))
    return ids


def _jobs_of_nobody_else(session: Session, kind: type[Study], study_id: str) -> list[str]:
    """The ids of jobs made for this study that nothing else refers to; they are locked."""
    _lock_jobs(session, session.scalars(own_jobs(kind, study_id)).all())
    own = set(
        session.scalars(own_jobs(kind, study_id))
    )  # another study may have begun to use some before the lock
    named = session.scalars(select(ModelVersion.job_id).where(ModelVersion.job_id.in_(own)))
    return sorted(own - set(named))


def _lock_jobs(session: Session, job_ids: Collection[str]) -> None:
    session.execute(select(Job.id).where(Job.id.in_(job_ids)).order_by(Job.id).with_for_update())


def _delete_jobs(session: Session, job_ids: Collection[str]) -> None:
    idempotency.forget(session, job_ids)
    usage.forget(session, job_ids)
    gone = delete(Job).where(Job.id.in_(job_ids))
    session.execute(gone, execution_options={"synchronize_session": False})
