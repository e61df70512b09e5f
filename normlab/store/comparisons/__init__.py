"""Comparisons in the database."""
