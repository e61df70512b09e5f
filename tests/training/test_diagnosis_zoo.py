"""The fast part of `make bench-diagnosis`: real trainings with a planted fault, and a healthy one."""

import pytest

from normlab.analysis import Severity, diagnose
from normlab.training import train
from support.zoo import HEALTHY, PLANTED

SEED = 7


@pytest.mark.parametrize("name", ["learning rate kills ReLU", "a last batch of one", "two layers of ones"])
def test_a_planted_fault_is_found_in_its_layer(name):
    planted = PLANTED[name]
    run = train(planted.spec(SEED, "digits"))
    diagnosis = diagnose(run.measurements, run.spec, run.history)
    places = {finding.code: finding.layer for finding in diagnosis.findings}
    assert places.get(planted.code) in planted.layers, diagnosis.findings


def test_no_problem_is_found_in_a_healthy_network():
    run = train(HEALTHY["baseline, Adam"].spec(SEED, "digits"))
    assert run.history[-1].val_accuracy > 0.8
    diagnosis = diagnose(run.measurements, run.spec, run.history)
    assert [finding for finding in diagnosis.findings if finding.severity is Severity.PROBLEM] == []
