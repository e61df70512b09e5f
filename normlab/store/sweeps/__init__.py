"""Sweeps: points of a space, each of which is trained with several seeds."""
