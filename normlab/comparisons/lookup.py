"""Looking a comparison up: what was stored when it ended, or else what its runs say now."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.orm import Session

from normlab.comparisons.assessment import Assessment, AssessmentDocument, assess_or_explain
from normlab.comparisons.runs import ComparedRuns, load_runs
from normlab.comparisons.versioned_cache import VersionedCache
from normlab.store import (
    ArtifactStore,
    Comparison,
    ComparisonJob,
    Database,
    Job,
    is_unavailable,
)
from normlab.store.comparisons.version import Version, version_of
from normlab.store.studies import members, studies

_MOST_ASSESSED = 4
"""So many comparisons are kept with all that their runs say, for the next chart, report or answer about them."""


@dataclass(frozen=True)
class LookedUp:
    """A comparison, its members with the states of their jobs, and what is known."""

    comparison: Comparison
    members: Sequence[ComparisonJob]
    assessment: AssessmentDocument
    version: Version
    lasting: bool
    """Whether another look at the same version gives the same."""


@dataclass(frozen=True)
class Assessed:
    """A comparison's runs and what they say."""

    runs: ComparedRuns
    assessment: Assessment
    version: Version
    lasting: bool
    """Whether another look at the same version gives the same. Not if files of it could not be read, or if working it
    out has failed."""

    @cached_property
    def document(self) -> AssessmentDocument:
        """The assessment as plain JSON."""
        return self.assessment.to_document()


class ComparisonLookup:
    """Looks comparisons up, and keeps for a while what their runs say. Threads may share it."""

    def __init__(self, database: Database, artifacts: ArtifactStore) -> None:
        self._database = database
        self._artifacts = artifacts
        self._assessed: VersionedCache[Assessed] = VersionedCache(_MOST_ASSESSED)

    def version(self, comparison_id: str) -> Version:
        """What a comparison's answers depend on, as it now is.

        Raises:
            NotFoundError: there is no such comparison.
        """
        with self._database.read() as session:
            return version_of(session, comparison_id)

    def look_up(self, comparison_id: str) -> LookedUp:
        """A comparison with all that is known. Statistics are worked out only as long as none are stored.

        Raises:
            NotFoundError: there is no such comparison.
        """
        with self._database.read() as session:
            version = version_of(session, comparison_id)
            comparison = studies.get(session, Comparison, comparison_id)
            if comparison.result is not None:
                stored = AssessmentDocument(**comparison.result)
                return LookedUp(comparison, _states(session, comparison_id), stored, version, lasting=True)
            kept = self._assessed.get(comparison_id, version.statistics)
            if kept is not None:
                states = _states(session, comparison_id)
                return LookedUp(comparison, states, kept.document, version, lasting=True)
        found = self.assess(comparison_id, every_state=True)
        runs = found.runs
        if runs.comparison.state.final and found.lasting:
            self._store(comparison_id, found.document)
        return LookedUp(runs.comparison, runs.members, found.document, found.version, found.lasting)

    def assess(self, comparison_id: str, *, every_state: bool = False) -> Assessed:
        """A comparison's runs and what they say. With ``every_state`` also the states of jobs that have not ended are
        those of this moment.

        Raises:
            NotFoundError: there is no such comparison.
        """
        with self._assessed.alone(comparison_id):
            with self._database.read() as session:
                version = version_of(session, comparison_id)
                kept = self._assessed.get(comparison_id, version.statistics)
                if kept is not None and (kept.version == version or not every_state):
                    return kept
                runs = load_runs(session, comparison_id)
            found = (
                Assessed(runs, kept.assessment, version, lasting=True)
                if kept is not None
                else self._assess(runs, version)
            )
            if found.lasting:
                self._assessed.keep(comparison_id, version.statistics, found)
            return found

    def _assess(self, runs: ComparedRuns, version: Version) -> Assessed:
        correctness = runs.correctness(self._artifacts)
        assessment = assess_or_explain(runs, correctness.by_job)
        return Assessed(runs, assessment, version, lasting=correctness.complete and assessment.error is None)

    def _store(self, comparison_id: str, assessment: AssessmentDocument) -> None:
        """Of a comparison that was cancelled, or that ended in an earlier version or while files could not be read."""
        try:
            with self._database.write() as session:
                studies.keep_result(session, Comparison, comparison_id, assessment.to_json())
        except Exception as error:
            if not is_unavailable(error):
                raise


def _states(session: Session, comparison_id: str) -> Sequence[ComparisonJob]:
    return members.of(session, ComparisonJob, comparison_id, Job.state, Job.error_code)
