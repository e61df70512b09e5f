"""Predictions over HTTP, in three protocols."""
