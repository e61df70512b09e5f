"""Trained networks over HTTP: names, downloads, evaluations."""
