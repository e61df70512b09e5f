"""Each rule by measurements that nobody took: it finds its fault with layer and epoch, and nothing else does."""

import json
from typing import Any

import pytest

from normlab.analysis import Answer, Severity, diagnose
from normlab.analysis.diagnosis.rules import RULES
from normlab.spec import PRESETS
from normlab.spec.plan import plan_job
from normlab.spec.probes import PROBES
from support.epochs import made_up_epoch
from support.measured_runs import diagnosed, healthy_epochs, job_spec, measured_run, only

RELU = {"type": "dense", "units": 32, "activation": "relu"}
SIGMOID = {"type": "dense", "units": 32, "activation": "sigmoid"}
NORMALIZATION = {"type": "batch_normalization"}
FLATTEN = {"type": "flatten"}
PLAIN = job_spec(FLATTEN, RELU, RELU, RELU)
NORMALIZED = job_spec(FLATTEN, NORMALIZATION, RELU, NORMALIZATION, RELU)


def answers(diagnosis: Any) -> dict[str, Answer]:
    return {item.code: item.answer for item in diagnosis.looked}


@pytest.mark.parametrize("preset", PRESETS)
def test_in_a_network_that_is_in_order_nothing_is_found_and_what_was_looked_at_is_said(preset):
    diagnosis = diagnosed(job_spec(preset=preset))
    assert diagnosis.findings == ()
    assert diagnosis.summary.startswith("Nothing found by")
    assert {item.answer for item in diagnosis.looked} <= {Answer.NOTHING_FOUND, Answer.NOT_APPLICABLE}
    assert all(item.why for item in diagnosis.looked)
    assert [item.code for item in diagnosis.looked] == [rule.code for rule in RULES]


def test_what_does_not_apply_says_why():
    leaky = job_spec(preset="baseline")
    looked = {item.code: item for item in diagnosed(leaky).looked}
    assert looked["dead_units"].answer is Answer.NOT_APPLICABLE
    assert "cannot die" in looked["dead_units"].why
    assert "no batch normalization" in looked["stale_statistics"].why
    assert "no layer has a penalty" in looked["penalty_dominates"].why
    one = diagnosed(job_spec(FLATTEN, RELU))
    assert answers(one)["vanishing_gradients"] is Answer.NOT_APPLICABLE


def test_without_measurements_nothing_is_said():
    nothing = diagnose([], PLAIN)
    assert nothing.findings == ()
    assert set(answers(nothing).values()) <= {Answer.NOT_MEASURED, Answer.NOT_APPLICABLE}
    assert nothing.summary == "Nothing can be said: nothing was measured."


def test_every_rule_asks_for_what_the_registry_has():
    for rule in RULES:
        for probe, statistic in rule.needs:
            assert statistic in PROBES[probe].by_name, rule.code
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_the_order_of_measurements_is_no_matter():
    measured = [*measured_run(PLAIN, {("dead", "share_twice", "dense_2"): 0.7})]
    forward, backward = diagnose(measured, PLAIN), diagnose(measured[::-1], PLAIN)
    assert forward == backward
    json.dumps(forward.to_document(), allow_nan=False)


def by_depth(factor: float) -> dict[Any, Any]:
    names = [item.name for item in plan_job(PLAIN) if item.name.startswith("dense")]
    return {
        ("gradient", "preactivation_rms", name): 0.01 * factor ** (len(names) - 1 - at)
        for at, name in enumerate(names)
    } | {("gradient", "factor_per_layer", ""): factor}


def test_vanishing_gradients_by_layer():
    finding = only(diagnosed(PLAIN, by_depth(0.02)), "vanishing_gradients")
    assert (finding.severity, finding.layer, finding.layers) == (Severity.PROBLEM, "dense_1", ("dense_1",))
    assert (finding.first_epoch, finding.last_epoch) == (1, 4)
    assert finding.numbers["factor_per_layer"] == 0.02
    assert "1/2,500" in finding.sentence
    assert "0.02 a layer" in finding.sentence


def test_exploding_gradients_but_not_those_of_the_first_step():
    assert only(diagnosed(PLAIN, by_depth(40.0)), "exploding_gradients").layer == "dense_1"
    at_start = {("gradient", "preactivation_rms", "dense_1"): lambda step, _: 100.0 if step < 2 else 0.01}
    assert diagnosed(PLAIN, at_start).findings == ()


