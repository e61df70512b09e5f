"""The HTTP service, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import catalogue, docs, health
from api.claims import events as trial_events
from api.claims import routes as claims
from api.comparisons import events as comparison_events
from api.comparisons import files as comparison_files
from api.comparisons import routes as comparisons
from api.datasets import files as dataset_files
from api.datasets import routes as datasets
from api.http import answers
from api.http.feed import Feed
from api.http.services import Services
from api.inference import open_inference, tensorflow_serving
from api.inference import predict as predictions
from api.inference.run import QUICK_MULTIPLICATIONS
from api.jobs import events, metrics, submission
from api.jobs import routes as jobs
from api.maintenance import StudyMaintenance
from api.models import downloads, evaluations
from api.models import routes as named_models
from api.openapi import DocumentedAPI
from api.probes import charts, diagnosis, measurements, mechanism
from api.probes import registry as probes
from api.robustness import comparisons as comparison_robustness
from api.robustness import jobs as job_robustness
from api.sweeps import events as sweep_events
from api.sweeps import routes as sweeps
from normlab import __version__
from normlab.comparisons import ComparisonLookup
from normlab.comparisons.versioned_cache import VersionedCache
from normlab.predictions.batching import MicroBatcher
from normlab.predictions.resolver import ModelResolver
from normlab.runtime.notifier import Notifier
from normlab.serving import ModelCache
from normlab.settings import Settings
from normlab.store import ArtifactStore, Database
from normlab.store.group_commit import GroupCommit
from normlab.sweeps import SweepLookup

_DESCRIPTION = """\
Normlab trains networks and answers: does this change help, by how much, and at what cost?

Submit a job with `POST /jobs`, follow it with `GET /jobs/{id}/events`, read its curves with
`GET /jobs/{id}/metrics`, what is wrong inside its network with `GET /jobs/{id}/diagnosis`, and use what it trained
with `POST /jobs/{id}/predict`. Ask whether a change helps with
`POST /comparisons`, which trains each arm with the same seeds. Errors are problem documents
(RFC 9457) with a `code` for programs. A field, or a parameter of the query, that a call does not have is refused with
the one that was probably meant, since to ignore it would do something else than was asked.
"""

_RESOURCES = (
    jobs,
    metrics,
    measurements,
    diagnosis,
    charts,
    events,
    downloads,
    named_models,
    evaluations,
    comparisons,
    comparison_events,
    comparison_files,
    mechanism,
    claims,
    trial_events,
    sweeps,
    sweep_events,
    job_robustness,
    comparison_robustness,
    catalogue,
    datasets,
    dataset_files,
    probes,
    health,
    docs,
)
_DIRECT = (*submission.ROUTES, *predictions.ROUTES, *open_inference.ROUTES, *tensorflow_serving.ROUTES)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app; nothing is opened before it starts. Without ``settings`` they come from the environment."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = Database(settings.resolved_database_url)
        notifier = Notifier(settings.resolved_broker_url)
        artifacts = ArtifactStore(settings.resolved_artifacts_url)
        submissions = GroupCommit(database, submission.store)
        models = ModelResolver(database, artifacts, ModelCache(settings.model_cache_bytes))
        feed = Feed(database)
        app.state.services = Services(
            settings=settings,
            database=database,
            artifacts=artifacts,
            notifier=notifier,
            models=models,
            comparisons=ComparisonLookup(database, artifacts),
            sweeps=SweepLookup(database),
            answers=VersionedCache(settings.kept_answer_bytes, weigh=lambda answer: len(answer.content)),
            batcher=MicroBatcher(QUICK_MULTIPLICATIONS),
            submissions=submissions,
            feed=feed,
        )
        maintenance = StudyMaintenance(database, artifacts, notifier, settings)
        maintenance.start()
        async with feed.reading():
            yield
        maintenance.stop()
        submissions.close()
        notifier.close()
        models.close()
        database.close()

    app = DocumentedAPI(
        settings=settings,
        direct_routes=_DIRECT,
        routers=[resource.router for resource in _RESOURCES],
        title="Normlab",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # `docs` is ours
        redoc_url=None,
        redirect_slashes=False,  # Starlette would build an address from the header Host
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        # FastAPI would look at each request whether somebody has set OpenTelemetry up.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    answers.install(app)
    return app
