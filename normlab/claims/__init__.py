"""Trials as a resource: claims about two arms, the jobs that they need, and what follows from these."""