def test_gradients_that_vanished_for_a_while_are_a_warning():
    early = {("gradient", "preactivation_rms", "dense_1"): lambda _, epoch: 1e-6 if epoch < 3 else 0.01}
    finding = only(diagnosed(PLAIN, early), "vanishing_gradients")
    assert (finding.severity, finding.last_epoch) == (Severity.WARNING, 2)
    assert "to epoch 2" in finding.sentence


def test_a_layer_without_an_active_unit_cuts_gradients_off_but_not_where_a_shortcut_is_around_it():
    vanished = {("gradient", "preactivation_rms", "dense_1"): 1e-6}

    def codes(spec, dead):
        faults = vanished | {("dead", "active", name): 0.0 for name in dead}
        return {finding.code for finding in diagnosed(spec, faults).findings}

    assert "vanishing_gradients" not in codes(PLAIN, ["dense_2"])
    around = job_spec(FLATTEN, RELU, {"type": "residual", "layers": [RELU]}, RELU)
    assert "vanishing_gradients" in codes(around, ["dense_2"])
    assert "vanishing_gradients" not in codes(around, ["dense_3"])
    assert "vanishing_gradients" not in codes(around, ["dense_1"])
    beside = job_spec(FLATTEN, RELU, {"type": "residual", "layers": [RELU], "shortcut": [RELU]}, RELU)
    assert "vanishing_gradients" in codes(beside, ["dense_3"])
    assert "vanishing_gradients" not in codes(beside, ["dense_2", "dense_3"])


def test_a_layer_that_does_not_learn_while_others_do():
    finding = only(diagnosed(PLAIN, {("update", "ratio", "dense_2"): 1e-6}), "layer_not_learning")
    assert (finding.layer, finding.severity) == ("dense_2", Severity.PROBLEM)
    assert finding.numbers["way"] == pytest.approx(1e-6 * 128, rel=0.01)
    assert finding.sentence.startswith("The layer dense_2 does not learn: in 4 epochs all steps of dense_2")
    usual = diagnosed(PLAIN, {("update", "ratio", "dense_2"): 0.9e-4})
    assert usual.findings == (), "a tenth of the others' steps is no standstill"
    few_steps = job_spec(FLATTEN, RELU, RELU, RELU, epochs=1, batch_size=512)
    assert diagnosed(few_steps, {("update", "ratio", None): 1e-3}).findings == ()
    everywhere = only(diagnosed(PLAIN, {("update", "ratio", None): 1e-8}), "layer_not_learning")
    assert len(everywhere.layers) == 4
    assert "larger learning rate" in everywhere.remedy


def test_a_run_is_not_judged_by_its_way_before_its_first_epoch_has_ended():
    first_steps = [m for m in measured_run(PLAIN, {("update", "ratio", None): 1e-8}) if m.step < 32]
    assert diagnose(first_steps, PLAIN).findings == ()


def test_a_step_that_explodes_is_no_row_of_digits():
    finding = only(diagnosed(PLAIN, {("update", "ratio", "dense_3"): 4.0251685612455e11}), "steps_too_large")
    assert "by 4e+13 % of its norm" in finding.sentence


def test_steps_that_overwrite_a_layer():
    finding = only(diagnosed(PLAIN, {("update", "ratio", "dense_3"): 0.8}), "steps_too_large")
    assert finding.layer == "dense_3"
    once = {("update", "ratio", "dense_3"): lambda step, _: 0.8 if step == 1 else 0.001}
    assert diagnosed(PLAIN, once).findings == ()


def test_a_penalty_that_dominates():
    spec = job_spec(FLATTEN, RELU | {"kernel_regularizer": {"l2": 1.0}}, RELU)
    finding = only(diagnosed(spec, {("gradient", "penalty_share", "dense_1"): 0.97}), "penalty_dominates")
    assert (finding.layer, finding.severity) == ("dense_1", Severity.WARNING)


def test_dead_units_on_two_points_in_a_row():
    finding = only(diagnosed(PLAIN, {("dead", "share_twice", "dense_2"): 0.7}), "dead_units")
    assert (finding.layer, finding.severity) == ("dense_2", Severity.PROBLEM)
    assert "70 % of the ReLU units of dense_2" in finding.sentence
    some = diagnosed(PLAIN, {("dead", "share_twice", "dense_2"): 0.2})
    assert only(some, "dead_units").severity is Severity.WARNING


