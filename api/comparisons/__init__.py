"""Comparisons over HTTP."""
