"""One claim in each file: its ``CLAIM``. A file that is here is asked, listed and documented; nothing else names it."""
