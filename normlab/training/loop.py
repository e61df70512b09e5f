"""The loop: epochs of segments of compiled steps, with checks and reports between them.

A segment is as many steps as take about a quarter of a second, or fewer where a probe is to measure. Where segments
begin and end changes nothing in the numbers: the steps are the same, one after the other, and sums are carried from
segment to segment.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter

import tensorflow as tf

from normlab.errors import NanLossError, TrainingError
from normlab.spec import JobSpec
from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import Measured, Measurements
from normlab.spec.regression import RegressionFigures
from normlab.spec.runs import Phase, StopReason
from normlab.training.averages import averaged, put_averages_in
from normlab.training.batches import Block, epoch_blocks
from normlab.training.checkpoints import Checkpoint
from normlab.training.class_weights import class_weights
from normlab.training.compiled.cache import borrow_program, dtype_policy
from normlab.training.compiled.devices import environment, select_device
from normlab.training.compiled.program import Program, Sums
from normlab.training.compiled.tracing import forgotten_gradients
from normlab.training.concerns import MajorityTest, majority_test
from normlab.training.context import Context, Progress
from normlab.training.data import Samples, TrainingData, epoch_order, order_digest, training_data
from normlab.training.datasets import Fetch
from normlab.training.early_stopping import Patience
from normlab.training.evaluations import ClassEvaluation, Evaluation
from normlab.training.layers.network import Array, kernel_digests
from normlab.training.mean_test import beside_mean
from normlab.training.optimizers import learning_rates
from normlab.training.population import measure_population
from normlab.training.preparation import table_statistics
from normlab.training.probes.batch import probe_digest
from normlab.training.probes.chosen import Given, chosen_probes
from normlab.training.probes.observer import Observer
from normlab.training.read_ahead import ReadAhead
from normlab.training.result import Timings, TrainResult
from normlab.training.targets import TargetScale

_SEGMENT_SECONDS = 0.25


class Stopped(Exception):  # noqa: N818  (not an error: the context asked for it)
    """The context asked the run to stop; ``checkpoint`` is where it was, between two steps."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        super().__init__(f"stopped in epoch {checkpoint.epoch + 1} after {checkpoint.step} steps")


