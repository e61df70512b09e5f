"""Making a trial, and its further replicates. All else is that of any study."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.documents.states import JobState, StudyState
from normlab.spec import JobSpec
from normlab.spec.job import MAX_NAME_LENGTH
from normlab.store.clock import database_now, seconds_from_now
from normlab.store.datasets import usage
from normlab.store.identifiers import ID_END, new_id
from normlab.store.jobs import jobs
from normlab.store.jobs.creation import NewJobs, uploaded_dataset
from normlab.store.jobs.retry import MAX_ATTEMPTS
from normlab.store.jobs.tables import Job
from normlab.store.studies import events, members
from normlab.store.studies.members import NewMember
from normlab.store.studies.usage import own_jobs
from normlab.store.trials.tables import Trial, TrialJob


@dataclass(frozen=True)
class TrialArm:
    """One side of a trial, as it is and at the trial's settings; the seeds in the specs are those of replicate 0."""

    name: str
    spec: JobSpec
    at: Sequence[JobSpec | None]
    """For each setting; None where it is what the arm has anyway."""
    base_seed: int | None = None
    """Its first seed, where that is not the trial's."""


@dataclass(frozen=True)
class NewTrial:
    """What is to be asked. ``question`` and ``settings`` are kept as they are, for those who analyse."""

    arms: Sequence[TrialArm]
    question: dict[str, Any]
    settings: list[dict[str, Any]]
    probes: Collection[str]
    """What has to measure in the jobs of the arms as they are."""
    base_seed: int
    replicates: int
    """How many get their jobs at once."""
    max_replicates: int
    seconds: float | None = None
    """From now on: what has not ended by then is cancelled."""
    fresh: bool = False
    name: str | None = None


@dataclass(frozen=True)
class PreparedTrial:
    """A trial that waits to be stored, with its first members."""

    new: NewTrial
    trial: Trial
    members: Sequence[NewMember]
    datasets: Collection[tuple[str, int]]
    """The names and versions of the arms' datasets, where these were uploaded."""


def prepare(new: NewTrial, *, max_attempts: int = MAX_ATTEMPTS) -> PreparedTrial:
    """Work out all that takes time, without a transaction."""
    trial_id = new_id(Trial.id_prefix)
    trial = Trial(
        id=trial_id,
        id_end=trial_id[-ID_END:],
        name=new.name,
        state=StudyState.RUNNING,
        created_at=database_now(),
        updated_at=database_now(),
        question=new.question,
        arms=[
            {
                "name": arm.name,
                "spec": _without_seed(arm.spec),
                "at": [None if spec is None else _without_seed(spec) for spec in arm.at],
                "arm_digest": arm.spec.arm_digest,
                "base_seed": arm.base_seed,
            }
            for arm in new.arms
        ],
        settings=new.settings,
        probes=sorted(new.probes),
        base_seed=new.base_seed,
        replicates=0,
        max_replicates=new.max_replicates,
        fresh=new.fresh,
        ends_at=None if new.seconds is None else seconds_from_now(new.seconds),
        event_count=0,
    )
    datasets = {dataset for arm in new.arms if (dataset := uploaded_dataset(arm.spec)) is not None}
    return PreparedTrial(new, trial, new_members(trial, new.replicates, max_attempts=max_attempts), datasets)


def create(session: Session, prepared: PreparedTrial) -> Trial:
    """Store a trial with its first jobs. Notify a worker of those that are queued when this is committed.

    Raises:
        SpecError: a dataset was deleted since the specs were read.
    """
    trial = prepared.trial
    session.add(trial)
    session.flush()
    for name, version in sorted(prepared.datasets):
        usage.record(session, trial.id, name, version)
    events.append(session, trial, EventKind.STATE, {"state": StudyState.RUNNING, "reason": "created"})
    add_replicates(session, trial, prepared.members)
    session.flush()
    session.refresh(trial)
    return trial


def new_members(trial: Trial, count: int, *, max_attempts: int) -> list[NewMember]:
    """The members of so many further replicates, to be stored if no other jobs can stand for theirs. Replicate after
    replicate, in each the arms as they are first: most claims need only these."""
    makers = [
        (setting, arm, first_seed, named["name"], NewJobs(spec, max_attempts=max_attempts))
        for arm, named in enumerate(trial.arms)
        for setting, (spec, first_seed) in enumerate(_specs(trial, named))
        if spec is not None
    ]
    makers.sort(key=lambda maker: maker[:2])
    return [
        NewMember(
            jobs_of_one.job(first_seed + replicate, _job_name(name, trial, setting, first_seed + replicate)),
            {"replicate": replicate, "setting": setting, "arm": arm, "seed": first_seed + replicate},
        )
        for replicate in range(trial.replicates, trial.replicates + count)
        for setting, arm, first_seed, name, jobs_of_one in makers
    ]


