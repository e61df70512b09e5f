"""Which network answers, and requests that share one run of it."""
