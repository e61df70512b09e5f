"""Probes: what can be measured inside a network while it trains, a family in each file. They change nothing."""
