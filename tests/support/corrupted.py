"""What a worker would make of networks that somebody asked about corrupted pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from normlab.spec.correct_answers import Answers, CorrectAnswers
from normlab.store import ArtifactKind, ArtifactStore, Database, robustness
from normlab.store.robustness import TakenRobustness

NO_STATISTICS = "Nothing to re-estimate."


def answers_of(
    one: TakenRobustness, clean: float = 0.9, loss: float = 0.1, *, re_estimated: bool = False
) -> CorrectAnswers:
    """Of a network that is right about so many pictures, and about so many fewer at each severity."""
    request, random = one.request, np.random.default_rng(sum(one.job_id.encode()))
    samples = request.samples_of(360, (8, 8))

    def answers(loss: float) -> Answers:
        losses = loss * np.array(request.severities)
        draws = random.random((len(request.corruptions), len(losses), samples))
        return Answers(random.random(samples) < clean, draws < (clean - losses)[:, None])

    if not re_estimated:
        return CorrectAnswers(answers(loss), None, reason=NO_STATISTICS)
    return CorrectAnswers(answers(loss), answers(loss / 2), ("batch_normalization_1",), samples)


def answer_all(
    database: Database,
    artifacts: ArtifactStore,
    folder: Path,
    answer: Callable[[TakenRobustness], CorrectAnswers | str] = answers_of,
) -> int:
    """Answer all that is asked about, by the file or an error; give how many it was."""
    with database.write() as session:
        taken = robustness.take(session, at_most=100, lease_seconds=60)
    for one in taken:
        made = answer(one)
        if isinstance(made, CorrectAnswers):
            path, kind = folder / f"robustness-{one.key[:16]}.npz", ArtifactKind.ROBUSTNESS
            path.write_bytes(made.to_bytes())
            made_file = artifacts.put(one.job_id, 1, kind, path, kind.media_type)
        with database.write() as session:
            assert robustness.finish(session, one, made if isinstance(made, str) else made_file)
    return len(taken)
