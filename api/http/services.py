"""What the routes work with. The app's lifespan makes one and keeps it in ``app.state``."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from api.http.feed import Feed
from normlab.comparisons import ComparisonLookup
from normlab.comparisons.versioned_cache import VersionedCache
from normlab.predictions.batching import MicroBatcher
from normlab.predictions.resolver import ModelResolver
from normlab.runtime.notifier import Notifier
from normlab.settings import Settings
from normlab.store import ArtifactStore, Database
from normlab.store.group_commit import GroupCommit
from normlab.sweeps import SweepLookup


@dataclass(frozen=True)
class KeptAnswer:
    """An answer that was made before, for those who ask the same while nothing has changed."""

    content: bytes
    etag: str


@dataclass(frozen=True)
class Services:
    """The open connections of this process. ``batcher``, ``submissions`` and ``feed`` are the event loop's; all else
    can be used from many threads at once.
    """

    settings: Settings
    database: Database
    artifacts: ArtifactStore
    notifier: Notifier
    models: ModelResolver
    comparisons: ComparisonLookup
    sweeps: SweepLookup
    answers: VersionedCache[KeptAnswer]
    batcher: MicroBatcher
    submissions: GroupCommit[Any, dict[str, Any]]
    """Jobs that are being submitted."""
    feed: Feed
    """Events of jobs, comparisons and sweeps, for those who follow them."""


async def services_of(request: Request) -> Services:
    """Those of the app that answers a request."""
    # Async, since FastAPI would hand a plain function to a thread for each request.
    services: Services = request.app.state.services
    return services


ServicesDependency = Annotated[Services, Depends(services_of)]
