"""How accurate the networks of a comparison's arms stay on corrupted pictures: asked for, and put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from normlab.comparisons.runs import counted_state
from normlab.documents.robustness import ComparisonRobustnessDocument
from normlab.errors import StateError
from normlab.spec import DatasetSpec, JobSpec
from normlab.spec.correct_answers import CorrectAnswers
from normlab.spec.robustness import RobustnessRequest
from normlab.spec.robustness_limits import refuse_impossible
from normlab.store import (
    ArtifactStore,
    Comparison,
    ComparisonJob,
    Job,
    JobState,
    Robustness,
    robustness,
)
from normlab.store.studies import members, studies


@dataclass(frozen=True)
class Tried:
    """What is known of a comparison's networks on some corrupted pictures."""

    comparison: Comparison
    members: Sequence[ComparisonJob]
    """Those that have succeeded."""
    dataset: DatasetSpec
    key: str
    """Of the request and the test set."""
    found: Mapping[str, Robustness]
    """What was asked for, by job."""

    @property
    def waiting(self) -> tuple[str, ...]:
        """Jobs that were asked about and have no answer yet."""
        return tuple(
            member.job_id
            for member in self.members
            if (row := self.found.get(member.job_id)) is not None and row.file is None and row.error is None
        )

    @property
    def version(self) -> tuple[tuple[str, str | None], ...]:
        """What an answer is made of."""
        return tuple((job_id, row.sha256) for job_id, row in sorted(self.found.items()))

    @property
    def unasked(self) -> tuple[str, ...]:
        """Jobs that nobody has asked about."""
        return tuple(member.job_id for member in self.members if member.job_id not in self.found)


def look_up(session: Session, comparison_id: str, request: RobustnessRequest) -> Tried:
    """What is known.

    Raises:
        NotFoundError: There is no such comparison.
        StateError: It still runs, no run of it has succeeded, or its networks cannot be asked.
        SpecError: More is asked for than is allowed.
    """
    comparison = studies.get(session, Comparison, comparison_id)
    if not comparison.state.final:
        raise StateError(
            f"comparison {comparison_id} is {comparison.state}: its networks can be asked about corrupted pictures "
            "when it has ended"
        )
    columns = (Job.state, Job.spec, Job.error_code)
    rows = members.of(session, ComparisonJob, comparison_id, *columns)
    done = [member for member in rows if counted_state(comparison, member) is JobState.SUCCEEDED]
    if not done:
        raise StateError(f"no run of comparison {comparison_id} has succeeded")
    specs = {member.arm: JobSpec.model_validate(member.job.spec) for member in done}
    keys = {request.key(spec.dataset) for spec in specs.values()}
    if len(keys) > 1:
        raise StateError(
            f"the arms of comparison {comparison_id} were trained on different data: their pictures are not the same"
        )
    for spec in specs.values():
        refuse_impossible(f"comparison {comparison_id}", spec, request)
    (key,) = keys
    found = robustness.of_jobs(session, [member.job_id for member in done], key)
    return Tried(comparison, done, next(iter(specs.values())).dataset, key, found)


def ask(session: Session, tried: Tried, request: RobustnessRequest) -> str | None:
    """Ask about all networks that nobody has asked about. Where none could be tried, why: that is told once, and who
    asks again has all tried again."""
    rows = [tried.found.get(member.job_id) for member in tried.members]
    errors = [row.error for row in rows if row is not None and row.error is not None]
    if len(errors) == len(rows):
        for job_id in tried.found:
            robustness.take_error(session, job_id, tried.key)
        return errors[0]
    for job_id in tried.unasked:
        robustness.ask(session, job_id, tried.key, request)
    return None


def put_together(
    artifacts: ArtifactStore, tried: Tried, request: RobustnessRequest
) -> ComparisonRobustnessDocument:
    """The document, of those networks that have an answer.

    Raises:
        StateError: There is an arm of which no network has one.
        ArtifactError: A file cannot be read.
    """
    from normlab.analysis.robustness.arms import Run, robustness_of_arms  # noqa: PLC0415 - scipy takes seconds

    runs: dict[str, list[Run]] = {arm.name: [] for arm in tried.comparison.arms}
    left_out: dict[str, str] = {}
    for member in tried.members:
        row = tried.found[member.job_id]
        if row.file is None:
            left_out[member.job_id] = str(row.error)
            continue
        answers = CorrectAnswers.from_bytes(artifacts.read(row.file))
        name = tried.comparison.arms[member.arm].name
        runs[name].append(Run(member.job_id, member.replicate, answers))
    empty = [name for name, of_arm in runs.items() if not of_arm]
    if empty:
        why = next(iter(left_out.values()), "no run of it has succeeded")
        raise StateError(f"no network of {empty[0]} could be asked about corrupted pictures: {why}")
    return robustness_of_arms(tried.comparison.id, runs, request, tried.dataset, left_out)