def train(
    spec: JobSpec,
    *,
    context: Context | None = None,
    data_dir: Path | None = None,
    resume_from: Checkpoint | None = None,
    probes: Given | None = None,
    fetch_dataset: Fetch | None = None,
) -> TrainResult:
    """Train a network as ``spec`` says.

    ``data_dir`` has the folder ``datasets`` (default: the setting); ``fetch_dataset`` gets an uploaded dataset that is
    not there. With ``resume_from`` the run goes on from a
    checkpoint of the same spec and ends with the bits of a run that was never stopped. ``probes`` stand
    for those of the spec: ``"off"``, ``"standard"``, or a list of names, of objects as in a spec, and of ``Probe``s of
    one's own. They measure between steps and change no bit either; what they measure is reported to the context, and is
    in the result.

    Raises ``NanLossError``, ``DatasetError``, ``TrainingError``, and ``Stopped`` when the context asks for it.
    """
    began = perf_counter()
    if resume_from is not None and resume_from.spec_digest != spec.digest:
        raise TrainingError("the checkpoint is of another job spec")
    device = select_device(spec.resources.device)
    run = _Run(spec, context or Context())
    run.report(Phase.STARTING)
    with tf.device(device.tensorflow_name), borrow_program(spec, device.kind) as program:
        data = training_data(spec, data_dir, fetch_dataset)
        program.reset(spec.training.seed)
        if (statistics := table_statistics(spec.dataset.columns, data.training)) is not None:
            program.prepare_table(statistics)
        if spec.training.class_weight is not None:
            labels, classes = data.training.labels, spec.dataset.info.class_count
            program.weigh_classes(class_weights(spec.training.class_weight, labels, classes))
        kernels = kernel_digests(program.network)
        run.observer = Observer(chosen_probes(spec, probes), spec, program, data)
        if resume_from is not None:
            run.resume(resume_from, program)
        starting_seconds = perf_counter() - began

        run.report(Phase.COMPILING)
        compiling_seconds = _timed(lambda: _compile(spec, program, data, run.observer))

        run.compile_seconds = compiling_seconds
        while not run.ended:
            run.train_epoch(program, data.training)
            run.finish_epoch(program, data)
        if run.best_weights is not None:
            program.network.set_weights(run.best_weights)
        else:
            put_averages_in(spec, program, data.training)

        run.report(Phase.EVALUATING)
        test_began = perf_counter()
        test = program.evaluate(data.test)
        _require_finite(test.loss, run.epoch, "test loss")
        validation = run.kept_evaluation
        if validation is None and data.validation.count:
            validation = program.evaluate(data.validation)
        weights = tuple(program.network.get_weights())
        population = measure_population(spec, program, data, weights, run.kept_epoch * run.steps)
        test_seconds = perf_counter() - test_began

    return TrainResult(
        spec=spec,
        history=tuple(run.history),
        kept_epoch=run.kept_epoch,
        stop_reason=run.stop_reason,
        test=test,
        validation=validation,
        scale=data.training.scale,
        majority=run.beside_majority(data, test) if isinstance(test, ClassEvaluation) else {},
        beside_mean=beside_mean({"test": test, "validation": validation}, data.training.scale),
        population=population,
        weights=weights,
        timings=Timings(
            starting_seconds=starting_seconds,
            compiling_seconds=compiling_seconds,
            training_seconds=sum(record.train_seconds for record in run.history),
            probing_seconds=run.probe_seconds,
            evaluating_seconds=test_seconds + sum(record.evaluate_seconds for record in run.history),
            total_seconds=perf_counter() - began,
        ),
        digests={
            "spec": spec.digest,
            "dataset": data.digest,
            "data_order": order_digest(run.order_of, run.epoch),
            "probe_batch": probe_digest(spec),
            "initial_kernels": kernels,
            "final_weights": _digest(weights),
        },
        environment=environment(device, executor=program.executor, precision=dtype_policy(spec)),
        measurements=Measurements(tuple(run.measured)),
    )