def test_units_that_come_back_to_life_or_look_dead_once_are_not_dead():
    back = {("dead", "share_twice", "dense_2"): lambda _, epoch: 0.7 if epoch < 4 else 0.0}
    assert diagnosed(PLAIN, back).findings == ()
    assert diagnosed(PLAIN, {("dead", "share", "dense_2"): 0.7}).findings == ()


def test_saturated_sigmoids():
    spec = job_spec(FLATTEN, SIGMOID, SIGMOID)
    finding = only(diagnosed(spec, {("saturated", "share", "dense_2"): 0.9}), "saturated_units")
    assert (finding.layer, finding.severity) == ("dense_2", Severity.PROBLEM)


@pytest.mark.parametrize(
    ("faults", "layer"),
    [
        ({("gradient", "loss", ""): lambda step, _: 30.0 if step == 0 else 1.0}, "output"),
        ({("signal", "variance", "dense_3"): 1e-7}, "dense_3"),
        ({("signal", "variance", None): 0.0}, "dense_1"),
    ],
)
def test_an_initialization_out_of_scale(faults, layer):
    finding = only(diagnosed(PLAIN, faults), "initialization_out_of_scale")
    assert (finding.layer, finding.first_epoch, finding.last_epoch) == (layer, 0, 0)


def test_a_rank_that_collapses():
    finding = only(diagnosed(PLAIN, {("rank", "effective", "dense_3"): 1.2}), "rank_collapse")
    assert (finding.layer, finding.severity) == ("dense_3", Severity.PROBLEM)
    narrow = job_spec(FLATTEN, RELU | {"units": 3})
    assert answers(diagnosed(narrow))["rank_collapse"] is Answer.NOT_APPLICABLE


def moving(accuracy: float, left: float) -> dict[Any, Any]:
    return {
        ("three_statistics", "accuracy_moving", ""): accuracy,
        ("moving", "start_share", "batch_normalization_1"): left,
    }


def test_stale_and_wrong_moving_statistics_are_told_apart():
    stale = only(diagnosed(NORMALIZED, moving(0.5, 0.3)), "stale_statistics")
    assert (stale.layer, stale.severity) == ("batch_normalization_1", Severity.PROBLEM)
    assert "30 % of what they began as" in stale.sentence
    wrong = {**moving(0.5, 0.0), ("moving", "variance_gap", "batch_normalization_2"): 2.0}
    assert only(diagnosed(NORMALIZED, wrong), "wrong_statistics").layer == "batch_normalization_2"
    assert diagnosed(NORMALIZED, moving(0.905, 0.3)).findings == ()


def test_statistics_that_were_stale_only_early_are_a_note():
    early = {
        ("three_statistics", "accuracy_moving", ""): lambda _, epoch: 0.4 if epoch == 1 else 0.91,
        ("moving", "start_share", None): 0.5,
    }
    finding = only(diagnosed(NORMALIZED, early), "stale_statistics")
    assert (finding.severity, finding.first_epoch, finding.last_epoch) == (Severity.NOTE, 1, 1)


def test_batches_that_are_too_small():
    spec = job_spec(FLATTEN, RELU, NORMALIZATION, batch_size=2)
    finding = only(diagnosed(spec, {("three_statistics", "accuracy_batch", ""): 0.6}), "batch_too_small")
    assert (finding.layer, finding.severity) == ("batch_normalization_1", Severity.PROBLEM)
    assert finding.numbers["values"] == 2
    usual = {("three_statistics", "accuracy_batch", ""): 0.89}
    assert diagnosed(NORMALIZED, usual).findings == ()


@pytest.mark.parametrize(("accuracy", "severity"), [(0.5, Severity.PROBLEM), (0.91, Severity.NOTE)])
def test_a_last_batch_of_one_sample(accuracy, severity):
    spec = job_spec(FLATTEN, RELU, {**NORMALIZATION, "momentum": 0.5}, batch_size=31)
    assert spec.dataset.trained_on % 31 == 1
    diagnosis = diagnosed(spec, {("three_statistics", "accuracy_moving", ""): accuracy})
    finding = next(f for f in diagnosis.findings if f.code == "last_batch_of_one")
    assert (finding.severity, finding.layer) == (severity, "batch_normalization_1")
    assert "50 % of the way to 0" in finding.sentence
    assert answers(diagnosed(NORMALIZED))["last_batch_of_one"] is Answer.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("layer", "severity"),
    [("batch_normalization_1", Severity.WARNING), ("batch_normalization_2", Severity.NOTE)],
)
def test_inputs_that_hardly_vary_and_are_amplified(layer, severity):
    finding = only(
        diagnosed(NORMALIZED, {("gain", "max", layer): 31.6, ("gain", "flat_share", layer): 0.1}),
        "amplified_inputs",
    )
    assert (finding.layer, finding.severity) == (layer, severity)
    assert "31.6" in finding.sentence