def add_replicates(session: Session, trial: Trial, wanted: Sequence[NewMember]) -> list[str]:
    """Add what ``new_members`` gave, with a job that can be used again for each or else the new one. The trial's row is
    locked, or new and flushed.

    Gives the ids of the jobs that were made: notify a worker of them when this is committed.
    """
    as_they_are = [member for member in wanted if member.place["setting"] == 0]
    others = [member for member in wanted if member.place["setting"] != 0]
    made = members.add(session, trial, as_they_are, fresh=trial.fresh, probes=trial.probes)
    made += members.add(session, trial, others, fresh=trial.fresh)
    count = len({member.place["replicate"] for member in wanted})
    trial.replicates += count
    data = {
        "added": count,
        "replicates": trial.replicates,
        "jobs_made": len(made),
        "jobs_reused": len(wanted) - len(made),
    }
    events.append(session, trial, EventKind.REPLICATES, data)
    return made


def record_ended(session: Session, trial: Trial, ended: Sequence[TrialJob]) -> None:
    """Store an event for each of these members."""
    for member in ended:
        data = {
            "arm": trial.arms[member.arm]["name"],
            "setting": None if member.setting == 0 else trial.settings[member.setting - 1],
            "seed": member.seed,
            "job": member.job_id,
            "state": member.ended,
            "reused": member.reused,
        }
        events.append(session, trial, EventKind.JOB, data)


def overdue_trials(session: Session) -> Sequence[str]:
    """The ids of running trials whose budget of seconds is used up while jobs that were made for them are not done."""
    over = Trial.ends_at < database_now()
    return session.scalars(
        select(Trial.id).where(Trial.state == StudyState.RUNNING, over, exists(_unfinished(Trial.id)))
    ).all()


def cancel_jobs(session: Session, trial_ids: Sequence[str]) -> None:
    """Cancel the unfinished jobs of these trials that nobody else waits for: they end with what there is."""
    for trial_id in trial_ids:
        own = own_jobs(Trial, trial_id, unless=StudyState.RUNNING)
        if ids := session.scalars(_unfinished(trial_id).where(Job.id.in_(own))).all():
            jobs.request_cancel_of_all(session, ids)


def _unfinished(trial_id: Any) -> Select[str]:
    """The ids of a trial's own jobs that have neither ended nor been asked to."""
    return (
        select(Job.id)
        .join(TrialJob, TrialJob.job_id == Job.id)
        .where(
            TrialJob.study_id == trial_id,
            TrialJob.reused.is_(False),
            Job.state.in_([state for state in JobState if not state.final]),
            Job.cancel_requested_at.is_(None),
        )
    )


def arm_spec(trial: Trial, arm: Mapping[str, Any], document: Mapping[str, Any]) -> JobSpec:
    """The spec of an arm's first job, from what is stored of it."""
    seed = trial.base_seed if arm["base_seed"] is None else arm["base_seed"]
    training = {**document["training"], "seed": seed}
    return JobSpec.model_validate({**document, "tags": [*document["tags"], trial.id], "training": training})


def _specs(trial: Trial, arm: Mapping[str, Any]) -> list[tuple[JobSpec | None, int]]:
    """Of an arm as it is and at each setting, with its first seed."""
    first = trial.base_seed if arm["base_seed"] is None else arm["base_seed"]
    return [
        (None if document is None else arm_spec(trial, arm, document), first)
        for document in (arm["spec"], *arm["at"])
    ]


def _without_seed(spec: JobSpec) -> dict[str, Any]:
    document = spec.to_document()
    training = {field: value for field, value in document["training"].items() if field != "seed"}
    return {**document, "training": training}


def _job_name(arm: str, trial: Trial, setting: int, seed: int) -> str:
    """The arm's name, cut where it must be, the setting and the seed."""
    chosen = trial.settings[setting - 1] if setting else None
    at = ""
    if chosen:
        times = " times" if chosen["times"] else ""
        at = f", {chosen['pointer'].rpartition('/')[2]}{times} {chosen['value']}"
    suffix = f"{at}, seed {seed}"
    room = MAX_NAME_LENGTH - len(suffix)
    return (arm if len(arm) <= room else f"{arm[: room - 1]}…") + suffix
