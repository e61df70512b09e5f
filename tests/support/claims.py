"""Arms for trials that nobody ran: runs whose curves and measurements come from a few numbers and a seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from normlab.analysis.claims.evidence import Corrupted, Evidence, Paired, Run, Setting
from normlab.analysis.claims.known import larger_rate
from normlab.analysis.claims.known.large_batch import SMALL
from normlab.analysis.claims.known.robust import NOISE
from normlab.analysis.records import RunRecord
from normlab.spec.measurements import Measured
from normlab.spec.robustness import CorruptionName
from support.epochs import made_up_epoch

EPOCHS, STEPS = 6, 40
LAYERS = ("dense_1", "dense_2", "dense_3", "output")


def arm(
    *,
    seed: int,
    pairs: int = 5,
    best: float = 0.9,
    rate: float = 0.4,
    seconds: float = 1.0,
    left: float = 0.5,
    shift: float = 1.0,
    turn: float = 1.0,
    change: float = 1.0,
    gap: float = 1.0,
    head_start: float = 0.0,
    start_share: float | None = None,
    lost: float = 0.0,
    guesses: bool = False,
    kept: float = 0.7,
    kept_in_noise: float | None = None,
    noise: float = 1.0,
) -> list[Run]:
    """Runs of an arm, one for each pair. Factors of 1 are those of an arm without a change.

    Args:
        seed: Of all that is drawn; another one for each arm, as with ``--own-seeds``.
        pairs: So many runs.
        best: The validation accuracy that a run comes to.
        rate: The share of the way to it that an epoch goes.
        seconds: Of training, an epoch.
        left: Of the gradient at the first hidden layer.
        shift: Of distributions.
        turn: Of gradients.
        change: Of the loss and its gradient along the gradient.
        gap: The part of the validation loss that is not in the training loss.
        head_start: So many epochs are learned before the first.
        start_share: Of moving statistics after the first epoch; None: it has none.
        lost: Validation accuracy that goes with them.
        guesses: It has learned nothing.
        kept: Of its accuracy when pictures are corrupted.
        kept_in_noise: The same under noise; as elsewhere where it is not said.
        noise: How far runs vary.
    """
    draws, of_corruptions = (np.random.default_rng([seed, role]) for role in (71, 72))

    def varied(value: float, spread: float = 0.1) -> float:
        return float(value * np.exp(noise * spread * draws.normal()))

    runs = []
    for pair in range(pairs):
        measured: list[Measured] = []
        own_best = best + noise * 0.01 * draws.normal()
        own_rate, own_gap = varied(rate), varied(0.3 * gap, 0.03)
        epochs = []
        for epoch in range(1, EPOCHS + 1):
            way = (1 - own_rate) ** (epoch + head_start)
            training_loss = 2.3 * way + 0.01

            put = _Put(measured, epoch)

            for depth, layer in enumerate(LAYERS):
                back = len(LAYERS) - 2 - depth
                put("gradient", "preactivation_rms", varied(0.01 * left ** (max(back, 0) / 2)), layer)
                put("distribution_shift", "preactivation", varied(0.3 * shift), layer)
                if depth:
                    put("gradient_shift", "relative", varied(0.2 * turn), layer)
            put("predictiveness", "gradient_change", varied(0.5 * change))
            put("predictiveness", "loss_range", varied(0.2 * change))
            put("fit", "loss", training_loss)
            if start_share is not None:
                put("moving", "start_share", start_share**epoch, "batch_normalization_1")
                settled = 0.6 + noise * 0.02 * float(draws.normal())
                put("three_statistics", "accuracy_population", settled)
                put(
                    "three_statistics",
                    "accuracy_moving",
                    settled - lost + noise * 0.002 * float(draws.normal()),
                )
            epochs.append(
                made_up_epoch(
                    epoch,
                    val_accuracy=0.1
                    if guesses
                    else float(own_best * (1 - way) + noise * 0.003 * draws.normal()),
                    val_cross_entropy=training_loss + own_gap,
                    train_seconds=varied(seconds, 0.03),
                )
            )
        record = RunRecord(
            job=f"job_{seed}_{pair}",
            spec={"training": {"seed": pair}},
            epochs=tuple(epochs),
            state="succeeded",
            majority_p_value=0.5 if guesses else 1e-9,
        )
        by_corruption = {
            name: own_best
            * (
                (kept if kept_in_noise is None or name not in NOISE else kept_in_noise)
                + noise * 0.01 * of_corruptions.normal()
            )
            for name in CorruptionName
        }
        runs.append(Run(record, measured, STEPS, Corrupted(own_best, by_corruption)))
    return runs


@dataclass(frozen=True)
class _Put:
    """Writes down what was measured at an epoch's end."""

    measured: list[Measured]
    epoch: int

    def __call__(self, probe: str, statistic: str, value: float, layer: str = "") -> None:
        self.measured.append(Measured(self.epoch * STEPS, self.epoch, probe, layer, statistic, value))


def evidence_of(a: Sequence[Run], b: Sequence[Run], *, at_settings: bool = False) -> Evidence:
    """Both arms paired; with ``at_settings`` also with batches of 2 and at larger rates, as arms without a change."""
    at = {}
    if at_settings:
        settings = [Setting("/training/batch_size", SMALL), *larger_rate.CLAIM.settings]
        for number, setting in enumerate(settings, 1):
            seeds = (10_000_000 * number + int(runs[0].record.job.split("_")[1]) for runs in (a, b))
            first, second = (arm(seed=seed, pairs=len(a)) for seed in seeds)
            at[setting] = Paired.of(first, second)
    return Evidence("without", "with", Paired.of(a, b), at)
