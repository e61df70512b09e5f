"""What the points of a sweep say: the best of them, how sharp it is, what diverged, what more tuning would have given.

Sources of the formulas are in each module; ``docs/sweeps.md`` has what was simulated.
"""