def epochs_of(*rows: dict[str, float]) -> list[Any]:
    return [made_up_epoch(number, **row) for number, row in enumerate(rows, 1)]


def test_a_loss_at_its_ceiling():
    epochs = epochs_of(*({"loss": 2.301, "accuracy": 0.1},) * 4)
    finding = only(diagnosed(PLAIN, None, epochs), "loss_at_ceiling")
    assert (finding.severity, finding.layer) == (Severity.PROBLEM, "")
    assert "2.3" in finding.sentence


@pytest.mark.parametrize(
    ("losses", "words"),
    [((2.37, 2.29), "it still falls, by 0.08 in the last epoch"), ((2.37,), "one epoch does not show")],
)
def test_a_loss_at_its_ceiling_that_still_falls_is_no_problem_yet(losses, words):
    epochs = epochs_of(*({"loss": loss, "accuracy": 0.1} for loss in losses))
    finding = only(diagnosed(PLAIN, None, epochs), "loss_at_ceiling")
    assert finding.severity is Severity.NOTE
    assert words in finding.sentence
    settles = epochs_of(*({"loss": loss, "accuracy": 0.1} for loss in (2.51, 2.49, 2.47)))
    assert only(diagnosed(PLAIN, None, settles), "loss_at_ceiling").severity is Severity.PROBLEM


def test_a_loss_far_above_that_of_the_start_diverges():
    epochs = epochs_of({"loss": 30.0, "accuracy": 0.3}, {"loss": 9.0, "accuracy": 0.3})
    finding = only(diagnosed(PLAIN, None, epochs), "training_diverges")
    assert (finding.first_epoch, finding.last_epoch) == (1, 2)
    assert "was 2.3 at the start and is 9" in finding.sentence


def test_training_that_diverges():
    epochs = epochs_of({"loss": 0.5}, {"loss": 0.4}, {"loss": 9.0}, {"loss": 40.0})
    finding = only(diagnosed(PLAIN, None, epochs), "training_diverges")
    assert (finding.first_epoch, finding.last_epoch) == (3, 4)


def test_overfitting():
    rows = [{"loss": 0.5 / n, "accuracy": 0.8 + 0.05 * n, "val_accuracy": 0.7} for n in range(1, 5)]
    rising = [row | {"val_loss": loss} for row, loss in zip(rows, (0.9, 0.8, 1.0, 1.3), strict=True)]
    finding = only(diagnosed(PLAIN, None, epochs_of(*rising)), "overfitting")
    assert (finding.first_epoch, finding.severity) == (3, Severity.WARNING)
    steady = [row | {"val_loss": 0.8} for row in rows]
    assert diagnosed(PLAIN, None, epochs_of(*steady)).findings == ()


def test_training_that_has_not_finished_and_one_that_was_annealed():
    rows = [{"accuracy": a, "val_accuracy": a, "val_loss": 1 - a} for a in (0.3, 0.5, 0.6, 0.75)]
    assert only(diagnosed(PLAIN, None, epochs_of(*rows)), "training_unfinished").severity is Severity.NOTE
    annealed = [row | {"learning_rate": 0.1 / 10**n} for n, row in enumerate(rows)]
    assert diagnosed(PLAIN, None, epochs_of(*annealed)).findings == ()


def test_the_worst_comes_first():
    faults = {("dead", "share_twice", "dense_2"): 0.2, ("update", "ratio", "dense_1"): 1e-7}
    found = diagnosed(PLAIN, faults).findings
    assert [f.severity for f in found] == [Severity.PROBLEM, Severity.WARNING]
    assert "1 problem, 1 warning found" in diagnosed(PLAIN, faults).summary
    assert len(healthy_epochs(PLAIN)) == 4