class _Run:
    """Where a run is: what a checkpoint keeps beside the variables."""

    observer: Observer

    def __init__(self, spec: JobSpec, context: Context) -> None:
        self.spec = spec
        self.context = context
        self.epoch = 0  # whole epochs done
        self.step = 0  # steps done of the next one
        self.steps = spec.steps_per_epoch
        self.task = spec.dataset.info.predicts
        self.sums = Sums.of(self.task)
        self.began = perf_counter()
        self.elapsed_before = 0.0  # in earlier attempts
        self.probe_seconds = 0.0  # in this one: no clock of the training counts them
        self.train_seconds = 0.0
        self.compile_seconds = 0.0
        self.history: list[EpochMetrics] = []
        rule = spec.training.early_stopping
        self.patience = None if rule is None else Patience(rule)
        self.best_weights: tuple[Array, ...] | None = None
        self.evaluation: Evaluation | None = None  # of the newest epoch, if this attempt trained it
        self.segment = max(1, self.steps // 20)
        self.measured: list[Measured] = []

    def beside_majority(self, data: TrainingData, test: ClassEvaluation) -> dict[str, MajorityTest]:
        """The kept network's accuracies beside always answering the most frequent class."""
        found = {"test": majority_test(data.test.labels, int(test.correct.sum()))}
        accuracy = self.history[self.kept_epoch - 1].val_accuracy
        if accuracy is not None:
            correct = round(accuracy * data.validation.count)
            found["validation"] = majority_test(data.validation.labels, correct)
        return found

    @property
    def ended(self) -> bool:
        return self.epoch >= self.spec.training.epochs or self.stop_reason is StopReason.EARLY_STOPPING

    @property
    def stop_reason(self) -> StopReason:
        exhausted = self.patience is not None and self.patience.exhausted
        return StopReason.EARLY_STOPPING if exhausted else StopReason.COMPLETED

    @property
    def kept_epoch(self) -> int:
        """The epoch (from 1) whose weights the run ends with."""
        restored = self.patience is not None and self.best_weights is not None
        return self.patience.best_epoch if self.patience is not None and restored else self.epoch

    @property
    def kept_evaluation(self) -> Evaluation | None:
        """What the network that the run ends with says about the validation samples, if it was asked."""
        return self.evaluation if self.kept_epoch == self.epoch else None

    def train_epoch(self, program: Program, samples: Samples) -> None:
        """The steps that are left of the next epoch."""
        if self.epoch == self.step == 0:
            self.measure()
        with closing(ReadAhead(samples.file)) as ahead:
            for block in epoch_blocks(self.spec, self.epoch + 1, program.rate_dtype, samples, self.history):
                self.train_block(program, samples, block, ahead)

    def train_block(self, program: Program, samples: Samples, block: Block, ahead: ReadAhead) -> None:
        """The steps that are left of a block."""
        order = block.order.numpy()
        while self.step < block.end:
            self.look_ahead(block)
            began = perf_counter()
            stop = min(
                self.step + self.segment, block.end, self.observer.next_stop(self.epoch + 1, self.step)
            )
            steps = range(self.step - block.first, stop - block.first)
            ahead.ask_for(order[steps.stop : steps.stop + self.segment].ravel())
            self.sums = program.train(samples, block, steps, self.sums)
            self.step = stop
            self.check_and_report(program, len(steps), began)

    def check_and_report(self, program: Program, steps: int, began: float) -> None:
        """After a segment: check that the loss is a number, report, and stop if the context wants that."""
        _require_finite(self.mean_loss, self.epoch + 1, "loss")  # waits for the device, which takes its time
        seconds = perf_counter() - began
        self.train_seconds += seconds
        in_time = steps * _SEGMENT_SECONDS / max(seconds, 1e-6)
        self.segment = min(self.steps, max(1, round(min(in_time, 4 * self.segment))))
        self.measure()
        self.report(Phase.TRAINING)
        if self.context.should_stop():
            raise Stopped(self.checkpoint(program))

    def look_ahead(self, block: Block) -> None:
        """Let the probes see what they will compare with."""
        with self.probing():
            self.observer.before_steps(self.epoch + 1, self.step, block)

    def measure(self) -> None:
        """Call the probes where they measure, and report what they did."""
        with self.probing():
            for measured in self.observer.measure(self.epoch + 1, self.step):
                self.measured.append(measured)
                self.context.report(measured)

    @contextmanager
    def probing(self) -> Iterator[None]:
        """What happens in the block is on the probes' clock alone."""
        began = perf_counter()
        with self.context.probing():
            yield
        self.probe_seconds += perf_counter() - began

    def finish_epoch(self, program: Program, data: TrainingData) -> None:
        """Evaluate, record, decide on early stopping, and keep a checkpoint if one is due."""
        self.report(Phase.EVALUATING)
        began = perf_counter()
        with averaged(self.spec, program, data.training):
            record = self.record(program, data, began)
            self.history.append(record)
            patience = self.patience
            if patience is not None and patience.improves(record) and patience.rule.restore_best_weights:
                self.best_weights = tuple(program.network.get_weights())
        self.epoch, self.step = self.epoch + 1, 0
        self.sums, self.train_seconds, self.compile_seconds = Sums.of(self.task), 0.0, 0.0
        self.context.report(record)
        if self.context.checkpoint_due():
            self.context.save(self.checkpoint(program))

    def record(self, program: Program, data: TrainingData, began: float) -> EpochMetrics:
        """The figures of the epoch that has been trained, and of the network that the run would end with now, whose
        evaluation ``began`` then."""
        validation = data.validation
        evaluation = self.evaluation = program.evaluate(validation) if validation.count else None
        if evaluation is not None:
            _require_finite(evaluation.loss, self.epoch + 1, "validation loss")
        return EpochMetrics(
            epoch=self.epoch + 1,
            learning_rate=float(self.rates[-1]),
            loss=self.mean_loss,
            **self.training_figures(data.training.scale),
            **({} if evaluation is None else evaluation.named("val_")),
            train_seconds=self.train_seconds,
            evaluate_seconds=perf_counter() - began,
            compile_seconds=self.compile_seconds,
            elapsed_seconds=self.elapsed_before + perf_counter() - self.began - self.probe_seconds,
        )

    def training_figures(self, scale: TargetScale | None) -> dict[str, float | None]:
        """Those of the epoch that has been trained, but for its loss."""
        samples = self.spec.dataset.trained_on
        plain, score = float(self.sums.plain) / samples, float(self.sums.score) / samples
        if scale is None:
            return {"accuracy": score, "cross_entropy": plain}
        unit = scale.deviation
        return RegressionFigures(plain * unit**2, score * unit, scale.variance).named()

    @property
    def mean_loss(self) -> float:
        """Over the samples of this epoch so far. Reading it waits for the device."""
        samples = min(self.step * self.spec.training.batch_size, self.spec.dataset.trained_on)
        return float(self.sums.loss) / max(samples, 1)

    def report(self, phase: Phase) -> None:
        """Report where the run is."""
        self.context.report(
            Progress(
                phase=phase,
                epoch=min(self.epoch + 1, self.spec.training.epochs),
                epochs=self.spec.training.epochs,
                step=self.step,
                steps=self.steps,
                loss=self.mean_loss if self.step else None,
            )
        )

    @property
    def rates(self) -> Array:
        """The learning rates of the next epoch's steps: (steps,)."""
        return learning_rates(self.spec.training, self.epoch + 1, self.steps, self.history)

    def order_of(self, epoch: int) -> Array:
        """The data order of an epoch."""
        training = self.spec.training
        return epoch_order(training.seed, epoch, self.spec.dataset.trained_on, shuffle=training.shuffle)

    def checkpoint(self, program: Program) -> Checkpoint:
        return Checkpoint(
            spec_digest=self.spec.digest,
            epoch=self.epoch,
            step=self.step,
            loss_sum=float(self.sums.loss),
            cross_entropy_sum=float(self.sums.plain),
            correct=self.sums.score.numpy().item(),
            train_seconds=self.train_seconds,
            history=tuple(self.history),
            patience=None if self.patience is None else self.patience.state(),
            variables=tuple(program.state()),
            probe_notes=self.observer.notes,
            best_weights=self.best_weights,
        )

    def resume(self, checkpoint: Checkpoint, program: Program) -> None:
        program.restore(checkpoint.variables)
        self.epoch, self.step = checkpoint.epoch, checkpoint.step
        self.sums = Sums.of(self.task, checkpoint.loss_sum, checkpoint.cross_entropy_sum, checkpoint.correct)
        self.elapsed_before = checkpoint.elapsed_seconds
        self.train_seconds = checkpoint.train_seconds
        self.history = list(checkpoint.history)
        self.best_weights = checkpoint.best_weights
        self.observer.resume(checkpoint.probe_notes)
        if self.patience is not None and checkpoint.patience is not None:
            self.patience = Patience(self.patience.rule, **checkpoint.patience)


def _compile(spec: JobSpec, program: Program, data: TrainingData, observer: Observer) -> None:
    """Have every function compiled for this job's shapes, by calls that train nothing."""
    with forgotten_gradients():
        for block in epoch_blocks(spec, 1, program.rate_dtype, data.training):
            program.train(data.training, block, range(0), Sums.of(spec.dataset.info.predicts))
        program.evaluate(data.test.between(0, 1))
        observer.compile()


def _timed(work: Callable[[], None]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _require_finite(loss: float, epoch: int, what: str) -> None:
    if not math.isfinite(loss):
        raise NanLossError(
            f"the {what} became {loss} in epoch {epoch}: a smaller learning rate, gradient clipping "
            "or normalization layers may help"
        )


def _digest(weights: tuple[Array, ...]) -> str:
    digest = hashlib.sha256()
    for weight in weights:
        digest.update(weight.tobytes())
    return f"sha256:{digest.hexdigest()}"
