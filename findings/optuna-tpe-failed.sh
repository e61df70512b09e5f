#!/bin/sh
# Optuna 5.0.0, TPESampler. Expected: a trial that is told as failed (or raises) warns the sampler off its place.
# Seen: failed trials leave no trace, and TPE ends up drawing nearly only where everything fails: of the last 12 of 24
# trials 11 or 12 fail, where uniform draws would fail 6 times. What to do: tell such a trial with the worst value so
# far; then 4 of the last 12 fail.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check optuna==5.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import math
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
SPACE = {"rate": optuna.distributions.FloatDistribution(1e-5, 1e3, log=True)}


def last_failures(seed, how):
    """Of the last 12 of 24 trials; whatever lies above 0.1 fails, the best is at 0.05."""
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=6))
    seen, failures = [], 0
    for number in range(24):
        trial = study.ask(SPACE)
        rate = trial.params["rate"]
        if rate <= 0.1:
            seen.append((math.log10(rate) - math.log10(0.05)) ** 2)
            study.tell(trial, seen[-1])
            continue
        failures += number >= 12
        if how == "failed":
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, max(seen, default=100.0))
    return failures


failed, worst = (sum(last_failures(seed, how) for seed in range(12)) / 12 for how in ("failed", "worst"))
print(f"optuna {optuna.__version__}: of the last 12 trials fail, told as failed: {failed:.1f}, as the worst: {worst:.1f}")
print("uniform draws would fail 6 times")
sys.exit(0 if failed > 9 and worst < 6 else 1)
PYTHON
