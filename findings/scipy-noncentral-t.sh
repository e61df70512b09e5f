#!/bin/sh
# SciPy 1.17.1 (and 1.18.1): scipy.stats.nct.cdf is NaN at ordinary arguments, if it is nearly 0.
# Expected: a probability. nct.cdf(-t, df, nc) is the smaller half of the power of a two-sided t test.
# Seen: rounding takes it below 0 and NaN comes back, without a warning. With 10 samples an arm this begins at an effect
#   of 4 standard deviations, where the power is 1. A root finder whose bracket reaches so far raises.
# So: nct.sf(t, df, -nc), the same by symmetry, is finite. So near to 0 it has no correct digits either; a power needs
#   none.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'scipy==1.17.1' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import numpy as np
from scipy import optimize, stats

SAMPLES = 10  # in each of two arms
DF = 2 * SAMPLES - 2
CRITICAL = stats.t.ppf(0.975, DF)


def power(effect, mended=False):
    nc = effect * np.sqrt(SAMPLES / 2)
    lower = stats.nct.sf(CRITICAL, DF, -nc) if mended else stats.nct.cdf(-CRITICAL, DF, nc)
    return stats.nct.sf(CRITICAL, DF, nc) + lower


effects = np.linspace(0, 10, 1001)
powers, mended = power(effects), power(effects, mended=True)
absent = np.isnan(powers)
first = np.argmax(absent)
for effect in effects[first - 2 : first + 2]:
    print("power at an effect of", effect.round(2), "-", power(effect))
print("NaN at", absent.sum(), "of", len(effects), "effects from 0 to 10; with nct.sf at", np.isnan(mended).sum())
assert absent.any() and not absent[first:].all() and not np.isnan(mended).any()
assert np.allclose(powers[~absent], mended[~absent], rtol=0, atol=1e-12) and (mended[absent] > 0.999).all()

largest = effects[absent][0]
try:
    answer = str(optimize.brentq(lambda effect: power(effect) - 0.8, 0, largest))
except ValueError as error:
    answer = f"ValueError: {error}"
print("effect of power 0.8, between 0 and", largest.round(2), "-", answer)
print("with nct.sf -", optimize.brentq(lambda effect: power(effect, mended=True) - 0.8, 0, largest))
assert "NaN" in answer
END
