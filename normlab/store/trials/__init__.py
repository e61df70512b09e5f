"""Trials in the database: claims about two arms that are asked together."""
