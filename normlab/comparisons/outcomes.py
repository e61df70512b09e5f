"""Which of the test set's examples each job got right."""

import io
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import select
from sqlalchemy.orm import Session

from normlab.errors import ArtifactError
from normlab.store import Artifact, ArtifactKind, ArtifactStore

_log = logging.getLogger(__name__)

Outcomes = dict[str, npt.NDArray[np.bool_]]
"""By job: booleans of shape (test examples,)."""


@dataclass(frozen=True)
class OutcomeFiles:
    """The files of some jobs; they are read apart from the database, so that no transaction waits for them."""

    files: Sequence[Artifact]

    def read(self, artifacts: ArtifactStore) -> Outcomes:
        """The outcomes, without those whose file cannot be read: they refine an answer and are not needed for it."""
        found: Outcomes = {}
        for file in self.files:
            try:
                content = artifacts.read(file)
                found[file.job_id] = np.load(io.BytesIO(content), allow_pickle=False).astype(bool)
            except (ArtifactError, OSError, ValueError) as error:
                _log.warning("the test outcomes of %s cannot be read: %s", file.job_id, error)
        return found


def outcomes_of(session: Session, job_ids: Collection[str]) -> OutcomeFiles:
    """Where the outcomes of jobs are."""
    query = select(Artifact).where(Artifact.job_id.in_(job_ids), Artifact.kind == ArtifactKind.TEST_CORRECT)
    return OutcomeFiles(session.scalars(query).all())
