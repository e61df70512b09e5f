"""What a trial may ask for."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, field_validator

from normlab.comparisons.request import ArmRequest, Confidence, Seed, TargetAccuracy
from normlab.spec.fields import Flag, PositiveInteger, PositiveNumber, SpecModel
from normlab.spec.job import Name
from normlab.spec.shown import shown

DEFAULT_SEEDS = 10
"""Of fewer, planted effects are often missed, since all definitions of all claims share one error (docs/claims.md)."""
MAX_BUDGET_SECONDS = 31 * 24 * 3600.0


class AskedBudget(SpecModel):
    """What a trial may take. At least one of both."""

    jobs: PositiveInteger | None = None
    """So many jobs at most, those that are used again included: seeds are fewer if need be, and at least 3."""
    seconds: Annotated[PositiveNumber, Field(le=MAX_BUDGET_SECONDS)] | None = None
    """Begin with 3 seeds, and add those that fit into so many seconds, by what the ones before took. What has not ended
    by then is cancelled, and what there is is judged."""


class TrialRequest(SpecModel):
    """Two arms, and which claims are to be tested of the second. The rest has sensible values."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "arms": [
                        {"name": "baseline", "spec": {"architecture": "baseline", "dataset": "digits"}},
                        {
                            "name": "batch normalization",
                            "spec": {"architecture": "baseline_with_batch_norm", "dataset": "digits"},
                        },
                    ],
                    "claims": ["faster", "covariate_shift"],
                    "seeds": 5,
                    "budget": {"seconds": 600},
                }
            ]
        }
    )

    name: Name | None = None
    arms: tuple[ArmRequest, ...] = ()
    """Two: without the change, and with it. A preset's name stands for an arm of that name."""
    comparison: str | None = None
    """The id of a comparison of two arms: these, with its seeds where the request names none. Instead of `arms`."""
    claims: tuple[str, ...] | None = None
    """Names from `GET /claims`; null: all of them. Errors hold over all that are asked together."""
    seeds: PositiveInteger = DEFAULT_SEEDS
    """Pairs of runs at each setting; at least 3."""
    base_seed: Seed = 42
    """The first pair's seed; each further pair's is higher by 1."""
    confidence: Confidence = 0.95
    """No outcome but with this probability is wrong."""
    target_accuracy: TargetAccuracy | None = None
    """The validation accuracy to which time is counted; null: 90 % of the better arm's final one, pair by pair."""
    budget: AskedBudget | None = None
    fresh: Flag = False
    """Train everything anew, also where a job of the same spec has succeeded in the same environment."""

    @field_validator("arms", mode="before", json_schema_input_type=tuple[ArmRequest | str, ...])
    @classmethod
    def _presets(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return [
            {"name": arm, "spec": {"architecture": arm}} if isinstance(arm, str) else arm for arm in value
        ]

    @field_validator("claims", mode="before")
    @classmethod
    def _not_a_word(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError(f"should be a list of names such as [{shown(value)}]")  # noqa: TRY004 - pydantic makes an answer of a ValueError
        return value

    @property
    def question(self) -> dict[str, Any]:
        """What the analysis has to know of it, as plain JSON."""
        return self.model_dump(mode="json", include={"claims", "confidence", "target_accuracy", "budget"})


def seconds_of(question: Mapping[str, Any]) -> float | None:
    """The budget of seconds of a stored question."""
    seconds: float | None = (question.get("budget") or {}).get("seconds")
    return seconds
