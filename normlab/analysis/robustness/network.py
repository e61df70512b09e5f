"""The document of a job's network."""

from normlab.analysis.robustness.figures import figures_of_network
from normlab.analysis.robustness.wording import CONFIDENCE, ONE_TEST_SET, network_sentence, remarks
from normlab.documents.robustness import (
    CorruptedPicturesDocument,
    CorruptionDocument,
    ReEstimationDocument,
    RobustnessDocument,
)
from normlab.spec import DatasetSpec
from normlab.spec.correct_answers import CorrectAnswers
from normlab.spec.robustness import CORRUPTIONS, RobustnessRequest


def pictures_document(request: RobustnessRequest, dataset: DatasetSpec) -> CorruptedPicturesDocument:
    """Which pictures, and what was done to them."""
    info = dataset.info
    return CorruptedPicturesDocument(
        dataset=dataset.name,
        dataset_version=dataset.version,
        test_samples=info.test_samples,
        samples=request.samples_of(info.test_samples, info.shape),
        seed=request.seed,
        severities=request.severities,
        corruptions=tuple(
            CorruptionDocument(
                corruption=name,
                family=CORRUPTIONS[name].family,
                meaning=CORRUPTIONS[name].meaning,
                unit=CORRUPTIONS[name].unit,
                parameters={
                    severity: CORRUPTIONS[name].parameter(severity) for severity in request.severities
                },
            )
            for name in request.corruptions
        ),
    )


def robustness_of_network(
    job_id: str, answers: CorrectAnswers, request: RobustnessRequest, dataset: DatasetSpec
) -> RobustnessDocument:
    """How accurate a job's network stays."""
    trained = figures_of_network(answers.trained, request, CONFIDENCE)
    re_estimated = (
        None
        if answers.re_estimated is None
        else figures_of_network(answers.re_estimated, request, CONFIDENCE)
    )
    return RobustnessDocument(
        job=job_id,
        pictures=pictures_document(request, dataset),
        confidence=CONFIDENCE,
        trained=trained,
        re_estimated=re_estimated,
        re_estimation=re_estimation_document(answers),
        sentence=network_sentence(request, trained, re_estimated),
        remarks=(ONE_TEST_SET, *remarks(request, dataset, [answers])),
    )


def re_estimation_document(answers: CorrectAnswers) -> ReEstimationDocument:
    """Whether and how statistics were re-estimated."""
    return ReEstimationDocument(
        applicable=answers.re_estimated is not None,
        reason=answers.reason,
        layers=answers.layers,
        samples=answers.samples,
    )
