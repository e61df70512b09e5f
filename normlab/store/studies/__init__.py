"""Studies: questions that are answered by jobs. A comparison is one kind of study.

A study has members, each of which is a job; events, numbered from 1; a state; and, when it has ended, its result.
A kind of study is three tables made from the bases in ``tables``, and two functions: what its events say when jobs
have ended, and what follows when all of them have (``advance``). Everything else is here, once for all kinds.
"""
