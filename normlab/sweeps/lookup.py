"""Looking a sweep up: its points, and what was stored when it ended, or else what they say now."""

from dataclasses import dataclass

from normlab.comparisons.versioned_cache import VersionedCache
from normlab.documents.sweeps import SweepResult
from normlab.store import Database, Sweep, is_unavailable
from normlab.store.studies import studies
from normlab.store.sweeps.version import version_of
from normlab.sweeps.assessment import assess_or_explain
from normlab.sweeps.runs import SweptRuns, load_runs

_MOST_KEPT = 4
"""So many sweeps are kept with all that their points say, for the next chart or answer about them."""


@dataclass(frozen=True)
class LookedUpSweep:
    """A sweep, its points and jobs, and what is known."""

    runs: SweptRuns
    result: SweepResult | None
    error: str | None
    version: bytes

    @property
    def lasting(self) -> bool:
        """Whether another look at the same version gives the same."""
        return self.error is None


class SweepLookup:
    """Looks sweeps up, and keeps for a while what their points say. Threads may share it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: VersionedCache[LookedUpSweep] = VersionedCache(_MOST_KEPT)

    def version(self, sweep_id: str) -> bytes:
        """What a sweep's answers depend on, as it now is.

        Raises:
            NotFoundError: there is no such sweep.
        """
        with self._database.read() as session:
            return version_of(session, sweep_id)

    def look_up(self, sweep_id: str) -> LookedUpSweep:
        """A sweep with all that is known. What its points say is worked out only as long as it is not stored.

        Raises:
            NotFoundError: there is no such sweep.
        """
        with self._kept.alone(sweep_id):
            with self._database.read() as session:
                version = version_of(session, sweep_id)
                kept = self._kept.get(sweep_id, version)
                if kept is not None:
                    return kept
                runs = load_runs(session, sweep_id)
            stored = runs.sweep.result
            known = None if stored is None else SweepResult.model_validate(stored)
            result, error = assess_or_explain(runs) if known is None else (known, None)
            over = runs.sweep.state.final
            if result is not None:
                result = result.model_copy(update={"final": over})
            found = LookedUpSweep(runs, result, error, version)
            if found.lasting:
                self._kept.keep(sweep_id, version, found)
        if over and stored is None and result is not None:
            self._store(sweep_id, result)
        return found

    def _store(self, sweep_id: str, result: SweepResult) -> None:
        """Of a sweep that was cancelled."""
        try:
            with self._database.write() as session:
                studies.keep_result(session, Sweep, sweep_id, result.model_dump(mode="json"))
        except Exception as error:
            if not is_unavailable(error):
                raise
