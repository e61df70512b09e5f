"""Trained networks as files of other formats."""
