import pytest

from normlab.errors import SpecError
from normlab.spec import Limits
from normlab.sweeps import parse_sweep
from sweeps.conftest import body

OPTIMIZER = "training.optimizer"
RATE = f"{OPTIMIZER}.learning_rate"
EPOCHS = {"training.epochs": {"integer": [3, 9]}}
PRESETS = {"architecture": {"choices": ["baseline", "batch_norm"]}}
GOOD = {"log": [1e-3, 1]}
ARM = {"name": "a", "spec": {"architecture": "baseline", "dataset": "digits"}}
SEEDED = {"name": "a", "spec": {"architecture": "baseline", "training": {"seed": 3}}}
COSINE = {
    "architecture": "baseline",
    "dataset": "digits",
    "training": {"epochs": 9, "learning_rate_schedule": "cosine"},
}


NINE_EPOCHS = {**COSINE, "training": {"epochs": 9}}
PRESET_NAMES = {"choices": ["sgd", "adam"]}


def halving(spec):
    return body(arms=[{"name": "a", "spec": spec}], strategy="successive_halving", budget={"jobs": 90})


@pytest.mark.parametrize(
    ("request_body", "pointer", "phrase"),
    [
        (body(space={f"{OPTIMIZER}.learning_rat": GOOD}), f"/space/{OPTIMIZER}.learning_rat/log/0", "did you mean"),
        (body(space={"training.optimiser.x": GOOD}), "/space/training.optimiser.x/log/0", "no /training/optimiser"),
        (body(space={RATE: {"log": [1, 1e-3]}}), f"/space/{RATE}", "less than the second"),
        (body(space={RATE: {"log": [0, 1]}}), f"/space/{RATE}/log/0", "greater than 0"),
        (body(space={RATE: {"logg": [0.1, 1]}}), f"/space/{RATE}", '{"log": [low, high]}'),
        (body(space={RATE: 0.1}), f"/space/{RATE}", '{"log": [low, high]}'),
        (body(space={}), "/space", "at least 1"),
        (body(space={OPTIMIZER: PRESET_NAMES, f"/{OPTIMIZER.replace('.', '/')}": PRESET_NAMES}), "/space", "once"),
        (body(space={"/training/epochs": {"linear": [1, 9]}}), "/space/~1training~1epochs/linear/0", "whole number"),
        (body(space={OPTIMIZER: {"choices": ["sgd", "adm"]}}), f"/space/{OPTIMIZER}/choices/1", "adam"),
        (body(space={"training.seed": {"integer": [1, 3]}}), "/space/training.seed", "several seeds"),
        (body(budget={"jobs": 5}), "/budget/jobs", "at least 21 for a grid of 7 points"),
        (body(budget={}), "/budget", "a number of jobs"),
        (body(strategy="tpe"), "/budget", "is required for tpe"),
        (body(strategy="random", budget={"jobs": 3}), "/budget/jobs", "at least 6"),
        (body(strategy="random", budget={"jobs": 30}, widen=True), "/widen", "strategy grid"),
        (body(strategy="cma_es", budget={"jobs": 30}, space=PRESETS), "/space/architecture", "no choices"),
        (halving(body()["arms"][0]["spec"]), "/arms/0/spec/training/epochs", "at least 3"),
        (halving(NINE_EPOCHS) | {"budget": {"jobs": 3}, "seeds": 1}, "/budget/jobs", "at least 4,"),
        (halving(COSINE) | {"space": EPOCHS}, "/space/training.epochs", "epochs itself"),
        (halving(COSINE), "/arms/0/spec/training/learning_rate_schedule", "should not depend on the number of epochs"),
        (body(arms=[ARM, {**ARM, "name": "b"}]), "/arms/1/spec", "the same as arm 0"),
        (body(arms=[ARM, {"name": "a", "spec": {"architecture": "batch_norm"}}]), "/arms/1/name", "should be another"),
        (body(arms=[SEEDED]), "/arms/0/spec/training/seed", "counted from base_seed"),
        (body(arms=[{"name": "a", "spec": {"architecture": "basline"}}]), "/arms/0/spec/architecture", "baseline"),
        (body(arms=[]), "", "arms, or the architecture"),
        (body(architecture="baseline"), "", "arms, or the architecture"),
        (body(delta=2), "/delta", "at most 1"),
        (body(sedes=3), "/sedes", "did you mean"),
        (body(strategy="tpee", budget={"jobs": 30}), "/strategy", "tpe"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(request_body, pointer, phrase):
    with pytest.raises(SpecError) as error:
        parse_sweep(request_body)
    found = {problem.pointer: problem.detail for problem in error.value.problems}
    assert pointer in found, found
    assert phrase in found[pointer]


def test_a_sweep_has_a_limit():
    with pytest.raises(SpecError, match="sweep_jobs"):
        parse_sweep(body(), limits=Limits(sweep_jobs=20))
    with pytest.raises(SpecError, match="sweep_jobs"):
        parse_sweep(body(strategy="tpe", budget={"jobs": 30}), limits=Limits(sweep_jobs=20))


def test_paths_are_pointers_in_one_order():
    space = {
        "training.optimizer.learning_rate": GOOD,
        "/architecture": {"choices": ["baseline", "batch_norm"]},
    }
    request, _ = parse_sweep(body(space=space))
    assert list(request.space) == ["/architecture", "/training/optimizer/learning_rate"]
