"""Which of the test set's examples each job got right."""

import io
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import select
from sqlalchemy.orm import Session

from normlab.errors import ArtifactError, ArtifactStoreError
from normlab.store import Artifact, ArtifactKind, ArtifactStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Correctness:
    """What was read; it refines an answer and is not needed for it."""

    by_job: Mapping[str, npt.NDArray[np.bool_]]
    """Booleans of shape (test examples,), without those whose file could not be read."""
    complete: bool
    """False: the artifact store did not answer for some file, and may do so later."""


@dataclass(frozen=True)
class CorrectnessFiles:
    """The files of some jobs; they are read apart from the database, so that no transaction waits for them."""

    files: Sequence[Artifact]

    def read(self, artifacts: ArtifactStore) -> Correctness:
        """What the files say. A file that is lost or damaged is left out for good."""
        by_job, complete = {}, True
        for file in self.files:
            try:
                content = artifacts.read(file)
                by_job[file.job_id] = np.load(io.BytesIO(content), allow_pickle=False).astype(bool)
            except (ArtifactError, OSError, ValueError) as error:
                complete = complete and not isinstance(error, ArtifactStoreError | OSError)
                _log.warning("which test examples %s got right cannot be read: %s", file.job_id, error)
        return Correctness(by_job, complete)


def correctness_files(session: Session, job_ids: Collection[str]) -> CorrectnessFiles:
    """Where the files of jobs are."""
    query = select(Artifact).where(Artifact.job_id.in_(job_ids), Artifact.kind == ArtifactKind.TEST_CORRECT)
    return CorrectnessFiles(session.scalars(query).all())
