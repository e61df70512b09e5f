"""Compiled programs: how a step runs, and where."""
