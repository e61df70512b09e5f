"""``/sweeps``: networks at the points of a space."""
